// The report of a run: a folder with the numbers, and one page of HTML with the pictures.
//
//   train::Report report({.name = "digits", .arguments = {argv, argv + argc}});  // runs/2026-11-30_14-05-12_digits/
//   for (int epoch = 0; epoch < epochs; ++epoch) {
//     ...
//     report.add(epoch, "train", "loss", loss).add(epoch, "test", "loss", test_loss);
//     report.learning_rate(epoch, opt).norms(epoch, net);
//     report.write();                          // report.html, which refreshes itself while the run goes on
//   }
//   report.confusion(matrix).filters("conv1", net.conv1.weight);
//   report.finish();
//
// The folder holds metrics.csv (step,epoch,split,name,value), run.json (seed, versions, arguments), report.html, and,
// with .tensorboard = true, an event file. The page is one file that loads nothing, not even when a server offers it: a
// Content Security Policy forbids it. Each picture can be saved as SVG.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/train/metrics.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::train {

struct ReportOptions {
  ByName by_name = ByName();
  std::string name = "run";   // of the run: in the title and in the folder's name
  std::string root = "runs";  // where the folder of the run is made
  std::string folder = {};    // the folder itself, instead; one that is there is used again, with a warning
  std::vector<std::string> arguments = {};                      // of the program
  std::vector<std::pair<std::string, std::string>> notes = {};  // for run.json and the page
  int refresh = 5;  // seconds until the page of a run that goes on is read again
  bool tensorboard = false;
};

struct LandscapeOptions {
  ByName by_name = ByName();
  double range = 1;        // from -range to range along both directions
  int steps = 21;          // along each
  std::uint64_t seed = 0;  // of the directions
};

// What is called twice with the same name or title replaces its picture, so that all of it may be called in each epoch.
class XGRAD_API Report {
 public:
  // Makes the folder, run.json and metrics.csv. IoError; ValueError: a name that is empty or has a '/', refresh
  // below 1.
  explicit Report(ReportOptions options = {}, Location at = Location::current());
  ~Report();  // finish()
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  const std::string& folder() const;
  std::string path() const;  // of report.html

  // A number of the run: a row of metrics.csv, a point of the learning curve `name`, a scalar "name/split" in the event
  // file. step: of the optimizer, when it is not the epoch that counts; without one the field of metrics.csv is empty.
  // A split has one colour in all curves; of the best value is marked that of the validation, else of the test.
  Report& add(std::int64_t epoch, const std::string& split, const std::string& name, double value,
              std::int64_t step = -1);
  // The learning rates of all groups.
  Report& learning_rate(std::int64_t epoch, const optim::Optimizer& opt);
  // Norms of the parameters and, where there are any, of their gradients; and their histograms as they are now.
  Report& norms(std::int64_t epoch, const nn::Module& model, Location at = Location::current());
  // ValueError unless there is a name for every class, or none.
  Report& confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names = {},
                    Location at = Location::current());
  // The weights of a convolution, (N, C, H, W): each filter as an image, in colour for C = 3, else channel by channel;
  // or of a linear layer over images, (N, H * W): the first rows as images. At most 64. ShapeError.
  Report& filters(const std::string& name, const Tensor& weight, Location at = Location::current());
  // The loss around the parameters, in the plane of two random directions that have in each filter the norm of the
  // parameters (Li et al. 2018). loss() computes it for the model as it is; the parameters are put back, also when it
  // throws. ValueError: steps not in 3..201, or a range that is not above 0.
  Report& landscape(const nn::Module& model, const std::function<double()>& loss, const LandscapeOptions& options = {},
                    Location at = Location::current());
  // What a model of two features says over the plane of x (n, 2): scores (m, classes), or (m) and (m, 1) with a
  // boundary at `threshold`. y: (n) classes. An area has the colour of its class, paler. ShapeError.
  Report& decision_boundary(const std::function<Tensor(const Tensor&)>& model, const Tensor& x, const Tensor& y,
                            double threshold = 0.5, const std::string& title = "Decision boundary",
                            Location at = Location::current());
  // Functions of one number, over [-4, 4], with their derivatives.
  using Activation = std::function<Tensor(const Tensor&)>;
  Report& activations(const std::vector<std::pair<std::string, Activation>>& functions,
                      Location at = Location::current());
  // Pictures of your own; section: the heading they stand under.
  Report& plot(const std::string& title, const viz::Plot& plot, const std::string& section = "Pictures");
  Report& images(const std::string& title, const std::vector<Tensor>& rows, const std::string& section = "Pictures",
                 Location at = Location::current());
  Report& images(const std::string& title, const Tensor& row, const std::string& section = "Pictures",
                 Location at = Location::current()) {
    return images(title, std::vector<Tensor>{row}, section, at);
  }
  Report& text(const std::string& title, const std::string& text, const std::string& section = "Notes");

  // Writes metrics.csv and report.html. Returns the path of the page; what goes wrong is a message on standard error
  // and an empty path, since it must not end a training.
  std::string write();
  // The last write(); the page does not refresh itself any more.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace xgrad::train
