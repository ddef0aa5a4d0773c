// Nodes and edges of the operations that a plan has drawn, from the recorded graph.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "boxes.hpp"
#include "heatmap.hpp"
#include "layout.hpp"
#include "naming.hpp"
#include "node_label.hpp"
#include "picture.hpp"
#include "told.hpp"

namespace xgrad::viz {
namespace {

double norm_of(const Tensor& t) {
  double sum = 0;
  for (const double v : t.detach().to_vector<double>()) sum += v * v;
  return std::sqrt(sum);
}

class Builder {
 public:
  Builder(const Recorded& recorded, const Options& options, const Plan& plan)
      : recorded_(recorded), graph_(recorded.graph), options_(options), plan_(plan), boxes_(recorded, plan, p_.boxes) {}

  Picture build() {
    note_uses();
    note_masks();
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      if (!instances_[i].empty()) add_operation(static_cast<int>(i));
    for (Drawn& d : drawn_) connect(d);
    label_edges();
    finish_modules();
    list_shown();
    for (std::size_t f = 0; f < plan_.folds.all().size(); ++f)
      p_.folded.emplace_back(plan_.folds.all()[f].parent,
                             fmt::format("{} {}", plan_.folds.all()[f].count,
                                         boxes_.has_own_parameters(static_cast<int>(f)) ? "blocks" : "steps"));
    if (options_.symbols) name_symbols(p_);
    mark_masks();
    return std::move(p_);
  }

 private:
  using Output = std::pair<std::int64_t, std::uint32_t>;  // of an operation
  static constexpr std::size_t kFewOutputs = 8;           // shown also when nobody uses them
  // What an edge stands for.
  struct Tally {
    int times = 0, left = -1, entered = -1, carried = -1, distance = 0;  // folds
    std::set<int> steps;                                                 // of the fold that it leaves
  };
  struct Inside {
    int node = -1;
    std::set<std::size_t> parameters;  // ids of sources
  };

  PicNode& node(int i) { return p_.nodes[static_cast<std::size_t>(i)]; }
  const tape::OpNode& operation(std::int64_t i) const { return graph_.nodes[static_cast<std::size_t>(i)]; }
  static const tape::Input& input(const tape::OpNode& op, std::size_t k) {
    return k < op.inputs.size() ? op.inputs[k] : op.data[k - op.inputs.size()];
  }
  static std::size_t inputs_of(const tape::OpNode& op) { return op.inputs.size() + op.data.size(); }
  bool folded(std::int64_t i) const { return !plan_.folds.places(i).empty(); }

  void note_uses() {
    instances_.resize(graph_.nodes.size());
    for (std::size_t i = static_cast<std::size_t>(plan_.first); i < graph_.nodes.size(); ++i)
      instances_[static_cast<std::size_t>(plan_.folds.drawn(static_cast<std::int64_t>(i)))].push_back(
          static_cast<int>(i));
    p_.backward_ran = graph_.backward_ran;
    p_.complete = recorded_.complete;
    p_.operations = static_cast<int>(graph_.nodes.size());
    p_.left_out = plan_.first;
    note_use({graph_.root, graph_.root_output}, graph_.backward_ran);
    for (const tape::OpNode& op : graph_.nodes)
      for (std::size_t k = 0; k < inputs_of(op); ++k)
        if (const tape::Input& in = input(op, k); in.node >= 0) note_use({in.node, in.output}, in.reached);
  }
  // Operations whose minus infinities are meant, as mark_masks() has it for nodes.
  void note_masks() {
    std::map<std::size_t, bool> sources;
    const auto of_source = [&](const tape::Input& in) {
      const auto [it, fresh] = sources.try_emplace(in.source->id, false);
      if (fresh && !in.leaf.defined() && in.source->value.defined()) it->second = has_minus_infinity(in.source->value);
      return it->second;
    };
    masks_.resize(graph_.nodes.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const tape::OpNode& op = graph_.nodes[i];
      bool from = op.op == "masked_fill" || (!op.numbers.empty() && op.numbers[0] == -INFINITY);
      for (std::size_t k = 0; !from && k < inputs_of(op); ++k) {
        const tape::Input& in = input(op, k);
        from = in.source ? of_source(in) : in.node >= 0 && masks_[static_cast<std::size_t>(in.node)];
      }
      masks_[i] =
          from && std::ranges::any_of(op.values, [](const Tensor& t) { return t.defined() && has_minus_infinity(t); });
    }
  }
  void note_use(Output o, bool reached) {
    o.first = plan_.folds.drawn(o.first);
    used_.insert(o);
    if (reached) reached_.insert(o);
  }

