#include "core/tape/forward.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/forward_ad.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/anomaly.hpp"
#include "core/tape/engine.hpp"
#include "core/tape/node.hpp"
#include "core/tape/record.hpp"
#include "core/tape/views.hpp"

namespace xgrad::detail {
namespace {

// Whether the backward function that runs on this thread is differentiated by its gradient alone.
constinit thread_local bool transposing = false;

[[noreturn]] void foreign_level(const TensorImpl& t) {
  ErrorReport("forward_ad", "a dual tensor is used on another thread than its level was begun on", Location::current())
      .line("dual", fmt::format("{} {}", short_name(t.dtype), to_string(t.shape)))
      .help("begin a DualLevel on each thread, and hand over what unpack_dual() gives")
      .autograd_error();
}

bool counts(const TensorImpl& of, const DualLevelState& level) {
  if (!level.alive.load(std::memory_order_acquire)) return false;
  if (level.thread != std::this_thread::get_id()) [[unlikely]]
    foreign_level(of);
  return level.depth <= thread_tape.levels;
}

}  // namespace

bool shows_tangent(const TensorImpl& t) {
  if (!t.has_tangent || !t.extra) return false;
  return std::ranges::any_of(t.extra->tangents, [&](const Tangent& d) { return counts(t, *d.level); });
}

Tensor tangent_at(const TensorImpl& t, int depth) {
  if (!t.has_tangent || !t.extra) return Tensor();
  for (const Tangent& d : t.extra->tangents)
    if (d.level->depth == depth && counts(t, *d.level)) return d.value;
  return Tensor();
}

void set_tangent(TensorImpl& t, const std::shared_ptr<const DualLevelState>& level, Tensor value) {
  if (!t.extra) t.extra = std::make_unique<TensorImpl::Extra>();
  auto& tangents = t.extra->tangents;
  std::erase_if(tangents,
                [&](const Tangent& d) { return d.level == level || !d.level->alive.load(std::memory_order_acquire); });
  if (value.defined()) {
    Tangent d{level, std::move(value)};
    note_dual(t, d);
    tangents.push_back(std::move(d));
  }
  t.has_tangent = !tangents.empty();
}

void note_dual(TensorImpl& t, const Tangent& d) {
  if (const TensorImpl& v = impl(d.value); !v.grad_fn && !v.has_tangent) return;
  auto& duals = d.level->duals;
  if (duals.size() == duals.capacity()) {
    std::erase_if(duals, [](TensorImpl* known) {
      const bool gone = known->refs.load(std::memory_order_acquire) == 0;
      if (gone) release_weak(known);
      return gone;
    });
    duals.reserve(2 * duals.size() + 16);
  }
  retain_weak(&t);
  duals.push_back(&t);
}

void drop_tangents_of(const DualLevelState& level) noexcept {
  for (TensorImpl* known : std::exchange(level.duals, {})) {
    if (const Tensor t = lock_weak(known); t.defined() && impl(t).extra) {
      auto& tangents = impl(t).extra->tangents;
      std::erase_if(tangents, [&](const Tangent& d) { return d.level.get() == &level; });
      impl(t).has_tangent = !tangents.empty();
    }
    release_weak(known);
  }
}

DualLevelState::~DualLevelState() {
  for (TensorImpl* known : duals) release_weak(known);
}

std::vector<Tangent> counting_tangents(const TensorImpl& t) {
  std::vector<Tangent> found;
  if (t.has_tangent)
    for (const Tangent& d : t.extra->tangents)
      if (counts(t, *d.level)) found.push_back(d);
  return found;
}

void take_tangents(TensorImpl& t, const TensorImpl& source) {
  if (!t.has_tangent && !source.has_tangent) return;
  std::vector<Tangent> taken = counting_tangents(source);
  if (!taken.empty() && !t.extra) t.extra = std::make_unique<TensorImpl::Extra>();
  t.has_tangent = !taken.empty();
  for (const Tangent& d : taken) note_dual(t, d);
  if (t.extra) t.extra->tangents = std::move(taken);
}

void drop_tangents(TensorImpl& t) noexcept {
  if (!t.has_tangent) return;
  t.has_tangent = false;
  t.extra->tangents.clear();
}

Tensor make_alias_with_tangents(const Tensor& x) {
  Tensor alias = make_alias(x);
  take_tangents(impl(alias), impl(x));
  return alias;
}

bool transposes() noexcept { return transposing; }

namespace {

struct Transposing {
  explicit Transposing(bool on) : before(std::exchange(transposing, on)) {}
  ~Transposing() { transposing = before; }
  bool before;
};

// While it lives, the backward function of n is asked for the gradients of inputs that have a tangent.
class Asked {
 public:
  Asked(Node* n, const TensorRefs& inputs, std::span<const Tensor> tangents) : node_(n) {
    for (std::size_t i = 0; i < tangents.size(); ++i) {
      Edge& e = n->edges()[i];
      if (!tangents[i].defined() || e.wants_grad()) continue;
      if (e.to == Edge::To::nothing) {
        e.target = handle(inputs[i]);
        retain_weak(handle(inputs[i]));
      }
      e.to = Edge::To::tangent;
    }
  }
  ~Asked() {
    for (Edge& e : node_->edges())
      if (e.to == Edge::To::tangent) e.to = Edge::To::data;
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

 private:
  Node* node_;
};

// J t of one operation, for the tangents t of its inputs at one level.
class Transposition {
 public:
  Transposition(const RecordedCall& call, Node* node, std::vector<Tensor> tangents)
      : call_(call), node_(node), tangents_(std::move(tangents)) {
    const auto on_tape = [](const Tensor& t) { return t.defined() && requires_grad(t); };
    for (std::size_t i = 0; i < call.inputs.size(); ++i)
      keep_graph_ |= on_tape(call.inputs[i]) || on_tape(tangents_[i]);
    keep_graph_ &= thread_tape.records;
  }

