#include "report/run_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/detail/csv_field.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

namespace xgrad::train::detail {
namespace {

constexpr const char* kHeader = "step,epoch,split,name,value\n";

std::string time_text(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &local)};
}

[[noreturn]] void cannot_make(const std::string& path, const std::string& why, const Location& at) {
  ErrorReport(kReport, fmt::format("{}: cannot make the folder: {}", path, why), at).io_error();
}

void make_folder(const std::string& path, const Location& at) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!std::filesystem::is_directory(path)) cannot_make(path, error ? error.message() : "it is a file", at);
}

// One that was not there: two runs may begin in the same second.
std::string make_new_folder(const std::string& root, const std::string& name, const Location& at) {
  make_folder(root, at);
  const std::string stem = fmt::format("{}/{}_{}", root, time_text("%Y-%m-%d_%H-%M-%S"), name);
  for (int number = 1;; ++number) {
    std::string path = number == 1 ? stem : fmt::format("{}-{}", stem, number);
    if (mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) cannot_make(path, std::strerror(errno), at);
  }
}

void require_options(const ReportOptions& o, const Location& at) {
  const auto invalid = [&](const std::string& rule) { ErrorReport(kReport, rule, at).value_error(); };
  if (o.folder.empty() && (o.name.empty() || o.name.find_first_of(std::string("/\0", 2)) != std::string::npos))
    invalid(fmt::format("the name '{}' must not be empty nor have a '/': it is part of the folder's name", o.name));
  if (o.refresh < 1) invalid(fmt::format("refresh is {} seconds, must be at least 1", o.refresh));
}

// The fields of the next line from `at` on, which may be in quotes (RFC 4180).
std::vector<std::string> next_row(const std::string& text, std::size_t& at) {
  std::vector<std::string> fields(1);
  for (bool quoted = false; at < text.size();) {
    const char c = text[at++];
    if (c == '"' && quoted && at < text.size() && text[at] == '"')
      fields.back() += text[at++];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else if (c == '\n' && !quoted)
      break;
    else
      fields.back() += c;
  }
  return fields;
}

template <class T, class F>
bool read_number(const std::string& s, F parse, T& to) {
  char* end = nullptr;
  to = parse(s.c_str(), &end);
  return !s.empty() && *end == '\0';
}

// What save() has written, so that a run that goes on keeps its history. IoError: another file is in its place.
std::vector<LoggedMetric> former_metrics(const std::string& path, const Location& at) {
  if (!std::filesystem::exists(path)) return {};
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string header = kHeader;
  const auto refuse = [&](std::size_t row) {
    ErrorReport(kReport, fmt::format("{}: row {} is not one of a report", path, row), at)
        .help("choose another folder, or move the file away")
        .io_error();
  };
  if (!in || !text.starts_with(header)) refuse(1);
  const auto integer = [](const char* s, char** end) { return std::strtoll(s, end, 10); };
  std::vector<LoggedMetric> rows;
  for (std::size_t i = header.size(); i < text.size();) {
    const std::vector<std::string> f = next_row(text, i);
    LoggedMetric m{-1, 0, "", "", 0};
    if (f.size() != 5 || (!f[0].empty() && !read_number(f[0], integer, m.step)) ||
        !read_number(f[1], integer, m.epoch) || !read_number(f[4], std::strtod, m.value))
      refuse(rows.size() + 2);
    m.split = f[2], m.name = f[3];
    rows.push_back(std::move(m));
  }
  return rows;
}

}  // namespace

RunFolder::RunFolder(const ReportOptions& o, const Location& at) : at_(at) {
  require_options(o, at);
  if (o.folder.empty()) {
    path_ = make_new_folder(o.root, o.name, at);
  } else {
    make_folder(o.folder, at);
    path_ = o.folder;
    former_ = former_metrics(path_ + "/metrics.csv", at);
  }
  description_["name"] = o.name;
  description_["started"] = time_text("%Y-%m-%d %H:%M:%S");
  description_["seed"] = default_generator().seed();
  description_["threads"] = get_num_threads();
  description_["versions"] = {{"xgrad", XGRAD_VERSION}, {"compiler", __VERSION__}};
  description_["arguments"] = o.arguments;
  auto notes = nlohmann::ordered_json::object();
  for (const auto& [key, value] : o.notes) notes[key] = value;
  description_["notes"] = notes;
  const std::string text = description_.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  write_file_atomically(kReport, path_ + "/run.json", {{text.data(), text.size()}}, at);
  save(former_);
}

void RunFolder::save(const std::vector<LoggedMetric>& metrics) const {
  std::string text = kHeader;
  for (const LoggedMetric& m : metrics)
    text += fmt::format("{},{},{},{},{}\n", m.step >= 0 ? fmt::format("{}", m.step) : "", m.epoch,
                        xgrad::detail::csv_field(m.split), xgrad::detail::csv_field(m.name), m.value);
  write_file_atomically(kReport, path_ + "/metrics.csv", {{text.data(), text.size()}}, at_);
}

}  // namespace xgrad::train::detail