  // The outermost closed call around an operation.
  const ModuleCall* closed_call(const tape::OpNode& op) const {
    const ModuleCall* closed = nullptr;
    for (const ModuleCall* c = op.module.get(); c; c = c->parent.get())
      if (plan_.closed.contains(c->id)) closed = c;
    return closed;
  }

  int add_node(PicNode n) {
    p_.nodes.push_back(std::move(n));
    return static_cast<int>(p_.nodes.size()) - 1;
  }

  // ---- sources ----

  using Reads = std::vector<const tape::Input*>;  // of one input of an operation and its folded copies

  PicNode describe(const tape::Source& s, Kind kind) {
    PicNode n;
    n.kind = kind;
    n.id = source_id(s);
    n.title = s.name;
    n.dtype = s.dtype;
    n.shape = s.shape;
    n.value = s.value;
    n.grad = s.grad;
    if (s.overwritten) n.notes.push_back("value changed since it was read");
    if (s.grad_of_several) n.notes.push_back("grad: the sum of several passes");
    if (s.grad_overwritten) n.notes.push_back("grad changed since the backward pass");
    if (s.tensor.defined() && !states_.emplace(s.tensor.id(), s.id).second && states_.at(s.tensor.id()) != s.id)
      n.notes.push_back("after a change in place");
    return n;
  }
  // The call of a module that has the parameter but is no part of the module that called it, whose parameters() do not
  // hold it then.
  static const ModuleCall* unregistered(const tape::Source& s, const tape::OpNode& reader) {
    if (!reader.module) return nullptr;
    const std::string path = reader.module->info->path(), prefix = path.empty() ? "" : path + ".";
    if (!s.name.starts_with(prefix) || s.name.find('.', prefix.size()) != std::string::npos) return nullptr;
    for (const ModuleCall* c = reader.module.get(); c->parent; c = c->parent.get())
      if (!c->info->parent) return c;
    return nullptr;
  }
  // Of each copy of a folded block another one.
  PicNode describe_many(const Reads& reads, Kind kind) {
    PicNode n = describe(*reads[0]->source, kind);
    std::vector<std::string> names;
    bool known = false;
    for (const tape::Input* in : reads) {
      const tape::Source& s = *in->source;
      names.push_back(s.name);
      n.norms.push_back(s.grad.defined() ? norm_of(s.grad) : in->norm);
      known |= !(n.norms.back() < 0);
      note_alarm(n, s.value);
      note_alarm(n, s.grad);
    }
    n.title = common_name(names);
    n.copies = static_cast<int>(reads.size());
    n.value = n.grad = Tensor();
    n.notes.clear();
    if (!known) n.norms.clear();
    return n;
  }
  static void note_alarm(PicNode& n, const Tensor& t, bool masks = false) {
    const char* word = nullptr;
    if (!n.alarm && t.defined() && has_nonfinite(t, word, masks)) n.alarm = word;
  }

