// Fully connected layers as Keras has them, and whole stacks of them from a list of sizes.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/weight_options.hpp>

namespace xgrad::nn {

struct DenseOptions {
  ByName by_name = ByName();
  AnyModule activation = nullptr;  // behind it: xgrad::relu, nn::Tanh()
  bool use_bias = true;
  Initializer kernel_initializer = init::xavier_uniform_, bias_initializer = init::zeros_;
  Regularizer kernel_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  Constraint kernel_constraint = {}, bias_constraint = {};
  std::optional<std::int64_t> lora_rank = {};  // at least 1
  std::optional<double> lora_alpha = {};       // lora_rank when left out
};

// activation(x W^T + b), keras.layers.Dense: (..., in) -> (..., units), in from the first call, as a LazyLinear,
// and printed from then on.
// Parameters: weight (units, in), Keras's kernel transposed, bias (units). With lora_rank the weight is frozen and
// lora_alpha / lora_rank lora_B lora_A is added to it: lora_A (rank, in), at first He uniform, lora_B (units, rank), at
// first 0, are trained. E. Hu et al. 2021. ValueError for options out of range, ShapeError for negative sizes.
class XGRAD_API Dense final : public Layer<Dense> {
 public:
  Dense(const Dense&) = default;
  Dense(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit Dense(...) = delete;                  // options by name: nn::Dense(3, {.use_bias = false})
  explicit Dense(std::int64_t units, DenseOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit Dense(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  // Adds what lora_A and lora_B have learnt to the weight, and sets lora_B to 0: the results stay what they were.
  // ValueError without lora_rank, or before the first call.
  void merge_lora(Location at = Location::current());

  Parameter weight, bias, lora_A, lora_B;

 private:
  bool lacks_shapes() const;
  void take_shapes(const Tensor& x, const Location& at) const;
  Tensor affine(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& A, const Tensor& B,
                const Location& at) const;

  std::int64_t units_ = 0, lora_rank_ = 0;
  AnyModule activation_ = nullptr;
  Initializer kernel_initializer_, bias_initializer_;
  double lora_scale_ = 0;
};

struct MLPOptions {
  ByName by_name = ByName();
  std::function<AnyModule(std::int64_t)> norm_layer = {};  // from a number of features, behind each hidden layer
  AnyModule activation_layer = nullptr;                    // a copy behind each hidden layer; nn::ReLU() when left out
  bool bias = true;
  double dropout = 0;  // behind each layer
};
// torchvision.ops.MLP: nn::Linear for each of hidden_channels, with norm, activation and dropout behind it, but the
// last with dropout alone (at dropout 0, too, as there): nn::MLP(2, {16, 16, 1}). ValueError: no sizes.
XGRAD_API Sequential MLP(std::int64_t in_channels, const std::vector<std::int64_t>& hidden_channels,
                         const MLPOptions& options = {}, Location at = Location::current());

}  // namespace xgrad::nn
