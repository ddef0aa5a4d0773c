#include <algorithm>
#include <chrono>
#include <cstdio>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include <xgrad/train/progress.hpp>

#include "table.hpp"

namespace xgrad::train {
namespace {

constexpr std::int64_t kNanosecondsBetweenLines = 100'000'000;

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

std::string clock_text(double seconds) {
  constexpr double kMost = 3.6e9;  // a million hours
  const auto s = static_cast<std::int64_t>(std::clamp(seconds, 0.0, kMost) + 0.5);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
                   : fmt::format("{:02}:{:02}", s / 60, s % 60);
}

std::string bar(double fraction) {
  static const char* const kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  constexpr int kWidth = 10;
  const int eighths = static_cast<int>(fraction * kWidth * 8 + 0.5);
  std::string s;
  for (int i = 0; i < eighths / 8; ++i) s += "█";
  s += kEighths[eighths % 8];
  for (int i = (eighths + 7) / 8; i < kWidth; ++i) s += ' ';
  return s;
}

}  // namespace

Progress::Progress(std::int64_t total, std::string label)
    : total_(std::max<std::int64_t>(total, 0)),
      label_(std::move(label)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(now()),
      drawn_(start_) {}

Progress::~Progress() { close(); }

void Progress::close() {
  if (!std::exchange(open_, false) || !terminal_) return;
  draw();
  std::fputc('\n', stderr);
}

std::string Progress::line() const {
  const std::int64_t total = std::max(total_, done_);  // steps beyond the end were not foreseen: there are more
  const double fraction = total > 0 ? static_cast<double>(done_) / static_cast<double>(total) : 1;
  const double seconds = 1e-9 * static_cast<double>(now() - start_);
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(total - done_) / rate : 0;
  return fmt::format("{} {:3.0f}%|{}| {}/{} [{}<{}, {:.1f}it/s{}{}]", detail::plain(label_), fraction * 100,
                     bar(fraction), done_, total, clock_text(seconds), clock_text(left), rate,
                     note_.empty() ? "" : ", ", detail::plain(note_));
}

void Progress::draw() {
  std::fputs(fmt::format("\r{}\x1b[K", line()).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = now();
}

void Progress::update(std::int64_t steps, const std::string& note) {
  done_ += steps;
  if (!note.empty()) note_ = note;
  if (!open_) return;
  if (terminal_) {
    if (now() - drawn_ > kNanosecondsBetweenLines) draw();
    return;
  }
  if (const std::int64_t tenths = done_ * 10 / std::max({total_, done_, std::int64_t{1}}); tenths > tenths_) {
    tenths_ = tenths;
    std::fputs((line() + "\n").c_str(), stderr);
  }
}

}  // namespace xgrad::train
