// nn and losses: modules whose parameters come from the record, and loss functions.
#include <map>

#include "convolution.hpp"
#include "functions.hpp"
#include "modules.hpp"
#include "nn_calls.hpp"
#include "record.hpp"
#include "recurrent.hpp"

namespace oracle {

namespace nn = xgrad::nn;

Dict constructor_attrs(const Case& c) {
  Dict d = c.attrs;
  std::erase_if(
      d, [](const auto& a) { return a.first == "training" || a.first == "pre_scale" || a.first == "magnitude"; });
  return d;
}

Value run_module(Case& c, AnyModule m) {
  bind_parameters(c, m.module);
  for (const auto& [name, value] : c.attrs)
    if (name == "training") m.module.train(value.flag());
  Tensor x = c.inputs.at(0).tensor;
  for (const auto& [name, value] : c.attrs)
    if (name == "pre_scale")
      x = xgrad::mul(x, value.scalar());
    else if (name == "magnitude")
      x = xgrad::abs(x);
  return m.call ? m.call({x}) : Value(m.forward(x));
}

AnyModule module_or_unsupported(const std::string& name, List args, Dict named) {
  auto m = make_module(name, std::move(args), std::move(named));
  if (!m) throw Unsupported("no module " + name);
  return *m;
}

namespace {

// A module with the record's attributes for arguments, its sizes from the weight where there is one.
Value simple_module(Case& c) {
  std::string name = c.op.substr(0, c.op.find('_'));  // GELU_tanh is GELU with an attribute
  Dict attrs = constructor_attrs(c);
  if (name == "Linear") {
    const Tensor weight = c.tensor("weight");
    attrs.emplace_back("in_features", weight.size(1));
    attrs.emplace_back("out_features", weight.size(0));
  }
  if (name.starts_with("Conv")) add_conv_sizes(name, c.tensor("weight"), attrs);
  return run_module(c, module_or_unsupported(name, {}, attrs));
}

Value sequential(Case& c) {
  std::vector<AnyModule> layers;
  for (const Json& layer : c.record.at("attrs").at("layers")) layers.push_back(parse_layer(layer));
  return run_module(c, make_sequential(layers));
}

// One weight as the table of rows and as the matrix of a linear layer.
Value tied_weights(Case& c) {
  const Tensor i = c.tensor("input"), w = c.tensor("weight");
  std::vector<std::int64_t> shape = i.shape().vec();
  shape.push_back(w.size(1));
  return xgrad::linear(xgrad::reshape(xgrad::index_select(w, 0, xgrad::flatten(i)), shape), w);
}

// The largest of each window, put back where it was.
Value unpooled(Case& c) {
  const Tensor x = c.tensor("input");
  const std::string dimensions = c.op.substr(std::string("MaxUnpool").size());
  Dict pool = c.attrs, back = c.attrs;
  pool.emplace_back("return_indices", true);
  const Value pooled = call_function("max_pool" + dimensions, {x}, pool);
  List size;
  for (std::int64_t d = 2; d < x.dim(); ++d) size.emplace_back(x.size(d));
  back.emplace_back("output_size", size);
  return call_function("max_unpool" + dimensions, *pooled.list(), back);
}

// The same with the layers under the names that the parameters have: conv, bn, fc.
Value named_sequential(Case& c) {
  const std::map<std::string, const char*> names = {{"Conv2d", "conv"}, {"BatchNorm2d", "bn"}, {"Linear", "fc"}};
  std::vector<AnyModule> layers;
  nn::Module parent;
  for (const Json& layer : c.record.at("attrs").at("layers")) {
    const std::string text = layer;
    layers.push_back(parse_layer(text));
    if (const auto name = names.find(text.substr(0, text.find('('))); name != names.end())
      layers.back().module = parent.register_module(name->second, layers.back().module);
  }
  bind_parameters(c, parent);
  Tensor x = c.inputs.at(0).tensor;
  for (const AnyModule& l : layers) x = l.forward(x);
  return x;
}

// Pooling of |x|: powers of other numbers may not be real.
Value of_magnitudes(Case& c) {
  if (c.record.value("torch", "").find("|x|") != std::string::npos) c.attrs.emplace_back("magnitude", true);
  return simple_module(c);
}

// Clipping of the inputs as gradients; the gradients afterwards, and the norm where there is one.
Value clipped(Case& c) {
  std::vector<Tensor> params;
  for (const Input& i : c.inputs) {
    params.push_back(xgrad::zeros_like(i.tensor).requires_grad_());
    params.back().set_grad(i.tensor.clone());
  }
  double norm_type = 2;
  for (auto& [name, value] : c.attrs)
    if (name == "norm_type") norm_type = value.get<std::string>() ? std::stod(*value.get<std::string>()) : value.real();
  Args args("max_norm? norm_type? clip_value?", {}, c.attrs);
  List out;
  if (c.op == "clip_grad_value_") {
    xgrad::optim::clip_grad_value_(params, args.real("clip_value", 0));
    for (const Tensor& p : params) out.push_back(p.grad());
    return out;
  }
  const double norm = xgrad::optim::clip_grad_norm_(params, args.real("max_norm", 0), norm_type);
  for (const Tensor& p : params) out.push_back(p.grad());
  out.push_back(xgrad::tensor(norm, {.dtype = params.front().dtype()}));
  return out;
}

// A linear layer without bias, by PyTorch's older names weight_g and weight_v.
Value normalised_weight(Case& c) {
  const Tensor v = c.tensor("weight_v");
  Args args("dim?", {}, c.attrs);
  const auto m =
      nn::utils::weight_norm(nn::Linear(v.size(1), v.size(0), {.bias = false}), "weight", args.integer("dim", 0));
  nn::Module handle = m;
  bind_parameters(c, handle);
  return m(c.tensor("input"));
}

Value flat_parameters(Case& c) { return xgrad::nn::parameters_to_vector(c.tensors()); }

const std::map<std::string, std::function<Value(Case&)>>& network_calls() {
  static const std::map<std::string, std::function<Value(Case&)>> table = {
      {"sequential_mlp", sequential},     {"weight_sharing", tied_weights}, {"MaxUnpool1d", unpooled},
      {"MaxUnpool2d", unpooled},          {"MaxUnpool3d", unpooled},        {"conv_bn_relu_pool_fc", named_sequential},
      {"clip_grad_norm_", clipped},       {"clip_grad_value_", clipped},    {"LPPool1d", of_magnitudes},
      {"LPPool2d", of_magnitudes},        {"LPPool3d", of_magnitudes},      {"parameters_to_vector", flat_parameters},
      {"weight_norm", normalised_weight},
  };
  return table;
}

// Class -> function, with the attributes that only repeat what the inputs say.
const std::map<std::string, const char*>& losses() {
  static const std::map<std::string, const char*> table = {
      {"MSELoss", "mse_loss"},
      {"L1Loss", "l1_loss"},
      {"BCEWithLogitsLoss", "binary_cross_entropy_with_logits"},
      {"CrossEntropyLoss", "cross_entropy"},
      {"NLLLoss", "nll_loss"},
      {"SmoothL1Loss", "smooth_l1_loss"},
      {"HuberLoss", "huber_loss"},
      {"BCELoss", "binary_cross_entropy"},
      {"KLDivLoss", "kl_div"},
      {"PoissonNLLLoss", "poisson_nll_loss"},
      {"GaussianNLLLoss", "gaussian_nll_loss"},
      {"HingeEmbeddingLoss", "hinge_embedding_loss"},
      {"SoftMarginLoss", "soft_margin_loss"},
      {"MarginRankingLoss", "margin_ranking_loss"},
      {"CosineEmbeddingLoss", "cosine_embedding_loss"},
      {"TripletMarginLoss", "triplet_margin_loss"},
      {"MultiMarginLoss", "multi_margin_loss"},
      {"MultiLabelMarginLoss", "multilabel_margin_loss"},
      {"MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss"},
      {"CTCLoss", "ctc_loss"},
  };
  return table;
}

}  // namespace

// All floating tensors of a record have one dtype.
void bind_parameters(Case& c, nn::Module& m) {
  for (const Input& i : c.inputs)
    if (i.tensor.is_floating_point()) m.to(i.tensor.dtype());
  for (const auto& [name, parameter] : m.named_parameters()) c.bind(name, parameter);
  for (const auto& [name, buffer] : m.named_buffers())
    if (c.has(name)) c.bind(name, buffer);
}

void check_nn(const Json& record) {
  Case c(record);
  if (is_recurrent(c.op)) return check_operation(c, run_recurrent);
  for (const auto* table : {&network_calls(), &norm_calls(), &attention_calls()})
    if (const auto found = table->find(c.op); found != table->end()) return check_operation(c, found->second);
  check_operation(c, simple_module);
}

void check_losses(const Json& record) {
  Case c(record);
  check_operation(c, [](Case& loss) {
    const auto f = losses().find(loss.op.substr(0, loss.op.find('_')));  // HuberLoss_delta
    if (f == losses().end()) throw Unsupported("no loss " + loss.op);
    Dict named = loss.attrs;
    // "probabilities" and "(T, N, C)": the inputs show it.
    std::erase_if(named, [](const auto& a) { return a.first == "target" || a.first == "layout"; });
    for (const Input& i : loss.inputs) {
      if (i.name == "logits")
        named.emplace_back("log_probs", xgrad::log_softmax(i.tensor, -1));
      else
        named.emplace_back(i.name, i.tensor);
    }
    return call_function(f->second, {}, named);
  });
}

}  // namespace oracle
