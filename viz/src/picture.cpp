#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

std::string base_name(const char* path) {
  const std::string s(path);
  const auto slash = s.find_last_of('/');
  return slash == std::string::npos ? s : s.substr(slash + 1);
}

bool is_activation(const std::string& op) {
  static const std::set<std::string> names{"relu", "tanh", "sigmoid", "leaky_relu", "elu", "silu", "gelu", "softplus", "log_sigmoid", "softmax", "log_softmax"};
  return names.contains(op);
}

class Builder {
 public:
  Builder(const Tensor& root, const Options& options) : options_(options), root_(root), graph_(tape::collect(root)) {}

  Picture build() {
    choose_nodes();
    for (std::size_t i = first_; i < graph_.nodes.size(); ++i) add_operation(static_cast<std::int64_t>(i));
    name_saved();
    if (options_.symbols) name_symbols();
    add_ghosts(p_);
    mark_main_line();
    finish_edges();
    drop_small_boxes();
    return std::move(p_);
  }

 private:
  using Address = std::pair<const void*, std::vector<std::int64_t>>;

  // Beyond max_nodes, the operations recorded last: those nearest the result.
  void choose_nodes() {
    const std::size_t all = graph_.nodes.size(), most = static_cast<std::size_t>(std::max(options_.max_nodes, 1));
    first_ = all > most ? all - most : 0;
    p_.left_out = static_cast<int>(first_);
    for (const tape::OpNode& n : graph_.nodes) p_.backward_ran |= n.freed;
    for (const tape::OpNode& n : graph_.nodes)
      for (const Tensor& g : n.grads) p_.backward_ran |= g.defined();
  }

  static const void* address(const Tensor& t) { return t.impl(); }
  // Tensors kept by the recorder are aliases: they are recognised by where their data is and its shape.
  static Address place(const Tensor& t) {
    const Tensor plain = t.detach();
    const void* p = nullptr;
    switch (plain.dtype()) {
      case DType::float64: p = plain.is_contiguous() ? plain.data<double>() : nullptr; break;
      case DType::float32: p = plain.is_contiguous() ? plain.data<float>() : nullptr; break;
      case DType::int64: p = plain.is_contiguous() ? plain.data<std::int64_t>() : nullptr; break;
      case DType::int32: p = plain.is_contiguous() ? plain.data<std::int32_t>() : nullptr; break;
      case DType::uint8: p = plain.is_contiguous() ? plain.data<std::uint8_t>() : nullptr; break;
      case DType::boolean: p = plain.is_contiguous() ? plain.data<bool>() : nullptr; break;
    }
    return {p, plain.shape().vec()};
  }