  // One per output; undefined for those that have no derivative.
  std::vector<Tensor> run() {
    const AnomalyOff quiet;  // of a product of zero and infinity that nobody sees
    make_seeds();
    find_products();
    std::vector<Tensor> result(seeds_.size());
    if (!products_.empty()) {
      std::vector<Tensor> wanted;
      for (const Tensor& s : seeds_)
        if (s.defined()) wanted.push_back(s);
      auto found = grad(products_, wanted, directions_, {.create_graph = keep_graph_, .allow_unused = true}, call_.at);
      for (std::size_t k = 0, j = 0; k < seeds_.size(); ++k)
        if (seeds_[k].defined()) result[k] = std::move(found[j++]);
    }
    for (std::size_t k = 0; k < seeds_.size(); ++k)
      if (seeds_[k].defined() && !result[k].defined())
        result[k] = zeros_raw(impl(call_.outputs[k]).shape, impl(call_.outputs[k]).dtype);
    return result;
  }

 private:
  void make_seeds() {
    for (const Tensor& y : call_.outputs) {
      const bool differentiable = is_floating(impl(y).dtype);
      seeds_.push_back(differentiable ? zeros_raw(impl(y).shape, impl(y).dtype) : Tensor());
      if (differentiable) impl(seeds_.back()).requires_grad = true;
    }
  }
  // The backward function's results that depend on the seeds, and what to seed them with.
  void find_products() {
    const GradModeGuard on(true);
    const Transposing scope(!keep_graph_ && thread_tape.levels == 0);
    const Asked asked(node_, call_.inputs, tangents_);
    Grads in = run_backward_apart(node_, seeds_);
    if (in.size() != tangents_.size())
      ErrorReport(call_.op.name,
                  fmt::format("the backward function returned {} gradients for {} inputs", in.size(), tangents_.size()),
                  call_.at)
          .autograd_error();
    for (std::size_t i = 0; i < tangents_.size(); ++i) {
      if (!tangents_[i].defined() || !in[i].defined()) continue;
      const TensorImpl& x = impl(call_.inputs[i]);
      Tensor product = fit_gradient(in[i], x.shape, x.dtype, call_.op.name, call_.at);
      if (!requires_grad(product)) continue;
      products_.push_back(std::move(product));
      directions_.push_back(tangents_[i]);
    }
  }

