// keras::Sequential: a stack of layers that is trained in one call.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
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

struct GraphModule;

// A tensor, or one for each input or output: x, {words, tags}.
class XGRAD_API TensorList {
 public:
  TensorList() = default;
  template <std::convertible_to<Tensor> T>
  TensorList(const T& one) : all_{Tensor(one)} {}                // NOLINT
  TensorList(std::vector<Tensor> all) : all_(std::move(all)) {}  // NOLINT
  TensorList(std::initializer_list<Tensor> all) : all_(all) {}   // NOLINT
  const std::vector<Tensor>& all() const { return all_; }
  bool empty() const { return all_.empty(); }

 private:
  std::vector<Tensor> all_;
};

struct CompileOptions {
  ByName by_name = ByName();
  OptimizerChoice optimizer = "rmsprop";
  Loss loss = "mean_squared_error";  // of the output, or of each of several
  std::vector<MetricChoice> metrics = {};
  // Of a model with several outputs, one for each of them. The loss is the sum of their losses times the weights; logs
  // have both, "loss" and, of an output of a layer dense_1, "dense_1_loss" and "dense_1_accuracy".
  std::vector<Loss> losses = {};
  std::vector<double> loss_weights = {};
  std::vector<std::vector<MetricChoice>> output_metrics = {};
};

struct ValidationData {
  TensorList x, y;
  Tensor sample_weight = {};
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
// compile, sizes and shares out of range, weights of samples and of classes at once, another number of tensors than the
// model has inputs or outputs; ShapeError: samples of another shape than the model's Input, or without one than those
// of the first call; numbers of samples that differ. A batch whose loss is not finite goes on, as in Keras. Weights
// multiply losses, whose sum is divided by the number of losses, not of weights, as in Keras; metrics know no weights.
class XGRAD_API Sequential {
 public:
  explicit Sequential(std::vector<Layer> layers = {}, Location at = Location::current());
  // Before the first call of anything below. ValueError afterwards, and for an Input that is not the first.
  Sequential& add(Layer layer, Location at = Location::current());

  // A new optimizer, loss and metrics; weights stay.
  void compile(CompileOptions options, Location at = Location::current());
  History fit(const TensorList& x, const TensorList& y, const FitOptions& options = {},
              Location at = Location::current());
  // Loss, with penalties of weights, and metrics.
  Logs evaluate(const TensorList& x, const TensorList& y, const EvaluateOptions& options = {},
                Location at = Location::current());
  // Of several outputs predict_all, which gives one tensor for each.
  Tensor predict(const TensorList& x, PredictOptions options = {}, Location at = Location::current());
  std::vector<Tensor> predict_all(const TensorList& x, PredictOptions options = {}, Location at = Location::current());
  // The result with the graph, in the mode that the network is in.
  Tensor operator()(const Tensor& x, Location at = Location::current());
  // The whole as a step of a keras::Model, with the same weights. ShapeError; ValueError: several inputs or outputs.
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
  void stop_training();                                                      // fit ends after this epoch
  std::vector<std::string> output_names(Location at = Location::current());  // ValueError as for summary

 protected:
  explicit Sequential(std::shared_ptr<GraphModule> graph);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace xgrad::keras
