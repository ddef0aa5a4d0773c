// Attention and the layers made of it, with several inputs.
#include "classes.hpp"
#include "functions.hpp"
#include "nn_calls.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;

constexpr const char* kAttention =
    "embed_dim num_heads dropout? bias? add_bias_kv? add_zero_attn? kdim? vdim? batch_first?";

nn::MultiheadAttention make_attention(Args& a) {
  nn::MultiheadAttentionOptions o;
  o.dropout = a.real("dropout", 0);
  o.bias = a.flag("bias", true);
  o.add_bias_kv = a.flag("add_bias_kv");
  o.add_zero_attn = a.flag("add_zero_attn");
  if (a.given("kdim")) o.kdim = a.integer("kdim");
  if (a.given("vdim")) o.vdim = a.integer("vdim");
  o.batch_first = a.flag("batch_first");
  return nn::MultiheadAttention(a.integer("embed_dim"), a.integer("num_heads"), o);
}

constexpr const char* kEncoderLayer =
    "d_model nhead dim_feedforward? dropout? activation? layer_norm_eps? batch_first? norm_first?";

// 'gelu' as a string or, in the text of an architecture, as a name.
nn::TransformerActivation activation(Args& a) {
  if (!a.given("activation")) return nn::TransformerActivation::relu;
  const Value& v = a["activation"];
  const std::string name = v.get<Namespace>() ? v.get<Namespace>()->path : v.text();
  if (name == "relu") return nn::TransformerActivation::relu;
  if (name == "gelu") return nn::TransformerActivation::gelu;
  throw Unsupported("activation " + name);
}

nn::TransformerEncoderLayer make_encoder_layer(Args& a) {
  nn::TransformerEncoderLayerOptions o;
  o.dim_feedforward = a.integer("dim_feedforward", 2048);
  o.dropout = a.real("dropout", 0.1);
  o.activation = activation(a);
  o.layer_norm_eps = a.real("layer_norm_eps", 1e-5);
  o.batch_first = a.flag("batch_first");
  o.norm_first = a.flag("norm_first");
  return nn::TransformerEncoderLayer(a.integer("d_model"), a.integer("nhead"), o);
}

AnyModule with_weights(const nn::MultiheadAttention& m) {
  AnyModule made{m, [m](const Tensor& x) { return m(x).output; }};
  made.call = [m](const List& args) -> Value {
    const auto given = [&](std::size_t i) { return args.at(i < args.size() ? i : 0).tensor(); };
    const nn::AttentionOutput r = m(given(0), given(1), given(2));
    return List{r.output, r.weights};
  };
  return made;
}

// Attributes without those that are no arguments of the constructor, and the mode the record asks for.
template <class M>
M made_for(Case& c, const char* signature, M (*make)(Args&)) {
  Dict attrs = constructor_attrs(c);
  std::erase_if(attrs, [](const auto& a) { return a.first == "layout"; });
  Args args(signature, {}, attrs);
  M m = make(args);
  args.require_all_used();
  bind_parameters(c, m);
  for (const auto& [name, value] : c.attrs)
    if (name == "training") m.train(value.flag());
  return m;
}

Tensor optional(const Case& c, const char* name) { return c.has(name) ? c.tensor(name) : Tensor(); }

// x attends to itself; or query, key and value.
Value attention(Case& c) {
  const auto m = made_for(c, kAttention, make_attention);
  const Tensor query = c.tensor(c.has("x") ? "x" : "query");
  const Tensor key = c.has("key") ? c.tensor("key") : query, value = c.has("value") ? c.tensor("value") : key;
  nn::AttentionInputs in;
  in.key_padding_mask = optional(c, "key_padding_mask");
  in.attn_mask = optional(c, "attn_mask");
  const nn::AttentionOutput r = m(query, key, value, in);
  return List{r.output, r.weights};
}

Value encoder_layer(Case& c) {
  const auto m = made_for(c, kEncoderLayer, make_encoder_layer);
  return m(c.tensor("src"), optional(c, "src_mask"), optional(c, "src_key_padding_mask"));
}

Value dot_product(Case& c) {
  Args args("is_causal|causal? scale?", {}, c.attrs);
  xgrad::AttentionOptions o;
  o.mask = optional(c, "mask");
  o.is_causal = args.flag("is_causal");
  if (args.given("scale")) o.scale = args.real("scale");
  return xgrad::scaled_dot_product_attention(c.tensor("q"), c.tensor("k"), c.tensor("v"), o);
}

Value bilinear(Case& c) {
  const Tensor w = c.tensor("weight");
  nn::Bilinear m(w.size(1), w.size(2), w.size(0), {.bias = c.has("bias")});
  bind_parameters(c, m);
  return m(c.tensor("input1"), c.tensor("input2"));
}

}  // namespace

void add_attention_classes(ClassTable& t) {
  t["MultiheadAttention"] = {kAttention, [](Args& a) { return with_weights(make_attention(a)); }};
  t["TransformerEncoderLayer"] = {kEncoderLayer, [](Args& a) { return any(make_encoder_layer(a)); }};
  t["Bilinear"] = {"in1_features in2_features out_features bias?", [](Args& a) {
                     const nn::Bilinear m(a.integer("in1_features"), a.integer("in2_features"),
                                          a.integer("out_features"), {.bias = a.flag("bias", true)});
                     AnyModule made{m, [](const Tensor&) -> Tensor { throw Unsupported("one input of Bilinear"); }};
                     made.call = [m](const List& args) -> Value { return m(args.at(0).tensor(), args.at(1).tensor()); };
                     return made;
                   }};
}

const std::map<std::string, std::function<Value(Case&)>>& attention_calls() {
  static const std::map<std::string, std::function<Value(Case&)>> table = {
      {"MultiheadAttention", attention},
      {"TransformerEncoderLayer", encoder_layer},
      {"scaled_dot_product", dot_product},
      {"Bilinear", bilinear},
  };
  return table;
}

}  // namespace oracle
