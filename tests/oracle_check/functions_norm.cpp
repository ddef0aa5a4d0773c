// Normalisation, padding, interpolation, embedding, further activations and losses in functional form.
#include "functions.hpp"

namespace oracle {

namespace {

const std::string kF = "nn.functional.";

std::vector<double> numbers_of(const Value& v) {
  if (!v.list()) return {v.real()};
  std::vector<double> out;
  for (const Value& i : *v.list()) out.push_back(i.real());
  return out;
}
std::vector<std::int64_t> integers_of(const Value& v) {
  if (!v.list()) return {v.integer()};
  std::vector<std::int64_t> out;
  for (const Value& i : *v.list()) out.push_back(i.integer());
  return out;
}

xgrad::Interpolation interpolation(const std::string& mode) {
  using I = xgrad::Interpolation;
  static const std::map<std::string, I> table{
      {"nearest", I::nearest}, {"nearest-exact", I::nearest_exact}, {"linear", I::linear}, {"bilinear", I::bilinear},
      {"bicubic", I::bicubic}, {"trilinear", I::trilinear},         {"area", I::area}};
  const auto found = table.find(mode);
  if (found == table.end()) throw Unsupported("mode " + mode);
  return found->second;
}

xgrad::PadMode pad_mode(const std::string& mode) {
  using M = xgrad::PadMode;
  static const std::map<std::string, M> table{
      {"constant", M::constant}, {"reflect", M::reflect}, {"replicate", M::replicate}, {"circular", M::circular}};
  const auto found = table.find(mode);
  if (found == table.end()) throw Unsupported("mode " + mode);
  return found->second;
}

xgrad::GridSampleOptions grid_options(Args& a) {
  const std::string mode = a.text("mode", "bilinear"), padding = a.text("padding_mode", "zeros");
  xgrad::GridSampleOptions o;
  if (mode == "nearest" || mode == "bicubic")
    o.mode = mode == "nearest" ? xgrad::GridMode::nearest : xgrad::GridMode::bicubic;
  else if (mode != "bilinear")
    throw Unsupported("mode " + mode);
  if (padding == "border" || padding == "reflection")
    o.padding_mode = padding == "border" ? xgrad::GridPadding::border : xgrad::GridPadding::reflection;
  else if (padding != "zeros")
    throw Unsupported("padding_mode " + padding);
  o.align_corners = a.flag("align_corners");
  return o;
}

}  // namespace

xgrad::InterpolateOptions interpolate_options(Args& a) {
  xgrad::InterpolateOptions o;
  if (a.given("size")) o.size = integers_of(a["size"]);
  if (a.given("scale_factor")) o.scale_factor = numbers_of(a["scale_factor"]);
  o.mode = interpolation(a.text("mode", "nearest"));
  o.align_corners = a.flag("align_corners");
  o.recompute_scale_factor = a.flag("recompute_scale_factor");
  o.antialias = a.flag("antialias");
  return o;
}

xgrad::EmbeddingBagOptions embedding_bag_options(Args& a) {
  xgrad::EmbeddingBagOptions o;
  const std::string mode = a.text("mode", "mean");
  if (mode != "mean" && mode != "sum" && mode != "max") throw Unsupported("mode " + mode);
  o.mode = mode == "sum" ? xgrad::BagMode::sum : mode == "max" ? xgrad::BagMode::max : xgrad::BagMode::mean;
  o.include_last_offset = a.flag("include_last_offset");
  if (a.given("padding_idx")) o.padding_idx = a.integer("padding_idx");
  if (a.given("max_norm")) o.max_norm = a.real("max_norm");
  o.norm_type = a.real("norm_type", 2);
  o.scale_grad_by_freq = a.flag("scale_grad_by_freq");
  return o;
}

namespace {

Value native_layer_norm(Args& a) {
  const Tensor x = a.tensor("input");
  const Shape shape = a.shape("normalized_shape");
  const double eps = a.real("eps", 1e-5);
  Shape dims;
  for (int d = 0; d < shape.rank(); ++d) dims.push_back(x.dim() - shape.rank() + d);
  const Tensor y = xgrad::layer_norm(x, shape, a.optional_tensor("weight"), a.optional_tensor("bias"), eps);
  return std::vector<Tensor>{y, xgrad::mean(x, dims, true), xgrad::rsqrt(xgrad::var(x, dims, 0, true) + eps)};
}

Value embedding_bag(Args& a) {
  xgrad::EmbeddingBagOptions o = embedding_bag_options(a);
  o.offsets = a.optional_tensor("offsets");
  o.per_sample_weights = a.optional_tensor("per_sample_weights");
  Tensor index = a.tensor("input"), weight = a.tensor("weight");
  if (index.is_floating_point() && !weight.is_floating_point()) std::swap(index, weight);  // as in opinfo
  return xgrad::embedding_bag(index, weight, o);
}

void add_normalisation(FunctionTable& t) {
  t[kF + "batch_norm"] = {"input running_mean? running_var? weight? bias? training? momentum? eps?", [](Args& a) {
                            return xgrad::batch_norm(a.tensor("input"), a.optional_tensor("running_mean"),
                                                     a.optional_tensor("running_var"), a.optional_tensor("weight"),
                                                     a.optional_tensor("bias"), a.flag("training"),
                                                     a.real("momentum", 0.1), a.real("eps", 1e-5));
                          }};
  t[kF + "layer_norm"] = {"input normalized_shape weight? bias? eps?", [](Args& a) {
                            return xgrad::layer_norm(a.tensor("input"), a.shape("normalized_shape"),
                                                     a.optional_tensor("weight"), a.optional_tensor("bias"),
                                                     a.real("eps", 1e-5));
                          }};
  t["native_layer_norm"] = {"input normalized_shape weight? bias? eps?", native_layer_norm};
  t[kF + "group_norm"] = {"input num_groups weight? bias? eps?", [](Args& a) {
                            return xgrad::group_norm(a.tensor("input"), a.integer("num_groups"),
                                                     a.optional_tensor("weight"), a.optional_tensor("bias"),
                                                     a.real("eps", 1e-5));
                          }};
  t[kF + "instance_norm"] = {
      "input running_mean? running_var? weight? bias? use_input_stats? momentum? eps?", [](Args& a) {
        return xgrad::instance_norm(a.tensor("input"), a.optional_tensor("running_mean"),
                                    a.optional_tensor("running_var"), a.optional_tensor("weight"),
                                    a.optional_tensor("bias"), a.flag("use_input_stats", true), a.real("momentum", 0.1),
                                    a.real("eps", 1e-5));
      }};
  t[kF + "local_response_norm"] = {"input size alpha? beta? k?", [](Args& a) {
                                     return xgrad::local_response_norm(a.tensor("input"), a.integer("size"),
                                                                       a.real("alpha", 1e-4), a.real("beta", 0.75),
                                                                       a.real("k", 1));
                                   }};
  t[kF + "embedding_bag"] = {
      "input weight offsets? max_norm? norm_type? scale_grad_by_freq? mode? per_sample_weights? include_last_offset? "
      "padding_idx?",
      embedding_bag};
  t[kF + "embedding"] = {"input weight padding_idx? max_norm? norm_type? scale_grad_by_freq?", [](Args& a) {
                           xgrad::EmbeddingOptions o;
                           if (a.given("padding_idx")) o.padding_idx = a.integer("padding_idx");
                           if (a.given("max_norm")) o.max_norm = a.real("max_norm");
                           o.norm_type = a.real("norm_type", 2);
                           o.scale_grad_by_freq = a.flag("scale_grad_by_freq");
                           Tensor index = a.tensor("input"), weight = a.tensor("weight");
                           if (index.is_floating_point() && !weight.is_floating_point())
                             std::swap(index, weight);  // as in opinfo
                           return xgrad::embedding(index, weight, o);
                         }};
}

void add_padding(FunctionTable& t) {
  t[kF + "pad"] = {"input pad mode? value?", [](Args& a) {
                     return xgrad::pad(a.tensor("input"), integers_of(a["pad"]), pad_mode(a.text("mode", "constant")),
                                       a.given("value") ? a["value"].scalar() : Scalar(0.0));
                   }};
  t["constant_pad_nd"] = {"input pad value?", [](Args& a) {
                            return xgrad::pad(a.tensor("input"), integers_of(a["pad"]), xgrad::PadMode::constant,
                                              a.given("value") ? a["value"].scalar() : Scalar(0.0));
                          }};
  t[kF + "interpolate"] = {"input size? scale_factor? mode? align_corners? recompute_scale_factor? antialias?",
                           [](Args& a) { return xgrad::interpolate(a.tensor("input"), interpolate_options(a)); }};
  t[kF + "grid_sample"] = {"input grid mode? padding_mode? align_corners?", [](Args& a) {
                             return xgrad::grid_sample(a.tensor("input"), a.tensor("grid"), grid_options(a));
                           }};
  t[kF + "affine_grid"] = {"theta size align_corners?", [](Args& a) {
                             return xgrad::affine_grid(a.tensor("theta"), a.shape("size"), a.flag("align_corners"));
                           }};
  t[kF + "rms_norm"] = {"input normalized_shape weight? eps?", [](Args& a) {
                          std::optional<double> eps;
                          if (a.given("eps")) eps = a.real("eps");
                          return xgrad::rms_norm(a.tensor("input"), a.shape("normalized_shape"),
                                                 a.optional_tensor("weight"), eps);
                        }};
  t[kF + "upsample_nearest"] = {"input size? scale_factor?", [](Args& a) {
                                  xgrad::InterpolateOptions o;
                                  if (a.given("size")) o.size = integers_of(a["size"]);
                                  if (a.given("scale_factor")) o.scale_factor = numbers_of(a["scale_factor"]);
                                  return xgrad::interpolate(a.tensor("input"), o);
                                }};
  t[kF + "upsample_bilinear"] = {"input size? scale_factor?", [](Args& a) {
                                   xgrad::InterpolateOptions o;
                                   if (a.given("size")) o.size = integers_of(a["size"]);
                                   if (a.given("scale_factor")) o.scale_factor = numbers_of(a["scale_factor"]);
                                   o.mode = xgrad::Interpolation::bilinear;
                                   o.align_corners = true;
                                   return xgrad::interpolate(a.tensor("input"), o);
                                 }};
}

Function activation(Tensor (*f)(const Tensor&, xgrad::Location)) {
  return {"input", [f](Args& a) { return f(a.tensor("input"), here()); }};
}

void add_activations(FunctionTable& t) {
  t[kF + "relu6"] = activation(&xgrad::relu6);
  t[kF + "hardsigmoid"] = activation(&xgrad::hardsigmoid);
  t[kF + "hardswish"] = activation(&xgrad::hardswish);
  t[kF + "selu"] = activation(&xgrad::selu);
  t[kF + "mish"] = activation(&xgrad::mish);
  t[kF + "softsign"] = activation(&xgrad::softsign);
  t[kF + "tanhshrink"] = activation(&xgrad::tanhshrink);
  t[kF + "hardtanh"] = {"input min_val? max_val?", [](Args& a) {
                          return xgrad::hardtanh(a.tensor("input"), a.real("min_val", -1), a.real("max_val", 1));
                        }};
  t[kF + "hardshrink"] = {"input lambd?",
                          [](Args& a) { return xgrad::hardshrink(a.tensor("input"), a.real("lambd", 0.5)); }};
  t[kF + "softshrink"] = {"input lambd?",
                          [](Args& a) { return xgrad::softshrink(a.tensor("input"), a.real("lambd", 0.5)); }};
  t[kF + "threshold"] = {"input threshold value", [](Args& a) {
                           return xgrad::threshold(a.tensor("input"), a.real("threshold"), a.real("value"));
                         }};
  t[kF + "celu"] = {"input alpha?", [](Args& a) { return xgrad::celu(a.tensor("input"), a.real("alpha", 1)); }};
  t[kF + "glu"] = {"input dim?", [](Args& a) { return xgrad::glu(a.tensor("input"), a.integer("dim", -1)); }};
  t[kF + "prelu"] = {"input weight", [](Args& a) { return xgrad::prelu(a.tensor("input"), a.tensor("weight")); }};
  t[kF + "rrelu"] = {"input lower? upper? training?", [](Args& a) {
                       return xgrad::rrelu(a.tensor("input"), a.real("lower", 1. / 8), a.real("upper", 1. / 3),
                                           a.flag("training"));
                     }};
  t[kF + "softmin"] = {"input dim? dtype?", [](Args& a) {
                         Tensor x = a.tensor("input");
                         x = x.to(a.dtype("dtype", x.dtype()));
                         return xgrad::softmin(x,
                                               a.integer("dim", x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1));
                       }};
  t["heaviside"] = {"input values", [](Args& a) { return xgrad::heaviside(a.tensor("input"), a.tensor("values")); }};
}

using PairLoss = Tensor (*)(const Tensor&, const Tensor&, xgrad::Reduction, xgrad::Location);

Function pair_loss(PairLoss f) {
  return {"input target reduction?",
          [f](Args& a) { return f(a.tensor("input"), a.tensor("target"), reduction(a), here()); }};
}

Value kl_div(Args& a) {
  const std::string r = a.text("reduction", "mean");
  using K = xgrad::KlReduction;
  if (r != "none" && r != "sum" && r != "batchmean" && r != "mean") throw Unsupported("reduction " + r);
  const K kind = r == "none" ? K::none : r == "sum" ? K::sum : r == "batchmean" ? K::batchmean : K::mean;
  return xgrad::kl_div(a.tensor("input"), a.tensor("target"), kind, a.flag("log_target"));
}

void add_value_losses(FunctionTable& t) {
  t[kF + "smooth_l1_loss"] = {"input target reduction? beta?", [](Args& a) {
                                return xgrad::smooth_l1_loss(a.tensor("input"), a.tensor("target"), reduction(a),
                                                             a.real("beta", 1));
                              }};
  t[kF + "huber_loss"] = {"input target reduction? delta?", [](Args& a) {
                            return xgrad::huber_loss(a.tensor("input"), a.tensor("target"), reduction(a),
                                                     a.real("delta", 1));
                          }};
  t[kF + "binary_cross_entropy"] = {"input target weight? reduction?", [](Args& a) {
                                      return xgrad::binary_cross_entropy(a.tensor("input"), a.tensor("target"),
                                                                         a.optional_tensor("weight"), reduction(a));
                                    }};
  t[kF + "kl_div"] = {"input target reduction? log_target?", kl_div};
  t[kF + "poisson_nll_loss"] = {"input target log_input? full? eps? reduction?", [](Args& a) {
                                  return xgrad::poisson_nll_loss(a.tensor("input"), a.tensor("target"),
                                                                 {.log_input = a.flag("log_input", true),
                                                                  .full = a.flag("full"),
                                                                  .eps = a.real("eps", 1e-8),
                                                                  .reduction = reduction(a)});
                                }};
  t[kF + "gaussian_nll_loss"] = {"input target var full? eps? reduction?", [](Args& a) {
                                   return xgrad::gaussian_nll_loss(
                                       a.tensor("input"), a.tensor("target"), a.tensor("var"),
                                       {.full = a.flag("full"), .eps = a.real("eps", 1e-6), .reduction = reduction(a)});
                                 }};
}

void add_margin_losses(FunctionTable& t) {
  t[kF + "soft_margin_loss"] = pair_loss(&xgrad::soft_margin_loss);
  t[kF + "multilabel_margin_loss"] = pair_loss(&xgrad::multilabel_margin_loss);
  t[kF + "multilabel_soft_margin_loss"] = {"input target weight? reduction?", [](Args& a) {
                                             return xgrad::multilabel_soft_margin_loss(
                                                 a.tensor("input"), a.tensor("target"), a.optional_tensor("weight"),
                                                 reduction(a));
                                           }};
  t[kF + "hinge_embedding_loss"] = {"input target margin? reduction?", [](Args& a) {
                                      return xgrad::hinge_embedding_loss(a.tensor("input"), a.tensor("target"),
                                                                         a.real("margin", 1), reduction(a));
                                    }};
  t[kF + "margin_ranking_loss"] = {"input1 input2 target margin? reduction?", [](Args& a) {
                                     return xgrad::margin_ranking_loss(a.tensor("input1"), a.tensor("input2"),
                                                                       a.tensor("target"), a.real("margin", 0),
                                                                       reduction(a));
                                   }};
  t[kF + "cosine_embedding_loss"] = {"input1 input2 target margin? reduction?", [](Args& a) {
                                       return xgrad::cosine_embedding_loss(a.tensor("input1"), a.tensor("input2"),
                                                                           a.tensor("target"), a.real("margin", 0),
                                                                           reduction(a));
                                     }};
  t[kF + "triplet_margin_loss"] = {"anchor positive negative margin? p? eps? swap? reduction?", [](Args& a) {
                                     return xgrad::triplet_margin_loss(a.tensor("anchor"), a.tensor("positive"),
                                                                       a.tensor("negative"),
                                                                       {.margin = a.real("margin", 1),
                                                                        .p = a.real("p", 2),
                                                                        .eps = a.real("eps", 1e-6),
                                                                        .swap = a.flag("swap"),
                                                                        .reduction = reduction(a)});
                                   }};
  t[kF + "multi_margin_loss"] = {"input target p? margin? weight? reduction?", [](Args& a) {
                                   return xgrad::multi_margin_loss(a.tensor("input"), a.tensor("target"),
                                                                   {.p = static_cast<int>(a.integer("p", 1)),
                                                                    .margin = a.real("margin", 1),
                                                                    .weight = a.optional_tensor("weight"),
                                                                    .reduction = reduction(a)});
                                 }};
}

}  // namespace

void add_norm_functions(FunctionTable& t) {
  add_normalisation(t);
  add_padding(t);
  add_activations(t);
  add_value_losses(t);
  add_margin_losses(t);
}

}  // namespace oracle
