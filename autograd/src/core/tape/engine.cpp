// The engine runs recorded nodes backwards.
//
// A node's creation number is higher than that of every node it takes input from. So the engine keeps the nodes that
// have received gradient in a heap and always runs the one with the highest number: by then every user of its result
// has run and its gradient is complete. No recursion, no counting of dependencies, a fixed order.
//
// A gradient that arrives goes through accumulate.cpp and nowhere else: checked against the shape of the value it
// belongs to, reduced when the operation broadcast that value, cast to its dtype, and added to what is pending, in
// place when nobody else can see the buffer. Gradients of leaves are collected in a table of this pass and added to
// .grad at the end, so a pass that throws changes no .grad, and hooks see the total. A backward function may add to
// what is collected for one of its inputs itself, by collected_gradient().
//
// Any allocation may fail. So a node is marked and filled only when it is in the heap already, where ~Pass() finds it,
// and all that the end of a pass needs is allocated before the first .grad changes.
#include "core/tape/engine.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/profiler.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/held.hpp"
#include "core/overlap.hpp"
#include "core/profile/spans.hpp"
#include "core/rematerialize.hpp"
#include "core/running_op.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/depth.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/outer_marks.hpp"
#include "core/tape/record.hpp"
#include "core/tape/recorder.hpp"
#include "core/tape/step_leaf.hpp"
#include "core/tape/target_table.hpp"

namespace xgrad::detail {
namespace {

using profiler::SpanKind;

struct Pass;
// The node whose backward function runs on this thread, the innermost one.
struct Running {
  Pass* pass = nullptr;
  Node* node = nullptr;
};
[[gnu::tls_model("initial-exec")]] constinit thread_local Running running;

// Never 0, or what marks leaves of steps.
std::uint32_t next_pass() {
  static std::atomic<std::uint32_t> last{0};
  std::uint32_t number = ++last;
  while (!number || number >= kPastStepLeaf) number = ++last;
  return number;
}

struct Pass {
  const char* op;  // "backward" or "grad"
  bool retain_graph, create_graph;
  Location at;
  bool keeps_values = create_graph || thread_tape.levels > 0;  // nothing is added in place
  std::uint32_t number = next_pass();
  std::vector<Node*> heap;
  std::vector<Collected> leaves;    // in order of arrival
  std::vector<Collected> retained;  // of results that keep theirs
  TargetTable leaf_index;
  TensorImpl* last_leaf = nullptr;
  std::size_t last_index = 0;
  TargetTable wanted;          // grad(): what to capture, where to put it
  bool wants_results = false;  // grad(): whether some of that are no leaves
  std::vector<Tensor> captured;
  bool capturing = false;    // nodes are marked with what they need
  std::uint64_t oldest = 0;  // results of nodes up to this one are leaves for this pass
  OuterMarks outer_marks;
  std::shared_ptr<PassLeaves> leaves_seen;  // when a node that ran is recorded for pictures
  Depth depth{op, at};

  ~Pass() {  // after an exception: nothing stays pending
    for (Node* n : heap) {
      n->queued = 0;
      for (OutputInfo& o : n->outputs()) o.pending = Tensor();
      release_node(n);
    }
  }

  PassInfo info() const { return {create_graph, keeps_values, number, at}; }

  Tensor collected(Node* n, std::size_t i) {
    if (keeps_values || (n->extra && n->extra->looks_at_gradients()) || anomaly_enabled()) return Tensor();
    const Edge& e = n->edges()[i];
    const Tensor* slot = nullptr;
    if (TensorImpl* t = e.leaf()) {
      if (const std::uint32_t* known = leaf_index.find({t})) slot = &leaves[*known].gradient, ++leaves[*known].uses;
    } else if (Node* from = e.node(); from && from->queued == depth.value()) {  // in this pass, so it is wanted
      slot = &from->outputs()[e.number].pending;
    }
    return slot && slot->defined() && is_sole_owner(*slot) ? *slot : Tensor();
  }

  Tensor& leaf_slot(TensorImpl* t) {
    if (t != last_leaf) {
      const std::size_t index = leaf_index.number_of({t}, leaves.size());
      if (index == leaves.size()) leaves.push_back({share(t), Tensor()});
      last_leaf = t;
      last_index = index;
    }
    ++leaves[last_index].uses;
    return leaves[last_index].gradient;
  }
  // Of a result where the pass ends.
  Tensor& border_slot(Node* n, std::uint32_t output) {
    const std::size_t index = leaf_index.number_of({n, output}, leaves.size());
    if (index == leaves.size()) leaves.push_back({});
    return leaves[index].gradient;
  }

