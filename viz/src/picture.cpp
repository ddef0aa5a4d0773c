#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "heatmap.hpp"

namespace xgrad::viz {
namespace {

std::string base_name(const char* path) {
  const std::string s(path);
  const auto slash = s.find_last_of('/');
  return slash == std::string::npos ? s : s.substr(slash + 1);
}

// 0.1 as well for the float next to it.
std::string shortest(double v) {
  const auto single = static_cast<float>(v);
  return static_cast<double>(single) == v ? fmt::format("{}", single) : fmt::format("{}", v);
}

class Builder {
 public:
  Builder(const Tensor& root, const Options& options) : options_(options), root_(root), graph_(tape::collect(root)) {}

  Picture build() {
    choose_nodes();
    number_calls();
    for (std::size_t i = first_; i < graph_.nodes.size(); ++i) add_operation(static_cast<std::int64_t>(i));
    if (options_.symbols) name_symbols(p_);
    mark_masks();
    add_ghosts(p_);
    mark_main_line();
    finish_edges();
    drop_small_boxes();
    return std::move(p_);
  }

 private:
  using Output = std::pair<std::int64_t, std::uint32_t>;  // of an operation
  static constexpr std::size_t kFewOutputs = 8;           // shown also when nobody uses them

  PicNode& node(int i) { return p_.nodes[static_cast<std::size_t>(i)]; }
  const tape::OpNode& operation(std::int64_t i) const { return graph_.nodes[static_cast<std::size_t>(i)]; }

  // Beyond max_nodes, the operations recorded last: those nearest the result.
  void choose_nodes() {
    const std::size_t all = graph_.nodes.size(), most = static_cast<std::size_t>(std::max(options_.max_nodes, 1));
    first_ = all > most ? all - most : 0;
    p_.left_out = static_cast<int>(first_);
    p_.backward_ran = graph_.backward_ran;
    used_.emplace(graph_.root, graph_.root_output);
    for (const tape::OpNode& op : graph_.nodes)
      for (const std::vector<tape::Input>* list : {&op.inputs, &op.data})
        for (const tape::Input& in : *list) {
          if (in.node < 0) continue;
          used_.emplace(in.node, in.output);
          if (in.reached) reached_.emplace(in.node, in.output);
        }
    if (graph_.backward_ran) reached_.emplace(graph_.root, graph_.root_output);
  }

  // Which call of its module, within the call around it, each one is; those left out count.
  void number_calls() {
    std::map<std::pair<const void*, std::uint64_t>, int> so_far;
    for (const tape::OpNode& op : graph_.nodes) {
      std::vector<const ModuleCall*> fresh;
      for (const auto* c = op.module.get(); c && !call_number_.contains(c->id); c = c->parent.get()) fresh.push_back(c);
      for (const auto* c : fresh) call_number_[c->id] = ++so_far[{c->info.get(), c->parent ? c->parent->id : 0}];
    }
  }

  int box_of(const std::shared_ptr<const ModuleCall>& call) {
    if (!call) return -1;
    if (auto it = boxes_.find(call->id); it != boxes_.end()) return it->second;
    PicBox b;
    b.parent = box_of(call->parent);
    const int number = call_number_.at(call->id);
    b.label = fmt::format("{} : {}", call->info->name, call->info->label);
    const std::string& label = call->info->label;  // a root is named after its type: once is enough
    if (call->info->name.empty() || call->info->name == label.substr(0, label.find('('))) b.label = call->info->label;
    if (number > 1) b.label += fmt::format(" (call {})", number);
    b.id = fmt::format("{}_{}", call->path(), p_.boxes.size());
    p_.boxes.push_back(b);
    const int index = static_cast<int>(p_.boxes.size()) - 1;
    boxes_.emplace(call->id, index);
    return index;
  }

  int add_node(PicNode n) {
    p_.nodes.push_back(std::move(n));
    return static_cast<int>(p_.nodes.size()) - 1;
  }

  PicNode describe(const tape::Source& s, Kind kind, int box) {
    PicNode n;
    n.kind = kind;
    n.title = s.name;
    if (n.title.empty())
      n.title = kind == Kind::data ? fmt::format("data {}", ++unnamed_data_) : fmt::format("leaf {}", ++unnamed_leaf_);
    n.dtype = s.dtype;
    n.shape = s.shape;
    n.value = s.value;
    n.grad = s.grad;
    n.box = kind == Kind::data ? -1 : box;
    if (s.overwritten) n.notes.push_back("value changed since it was read");
    if (s.grad_of_several) n.notes.push_back("grad: the sum of several passes");
    if (s.grad_overwritten) n.notes.push_back("grad changed since the backward pass");
    if (s.tensor.defined() && !states_.emplace(s.tensor.id(), s.id).second && states_.at(s.tensor.id()) != s.id)
      n.notes.push_back("after a change in place");
    return n;
  }

