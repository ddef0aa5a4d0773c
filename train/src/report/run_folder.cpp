#include "report/run_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <sys/stat.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

#include "table.hpp"

namespace xgrad::train::detail {
namespace {

constexpr const char* kOp = "train::Report";

std::string time_text(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &local)};
}

[[noreturn]] void cannot_make(const std::string& path, const std::string& why, const Location& at) {
  ErrorReport(kOp, fmt::format("{}: cannot make the folder: {}", path, why), at).io_error();
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
  const auto invalid = [&](const std::string& rule) { ErrorReport(kOp, rule, at).value_error(); };
  if (o.folder.empty() && (o.name.empty() || o.name.find_first_of(std::string("/\0", 2)) != std::string::npos))
    invalid(fmt::format("the name '{}' must not be empty nor have a '/': it is part of the folder's name", o.name));
  if (o.refresh < 1) invalid(fmt::format("refresh is {} seconds, must be at least 1", o.refresh));
}

}  // namespace

RunFolder::RunFolder(const ReportOptions& o, const Location& at) : at_(at) {
  require_options(o, at);
  if (o.folder.empty()) {
    path_ = make_new_folder(o.root, o.name, at);
  } else {
    make_folder(o.folder, at);
    path_ = o.folder;
    if (std::filesystem::exists(path_ + "/run.json"))
      std::fprintf(stderr, "xgrad: %s: %s holds a run already, whose numbers and page are replaced\n", kOp,
                   path_.c_str());
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
  write_file_atomically(kOp, path_ + "/run.json", {{text.data(), text.size()}}, at);
  save({});
}

void RunFolder::save(const std::vector<Metric>& metrics) const {
  std::string text = "step,epoch,split,name,value\n";
  for (const Metric& m : metrics)
    text += fmt::format("{},{},{},{},{}\n", m.step >= 0 ? fmt::format("{}", m.step) : "", m.epoch, csv_field(m.split),
                        csv_field(m.name), m.value);
  write_file_atomically(kOp, path_ + "/metrics.csv", {{text.data(), text.size()}}, at_);
}

}  // namespace xgrad::train::detail