  void push(Node* n) {
    if (n->queued) return;
    heap.push_back(n);
    n->queued = depth.value();
    retain_node(n);
    std::push_heap(heap.begin(), heap.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
  }

  static bool fits(const TensorImpl& g, const OutputInfo& o) {
    if (g.dtype != o.dtype || g.shape.rank() != o.rank) return false;
    for (int i = 0; i < o.rank; ++i)
      if (g.shape.begin()[i] != o.sizes[i]) return false;
    return true;
  }

  void send(const Edge& e, Tensor g, const char* op, const Location& where) {
    if (capturing && !e.wanted) return;
    if (TensorImpl* t = e.leaf()) {
      const bool as_is = impl(g).dtype == t->dtype && impl(g).shape == t->shape;
      accumulate(leaf_slot(t), as_is ? std::move(g) : fit_gradient(std::move(g), t->shape, t->dtype, op, where),
                 keeps_values);
      return;
    }
    Node* n = e.node();
    const bool ends_here = n->seq <= oldest;
    if (n->queued && n->queued != depth.value() && !ends_here) [[unlikely]]
      ErrorReport(n->op.name,
                  "its graph is being differentiated already: a hook or a backward function must not start another "
                  "pass over it",
                  n->at)
          .autograd_error();
    OutputInfo& o = n->outputs()[e.number];
    Tensor fit = fits(impl(g), o) ? std::move(g) : fit_gradient(std::move(g), o.shape(), o.dtype, op, where);
    if (ends_here) return accumulate(border_slot(n, e.number), std::move(fit), keeps_values);
    push(n);
    accumulate(o.pending, std::move(fit), keeps_values);
  }

  void run_extra(Node* n, std::span<Tensor> grads) {
    NodeExtra& x = *n->extra;
    for (const auto& h : x.hooks.all()) {
      Tensor& g = grads[h.output_nr];
      if (!g.defined()) continue;
      Tensor r = h.fn(g);
      if (!r.defined()) continue;
      if (!(r.shape() == g.shape()))
        ErrorReport("hook", "a hook must return a gradient of the same shape", n->at)
            .operand("gradient", g)
            .operand("returned", r)
            .autograd_error();
      g = r;
    }
    for (auto& [output, t] : x.retain) {
      if (!grads[output].defined()) continue;
      retained.push_back({share(t), grads[output].clone()});  // the gradient goes on, and may be the caller's seed
    }
    if (x.recorded) keep_gradients(*x.recorded, n->n_inputs, grads);
  }

  void keep_gradients(Recorded& of, std::size_t inputs, std::span<const Tensor> grads) {
    if (!leaves_seen) leaves_seen = std::make_shared<PassLeaves>();
    SeenPass seen{number, std::vector<Tensor>(grads.size()), std::vector<double>(inputs, -1.0), leaves_seen};
    for (std::size_t k = 0; k < grads.size(); ++k)
      if (grads[k].defined()) seen.grads[k] = copy_of(grads[k]);
    of.passes.push_back(std::move(seen));
  }

  void check_finite(const Node* n, Grads& in);

  bool goes_along(const Edge& e) const { return !capturing || e.wanted; }
  void want(const Target& t, std::size_t number, bool is_result) {
    wanted.number_of(t, number);
    wants_results |= is_result;
  }
  // Where a pass begins: an edge to the root.
  Edge edge_to(const Tensor& root) const {
    TensorImpl& t = impl(root);
    if (Node* n = current_node(root))
      return {n, t.output_nr, Edge::To::node, n->marked == number && static_cast<bool>(n->needed)};
    return {&t, 0, Edge::To::leaf, wanted.contains({&t})};
  }

  // Euclidean norm of what goes along an edge, for pictures.
  double sent_norm(const Edge& e, const Tensor& g, const Node* n) {
    NoGradGuard off;
    const TensorImpl* leaf = e.leaf();
    const OutputInfo* out = leaf ? nullptr : &e.node()->outputs()[e.number];
    const Tensor f =
        fit_gradient(g.detach(), leaf ? leaf->shape : out->shape(), leaf ? leaf->dtype : out->dtype, n->op.name, n->at);
    double sum = 0;
    for (const double v : f.to_vector<double>()) sum += v * v;
    return std::sqrt(sum);
  }

  Grads run_backward(Node* n, std::span<const Tensor> grads) {
    const RunningOp here{n->op.name, n->at, true};
    struct Restore {
      Running before;
      const RunningOp* op;
      ~Restore() {
        running = before;
        running_backward = op;
      }
    } restore{std::exchange(running, {this, n}), std::exchange(running_backward, &here)};
    if (!create_graph) return n->op.kind->run(n->closure(), Node::saved_view(n), grads);
    const RecordFor place(n);
    return n->op.kind->run(n->closure(), Node::saved_view(n), grads);
  }

  void run_pre_hooks(Node* n, std::span<Tensor> grads) {
    for (const auto& hook : n->extra->pre_hooks.all()) {
      const std::vector<Tensor> seen(grads.begin(), grads.end());
      std::vector<Tensor> made = hook(seen);
      if (made.empty()) continue;
      require_fitting(n, "a pre-hook", made, seen);
      std::move(made.begin(), made.end(), grads.begin());
    }
  }
  void run_post_hooks(Node* n, Grads& in, const std::vector<Tensor>& grad_outputs) {
    for (const auto& hook : n->extra->post_hooks.all()) {
      std::vector<Tensor> seen;
      for (std::size_t i = 0; i < in.size(); ++i) seen.push_back(in[i]);
      std::vector<Tensor> made = hook(seen, grad_outputs);
      if (made.empty()) continue;
      require_fitting(n, "a hook", made, seen);
      for (std::size_t i = 0; i < in.size(); ++i) in[i] = std::move(made[i]);
    }
  }
  static void require_fitting(const Node* n, const char* who, const std::vector<Tensor>& made,
                              const std::vector<Tensor>& seen) {
    if (made.size() != seen.size())
      ErrorReport(n->op.name, fmt::format("{} of the node returned {} gradients for {}", who, made.size(), seen.size()),
                  n->at)
          .autograd_error();
    for (std::size_t i = 0; i < made.size(); ++i)
      if (made[i].defined() && seen[i].defined() && !(impl(made[i]).shape == impl(seen[i]).shape))
        ErrorReport(n->op.name, fmt::format("{} of the node returned gradient {} in another shape", who, i), n->at)
            .operand("gradient", seen[i])
            .operand("returned", made[i])
            .autograd_error();
  }

  // The node itself, and the hooks around it.
  Grads run_node(Node* n, std::span<Tensor> grads) {
    if (!n->extra) return run_backward(n, grads);
    struct Dropped {  // saved tensors that hooks unpacked, which the formula may read more than once
      Node* n;
      ~Dropped() {
        for (Packed& p : n->extra->packed) p.drop_unpacked();
      }
    } dropped{n};
    run_pre_hooks(n, grads);
    // The formula may write over the gradients it gets, when nobody else holds them.
    const std::vector<Tensor> kept =
        n->extra->post_hooks.empty() ? std::vector<Tensor>() : std::vector<Tensor>(grads.begin(), grads.end());
    Grads in = run_backward(n, grads);
    if (in.size() == n->n_inputs && !kept.empty()) run_post_hooks(n, in, kept);
    return in;
  }

  static bool reads_tangents(Node* n, std::span<const Tensor> grads) {
    return std::ranges::any_of(grads, [](const Tensor& g) { return g.defined() && shows_tangent(impl(g)); }) ||
           std::ranges::any_of(n->saved(), [](const SavedTensor& s) { return s.impl && shows_tangent(*s.impl); });
  }

  // n has left the heap with its gradients.
  void run(Node* n, std::span<Tensor> grads) {
    n->pass = number;
    if (n->extra) run_extra(n, grads);
    if (capturing) {
      for (std::size_t k = 0; k < grads.size() && wants_results; ++k)
        if (const std::uint32_t* place = wanted.find({n, static_cast<std::uint32_t>(k)})) captured[*place] = grads[k];
      if (std::ranges::none_of(n->edges(), &Edge::wanted)) return;
    }
    if (n->freed && n->n_saved) n->already_freed();
    if (n->op.kind->once_differentiable && keeps_values && (create_graph || reads_tangents(n, grads)))
      ErrorReport(n->op.name,
                  create_graph ? "is differentiable only once; its backward pass cannot be recorded with create_graph"
                               : "is differentiable only once; its backward pass has no derivative in forward mode",
                  n->at)
          .autograd_error();
    note_op(n->op.name, n->at, true);
    const Span span([&] { return SpanStart{SpanKind::node, n->op.name, " backward", &n->at, &n->module, n->seq}; });
    Grads in = run_node(n, grads);
    if (in.size() != n->n_inputs)
      ErrorReport(n->op.name,
                  fmt::format("the backward function returned {} gradients for {} inputs", in.size(), n->n_inputs),
                  n->at)
          .autograd_error();
    if (anomaly_enabled()) check_finite(n, in);
    for (std::size_t i = 0; i < n->n_inputs; ++i) {
      const Edge& e = n->edges()[i];
      if (!e.wants_grad() || !in[i].defined()) continue;
      if (n->extra && n->extra->recorded && goes_along(e))
        n->extra->recorded->in_pass(number)->norms[i] = sent_norm(e, in[i], n);
      send(e, std::move(in[i]), n->op.name, n->at);
    }
    if (!retain_graph) {
      n->free_saved();
      n->freed = true;
    }
  }

  void run_all() {
    GradModeGuard mode(create_graph);
    while (!heap.empty()) {
      constexpr std::size_t kFew = 4;
      Tensor few[kFew];
      std::vector<Tensor> many;  // its memory is there before the node leaves the heap
      const std::size_t outputs = heap.front()->n_outputs;
      if (outputs > kFew) many.resize(outputs);
      const std::span<Tensor> grads = outputs > kFew ? std::span(many) : std::span(few, outputs);
      std::pop_heap(heap.begin(), heap.end(), [](const Node* a, const Node* b) { return a->seq < b->seq; });
      Node* n = heap.back();
      heap.pop_back();
      for (std::size_t k = 0; k < outputs; ++k) grads[k] = std::move(n->outputs()[k].pending);
      n->queued = 0;
      struct Done {
        Node* n;
        ~Done() { release_node(n); }
      } done{n};
      run(n, grads);
      if (memory_is_limited()) [[unlikely]]
        make_room({});
    }
  }

  void find_needed(std::span<const Tensor> roots);
};

void Pass::check_finite(const Node* n, Grads& in) {
  for (std::size_t i = 0; i < in.size(); ++i)
    if (in[i].defined() && !all_finite(in[i]))
      ErrorReport(n->op.name, fmt::format("backward produced a non-finite gradient for input {}", i), n->at)
          .operand("gradient", in[i])
          .line("range", range_text(in[i]))
          .value_error();
}

// Marks the nodes from which something wanted can be reached, and the edges that lead there, by an explicit depth-first
// walk.
void Pass::find_needed(std::span<const Tensor> roots) {
  std::vector<std::pair<Node*, std::size_t>> stack;
  const auto visit = [&](Node* n) {
    if (depth.value() > 1) outer_marks.keep(n);
    stack.emplace_back(n, 0);
    n->marked = number;
    n->needed = false;
    for (std::uint32_t k = 0; k < n->n_outputs && wants_results; ++k)
      if (wanted.contains({n, k})) n->needed = true;
  };
  for (const Tensor& r : roots) {
    Node* root = current_node(r);
    if (!root || root->marked == number) continue;
    for (visit(root); !stack.empty();) {
      auto& [n, i] = stack.back();
      if (i == n->n_inputs) {
        stack.pop_back();
        continue;
      }
      Edge& e = n->edges()[i];
      Node* next = e.node();
      if (next && next->marked != number) {  // this edge comes again when that is done
        visit(next);
        continue;
      }
      ++i;
      e.wanted = next ? static_cast<bool>(next->needed) : e.leaf() && wanted.contains({e.leaf()});
      if (e.leaf() && is_past_step_leaf(*e.leaf())) [[unlikely]]
        refuse_step_leaf(op, share(e.leaf()), at);
      if (e.wanted) n->needed = true;
    }
  }
}

// What the hooks of leaves make of the collected gradients.
void run_leaf_hooks(Pass& pass) {
  for (auto& [leaf, g, uses] : pass.leaves) {
    TensorImpl& t = impl(leaf);
    if (is_past_step_leaf(t)) [[unlikely]]
      refuse_step_leaf(pass.op, leaf, pass.at);
    if (!t.extra) continue;
    for (const auto& hook : t.extra->hooks.all())
      if (Tensor r = hook(g); r.defined()) g = fit_gradient(r, t.shape, t.dtype, "hook", pass.at);
  }
}

void keep_leaf_gradients(Pass& pass) {
  if (!pass.leaves_seen) return;
  for (const auto& c : pass.leaves) pass.leaves_seen->gradients.emplace_back(handle(c.of), copy_of(c.gradient));
}

void commit(Pass& pass) {
  run_leaf_hooks(pass);
  keep_leaf_gradients(pass);
  add_to_grads(pass.info(), pass.leaves, pass.retained);
  for (auto& [leaf, g, uses] : pass.leaves) {
    const TensorImpl& t = impl(leaf);
    if (t.extra)
      for (const auto& hook : t.extra->post_accumulate_hooks.all()) hook(leaf);
  }
}

Tensor seed_for(const char* op, const Tensor& out, const Tensor& seed, const Location& at) {
  if (!requires_grad(out))
    ErrorReport(op, "the tensor does not require grad and has no grad_fn: nothing to differentiate", at)
        .operand("output", out)
        .help(
            "call requires_grad_() on an input before computing, outside any NoGradGuard; a gradient is differentiated "
            "again when it was made with {.create_graph = true}")
        .autograd_error();
  if (seed.defined()) {
    if (!(seed.shape() == out.shape()))
      ErrorReport(
          op,
          fmt::format("seed shape {} differs from output shape {}", to_string(seed.shape()), to_string(out.shape())),
          at)
          .operand("output", out)
          .operand("gradient", seed)
          .shape_error();
    return seed.dtype() == out.dtype() ? seed : seed.to(out.dtype());
  }
  if (out.numel() != 1)
    ErrorReport(op, fmt::format("needs a scalar or a seed; shape is {}", to_string(out.shape())), at)
        .operand("output", out)
        .help("reduce it first, e.g. sum() or mean(), or pass a gradient of that shape")
        .autograd_error();
  Tensor one = make_tensor(out.shape(), out.dtype());
  fill_raw(one, Scalar(1.0));
  return one;
}

void start(Pass& pass, const std::vector<Tensor>& outputs, const std::vector<Tensor>& seeds) {
  const char* op = pass.op;
  if (!seeds.empty() && seeds.size() != outputs.size())
    ErrorReport(op, fmt::format("{} outputs but {} gradients", outputs.size(), seeds.size()), pass.at).value_error();
  std::vector<Tensor> fitted;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    require_defined(op, outputs[i], pass.at);
    fitted.push_back(seed_for(op, outputs[i], seeds.empty() ? Tensor() : seeds[i], pass.at));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Edge e = pass.edge_to(outputs[i]);
    GradModeGuard mode(pass.create_graph);
    pass.send(e, fitted[i], op, pass.at);
  }
}

}  // namespace

Grads run_backward_apart(Node* n, std::span<const Tensor> grads) {
  struct Restore {
    Running before;
    ~Restore() { running = before; }
  } restore{std::exchange(running, {})};
  const RecordFor place(n);
  return n->op.kind->run(n->closure(), Node::saved_view(n), grads);
}

struct PrivatePass::State {
  Pass pass;
};
PrivatePass::PrivatePass(const char* op, const Location& at)
    : state_(new State{{.op = op, .retain_graph = true, .create_graph = false, .at = at}}) {}
PrivatePass::~PrivatePass() = default;

void PrivatePass::run(std::span<const Edge> roots, std::span<Tensor> seeds, std::uint64_t oldest) {
  Pass& pass = state_->pass;
  pass.oldest = oldest;
  for (std::size_t i = 0; i < roots.size(); ++i)
    if (roots[i].wants_grad() && seeds[i].defined()) pass.send(roots[i], std::move(seeds[i]), pass.op, pass.at);
  pass.run_all();
}

Tensor PrivatePass::take(const Target& of) {
  const std::uint32_t* known = state_->pass.leaf_index.find(of);
  return known ? std::exchange(state_->pass.leaves[*known].gradient, Tensor()) : Tensor();
}

void PrivatePass::finish() { add_to_retained_grads(state_->pass.info(), {}, state_->pass.retained); }

bool running_pass_retains() { return !running.pass || running.pass->retain_graph; }

Tensor collected_gradient(std::size_t i) { return running.pass ? running.pass->collected(running.node, i) : Tensor(); }

}  // namespace xgrad::detail

