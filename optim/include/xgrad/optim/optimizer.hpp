// The base of all optimizers: parameters in groups, each group with options of its own.
//
//   optim::AdamW opt(net.parameters(), {.lr = 1e-3});
//   optim::AdamW opt({{net.body.parameters(), {.lr = 1e-5}}, {net.head.parameters()}}, {.lr = 1e-3});
//
// An option that a group leaves out is the optimizer's.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <xgrad/optim/option.hpp>
#include <xgrad/optim/params.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::optim {

// Says which option is out of range, of which optimizer and where it was made.
class XGRAD_API OptionCheck {
 public:
  OptionCheck(const std::string& optimizer, const Location& at) : optimizer_(optimizer), at_(at) {}

  // ValueErrors. NaN is never in range, infinity nowhere but where it is said.
  void at_least_zero(const char* option, double value) const;
  void betas(const std::array<double, 2>& betas) const;  // both in [0, 1)
  [[noreturn]] void fail(const std::string& rule) const;

 private:
  const std::string& optimizer_;
  const Location& at_;
};

class XGRAD_API Optimizer {
 public:
  virtual ~Optimizer();
  // Not const, so that no derived class can be made from a const Optimizer&: {w} is a list and nothing else.
  Optimizer(Optimizer&) = delete;  // one optimizer has the state: pass Optimizer&, keep several as std::unique_ptr
  Optimizer& operator=(const Optimizer&) = delete;  // load_state_dict(other.state_dict())

  // One update of every parameter that has a gradient. Not recorded on the tape. When memory runs out nothing is
  // changed.
  virtual void step(Location at = Location::current());
  // closure clears the gradients, computes the loss, calls backward() on it and returns it; then step(). Returns the
  // loss.
  using Closure = std::function<Tensor()>;
  virtual Tensor step(const Closure& closure, Location at = Location::current());
  // Clears the gradients of all parameters.
  void zero_grad(bool set_to_none = true, Location at = Location::current());

  const std::string& name() const { return name_; }  // "SGD"
  // Expires with the optimizer: for what keeps a reference to it.
  std::weak_ptr<const void> alive() const { return alive_; }
  std::size_t num_groups() const { return counts_.size(); }
  // IndexError for a group that is not there, here and below.
  std::span<const Tensor> params(std::size_t group, Location at = Location::current()) const;
  std::vector<Tensor> params() const { return params_; }
  double lr(std::size_t group = 0, Location at = Location::current()) const {
    require_group(group, at);
    return group_lr(group);
  }
  // Sets the learning rate of all groups, or of one. ValueError when negative.
  void set_lr(double lr, Location at = Location::current());
  void set_lr(std::size_t group, double lr, Location at = Location::current());
  void set_lr(std::floating_point auto, double, Location = Location()) = delete;  // the group comes first

  // For schedulers that cycle it: the option "momentum", or the first of "betas". ValueError when there is neither.
  bool has_momentum() const;
  double momentum(std::size_t group = 0, Location at = Location::current()) const;
  void set_momentum(std::size_t group, double momentum, Location at = Location::current());
  void set_momentum(std::floating_point auto, double, Location = Location()) = delete;  // the group comes first
  // The learning rate from which schedulers count, set by the first of them; NaN before.
  double initial_lr(std::size_t group = 0, Location at = Location::current()) const;
  void set_initial_lr(std::size_t group, double lr, Location at = Location::current());

  // Everything a resumed run needs: per parameter i "i.step" and "i.<buffer>", per group g "group.g.params" (how many)
  // and all options, "group.g.lr", "group.g.betas", ...
  NamedTensors state_dict() const;
  // Takes over the state and the options. ValueError lists everything that does not fit; then nothing is changed.
  void load_state_dict(const NamedTensors& state, Location at = Location::current());
  // Throws what load_state_dict would and changes nothing.
  void check_state_dict(const NamedTensors& state, Location at = Location::current()) const;
  // The same, but what it returns takes the state over, once, before the optimizer is used again. That does not throw;
  // only an optimizer with load_shared_state() (LBFGS) may run out of memory there, and has changed nothing then.
  [[nodiscard]] std::function<void()> prepare_state_dict(const NamedTensors& state, Location at = Location::current());

