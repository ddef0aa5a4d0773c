// keras::Sequential: a stack of layers that is trained in one call.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/keras/callbacks.hpp>
#include <xgrad/keras/layers.hpp>
#include <xgrad/keras/losses.hpp>
#include <xgrad/keras/optimizers.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/train/summary.hpp>

namespace xgrad::keras {

struct CompileOptions {
  ByName by_name = ByName();
  OptimizerChoice optimizer = "rmsprop";
  Loss loss = "mean_squared_error";
  std::vector<MetricChoice> metrics = {};
};

struct ValidationData {
  Tensor x, y, sample_weight = {};
};
struct FitOptions {
  ByName by_name = ByName();
  std::int64_t batch_size = 32, epochs = 1;
  int verbose = 1;  // 0: nothing, 1: a progress bar on standard error and a line for each epoch, 2: the line alone
  std::vector<CallbackPart> callbacks = {};
  double validation_split = 0;          // the last share of the samples, before they are shuffled
  ValidationData validation_data = {};  // instead
  bool shuffle = true;
  std::int64_t initial_epoch = 0;
  // What the loss of each sample counts: (n), or a weight for each step, (n, steps); of a validation_split, too. Or of
  // each class in y, numbers or one-hot rows, 1 for classes that are not named; of the training alone.
  Tensor sample_weight = {};
  std::map<std::int64_t, double> class_weight = {};
};
struct EvaluateOptions {
  ByName by_name = ByName();
  std::int64_t batch_size = 32;
  Tensor sample_weight = {};
};
struct PredictOptions {
  std::int64_t batch_size = 32;
};

// What fit returns: history.at("val_loss")[epoch].
struct XGRAD_API History {
  std::map<std::string, std::vector<double>> history;
  std::vector<std::int64_t> epoch;
  // ValueError lists the names there are.
  const std::vector<double>& at(const std::string& name, Location at = Location::current()) const;
};

// Inputs are cast to float32, or to int64 before an Embedding. Copies are handles to one model. ValueError: used before
// compile, sizes and shares out of range, weights of samples and of classes at once; ShapeError: samples of another
// shape than the model's, numbers of samples that differ. A batch whose loss is not finite goes on, as in Keras.
// Weights multiply losses, whose sum is divided by the number of losses, not of weights, as in Keras; metrics know no
// weights.
class XGRAD_API Sequential {
 public:
  explicit Sequential(std::vector<Layer> layers = {}, Location at = Location::current());
  // Before the first call of anything below. ValueError afterwards, and for an Input that is not the first.
  Sequential& add(Layer layer, Location at = Location::current());

  // A new optimizer, loss and metrics; weights stay.
  void compile(CompileOptions options, Location at = Location::current());
  History fit(const Tensor& x, const Tensor& y, const FitOptions& options = {}, Location at = Location::current());
  // Loss, with penalties of weights, and metrics.
  Logs evaluate(const Tensor& x, const Tensor& y, const EvaluateOptions& options = {},
                Location at = Location::current());
  Tensor predict(const Tensor& x, PredictOptions options = {}, Location at = Location::current());
  // The result with the graph, in the mode that the network is in.
  Tensor operator()(const Tensor& x, Location at = Location::current());
  // The whole as a step of a keras::Model, with the same weights. ShapeError.
  KerasTensor operator()(const KerasTensor& x, Location at = Location::current());

  // train::summary of one sample. ValueError when the shape of the input is not known yet.
  train::Summary summary(Location at = Location::current());
  // Parameters and buffers by path, "dense.weight", as safetensors. IoError; ValueError for what does not fit.
  void save_weights(const std::string& path, Location at = Location::current());
  void load_weights(const std::string& path, Location at = Location::current());
  // The modules, under Keras's names of the layers: dense, dense_1, ... ValueError as for summary.
  nn::Sequential net(Location at = Location::current());

  // For callbacks. ValueError before compile.
  optim::Optimizer& optimizer(Location at = Location::current());
  double learning_rate(Location at = Location::current()) { return optimizer(at).lr(); }
  void set_learning_rate(double lr, Location at = Location::current());
  void stop_training();  // fit ends after this epoch

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace xgrad::keras