  int box_of(const std::shared_ptr<const detail::ModuleCall>& call) {
    if (!call) return -1;
    if (auto it = boxes_.find(call->id); it != boxes_.end()) return it->second;
    const int parent = box_of(call->parent);
    PicBox b;
    b.parent = parent;
    const int times = ++calls_[{call->info.get(), parent}];
    b.label = fmt::format("{} : {}", call->info->name, call->info->label);
    const std::string& label = call->info->label;  // a root is named after its type: once is enough
    if (call->info->name.empty() || call->info->name == label.substr(0, label.find('('))) b.label = call->info->label;
    if (times > 1) b.label += fmt::format(" (call {})", times);
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

  PicNode describe(const Tensor& t, Kind kind) {
    PicNode n{kind, t.name(), "", 0, t.dtype(), t.shape(), t.detach(), t.grad(), {}, "", -1, false};
    if (n.title.empty()) n.title = kind == Kind::data ? fmt::format("data {}", ++unnamed_data_) : fmt::format("leaf {}", ++unnamed_leaf_);
    if (n.grad.defined()) p_.backward_ran = true;
    return n;
  }

  // A leaf or a constant as the input of an operation; parameters used again appear as ghosts.
  int leaf_node(const Tensor& t, int box) {
    const bool parameter = t.requires_grad();
    auto [it, fresh] = leaves_.try_emplace(address(t), -1);
    if (!fresh && !parameter) return it->second;
    if (fresh) {
      PicNode n = describe(t, parameter ? Kind::parameter : t.name().find('.') != std::string::npos ? Kind::frozen : Kind::data);
      n.box = parameter || n.kind == Kind::frozen ? box : -1;
      it->second = add_node(std::move(n));
      named_.try_emplace(place(t), it->second);
      keep_.push_back(t);
      return it->second;
    }
    PicNode ghost = p_.nodes[static_cast<std::size_t>(it->second)];
    ghost.kind = Kind::ghost;
    ghost.title = "↺ " + ghost.title;
    ghost.value = ghost.grad = Tensor();
    ghost.box = box;
    return add_node(std::move(ghost));
  }

  void add_edge(int from, int to, bool gradient, double norm) {
    p_.edges.push_back({from, to, Side::none, false, false, gradient && options_.backward && p_.backward_ran, norm});
  }

  void add_operation(std::int64_t i) {
    const tape::OpNode& op = graph_.nodes[static_cast<std::size_t>(i)];
    const int box = box_of(op.module);
    std::vector<std::pair<int, std::size_t>> sources;
    for (std::size_t k = 0; k < op.inputs.size(); ++k) {
      const tape::Input& in = op.inputs[k];
      if (in.leaf.defined()) sources.emplace_back(leaf_node(in.leaf, box), k);
      else if (in.node >= static_cast<std::int64_t>(first_)) sources.emplace_back(ops_.at(in.node), k);
      else if (in.node < 0 && k < op.constants.size() && op.constants[k].defined()) sources.emplace_back(leaf_node(op.constants[k], box), k);
    }
    if (op.constants.empty()) add_unrecorded_data(op, box, sources);
    PicNode n;
    n.kind = i == graph_.root ? Kind::result : Kind::operation;
    n.title = op.op;
    n.dtype = op.dtypes[0];
    n.shape = op.shapes[0];
    if (!op.values.empty()) n.value = op.values[0];
    if (!op.grads.empty()) n.grad = op.grads[0];
    if (i == graph_.root && !n.value.defined()) n.value = root_.detach();
    n.source = fmt::format("{}:{}", base_name(op.at.file_name()), op.at.line());
    n.box = box;
    const int self = add_node(std::move(n));
    ops_.emplace(i, self);
    for (const auto& [from, k] : sources) {
      const bool gradient = k < op.inputs.size() && (op.inputs[k].node >= 0 || op.inputs[k].leaf.defined());
      double norm = k < op.edge_norms.size() ? op.edge_norms[k] : -1;
      if (norm < 0 && k < op.inputs.size() && op.inputs[k].leaf.defined()) norm = leaf_norm(op.inputs[k].leaf);
      add_edge(from, self, gradient, norm);
    }
    if (!op.values.empty() && op.values[0].defined()) named_.try_emplace(place(op.values[0]), self);
    saved_.emplace_back(self, op.saved);
  }

  // Without a recorder, inputs without gradient are known only where an operation saved them.
  void add_unrecorded_data(const tape::OpNode& op, int box, std::vector<std::pair<int, std::size_t>>& sources) {
    for (const Tensor& s : op.saved)
      if (!s.requires_grad() && !named_.contains(place(s))) {
        const bool own_result = s.shape() == op.shapes[0] && op.inputs.size() == 1;
        if (!own_result) sources.emplace_back(leaf_node(s, box), op.inputs.size());
      }
  }

  static double leaf_norm(const Tensor& leaf) {
    const Tensor g = leaf.grad();
    if (!g.defined()) return -1;
    double sum = 0;
    for (const double v : g.detach().to_vector<double>()) sum += v * v;
    return std::sqrt(sum);
  }

  void name_saved() {
    if (!options_.saved) return;
    for (auto& [node, tensors] : saved_)
      for (const Tensor& t : tensors) {
        saved_names_.emplace_back(node, named_.contains(place(t)) ? named_.at(place(t)) : -1, t);
      }
  }

  // Layer numbers follow the weights: a layer's weight, bias, pre-activation and activation share one.
  void name_symbols() {
    int layer = 0;
    std::map<int, int> layer_of;  // node -> layer
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) {
      PicNode& n = p_.nodes[i];
      if (n.kind == Kind::result) n.symbol = "L";
      if (n.kind != Kind::operation) continue;
      for (const PicEdge& e : p_.edges) {
        if (e.to != static_cast<int>(i)) continue;
        PicNode& from = p_.nodes[static_cast<std::size_t>(e.from)];
        const bool leaf = from.kind == Kind::parameter;
        if (leaf && from.title.ends_with("weight")) from.symbol = "W", from.layer = ++layer, n.symbol = "z", n.layer = layer;
        else if (leaf && from.title.ends_with("bias")) from.symbol = "b", from.layer = layer;
        else if (is_activation(n.title) && from.symbol == "z") n.symbol = "a", n.layer = from.layer;
      }
    }
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
      const int kind = k == Kind::operation || k == Kind::result ? 2 : k == Kind::data ? 1 : 0;
      return std::pair(kind, kind == 2 ? rank[static_cast<std::size_t>(i)] : 0);
    };
    for (int at = ops_.contains(graph_.root) ? ops_.at(graph_.root) : -1; at >= 0;) {
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
    for (const auto& [node, source, t] : saved_names_) {
      PicNode& n = p_.nodes[static_cast<std::size_t>(node)];
      std::string name = source == node ? "its result" : source >= 0 ? label_of(p_.nodes[static_cast<std::size_t>(source)]) : t.name();
      if (name.empty() && (t.dtype() == kBool || t.dtype() == kUInt8)) name = "a mask";
      if (name.empty()) name = *t.grad_fn_name() ? std::string(t.grad_fn_name()) : fmt::format("{} {}", short_name(t.dtype()), to_string(t.shape()));
      if (std::ranges::find(n.saves, name) == n.saves.end()) n.saves.push_back(name);
    }
  }
  // Up to two stand beside an operation of the main line; more would hide each other, and stand before it.
  void place_parameters() {
    std::map<int, std::vector<PicEdge*>> owned;
    for (PicEdge& e : p_.edges) {
      const PicNode &from = p_.nodes[static_cast<std::size_t>(e.from)], &to = p_.nodes[static_cast<std::size_t>(e.to)];
      const bool learnt = from.kind == Kind::parameter || from.kind == Kind::frozen || (from.kind == Kind::ghost && from.ghost_of == Kind::parameter);
      if (learnt && to.main_line && from.box == to.box) owned[e.to].push_back(&e);
    }
    for (auto& [operation, edges] : owned) {
      if (edges.size() <= 2) {
        edges.front()->side = Side::first;
        if (edges.size() == 2) edges.back()->side = Side::second;
        continue;
      }
      for (PicEdge& e : p_.edges)
        e.passes |= e.to == operation && std::ranges::find(edges, &e) == edges.end();
    }
  }
  static std::string label_of(const PicNode& n) {
    if (n.symbol.empty()) return n.title;
    return n.layer ? fmt::format("{}[{}]", n.symbol, n.layer) : n.symbol;
  }
  // A box around a single node only adds ink.
  void drop_small_boxes() {
    for (const PicNode& n : p_.nodes)
      for (int b = n.box; b >= 0; b = p_.boxes[static_cast<std::size_t>(b)].parent) ++p_.boxes[static_cast<std::size_t>(b)].members;
    const auto kept = [&](int b) {
      while (b >= 0 && p_.boxes[static_cast<std::size_t>(b)].members < 2) b = p_.boxes[static_cast<std::size_t>(b)].parent;
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
  std::map<std::uint64_t, int> boxes_;
  std::map<std::pair<const void*, int>, int> calls_;
  std::map<std::int64_t, int> ops_;
  std::map<const void*, int> leaves_;
  std::map<Address, int> named_;
  std::vector<std::pair<int, std::vector<Tensor>>> saved_;
  std::vector<std::tuple<int, int, Tensor>> saved_names_;
  std::vector<Tensor> keep_;
};

}  // namespace

Picture build_picture(const Tensor& root, const Options& options) { return Builder(root, options).build(); }

}  // namespace xgrad::viz
