// Normalisation, padding, embedding and further activations as modules.
#include "classes.hpp"
#include "functions.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;

nn::BatchNormOptions batch_norm_options(Args& a) {
  nn::BatchNormOptions o;
  o.eps = a.real("eps", 1e-5);
  o.momentum = a.real("momentum", 0.1);
  o.affine = a.flag("affine", true);
  o.track_running_stats = a.flag("track_running_stats", true);
  if (a.flag("cumulative")) o.momentum.reset();  // momentum=None
  return o;
}

nn::InstanceNormOptions instance_norm_options(Args& a) {
  return {.eps = a.real("eps", 1e-5),
          .momentum = a.real("momentum", 0.1),
          .affine = a.flag("affine", false),
          .track_running_stats = a.flag("track_running_stats", false)};
}

template <class M>
Class batch_norm_class() {
  return {"num_features eps? momentum? affine? track_running_stats? cumulative?",
          [](Args& a) { return any(M(a.integer("num_features"), batch_norm_options(a))); }};
}
template <class M>
Class instance_norm_class() {
  return {"num_features eps? momentum? affine? track_running_stats?",
          [](Args& a) { return any(M(a.integer("num_features"), instance_norm_options(a))); }};
}

void add_normalisation(ClassTable& t) {
  t["BatchNorm1d"] = batch_norm_class<nn::BatchNorm1d>();
  t["BatchNorm2d"] = batch_norm_class<nn::BatchNorm2d>();
  t["BatchNorm3d"] = batch_norm_class<nn::BatchNorm3d>();
  t["InstanceNorm1d"] = instance_norm_class<nn::InstanceNorm1d>();
  t["InstanceNorm2d"] = instance_norm_class<nn::InstanceNorm2d>();
  t["InstanceNorm3d"] = instance_norm_class<nn::InstanceNorm3d>();
  t["LayerNorm"] = {"normalized_shape eps? elementwise_affine?", [](Args& a) {
                      return any(nn::LayerNorm(
                          a.shape("normalized_shape"),
                          {.eps = a.real("eps", 1e-5), .elementwise_affine = a.flag("elementwise_affine", true)}));
                    }};
  t["GroupNorm"] = {"num_groups num_channels eps? affine?", [](Args& a) {
                      return any(nn::GroupNorm(a.integer("num_groups"), a.integer("num_channels"),
                                               {.eps = a.real("eps", 1e-5), .affine = a.flag("affine", true)}));
                    }};
  t["LocalResponseNorm"] = {
      "size alpha? beta? k?", [](Args& a) {
        return any(nn::LocalResponseNorm(
            a.integer("size"), {.alpha = a.real("alpha", 1e-4), .beta = a.real("beta", 0.75), .k = a.real("k", 1)}));
      }};
  t["Embedding"] = {"num_embeddings embedding_dim padding_idx? max_norm? norm_type? scale_grad_by_freq?", [](Args& a) {
                      xgrad::EmbeddingOptions o;
                      if (a.given("padding_idx")) o.padding_idx = a.integer("padding_idx");
                      if (a.given("max_norm")) o.max_norm = a.real("max_norm");
                      o.norm_type = a.real("norm_type", 2);
                      o.scale_grad_by_freq = a.flag("scale_grad_by_freq");
                      return any(nn::Embedding(a.integer("num_embeddings"), a.integer("embedding_dim"), o));
                    }};
}

template <class M>
Class plain_class() {
  return {"", [](Args&) { return any(M()); }};
}

void add_activations(ClassTable& t) {
  t["ReLU6"] = plain_class<nn::ReLU6>();
  t["Hardsigmoid"] = plain_class<nn::Hardsigmoid>();
  t["Hardswish"] = plain_class<nn::Hardswish>();
  t["SELU"] = plain_class<nn::SELU>();
  t["Mish"] = plain_class<nn::Mish>();
  t["Softsign"] = plain_class<nn::Softsign>();
  t["Tanhshrink"] = plain_class<nn::Tanhshrink>();
  t["Hardtanh"] = {"min_val? max_val?", [](Args& a) {
                     return any(nn::Hardtanh({.min_val = a.real("min_val", -1), .max_val = a.real("max_val", 1)}));
                   }};
  t["Hardshrink"] = {"lambd?", [](Args& a) { return any(nn::Hardshrink({.lambd = a.real("lambd", 0.5)})); }};
  t["Softshrink"] = {"lambd?", [](Args& a) { return any(nn::Softshrink({.lambd = a.real("lambd", 0.5)})); }};
  t["CELU"] = {"alpha?", [](Args& a) { return any(nn::CELU({.alpha = a.real("alpha", 1)})); }};
  t["GLU"] = {"dim?", [](Args& a) { return any(nn::GLU({.dim = a.integer("dim", -1)})); }};
  t["Softmin"] = {"dim", [](Args& a) { return any(nn::Softmin({.dim = a.integer("dim")})); }};
  t["Threshold"] = {"threshold value",
                    [](Args& a) { return any(nn::Threshold(a.real("threshold"), a.real("value"))); }};
  t["RReLU"] = {"lower? upper?", [](Args& a) {
                  return any(nn::RReLU({.lower = a.real("lower", 1. / 8), .upper = a.real("upper", 1. / 3)}));
                }};
  t["PReLU"] = {
      "num_parameters? init?", [](Args& a) {
        return any(nn::PReLU({.num_parameters = a.integer("num_parameters", 1), .init = a.real("init", 0.25)}));
      }};
  t["Dropout2d"] = {"p?", [](Args& a) { return any(nn::Dropout2d(a.real("p", 0.5))); }};
}

template <class M>
Class pad_class() {
  return {"padding", [](Args& a) { return any(M(a.shape("padding").vec())); }};
}
template <class M>
Class constant_pad_class() {
  return {"padding value", [](Args& a) { return any(M(a.shape("padding").vec(), a.real("value"))); }};
}

void add_padding(ClassTable& t) {
  t["ZeroPad2d"] = pad_class<nn::ZeroPad2d>();
  t["ReflectionPad1d"] = pad_class<nn::ReflectionPad1d>();
  t["ReflectionPad2d"] = pad_class<nn::ReflectionPad2d>();
  t["ReflectionPad3d"] = pad_class<nn::ReflectionPad3d>();
  t["ReplicationPad1d"] = pad_class<nn::ReplicationPad1d>();
  t["ReplicationPad2d"] = pad_class<nn::ReplicationPad2d>();
  t["ReplicationPad3d"] = pad_class<nn::ReplicationPad3d>();
  t["ConstantPad1d"] = constant_pad_class<nn::ConstantPad1d>();
  t["ConstantPad2d"] = constant_pad_class<nn::ConstantPad2d>();
  t["ConstantPad3d"] = constant_pad_class<nn::ConstantPad3d>();
  t["Upsample"] = {"size? scale_factor? mode? align_corners? recompute_scale_factor?",
                   [](Args& a) { return any(nn::Upsample(interpolate_options(a))); }};
}

}  // namespace

void add_norm_classes(ClassTable& t) {
  add_normalisation(t);
  add_activations(t);
  add_padding(t);
}

}  // namespace oracle
