// Checkpoints are saved-tensor hooks. In the forward pass, pack() keeps nothing of the i-th tensor that is saved but
// its number. The first unpack() of a backward pass runs the function again, on inputs off the tape and with hooks that
// take down what is saved there, in the same order; this and the following calls of unpack() hand that out. The nodes
// are those of the first run, so that derivatives of every order find their way; those of the second run are dropped.
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/random.hpp>

#include "core/draw_log.hpp"
#include "core/running_op.hpp"
#include "core/tape/record.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {

bool recomputing() noexcept { return recomputing_part; }

namespace {

// An input of the function. Inside another checkpoint, or under hooks of the program, it is kept as a saved tensor is.
class KeptInput {
 public:
  KeptInput(const Tensor& x, const Location& at) : defined_(x.defined()), wants_(defined_ && wants_grad(x)) {
    if (!defined_) return;
    if (saved_hooks_active()) {
      packed_ = Packed(x, true, "checkpoint", at);
    } else {
      plain_ = make_alias(x);
      version_ = x.version();
    }
  }
  // Off the tape, as a leaf that takes a gradient where the input did: the same operations are recorded.
  Tensor leaf(const Location& at) {
    if (!defined_) return Tensor();
    Tensor x = packed_ ? packed_.unpack(false, "checkpoint", at) : plain_;
    packed_.drop_unpacked();
    if (!packed_ && x.version() != version_)
      ErrorReport("checkpoint", "an input was changed in place before the backward pass computed its part again", at)
          .operand("input", x)
          .help("use the out-of-place operation, or clone() the tensor before changing it")
          .autograd_error();
    x = make_alias(x);
    impl(x).requires_grad = wants_;
    return x;
  }

 private:
  bool defined_, wants_;
  Tensor plain_;
  std::uint32_t version_ = 0;
  Packed packed_;
};

// What is known of a tensor that the first run saved.
struct Expected {
  DType dtype;
  Shape shape;
  const char* op;
  Location at;
  const TensorImpl* leaf;  // the parameter that it is, or null
  std::uint32_t version;
  bool wanted = true;  // its node still lives, with what it saved
};
Expected described(const Tensor& t, const char* op, const Location& at) {
  const TensorImpl& i = impl(t);
  const bool leaf = i.requires_grad && !i.grad_fn;
  return {i.dtype, i.shape, op, at, leaf ? &i : nullptr, i.storage->version};
}

// One call of checkpoint(). Held by the numbers that its nodes keep in place of tensors.
class Frame : public std::enable_shared_from_this<Frame> {
 public:
  Frame(const std::vector<Tensor>& inputs, CheckpointScope::Again again, const Location& at)
      : again_(std::move(again)), at_(at) {
    for (const Tensor& x : inputs) inputs_.emplace_back(x, at);
  }
  std::shared_ptr<const SavedHooks> hooks();
  GeneratorStates& generators() { return generators_; }

 private:
  struct Number {
    std::shared_ptr<Frame> frame;
    std::size_t i;
    ~Number() { frame->forget(i); }
  };
  struct Value {
    Tensor tensor;
    std::uint32_t version = 0;
  };

  std::shared_ptr<void> note(const Tensor& t, const char* op, const Location& at) {
    saved_.push_back(described(t, op, at));
    return std::shared_ptr<Number>(new Number{shared_from_this(), saved_.size() - 1});
  }
  void forget(std::size_t i) noexcept {
    saved_[i].wanted = false;
    if (i < values_.size()) values_[i] = {};
  }
  Tensor value(std::size_t i);
  void compute_again();
  void check(std::size_t i, const Expected& now) const;
  [[noreturn]] void differs(const std::string& rule, const std::string& first, const std::string& again) const;