 protected:
  // Made on the first update of a parameter.
  struct State {
    std::int64_t step = 0;
    std::vector<Tensor> buffers;  // of the parameter's type and, unless buffer_shape() says another, shape
    std::vector<double> numbers;
    bool fresh = false;  // the first buffers were made for the update to come
  };
  // Names of buffers; a "?" behind the name: only some options need it. Names of further numbers.
  Optimizer(std::string name, std::vector<std::string> buffer_names, std::vector<std::string> number_names = {});
  // A new group. ValueError: empty list, a non-leaf, a parameter given twice.
  void add_params(const std::vector<Tensor>& params, const Location& at);
  // Makes what update() needs of the state: called for all parameters before the first is updated, so that a step that
  // runs out of memory is no half step. By default the buffers without a "?", filled with 0.
  virtual void make_state(std::size_t group, const Tensor& param, State& state);
  // The shape of the i-th buffer of a parameter; by default the parameter's.
  virtual Shape buffer_shape(std::size_t i, const Tensor& param) const;
  // Updates one contiguous parameter from its contiguous gradient.
  virtual void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) = 0;
  virtual double group_lr(std::size_t group) const = 0;
  virtual void store_lr(std::size_t group, double lr) = 0;
  // The options of a group, to save, load and change them.
  virtual std::vector<StateField> option_fields(std::size_t group) = 0;
  // ValueError when the options of the group are out of range.
  virtual void check_options(std::size_t group, const Location& at) const = 0;
  // State that belongs to no parameter.
  virtual NamedTensors shared_state() const { return {}; }
  // Takes over such state from the keys that nobody else claims; returns those it does not know. Only looks when
  // `commit` is false.
  virtual std::vector<std::string> load_shared_state(const NamedTensors& state, bool commit, const Location& at);

  // The i-th buffer of a parameter, filled with `start` at first.
  Tensor& buffer(State& s, std::size_t i, const Tensor& param, double start = 0) const;
  double& number(State& s, std::size_t i, double start) const;
  [[noreturn]] void invalid(const std::string& rule, const Location& at) const;
  [[noreturn]] void no_parameters(const Location& at) const;
  void require_group(std::size_t group, const Location& at) const;

 private:
  struct Loaded;
  struct Update;
  Loaded parse(const NamedTensors& state, const Location& at) const;
  std::vector<Update> prepare_step(const Location& at);
  void require_same_shape(const Tensor& param, const State& state, std::size_t index, const Location& at) const;
  double* momentum_field(std::size_t group) const;
  double& momentum_of(std::size_t group, const Location& at) const;

  std::string name_;
  std::vector<std::string> buffer_names_, number_names_;
  std::vector<bool> always_;  // buffers that every update makes
  std::vector<Tensor> params_;
  std::vector<State> states_;
  std::vector<std::size_t> counts_;  // parameters per group
  std::vector<double> initial_lrs_;
  std::shared_ptr<const void> alive_ = std::make_shared<char>();
};

// "SGD(4 parameters, lr=0.1)", a group after the other.
XGRAD_API std::ostream& operator<<(std::ostream& os, const Optimizer& o);

// An optimizer with options of one type, an aggregate of Option<...> with
//   template <class Self, class F> static void each(Self& o, F f) { f("lr", o.lr); ... }
//   void check(const OptionCheck& check) const;  // ValueError when an option is out of range
// lr, eps and weight_decay are checked to be at least 0 here, for all that have them.
template <class Options>
class XGRAD_API OptimizerWith : public Optimizer {
 public:
  OptimizerWith(OptimizerWith&) = delete;  // one optimizer has the state: pass Optimizer&, or std::unique_ptr
  OptimizerWith& operator=(const OptimizerWith&) = delete;  // load_state_dict(other.state_dict())

  Options& options(std::size_t group = 0, Location at = Location::current()) {
    require_group(group, at);
    return options_[group];
  }
  const Options& options(std::size_t group = 0, Location at = Location::current()) const {
    require_group(group, at);
    return options_[group];
  }
  const Options& defaults() const { return defaults_; }

  // Adds parameters, for instance of layers that were frozen so far. Options left out are the optimizer's.
  void add_param_group(const ParamGroup<Options>& group, Location at = Location::current()) {
    options_.push_back(merged(group.options));
    try {
      check_options(options_.size() - 1, at);
      add_params(group.params, at);
    } catch (...) {
      options_.pop_back();
      throw;
    }
  }

 protected:
  // The names are those of Optimizer's constructor.
  OptimizerWith(const Params<Options>& params, const Options& defaults, const Location& at, std::string name,
                std::vector<std::string> buffer_names, std::vector<std::string> number_names = {})
      : Optimizer(std::move(name), std::move(buffer_names), std::move(number_names)), defaults_(defaults) {
    if (params.groups().empty()) no_parameters(at);
    for (const ParamGroup<Options>& g : params.groups()) add_param_group(g, at);
  }

  void check_options(std::size_t group, const Location& at) const override {
    const OptionCheck check(name(), at);
    Options::each(options_[group], [&](const std::string_view option, const auto& o) {
      if constexpr (std::is_same_v<decltype(o.value), double>)
        if (option == "lr" || option == "eps" || option == "weight_decay") check.at_least_zero(option.data(), o);
    });
    options_[group].check(check);
  }
  double group_lr(std::size_t group) const override { return options_[group].lr; }
  void store_lr(std::size_t group, double lr) override { options_[group].lr = lr; }
  std::vector<StateField> option_fields(std::size_t group) override {
    std::vector<StateField> fields;
    Options::each(options_.at(group), [&](const char* name, auto& option) { fields.push_back({name, &option.value}); });
    return fields;
  }

 private:
  Options merged(const Options& group) const {
    Options all = defaults_;
    // Both lists are in the same order: the n-th option of one belongs to the n-th of the other.
    std::vector<const void*> from;
    Options::each(group, [&](const char*, const auto& option) { from.push_back(&option); });
    std::size_t i = 0;
    Options::each(all, [&](const char*, auto& option) {
      const auto& own = *static_cast<const std::remove_reference_t<decltype(option)>*>(from[i++]);
      if (own.given) option = own;
    });
    return all;
  }
  Options defaults_;
  std::vector<Options> options_;
};

}  // namespace xgrad::optim