  // A leaf or a constant as the input of an operation; parameters used again appear as ghosts.
  int source_node(const tape::Input& in, int box) {
    const tape::Source& s = *in.source;
    const bool parameter = in.leaf.defined();
    const auto [it, fresh] = sources_.try_emplace(s.id, -1);
    if (fresh) {
      PicNode n = describe(s, parameter ? Kind::parameter : s.parameter ? Kind::frozen : Kind::data, box);
      return it->second = add_node(std::move(n));
    }
    if (!parameter) return it->second;
    PicNode ghost = node(it->second);
    ghost.kind = Kind::ghost;
    ghost.original = it->second;
    ghost.title = "↺ " + ghost.title;
    ghost.value = ghost.grad = Tensor();
    ghost.notes.clear();
    ghost.box = box;
    return add_node(std::move(ghost));
  }

  void add_edge(int from, int to, bool gradient, double norm, std::size_t position) {
    const bool backward = gradient && options_.backward;
    p_.edges.push_back({from, to, Side::none, false, false, backward, norm, static_cast<int>(position)});
  }

  // The node an input comes from; -1 for one that is left out.
  int origin(const tape::Input& in, int box) {
    if (in.source) return source_node(in, box);
    return in.node >= static_cast<std::int64_t>(first_) ? outputs_.at({in.node, in.output}) : -1;
  }

  void add_operation(std::int64_t i) {
    const tape::OpNode& op = operation(i);
    const int box = box_of(op.module);
    std::vector<tape::Input> inputs = op.inputs;
    inputs.insert(inputs.end(), op.data.begin(), op.data.end());
    std::vector<int> from;
    for (const tape::Input& in : inputs) from.push_back(origin(in, box));
    const int self = add_output(i, 0, box);
    if (!op.numbers.empty()) node(self).number = shortest(op.numbers[0]);
    node(self).masks = op.op == "masked_fill" || (!op.numbers.empty() && op.numbers[0] == -INFINITY);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (from[k] >= 0) add_edge(from[k], self, inputs[k].reached, inputs[k].norm, k);
    for (int& f : from)
      if (f >= 0 && node(f).kind == Kind::ghost) f = node(f).original;
    saved_.emplace_back(self, i, from);
    for (std::uint32_t k = 1; k < op.shapes.size(); ++k) {
      if (op.shapes.size() > kFewOutputs && !used_.contains({i, k})) continue;
      const int further = add_output(i, k, box);
      add_edge(self, further, reached_.contains({i, k}), -1, 0);
    }
  }

  int add_output(std::int64_t i, std::uint32_t k, int box) {
    const tape::OpNode& op = operation(i);
    const bool root = i == graph_.root && k == graph_.root_output;
    PicNode n;
    n.kind = root ? Kind::result : k ? Kind::output : Kind::operation;
    n.title = k == 0 ? op.op : is_floating(op.dtypes[k]) ? fmt::format("{}: output {}", op.op, k + 1) : "indices";
    n.name = op.names[k];
    n.op = i;
    n.output = k;
    n.dtype = op.dtypes[k];
    n.shape = op.shapes[k];
    if (k < op.values.size()) n.value = op.values[k];
    if (k < op.grads.size()) n.grad = op.grads[k];
    if (root && !n.value.defined()) {
      if (graph_.root_overwritten)
        n.notes.push_back("value changed since it was computed");
      else
        n.value = root_.detach();
    }
    n.source = fmt::format("{}:{}", base_name(op.at.file_name()), op.at.line());
    n.box = box;
    const int index = add_node(std::move(n));
    outputs_.emplace(Output{i, k}, index);
    return index;
  }

  // Minus infinity in data that takes no gradient, or written as a number (masked_fill(scores, mask, -inf)), is a mask;
  // so are those of what it is put on.
  void mark_masks() {
    for (PicNode& n : p_.nodes) n.masks |= n.kind == Kind::data && n.value.defined() && has_minus_infinity(n.value);
    for (const PicEdge& e : p_.edges)  // in the order of the operations
      if (node(e.from).masks && node(e.to).value.defined() && has_minus_infinity(node(e.to).value))
        node(e.to).masks = true;
  }

  // From the result back along the longest way through operations.
  void mark_main_line() {
    const std::vector<int> rank = ranks(p_);
    const auto [first, last] = std::ranges::minmax(rank);
    p_.depth = last - first + 1;
    std::vector<std::vector<int>> inputs(p_.nodes.size());
    for (const PicEdge& e : p_.edges) inputs[static_cast<std::size_t>(e.to)].push_back(e.from);
    // An operation before data before a parameter.
    const auto worth = [&](int i) {
      const Kind k = p_.nodes[static_cast<std::size_t>(i)].kind;
      const int kind = k == Kind::operation || k == Kind::result || k == Kind::output ? 2 : k == Kind::data ? 1 : 0;
      return std::pair(kind, kind == 2 ? rank[static_cast<std::size_t>(i)] : 0);
    };
    for (int at = outputs_.at({graph_.root, graph_.root_output}); at >= 0;) {
      p_.nodes[static_cast<std::size_t>(at)].main_line = true;
      ++p_.main_length;
      int next = -1;
      for (const int from : inputs[static_cast<std::size_t>(at)])
        if (next < 0 || worth(from) > worth(next)) next = from;
      at = next;
    }
  }

