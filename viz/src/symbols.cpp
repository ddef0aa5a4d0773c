// The letters of the textbooks beside the names. They are earned: W and b are the parameters of an affine map, z is its
// result, a what an activation makes of z, L a scalar result. A squared weight in a penalty, or the scale of a
// normalisation, is none of these, whatever it is called.
#include <map>
#include <set>

#include "picture.hpp"

namespace xgrad::viz {
namespace {

bool is_activation(const std::string& op) {
  static const std::set<std::string> names{
      "relu",     "tanh",        "sigmoid",   "leaky_relu",  "elu",      "silu",       "gelu",
      "softplus", "log_sigmoid", "softmax",   "log_softmax", "relu6",    "selu",       "celu",
      "mish",     "hardtanh",    "hardswish", "hardsigmoid", "softsign", "tanhshrink", "prelu"};
  return names.contains(op);
}
bool takes_weight_and_bias(const std::string& op) {
  return op == "linear" || (op.starts_with("conv") && op.find("backward") == std::string::npos);
}
bool is_product(const std::string& op) { return op == "matmul" || op == "mm" || op == "mv"; }
bool is_transposition(const std::string& op) { return op == "transpose" || op == "permute" || op == "t"; }

class Namer {
 public:
  explicit Namer(Picture& p) : p_(p) {
    for (const PicEdge& e : p.edges) inputs_[e.to].emplace(e.position, e.from);
  }

  void run() {
    for (std::size_t i = 0; i < p_.nodes.size(); ++i)
      if (const Kind k = p_.nodes[i].kind; k == Kind::operation || k == Kind::result) name(static_cast<int>(i));
    for (PicNode& n : p_.nodes) {
      if (n.kind == Kind::result && n.symbol.empty() && n.shape.numel() == 1) n.symbol = "L";
      if (n.kind != Kind::ghost || n.original < 0) continue;
      n.symbol = node(n.original).symbol;
      n.layer = node(n.original).layer;
    }
  }

 private:
  PicNode& node(int i) { return p_.nodes[static_cast<std::size_t>(i)]; }
  int input(int op, int position) const {
    const auto all = inputs_.find(op);
    if (all == inputs_.end()) return -1;
    const auto found = all->second.find(position);
    return found == all->second.end() ? -1 : found->second;
  }
  // The parameter that input is, itself or a ghost of it, also transposed; -1 for everything else.
  int parameter_at(int op, int position) {
    int i = input(op, position);
    if (i >= 0 && node(i).kind == Kind::operation && is_transposition(node(i).known_op)) i = input(i, 0);
    if (i >= 0 && node(i).kind == Kind::ghost) i = node(i).original;
    return i >= 0 && (node(i).kind == Kind::parameter || node(i).kind == Kind::frozen) ? i : -1;
  }

  void name(int i) {
    const std::string& op = node(i).known_op;
    if (takes_weight_and_bias(op)) {
      const int weight = parameter_at(i, 1);
      of_layers_.insert(weight);
      return layer(i, weight, parameter_at(i, 2));
    }
    if (is_product(op)) {
      const int left = parameter_at(i, 0), right = parameter_at(i, 1), weight = left < 0 ? right : left;
      // A product with the weight of such a layer is a derivative of it.
      if ((left < 0) != (right < 0) && !of_layers_.contains(weight)) layer(i, weight, -1);
    } else if (op == "add") {
      add(i, input(i, 0), parameter_at(i, 1));
      add(i, input(i, 1), parameter_at(i, 0));
    } else if (const int z = input(i, 0); is_activation(op) && z >= 0 && node(z).symbol == "z") {
      node(i).symbol = "a", node(i).layer = node(z).layer;
    }
  }

  // Layer numbers follow the weights: a layer called again keeps its number.
  void layer(int op, int weight, int bias) {
    if (weight < 0) return;
    PicNode& w = node(weight);
    if (w.symbol.empty()) w.symbol = "W", w.layer = ++layers_;
    if (w.symbol != "W") return;
    node(op).symbol = "z", node(op).layer = w.layer;
    if (bias >= 0 && node(bias).symbol.empty()) node(bias).symbol = "b", node(bias).layer = w.layer;
  }
  // product + bias: the sum is z.
  void add(int op, int product, int bias) {
    if (product < 0 || bias < 0 || node(product).symbol != "z" || !is_product(node(product).known_op)) return;
    node(op).symbol = "z", node(op).layer = node(product).layer;
    node(product).symbol.clear(), node(product).layer = 0;
    if (node(bias).symbol.empty()) node(bias).symbol = "b", node(bias).layer = node(op).layer;
  }

  Picture& p_;
  std::map<int, std::map<int, int>> inputs_;  // operation -> position -> node
  std::set<int> of_layers_;                   // weights of operations that take weight and bias
  int layers_ = 0;
};

}  // namespace

void name_symbols(Picture& p) { Namer(p).run(); }

}  // namespace xgrad::viz