  // A leaf or a constant as the input of an operation; parameters used again appear as ghosts. -1: hidden.
  int source_node(const Reads& reads, int operation, std::size_t k, int box) {
    const tape::Source& s = *reads[0]->source;
    const bool parameter = reads[0]->leaf.defined();
    if (options_.params == Params::hide && (s.parameter || parameter)) return -1;
    std::vector<std::size_t> ids;
    for (const tape::Input* in : reads) ids.push_back(in->source->id);
    const bool one = std::ranges::all_of(ids, [&](std::size_t id) { return id == ids[0]; });
    if (one) ids.resize(1);
    const auto [it, fresh] = sources_.try_emplace(ids, -1);
    if (fresh) {
      const Kind kind = parameter ? Kind::parameter : s.parameter ? Kind::frozen : Kind::data;
      PicNode n = one ? describe(s, kind) : describe_many(reads, kind);
      if (n.title.empty() && kind == Kind::data && one && s.shape.empty() && s.value.defined()) {
        n.literal = true;
        n.title = shortest(s.value.detach().to_vector<double>()[0]);
      }
      if (n.title.empty())
        n.title =
            kind == Kind::data ? fmt::format("data {}", ++unnamed_data_) : fmt::format("leaf {}", ++unnamed_leaf_);
      if (const ModuleCall* lost = s.parameter ? unregistered(s, this->operation(operation)) : nullptr)
        n.notes.push_back(fmt::format("not registered in {}", shortened(lost->parent->info->label, 32)));
      n.box = kind == Kind::data ? -1 : box;
      return it->second = add_node(std::move(n));
    }
    if (!parameter || options_.params == Params::shared) return it->second;
    PicNode ghost = node(it->second);
    ghost.kind = Kind::ghost;
    ghost.original = it->second;
    ghost.id += fmt::format("u{}i{}", operation, k);
    ghost.title = "↺ " + ghost.title;
    ghost.value = ghost.grad = Tensor();
    ghost.norms.clear();
    ghost.notes.clear();
    ghost.box = box;
    return add_node(std::move(ghost));
  }

  // ---- operations ----

  // An operation that is drawn, and where its inputs come from.
  struct Drawn {
    int operation, self;
    bool closed;
    std::vector<int> from;  // nodes of sources, -1 for other inputs
    std::vector<Reads> reads;
  };

  void add_operation(int i) {
    const tape::OpNode& op = operation(i);
    const ModuleCall* closed = closed_call(op);
    const int box = boxes_.box_of(i);
    const std::size_t slots = inputs_of(op);
    Drawn d{i, -1, closed != nullptr, std::vector<int>(slots, -1), std::vector<Reads>(slots)};
    for (std::size_t k = 0; k < slots; ++k) {
      for (const int at : instances_[static_cast<std::size_t>(i)])
        if (const tape::Input& in = input(operation(at), k); in.source) d.reads[k].push_back(&in);
      if (!d.reads[k].empty() && (!closed || !counts_inside(d.reads[k], *closed)))
        d.from[k] = source_node(d.reads[k], i, k, closed ? -1 : box);
    }
    d.self = closed ? module_node(i, *closed, box) : add_output(i, 0, box);
    if (!closed) {
      tell_operation(node(d.self), op);
      node(d.self).masks = op.op == "masked_fill" || (!op.numbers.empty() && op.numbers[0] == -INFINITY);
      add_further_outputs(i, d.self, box);
    }
    drawn_.push_back(std::move(d));
  }
  Shape shape_of(const tape::Input& in) const {
    if (in.source) return in.source->shape;
    return in.node < 0 ? Shape() : graph_.nodes[static_cast<std::size_t>(in.node)].shapes[in.output];
  }
  void tell_operation(PicNode& n, const tape::OpNode& op) const {
    std::vector<Shape> inputs;
    for (const tape::Input& in : op.inputs) inputs.push_back(shape_of(in));
    n.told = told_text(op, inputs);
    if (!inputs.empty()) n.first_input = inputs[0];
    if (!op.numbers.empty()) n.number = shortest(op.numbers[0]);
    n.attributes = &op.attributes;
    if (op.of_library) n.known_op = op.op;
    for (std::size_t k = 0; k < std::min<std::size_t>(inputs_of(op), 64); ++k)
      if (const tape::Input& in = input(op, k); in.node == -1 && !in.source) n.absent |= std::uint64_t{1} << k;
  }
  void add_further_outputs(int i, int self, int box) {
    const tape::OpNode& op = operation(i);
    const bool many = op.shapes.size() > kFewOutputs;
    for (std::uint32_t k = 1; k < op.shapes.size(); ++k) {
      if (many && !plan_.folds.all().empty() && !(i == plan_.folds.drawn(graph_.root) && k == graph_.root_output))
        outputs_.emplace(Output{i, k}, self);  // one for each step
      else if (!many || used_.contains({i, k}))
        add_output(i, k, box);
    }
  }