namespace xgrad {

using detail::Pass;

namespace {

// Has the pass give the gradient of an input. Returns its place in the graph; the error is that it has none.
detail::Target want(Pass& pass, const char* op, const std::vector<Tensor>& inputs, std::size_t i) {
  require_defined(op, inputs[i], pass.at);
  if (!detail::requires_grad(inputs[i]))
    ErrorReport(op, fmt::format("input {} does not require grad", i), pass.at)
        .operand("input", inputs[i])
        .autograd_error();
  detail::TensorImpl& t = detail::impl(inputs[i]);
  detail::Node* node = detail::current_node(inputs[i]);
  const detail::Target target = node ? detail::Target{node, t.output_nr} : detail::Target{&t, 0};
  pass.want(target, i, node != nullptr);
  return target;
}

// The pass gives gradients to these tensors only.
void restrict(Pass& pass, const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs) {
  if (inputs.empty())
    ErrorReport("backward", "the list of inputs is empty: there is nothing to give gradients to", pass.at)
        .help("without .inputs every leaf gets its gradient")
        .value_error();
  pass.capturing = true;
  pass.captured.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) want(pass, "backward", inputs, i);
  for (Tensor t : inputs) t.retain_grad(pass.at);
  for (const Tensor& o : outputs) require_defined("backward", o, pass.at);
  pass.find_needed(outputs);
}

}  // namespace

