// Field numbers are those of TensorFlow's event.proto, summary.proto and tensor.proto.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/descriptor.hpp>
#include <xgrad/detail/png_encoder.hpp>
#include <xgrad/train/event_file.hpp>

#include "events/wire.hpp"

namespace xgrad::train {

using detail::MessageWriter;

namespace {

constexpr const char* kWriterOp = "SummaryWriter";

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0 || !*name) return "localhost";
  return name;
}

// The upper ends of TensorBoard's buckets: 0 and both ways from 1e-12 in steps of a tenth.
const std::vector<double>& bucket_limits() {
  static const std::vector<double> limits = [] {
    constexpr double kFirst = 1e-12, kLast = 1e20, kGrowth = 1.1;
    std::vector<double> up, all;
    for (double v = kFirst; v < kLast; v *= kGrowth) up.push_back(v);
    for (auto v = up.rbegin(); v != up.rend(); ++v) all.push_back(-*v);
    all.push_back(0);
    all.insert(all.end(), up.begin(), up.end());
    all.push_back(std::numeric_limits<double>::max());
    return all;
  }();
  return limits;
}

std::string histogram(const std::vector<double>& values) {
  double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, n = 0;
  std::map<std::size_t, double> counts;
  const std::vector<double>& limits = bucket_limits();
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v), high = std::max(high, v);
    sum += v, squares += v * v, ++n;
    ++counts[static_cast<std::size_t>(std::ranges::upper_bound(limits, v) - limits.begin())];
  }
  MessageWriter m;
  if (n == 0) return m.text();
  std::vector<double> ends, buckets;
  for (std::size_t i = counts.begin()->first; i <= counts.rbegin()->first; ++i) {
    ends.push_back(limits[std::min(i, limits.size() - 1)]);
    buckets.push_back(counts.contains(i) ? counts[i] : 0);
  }
  m.real(1, low);
  m.real(2, high);
  m.real(3, n);
  m.real(4, sum);
  m.real(5, squares);
  m.reals(6, ends);
  m.reals(7, buckets);
  return m.text();
}

std::uint8_t level(double v, bool whole) {
  const double scaled = whole ? v : 255 * v;
  return static_cast<std::uint8_t>(std::isnan(scaled) ? 0 : std::lround(std::clamp(scaled, 0.0, 255.0)));
}

}  // namespace

SummaryWriter::SummaryWriter(const std::string& log_dir, Location at) {
  static std::atomic<int> writers{0};
  std::error_code error;
  std::filesystem::create_directories(log_dir, error);
  path_ = fmt::format("{}/events.out.tfevents.{}.{}.{}.{}", log_dir, static_cast<std::int64_t>(seconds_since_1970()),
                      host(), getpid(), writers++);
  Descriptor fd(uninterrupted([&] { return open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); }));
  const int own = fd ? fcntl(fd.get(), F_DUPFD_CLOEXEC, 3) : -1;
  if (own >= 0) file_.reset(fdopen(own, "wb"));
  if (!file_) {
    if (own >= 0) ::close(own);
    fail("open", at);
  }
  MessageWriter first;
  first.real(1, seconds_since_1970());
  first.bytes(3, "brain.Event:2");
  write_record(first.text(), at);
}

SummaryWriter::~SummaryWriter() {
  try {
    close();
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
}

void SummaryWriter::fail(const char* what, const Location& at) const {
  ErrorReport(kWriterOp, fmt::format("{}: cannot {}: {}", path_, what, std::strerror(errno)), at).io_error();
}

void SummaryWriter::write_record(const std::string& event, const Location& at) {
  if (!file_) ErrorReport(kWriterOp, fmt::format("{} is closed", path_), at).value_error();
  const std::string record = detail::framed(event);
  if (std::fwrite(record.data(), 1, record.size(), file_.get()) != record.size()) fail("write", at);
}

void SummaryWriter::write(const std::string& value, std::int64_t step, const Location& at) {
  MessageWriter summary, event;
  summary.bytes(1, value);
  event.real(1, seconds_since_1970());
  if (step != 0) event.number(2, static_cast<std::uint64_t>(step));
  event.bytes(5, summary.text());
  write_record(event.text(), at);
}

void SummaryWriter::add_scalar(const std::string& tag, double value, std::int64_t global_step, Location at) {
  MessageWriter v;
  v.bytes(1, tag);
  v.real(2, static_cast<float>(value));
  write(v.text(), global_step, at);
}

void SummaryWriter::add_histogram(const std::string& tag, const Tensor& values, std::int64_t global_step, Location at) {
  require_defined(kWriterOp, values, at);
  const std::string h = histogram(values.detach().to_vector<double>());
  if (h.empty())
    ErrorReport(kWriterOp, fmt::format("add_histogram '{}': there is no finite value", tag), at)
        .operand("values", values)
        .value_error();
  MessageWriter v;
  v.bytes(1, tag);
  v.bytes(5, h);
  write(v.text(), global_step, at);
}

void SummaryWriter::add_image(const std::string& tag, const Tensor& image, std::int64_t global_step, Location at) {
  require_defined(kWriterOp, image, at);
  const bool plain = image.dim() == 2;
  const std::int64_t channels = plain ? 1 : image.dim() == 3 ? image.size(0) : 0;
  if ((channels != 1 && channels != 3) || image.numel() == 0)
    ErrorReport(kWriterOp, "add_image: the image must be (H, W), (1, H, W) or (3, H, W)", at)
        .operand("image", image)
        .shape_error();
  const std::int64_t height = image.size(-2), width = image.size(-1), plane = height * width;
  const std::vector<double> values = image.detach().to_vector<double>();
  const bool whole = !is_floating(image.dtype());
  std::vector<std::uint8_t> rgb;
  for (std::int64_t i = 0; i < plane; ++i)
    for (std::int64_t c = 0; c < 3; ++c)
      rgb.push_back(level(values[static_cast<std::size_t>(i + (channels == 3 ? c * plane : 0))], whole));
  MessageWriter picture, v;
  picture.number(1, static_cast<std::uint64_t>(height));
  picture.number(2, static_cast<std::uint64_t>(width));
  picture.number(3, 3);
  picture.bytes(4, xgrad::detail::encode_png({width, height, 3, 8, rgb}));
  v.bytes(1, tag);
  v.bytes(4, picture.text());
  write(v.text(), global_step, at);
}

// A tensor of one string for the plugin "text".
void SummaryWriter::add_text(const std::string& tag, const std::string& text, std::int64_t global_step, Location at) {
  constexpr std::uint64_t kString = 7;
  MessageWriter size, shape, tensor, plugin, metadata, v;
  size.number(1, 1);
  shape.bytes(2, size.text());
  tensor.number(1, kString);
  tensor.bytes(2, shape.text());
  tensor.bytes(8, text);
  plugin.bytes(1, "text");
  metadata.bytes(1, plugin.text());
  v.bytes(1, tag + "/text_summary");
  v.bytes(8, tensor.text());
  v.bytes(9, metadata.text());
  write(v.text(), global_step, at);
}

void SummaryWriter::flush(Location at) {
  if (file_ && std::fflush(file_.get()) != 0) fail("write", at);
}

void SummaryWriter::close(Location at) {
  if (std::FILE* f = file_.release(); f && std::fclose(f) != 0) fail("write", at);
}

}  // namespace xgrad::train
