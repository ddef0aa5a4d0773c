// The pictures of a report, as SVG text.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <xgrad/train/report.hpp>

#include "report/run_folder.hpp"

namespace xgrad::train::detail {

// The curves of one quantity, a line for each split in the colour that it has in all of them, with the best value of
// the validation marked, else of the test, else of what was named last.
std::string curve_svg(const std::string& name, const std::vector<LoggedMetric>& metrics);

// Norms of each parameter, epoch by epoch.
struct NormHistory {
  std::vector<std::int64_t> epochs;
  std::vector<std::string> names;
  std::vector<std::vector<double>> norms;  // of each epoch; NaN where there was none
};
std::string norms_svg(const std::string& title, const NormHistory& history);
std::string rates_svg(const std::map<std::size_t, std::vector<std::pair<double, double>>>& groups);
std::string histograms_svg(const std::string& title, const NamedTensors& tensors);
std::string confusion_svg(const ConfusionMatrix& matrix, const std::vector<std::string>& names, const Location& at);
std::string filters_svg(const std::string& name, const Tensor& weight, const Location& at);
std::string landscape_svg(const nn::Module& model, const std::function<double()>& loss, const LandscapeOptions& o,
                          const Location& at);
struct Boundary {
  std::string title;
  double threshold;
};
std::string boundary_svg(const Boundary& how, const std::function<Tensor(const Tensor&)>& model, const Tensor& x,
                         const Tensor& y, const Location& at);
std::string activations_svg(const std::vector<std::pair<std::string, Report::Activation>>& functions,
                            const Location& at);

}  // namespace xgrad::train::detail
