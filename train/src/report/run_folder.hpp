// The folder of a run: runs/<time>_<name>/ with run.json and metrics.csv.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <xgrad/train/report.hpp>

namespace xgrad::train::detail {

// The class that errors name.
inline constexpr const char* kReport = "train::Report";

struct LoggedMetric {
  std::int64_t step, epoch;
  std::string split, name;
  double value;
};

class RunFolder {
 public:
  RunFolder(const ReportOptions& options, const Location& at);
  const std::string& path() const { return path_; }
  const nlohmann::ordered_json& description() const { return description_; }  // run.json
  std::string started() const { return description_.at("started"); }
  // The rows of metrics.csv of former runs in this folder.
  const std::vector<LoggedMetric>& former() const { return former_; }
  // Rewrites metrics.csv. IoError.
  void save(const std::vector<LoggedMetric>& metrics) const;

 private:
  std::string path_;
  nlohmann::ordered_json description_;
  Location at_;
  std::vector<LoggedMetric> former_;
};

}  // namespace xgrad::train::detail