void backward(const OneOrMore& roots, const OneOrMore& grad_outputs, BackwardOptions options, Location at) {
  const std::vector<Tensor>& outputs = roots.parts();
  const detail::CallSite site(at);
  const detail::Span span([&] { return detail::SpanStart{profiler::SpanKind::pass, "backward", "", &at}; });
  Pass pass{.op = "backward",
            .retain_graph = options.retain_graph || options.create_graph,
            .create_graph = options.create_graph,
            .at = at};
  if (!options.inputs.all()) restrict(pass, outputs, options.inputs.only());
  detail::start(pass, outputs, grad_outputs.parts());
  pass.run_all();
  GradModeGuard mode(options.create_graph);
  detail::commit(pass);
}

std::vector<Tensor> grad(const OneOrMore& of, const OneOrMore& by, const OneOrMore& grad_outputs, GradOptions options,
                         Location at) {
  const std::vector<Tensor>&outputs = of.parts(), &inputs = by.parts();
  const detail::CallSite site(at);
  const detail::Span span([&] { return detail::SpanStart{profiler::SpanKind::pass, "grad", "", &at}; });
  Pass pass{.op = "grad",
            .retain_graph = options.retain_graph || options.create_graph,
            .create_graph = options.create_graph,
            .at = at};
  pass.capturing = true;
  pass.captured.resize(inputs.size());
  std::vector<detail::Target> targets;
  for (std::size_t i = 0; i < inputs.size(); ++i) targets.push_back(want(pass, "grad", inputs, i));
  for (const Tensor& o : outputs) require_defined("grad", o, at);
  pass.find_needed(outputs);
  detail::start(pass, outputs, grad_outputs.parts());
  pass.run_all();
  detail::run_leaf_hooks(pass);
  for (auto& [leaf, g, uses] : pass.leaves) pass.captured[*pass.wanted.find({detail::handle(leaf)})] = g;
  detail::compute_held(pass.captured);
  std::vector<Tensor> result(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    result[i] = pass.captured[*pass.wanted.find(targets[i])];
    if (!result[i].defined() && options.materialize_grads) {
      result[i] = detail::zeros_raw(inputs[i].shape(), inputs[i].dtype());
      if (options.create_graph) result[i].requires_grad_();
    }
    if (!result[i].defined() && !options.allow_unused)
      ErrorReport("grad", fmt::format("input {} is not part of the graph of the outputs; pass allow_unused = true", i),
                  at)
          .operand("input", inputs[i])
          .autograd_error();
  }
  detail::keep_leaf_gradients(pass);
  detail::add_to_retained_grads(pass.info(), pass.leaves, pass.retained);
  return result;
}

}  // namespace xgrad