  void connect(Drawn& d) {
    const tape::OpNode& op = operation(d.operation);
    for (std::size_t k = 0; k < d.from.size(); ++k) {
      if (d.from[k] >= 0) add_source_edge(d.from[k], d.self, d.operation, d.reads[k], k);
      for (const int at : instances_[static_cast<std::size_t>(d.operation)]) {
        const int origin = add_link(at, d.self, k);
        if (d.from[k] < 0) d.from[k] = origin;
      }
    }
    if (d.closed) return;
    keep_saved(d.self, op, d.from);
    for (std::uint32_t k = 1; k < op.shapes.size(); ++k) {
      const auto further = outputs_.find({d.operation, k});
      if (further == outputs_.end() || further->second == d.self) continue;
      edge(d.self, further->second, 0, {}).backward = reached_.contains({d.operation, k}) && options_.backward;
    }
  }

  // Parameters of a closed module are only counted.
  bool counts_inside(const Reads& reads, const ModuleCall& call) {
    for (const tape::Input* in : reads)
      if (!in->source->parameter) return false;
    Inside& inside = inside_[call.id];
    for (const tape::Input* in : reads) {
      const tape::Source& s = *in->source;
      if (!inside.parameters.insert(s.id).second) continue;
      Measures& m = measures_[call.id];
      m.numbers += s.shape.numel();
      if (s.grad.defined()) m.largest_grad = std::max(m.largest_grad, norm_of(s.grad));
    }
    return true;
  }
  struct Measures {
    std::int64_t numbers = 0;
    double largest_grad = -1;
  };

  int module_node(int i, const ModuleCall& call, int box) {
    Inside& inside = inside_[call.id];
    if (inside.node < 0) {
      const Calls::Call& c = recorded_.calls.of(call);
      PicNode n;
      n.kind = Kind::module;
      n.id = fmt::format("m{}", recorded_.calls.index(call));
      n.name = c.id;
      n.title = boxes_.call_label(c, merged_fold(i, c));
      n.box = box;
      inside.node = add_node(std::move(n));
    }
    const tape::OpNode& op = operation(i);
    PicNode& n = node(inside.node);
    n.dtype = op.dtypes[0];
    n.shape = op.shapes[0];
    n.operations += static_cast<int>(instances_[static_cast<std::size_t>(i)].size());
    n.source = place_of(op);
    n.value = op.values.empty() ? Tensor() : op.values[0];
    n.grad = op.grads.empty() ? Tensor() : op.grads[0];
    note_instances(n, i, 0);
    note_time(n, i);
    n.fold = fold_of(i, &recorded_.calls.of(call));
    if (i == plan_.folds.drawn(graph_.root)) n.root = true;
    for (std::uint32_t k = 0; k < op.shapes.size(); ++k) outputs_[{i, k}] = inside.node;
    return inside.node;
  }
  // The innermost fold whose blocks are calls of this module and nothing else.
  int merged_fold(int i, const Calls::Call& c) const {
    for (const Place& p : plan_.folds.places(i))
      if (const Fold& f = plan_.folds.at(p.fold); f.depth == c.depth && boxes_.is_whole_call(f, *c.call)) return p.fold;
    return -1;
  }