  void finish_edges() {
    std::map<int, int> uses;
    for (const PicEdge& e : p_.edges) ++uses[e.from];
    for (PicEdge& e : p_.edges) {
      const PicNode &from = p_.nodes[static_cast<std::size_t>(e.from)], &to = p_.nodes[static_cast<std::size_t>(e.to)];
      e.beside = to.kind == Kind::result && from.kind == Kind::data && !from.main_line && uses[e.from] == 1;
    }
    place_parameters();
    if (options_.saved)
      for (const auto& [self, i, from] : saved_) name_saved(node(self), operation(i), from);
  }
  // What an operation keeps for its backward pass; `from`: where its inputs come from.
  void name_saved(PicNode& n, const tape::OpNode& op, const std::vector<int>& from) {
    std::set<int> named;  // two tensors may have the same name
    for (std::size_t k = 0; k < op.saved_as.size(); ++k) {
      const tape::SavedAs as = op.saved_as[k];
      const int source = as.input >= 0 ? from[static_cast<std::size_t>(as.input)] : -1;
      std::string name;
      if (as.output >= 0)
        name = as.output ? fmt::format("output {}", as.output + 1) : "its result";
      else if (source >= 0)
        name = label_of(node(source));
      else
        name = describe_kept(op.saved[k]);
      const bool again = source >= 0 && as.output < 0 ? !named.insert(source).second
                                                      : std::ranges::find(n.saves, name) != n.saves.end();
      if (!name.empty() && !again) n.saves.push_back(name);
    }
  }
  static std::string describe_kept(const Tensor& t) {
    if (!t.defined()) return "";  // of an operation that was not recorded
    if (!t.name().empty()) return t.name();
    if (t.dtype() == kBool || t.dtype() == kUInt8) return "a mask";
    if (*t.grad_fn_name()) return t.grad_fn_name();
    return fmt::format("{} {}", short_name(t.dtype()), to_string(t.shape()));
  }
  // Up to two stand beside an operation of the main line; more would hide each other, and stand before it.
  void place_parameters() {
    std::map<int, std::vector<PicEdge*>> owned;
    for (PicEdge& e : p_.edges) {
      const PicNode &from = p_.nodes[static_cast<std::size_t>(e.from)], &to = p_.nodes[static_cast<std::size_t>(e.to)];
      const bool learnt = from.kind == Kind::parameter || from.kind == Kind::frozen ||
                          (from.kind == Kind::ghost && from.ghost_of == Kind::parameter);
      if (learnt && to.main_line && from.box == to.box) owned[e.to].push_back(&e);
    }
    for (auto& [operation, edges] : owned) {
      if (edges.size() <= 2) {
        edges.front()->side = Side::first;
        if (edges.size() == 2) edges.back()->side = Side::second;
        continue;
      }
      for (PicEdge& e : p_.edges) e.passes |= e.to == operation && std::ranges::find(edges, &e) == edges.end();
    }
  }
  static std::string label_of(const PicNode& n) {
    if (n.symbol.empty()) return n.title;
    return n.layer ? fmt::format("{}[{}]", n.symbol, n.layer) : n.symbol;
  }
  // A box around a single node only adds ink.
  void drop_small_boxes() {
    for (const PicNode& n : p_.nodes)
      for (int b = n.box; b >= 0; b = p_.boxes[static_cast<std::size_t>(b)].parent)
        ++p_.boxes[static_cast<std::size_t>(b)].members;
    const auto kept = [&](int b) {
      while (b >= 0 && p_.boxes[static_cast<std::size_t>(b)].members < 2)
        b = p_.boxes[static_cast<std::size_t>(b)].parent;
      return b;
    };
    for (PicNode& n : p_.nodes) n.box = kept(n.box);
    for (PicBox& b : p_.boxes) b.parent = kept(b.parent);
  }

  const Options& options_;
  Tensor root_;
  tape::Graph graph_;
  Picture p_;
  std::size_t first_ = 0;
  int unnamed_data_ = 0, unnamed_leaf_ = 0;
  std::map<std::uint64_t, int> boxes_, call_number_;  // by call
  std::map<Output, int> outputs_;
  std::set<Output> used_, reached_;
  std::map<std::size_t, int> sources_;         // by id
  std::map<const void*, std::size_t> states_;  // of a tensor: the id it was first read with
  std::vector<std::tuple<int, std::int64_t, std::vector<int>>> saved_;
};

}  // namespace

Picture build_picture(const Tensor& root, const Options& options) { return Builder(root, options).build(); }

}  // namespace xgrad::viz
