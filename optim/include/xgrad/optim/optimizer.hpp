// The base of all optimizers: parameters in groups, each group with options of its own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::optim {

// Parameters that share options: {net.fc.parameters(), {.lr = 1e-4}}.
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options;
};

class XGRAD_API Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One update of every parameter that has a gradient. Not recorded on the tape.
  void step();
  // Clears the gradients of all parameters.
  void zero_grad(bool set_to_none = true);

  std::size_t num_groups() const { return counts_.size(); }
  std::span<const Tensor> params(std::size_t group) const;
  std::vector<Tensor> params() const { return params_; }
  virtual double lr(std::size_t group = 0) const = 0;
  // Sets the learning rate of all groups, or of one. ValueError when negative.
  void set_lr(double lr);
  void set_lr(std::size_t group, double lr);

  // Everything a resumed run needs: per parameter i "i.step", "i.<buffer>", and per group g "group.g.lr".
  NamedTensors state_dict() const;
  // ValueError when it does not fit; then nothing is changed.
  void load_state_dict(const NamedTensors& state, Location at = Location::current());

 protected:
  // One flat buffer per parameter, made on first use.
  struct State {
    std::int64_t step = 0;
    std::vector<Tensor> buffers;
  };
  Optimizer(std::string name, std::vector<std::string> buffer_names);
  // ValueError: empty list, a non-leaf, a parameter given twice.
  void add_params(const std::vector<Tensor>& params, const Location& at);
  // Updates one contiguous parameter from its contiguous gradient.
  virtual void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) = 0;
  virtual void store_lr(std::size_t group, double lr) = 0;
  // The i-th buffer of a parameter, zeros at first.
  Tensor& buffer(State& s, std::size_t i, const Tensor& param) const;
  [[noreturn]] void invalid(const std::string& rule, const Location& at) const;
  void require_at_least_zero(const char* what, double value, const Location& at) const;

 private:
  std::string name_;
  std::vector<std::string> buffer_names_;
  std::vector<Tensor> params_;
  std::vector<State> states_;
  std::vector<std::size_t> counts_;  // parameters per group
};

}  // namespace xgrad::optim