  int add_output(int i, std::uint32_t k, int box) {
    const tape::OpNode& op = operation(i);
    PicNode n;
    n.root = i == plan_.folds.drawn(graph_.root) && k == graph_.root_output;
    n.kind = n.root ? Kind::result : k ? Kind::output : Kind::operation;
    n.id = operation_id(static_cast<std::size_t>(i), k);
    n.op = i;
    n.output = k;
    n.title = k == 0 ? op.op : title_of_further_output(op, k);
    n.name = op.names[k];
    n.dtype = op.dtypes[k];
    n.shape = op.shapes[k];
    if (k < op.values.size()) n.value = op.values[k];
    if (k < op.grads.size()) n.grad = op.grads[k];
    n.source = place_of(op);
    n.box = box;
    n.fold = fold_of(i, nullptr);
    note_instances(n, i, k);
    if (k == 0) note_time(n, i);
    if (n.root) show_result(n);
    const int index = add_node(std::move(n));
    outputs_.emplace(Output{i, k}, index);
    return index;
  }

  // Of the last step, when it is in a fold.
  void show_result(PicNode& n) {
    const tape::OpNode& op = operation(graph_.root);
    if (graph_.root_output < op.values.size()) n.value = op.values[graph_.root_output];
    if (graph_.root_output < op.grads.size()) n.grad = op.grads[graph_.root_output];
    if (n.value.defined()) return;
    if (graph_.root_overwritten)
      n.notes.push_back("value changed since it was computed");
    else
      n.value = recorded_.root.detach();
  }
  // The innermost fold around an operation, or around a call that it is in.
  int fold_of(int i, const Calls::Call* call) const {
    int fold = -1;
    for (const Place& p : plan_.folds.places(i))
      if (!call || plan_.folds.at(p.fold).depth <= call->depth) fold = p.fold;
    return fold;
  }

  // Of an operation in a fold no values are shown, but the norm of the gradient in each step.
  void note_instances(PicNode& n, int i, std::uint32_t k) {
    const std::vector<int>& all = instances_[static_cast<std::size_t>(i)];
    if (n.kind == Kind::module)
      for (const int at : all)
        for (const Tensor& t : operation(at).values) note_alarm(n, t, masks_[static_cast<std::size_t>(at)]);
    if (all.size() < 2) return;
    std::vector<std::string> names;
    bool known = false;
    n.norms.clear();
    for (const int at : all) {
      const tape::OpNode& op = operation(at);
      names.push_back(op.names[k]);
      const bool there = k < op.grads.size() && op.grads[k].defined();
      n.norms.push_back(there ? norm_of(op.grads[k]) : -1);
      known |= there;
      if (k < op.values.size()) note_alarm(n, op.values[k], masks_[static_cast<std::size_t>(at)]);
    }
    if (!known) n.norms.clear();
    if (n.kind != Kind::module) n.name = common_name(names);
    n.copies = static_cast<int>(all.size());
    n.value = n.grad = Tensor();
  }

  void note_time(PicNode& n, int i) const {
    if (options_.time == Time::off || recorded_.times.empty()) return;
    for (const int at : instances_[static_cast<std::size_t>(i)]) {
      const profiler::NodeTime& t = recorded_.times[static_cast<std::size_t>(at)];
      n.time.forward += t.forward;
      n.time.backward += t.backward;
    }
  }

  // ---- edges ----

  PicEdge& edge(int from, int to, int position, const Tally& tally) {
    const auto many = [&](int i) { return node(i).kind == Kind::module; };
    if (many(from) || many(to) || tally.left >= 0 || tally.carried >= 0) position = -1;
    const auto key = std::tuple(from, to, position, tally.carried, tally.distance);
    const auto [it, fresh] = edges_.try_emplace(key, p_.edges.size());
    if (fresh) {
      PicEdge e;
      e.from = from;
      e.to = to;
      e.position = position;
      e.carried = tally.carried >= 0;
      p_.edges.push_back(std::move(e));
      tallies_.push_back(tally);
    }
    return p_.edges[it->second];
  }
  void flow(PicEdge& e, const tape::Input& in) {
    Tally& t = tallies_[static_cast<std::size_t>(&e - p_.edges.data())];
    e.norm = ++t.times == 1 ? in.norm : -1;
    e.backward |= in.reached && options_.backward;
  }