  const RecordedCall& call_;
  Node* node_;
  std::vector<Tensor> tangents_, seeds_, products_, directions_;
  bool keep_graph_ = false;
};

}  // namespace

namespace {

// What a node saved of its own outputs gets their tangents, for the levels inside of this one.
void follow_outputs(Node* n, std::span<const Tensor> outputs) {
  for (const SavedTensor& s : n->saved())
    if (s.own_output >= 0 && s.impl) take_tangents(*s.impl, impl(outputs[static_cast<std::size_t>(s.own_output)]));
}

}  // namespace

void push_tangents(const RecordedCall& call, Node* node) {
  const int levels = thread_tape.levels;
  for (std::size_t i = 0; i < call.inputs.size(); ++i)
    if (call.inputs[i].defined()) current_node(call.inputs[i]);  // a view of what was changed gets its tangent here
  for (int depth = 1; depth <= levels; ++depth) {
    std::vector<Tensor> tangents(call.inputs.size());
    bool any = false;
    for (std::size_t i = 0; i < tangents.size(); ++i) {
      if (call.inputs[i].defined()) tangents[i] = tangent_at(impl(call.inputs[i]), depth);
      any |= tangents[i].defined();
    }
    if (!any) continue;
    if (call.op.kind->once_differentiable)
      ErrorReport(call.op.name, "has no derivative in forward mode: its backward pass cannot be differentiated",
                  call.at)
          .autograd_error();
    std::vector<Tensor> result;
    {
      const LevelsUpTo around(depth - 1);
      const std::unique_ptr<BareNode> bare = node ? nullptr : std::make_unique<BareNode>(call);
      result = Transposition(call, node ? node : bare->node, std::move(tangents)).run();
    }
    for (std::size_t k = 0; k < result.size(); ++k)
      if (result[k].defined()) set_tangent(impl(call.outputs[k]), level_at(depth), std::move(result[k]));
    if (node) follow_outputs(node, call.outputs);
  }
}

}  // namespace xgrad::detail

namespace xgrad::forward_ad {

using detail::impl;

DualLevel::DualLevel() : state_(detail::begin_level()) {}
DualLevel::~DualLevel() { detail::end_level(*state_); }

namespace {

// The same values, as a view that gradients and the tangents of the levels around go through.
Tensor same(const Tensor& x, const Location& at) {
  const auto& t = impl(x);
  return detail::record_op(
      "view", detail::make_view(x, t.shape, t.strides, t.offset()), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

}  // namespace

Tensor make_dual(const Tensor& primal, const Tensor& tangent, Location at) {
  require_defined("make_dual", primal, at);
  require_defined("make_dual", tangent, at);
  require_floating("make_dual", primal, at);
  require_same_dtype("make_dual", primal, tangent, at);
  require_same_shape("make_dual", primal, tangent, at);
  const auto level = detail::current_level();
  if (!level)
    ErrorReport("make_dual", "no level is open", at)
        .operand("primal", primal)
        .help("forward_ad::DualLevel level; stands before it, and lives as long as the duals are used")
        .autograd_error();
  for (const auto& [role, t] : {std::pair<const char*, const Tensor&>{"primal", primal}, {"tangent", tangent}}) {
    detail::current_node(t);
    if (detail::tangent_at(impl(t), level->depth).defined())
      ErrorReport("make_dual", fmt::format("the {} has a tangent of this level already", role), at)
          .operand(role, t)
          .help("take it apart with unpack_dual(), or begin another DualLevel inside this one")
          .autograd_error();
  }
  const detail::LevelsUpTo around(level->depth - 1);
  Tensor dual = same(primal, at);
  detail::set_tangent(impl(dual), level, tangent);
  return dual;
}

Dual unpack_dual(const Tensor& t, Location at) {
  require_defined("unpack_dual", t, at);
  const auto level = detail::current_level();
  if (!level) return {t, Tensor()};
  detail::current_node(t);
  Tensor tangent = detail::tangent_at(impl(t), level->depth);
  if (!tangent.defined()) return {t, Tensor()};
  const detail::LevelsUpTo around(level->depth - 1);
  return {same(t, at), tangent};
}

}  // namespace xgrad::forward_ad