  CheckpointScope::Again again_;
  Location at_;
  GeneratorStates generators_;  // before the first run drew from them
  std::vector<KeptInput> inputs_;
  std::vector<Expected> saved_;
  std::vector<Value> values_;  // of the second run, until they are handed out
  bool computing_ = false;
};

std::shared_ptr<const SavedHooks> Frame::hooks() {
  return std::make_shared<const SavedHooks>(
      SavedHooks{[frame = shared_from_this()](const Tensor& t, const char* op, const Location& at) {
                   return frame->note(t, op, at);
                 },
                 [](const std::shared_ptr<void>& kept) {
                   const Number& n = *static_cast<const Number*>(kept.get());
                   return n.frame->value(n.i);
                 }});
}

Tensor Frame::value(std::size_t i) {
  if (i >= values_.size() || !values_[i].tensor.defined()) compute_again();
  const Value v = std::exchange(values_[i], {});
  if (impl(v.tensor).storage->version != v.version)
    ErrorReport(saved_[i].op, "a value saved for backward was overwritten inside a checkpoint", saved_[i].at)
        .operand("saved", v.tensor)
        .help("use the out-of-place operation, or clone() the tensor before changing it")
        .autograd_error();
  return v.tensor;
}

std::string text(const Expected& e) {
  return fmt::format("{} {} of {}", short_name(e.dtype), to_string(e.shape), e.op);
}

void Frame::differs(const std::string& rule, const std::string& first, const std::string& again) const {
  ErrorReport("checkpoint", "the function did something else when it was run again: " + rule, at_)
      .line("first", first)
      .line("again", again)
      .help("it must depend on nothing but its inputs, parameters and random numbers")
      .autograd_error();
}

void Frame::check(std::size_t i, const Expected& now) const {
  if (i >= saved_.size())
    differs("it saved more tensors", fmt::format("{} tensors", saved_.size()), "then " + text(now));
  const Expected& before = saved_[i];
  if (before.dtype != now.dtype || !(before.shape == now.shape))
    differs(fmt::format("saved tensor {} is of another shape or type", i), text(before), text(now));
  if (before.leaf && before.leaf == now.leaf && before.version != now.version)
    ErrorReport(before.op, "a parameter was changed in place before the backward pass computed a checkpoint again",
                before.at)
        .line("parameter", text(before))
        .help("call backward() before optimizer.step()")
        .autograd_error();
}

// The state of this thread in which the function ran, and back.
class AsBefore {
 public:
  explicit AsBefore(const GeneratorStates& generators)
      : generators_(generators),
        kept_(keep_values(false)),
        backward_(std::exchange(running_backward, nullptr)),
        recomputing_(std::exchange(recomputing_part, true)) {}
  ~AsBefore() {
    recomputing_part = recomputing_;
    running_backward = backward_;
    keep_values(kept_);
  }
  AsBefore(const AsBefore&) = delete;
  AsBefore& operator=(const AsBefore&) = delete;

 private:
  const GeneratorsAt generators_;
  bool kept_;
  const RunningOp* backward_;
  bool recomputing_;
  const GradModeGuard mode_{true};
  const RecordFor nobody_{nullptr};
};

[[noreturn]] void refuse_other_pass(const Location& at) {
  ErrorReport("checkpoint",
              "a backward pass inside the function, or from a tensor that it kept elsewhere, needs what is not kept",
              at)
      .help("differentiate the results of checkpoint(), outside of the function")
      .autograd_error();
}

void Frame::compute_again() {
  if (computing_) refuse_other_pass(at_);
  struct Computing {
    bool& flag;
    ~Computing() { flag = false; }
  } computing{computing_ = true};
  const auto frame = shared_from_this();  // inputs in other checkpoints may let go of nodes
  std::vector<Tensor> leaves;
  for (KeptInput& x : inputs_) leaves.push_back(x.leaf(at_));
  std::vector<Value> fresh;
  const auto collect = std::make_shared<const SavedHooks>(
      SavedHooks{[&](const Tensor& t, const char* op, const Location& at) -> std::shared_ptr<void> {
                   const Expected now = described(t, op, at);
                   check(fresh.size(), now);
                   const bool wanted = saved_[fresh.size()].wanted;
                   fresh.push_back(wanted ? Value{make_alias(t), now.version} : Value{});
                   return nullptr;
                 },
                 [at = at_](const std::shared_ptr<void>&) -> Tensor { refuse_other_pass(at); }});
  {
    const AsBefore state(generators_);
    const SavedHooksScope scope(collect, at_);
    again_(leaves);
  }
  if (fresh.size() < saved_.size())
    differs("it saved fewer tensors", fmt::format("{} tensors", saved_.size()),
            fmt::format("{} tensors", fresh.size()));
  values_ = std::move(fresh);
}

}  // namespace

CheckpointScope::CheckpointScope(const std::vector<Tensor>& inputs, Again again, const Location& at) {
  // In forward mode what is saved needs its tangents: nothing is kept back.
  if (!grad_enabled() || thread_tape.levels > 0) return;
  const auto frame = std::make_shared<Frame>(inputs, std::move(again), at);
  hooks_ = std::make_unique<SavedHooksScope>(frame->hooks(), at);
  begin_draw_log(frame->generators());
}
CheckpointScope::~CheckpointScope() {
  if (hooks_) end_draw_log();
}

}  // namespace xgrad::detail