  void add_source_edge(int from, int to, int i, const Reads& reads, std::size_t k) {
    Tally t;
    const auto& places = plan_.folds.places(i);
    if (!places.empty()) t.entered = places.back().fold;
    PicEdge& e = edge(from, to, static_cast<int>(k), t);
    for (const tape::Input* in : reads) flow(e, *in);
  }

  // The edge to input k of an operation, drawn or folded, from the one it comes from; -1: none, or left out.
  int add_link(int at, int self, std::size_t k) {
    const tape::Input& in = input(operation(at), k);
    if (in.node < 0 && in.node != tape::kLeftOut) return -1;
    if (in.node < plan_.first) {
      p_.nodes[static_cast<std::size_t>(self)].cut = true;
      return -1;
    }
    const int origin = outputs_.at({plan_.folds.drawn(in.node), in.output});
    Tally t;
    int step = -1;
    const auto &to = plan_.folds.places(at), &from = plan_.folds.places(in.node);
    std::size_t level = 0;
    while (level < to.size() && level < from.size() && to[level] == from[level]) ++level;
    const bool there = level < to.size(), here = level < from.size();
    if (there && here && to[level].fold == from[level].fold) {
      t.carried = to[level].fold;
      t.distance = to[level].step - from[level].step;
    } else {
      if (here) t.left = from[level].fold, step = from[level].step;
      if (there) t.entered = to[level].fold;
    }
    if (origin == self && t.carried < 0) return -1;
    PicEdge& e = edge(origin, self, static_cast<int>(k), t);
    flow(e, in);
    if (t.carried >= 0) step = to[level].step;
    if (step >= 0) tallies_[static_cast<std::size_t>(&e - p_.edges.data())].steps.insert(step);
    return origin;
  }

  void label_edges() {
    for (std::size_t i = 0; i < p_.edges.size(); ++i) {
      PicEdge& e = p_.edges[i];
      const Tally& t = tallies_[i];
      if (t.carried >= 0) {
        const PicNode& from = node(e.from);
        const std::string what = from.kind == Kind::module ? "" : ": " + (from.name.empty() ? from.title : from.name);
        const char* next = boxes_.has_own_parameters(t.carried) ? "next" : "next step";
        const std::string when = t.distance == 1 ? next : fmt::format("{} steps on", t.distance);
        e.label = fmt::format("{}{}, {} times", when, what, t.steps.size());
        e.backward = false;
      } else if (t.left >= 0) {
        e.label = leaving(t);
      } else if (t.entered >= 0 && t.times == 1) {
        e.label = boxes_.has_own_parameters(t.entered) ? "first block" : "first step";
      }
    }
  }
  std::string leaving(const Tally& t) {
    const Fold& f = plan_.folds.at(t.left);
    const char* noun = boxes_.has_own_parameters(t.left) ? "block" : "step";
    const auto n = static_cast<int>(t.steps.size());
    if (n == 1) {
      const int step = *t.steps.begin();
      return step == f.count - 1 ? fmt::format("last {}", noun) : fmt::format("{} {}", noun, step + 1);
    }
    return n == f.count ? fmt::format("every {}", noun) : fmt::format("{} {}s", n, noun);
  }

  void finish_modules() {
    for (const auto& [id, inside] : inside_) {
      if (inside.node < 0) continue;
      PicNode& n = node(inside.node);
      n.parameters = measures_[id].numbers;
      n.largest_grad = measures_[id].largest_grad;
    }
  }
  void list_shown() {
    p_.shown_as.assign(graph_.nodes.size(), -1);
    for (std::size_t i = static_cast<std::size_t>(plan_.first); i < graph_.nodes.size(); ++i)
      p_.shown_as[i] = outputs_.at({plan_.folds.drawn(static_cast<std::int64_t>(i)), 0});
  }

