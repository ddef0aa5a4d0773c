#include "recurrent.hpp"

#include <algorithm>

#include "functions.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;
using xgrad::LSTMState;

nn::init::Nonlinearity nonlinearity_of(Args& a) {
  const std::string kind = a.text("nonlinearity", "tanh");
  if (kind != "tanh" && kind != "relu") throw Unsupported("nonlinearity " + kind);
  return kind == "relu" ? nn::init::Nonlinearity::relu : nn::init::Nonlinearity::tanh;
}

template <class Options>
Options stack_options(Args& a) {
  Options o;
  o.num_layers = a.integer("num_layers", 1);
  o.bias = a.flag("bias", true);
  o.batch_first = a.flag("batch_first");
  o.dropout = a.real("dropout", 0);
  o.bidirectional = a.flag("bidirectional");
  return o;
}

Value flat(const Tensor& t) { return t; }
Value flat(const LSTMState& s) { return List{s.h, s.c}; }
Value flat(const xgrad::RNNOutput& r) { return List{r.output, r.h}; }
Value flat(const xgrad::LSTMOutput& r) { return List{r.output, List{r.state.h, r.state.c}}; }

const Tensor& first(const Tensor& t) { return t; }
const Tensor& first(const LSTMState& s) { return s.h; }
template <class Output>
const Tensor& first(const Output& r) {
  return r.output;
}

void read_state(const Value& v, Tensor& h) { h = v.tensor(); }
void read_state(const Value& v, LSTMState& s) {
  const std::vector<Tensor> parts = v.tensors();
  if (parts.size() != 2) throw Unsupported("a state that is not a pair");
  s = {parts[0], parts[1]};
}

template <class M>
AnyModule with_state(M m) {
  AnyModule any{m, [m](const Tensor& x) { return first(m(x)); }, {}};
  any.call = [m](const List& args) -> Value {
    if (args.size() == 1 || args.at(1).is_none()) return flat(m(args.at(0).tensor()));
    typename M::State state;
    read_state(args.at(1), state);
    return flat(m(args.at(0).tensor(), state));
  };
  return any;
}

}  // namespace

AnyModule make_recurrent(const std::string& name, Args& a) {
  const std::int64_t in = a.integer("input_size"), hidden = a.integer("hidden_size");
  if (name == "RNNCell")
    return with_state(nn::RNNCell(in, hidden, {.bias = a.flag("bias", true), .nonlinearity = nonlinearity_of(a)}));
  if (name == "LSTMCell") return with_state(nn::LSTMCell(in, hidden, {.bias = a.flag("bias", true)}));
  if (name == "GRUCell") return with_state(nn::GRUCell(in, hidden, {.bias = a.flag("bias", true)}));
  if (name == "LSTM") {
    auto o = stack_options<nn::LSTMOptions>(a);
    o.proj_size = a.integer("proj_size", 0);
    return with_state(nn::LSTM(in, hidden, o));
  }
  if (a.integer("proj_size", 0) != 0) throw Unsupported("proj_size of " + name);
  if (name == "GRU") return with_state(nn::GRU(in, hidden, stack_options<nn::GRUOptions>(a)));
  auto o = stack_options<nn::RNNOptions>(a);
  o.nonlinearity = nonlinearity_of(a);
  return with_state(nn::RNN(in, hidden, o));
}

bool is_recurrent(const std::string& op) {
  const std::string name = op.substr(0, op.find('_'));
  return std::ranges::any_of(kRecurrentClasses, [&](const char* c) { return name == c; });
}

// Sizes that the attributes do not tell are read off the weights.
Value run_recurrent(Case& c) {
  const std::string name = c.op.substr(0, c.op.find('_'));
  Dict attrs = c.attrs;
  const auto given = [&](const char* key) {
    return std::ranges::any_of(attrs, [&](const auto& a) { return a.first == key; });
  };
  std::erase_if(attrs, [](const auto& a) { return a.first == "training" || a.first == "mode"; });
  const bool cell = name.ends_with("Cell");
  const Tensor w = c.tensor(cell ? "weight_ih" : "weight_ih_l0");
  const std::int64_t gates = name.starts_with("LSTM") ? 4 : name.starts_with("GRU") ? 3 : 1;
  if (!given("input_size")) attrs.emplace_back("input_size", w.size(1));
  if (!given("hidden_size")) attrs.emplace_back("hidden_size", w.size(0) / gates);
  if (!given("bias")) attrs.emplace_back("bias", c.has(cell ? "bias_ih" : "bias_ih_l0"));
  if (c.op.ends_with("_RELU")) attrs.emplace_back("nonlinearity", std::string("relu"));
  auto m = make_module(name, {}, attrs);
  if (!m) throw Unsupported("no module " + name);
  bind_parameters(c, m->module);
  List args{c.inputs.at(0).tensor}, state;
  for (const char* key : {"hx", "h_0", "h0", "cx", "c_0", "c0"})
    if (c.has(key)) state.push_back(c.tensor(key));
  if (state.size() == 1) args.push_back(state[0]);
  if (state.size() > 1) args.push_back(state);
  return m->call(args);
}

}  // namespace oracle