  // Minus infinity in data that takes no gradient, or written as a number (masked_fill(scores, mask, -inf)), is a mask;
  // so are those of what it is put on.
  void mark_masks() {
    for (PicNode& n : p_.nodes) n.masks |= n.kind == Kind::data && n.value.defined() && has_minus_infinity(n.value);
    for (const PicEdge& e : p_.edges)  // in the order of the operations
      if (node(e.from).masks && node(e.to).value.defined() && has_minus_infinity(node(e.to).value))
        node(e.to).masks = true;
  }

  // What an operation keeps for its backward pass; `from`: where its inputs come from.
  void keep_saved(int self, const tape::OpNode& op, const std::vector<int>& from) {
    if (options_.saved == Saved::off) return;
    std::set<int> named;  // two tensors may have the same name
    for (std::size_t k = 0; k < op.saved_as.size(); ++k) {
      const tape::SavedAs as = op.saved_as[k];
      int source = as.output < 0 && as.input >= 0 ? from[static_cast<std::size_t>(as.input)] : -1;
      if (source >= 0 && node(source).kind == Kind::ghost) source = node(source).original;
      if (source >= 0 && !named.insert(source).second) continue;
      const std::string text = source >= 0      ? ""
                               : as.output < 0  ? describe_kept(op.saved[k])
                               : as.output == 0 ? "its result"
                                                : fmt::format("output {}", as.output + 1);
      auto& keeps = node(self).keeps;
      const bool again = source < 0 && std::ranges::any_of(keeps, [&](const auto& had) { return had.second == text; });
      if ((source >= 0 || !text.empty()) && !again) keeps.emplace_back(source, text);
      if (options_.saved == Saved::nodes && op.saved[k].defined() && !again) add_note(self, k, op.saved[k]);
    }
  }
  void add_note(int self, std::size_t k, const Tensor& t) {
    PicNode n;
    n.kind = Kind::kept;
    n.id = fmt::format("{}k{}", node(self).id, k);
    n.original = self;
    n.operations = static_cast<int>(node(self).keeps.size()) - 1;  // which of them
    n.dtype = t.dtype();
    n.shape = t.shape();
    n.copies = node(self).copies;
    n.box = node(self).box;
    add_node(std::move(n));
  }
  static std::string describe_kept(const Tensor& t) {
    if (!t.defined()) return "";  // of an operation that was not recorded
    if (!t.name().empty()) return t.name();
    if (t.dtype() == kBool || t.dtype() == kUInt8) return "a mask";
    if (*t.grad_fn_name()) return t.grad_fn_name();
    return fmt::format("{} [{}]", short_name(t.dtype()), shape_text(t.shape()));
  }

  const Recorded& recorded_;
  const tape::Graph& graph_;
  const Options& options_;
  const Plan& plan_;
  Picture p_;
  Boxes boxes_;
  int unnamed_data_ = 0, unnamed_leaf_ = 0;
  std::vector<std::vector<int>> instances_;  // of each drawn operation: itself and those folded into it
  std::map<std::uint64_t, Inside> inside_;   // closed calls
  std::vector<bool> masks_;                  // of operations
  std::map<std::uint64_t, Measures> measures_;
  std::map<Output, int> outputs_;
  std::set<Output> used_, reached_;
  std::map<std::vector<std::size_t>, int> sources_;  // by ids
  std::map<const void*, std::size_t> states_;        // of a tensor: the id it was first read with
  std::map<std::tuple<int, int, int, int, int>, std::size_t> edges_;
  std::vector<Tally> tallies_;  // of the edges
  std::vector<Drawn> drawn_;
};

}  // namespace

Picture build_picture(const Recorded& recorded, const Options& options, const Plan& plan) {
  return Builder(recorded, options, plan).build();
}

}  // namespace xgrad::viz
