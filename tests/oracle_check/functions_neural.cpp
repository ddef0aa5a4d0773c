// Activations and losses in functional form, linear, dropout.
#include "functions.hpp"

namespace oracle {

xgrad::Reduction reduction(Args& a) {
  const std::string r = a.text("reduction", "mean");
  if (r == "none") return xgrad::Reduction::none;
  if (r == "mean") return xgrad::Reduction::mean;
  if (r == "sum") return xgrad::Reduction::sum;
  throw Unsupported("reduction " + r);
}

namespace {

xgrad::Gelu gelu_kind(Args& a) {
  const std::string kind = a.text("approximate", "none");
  if (kind != "none" && kind != "tanh") throw Unsupported("approximate " + kind);
  return kind == "tanh" ? xgrad::Gelu::tanh : xgrad::Gelu::none;
}

Value cross_entropy(Args& a) {
  xgrad::CrossEntropyOptions o;
  o.weight = a.optional_tensor("weight");
  o.ignore_index = a.integer("ignore_index", -100);
  o.reduction = reduction(a);
  o.label_smoothing = a.real("label_smoothing", 0);
  return xgrad::cross_entropy(a.tensor("input"), a.tensor("target"), o);
}

Value nll_loss(Args& a) {
  xgrad::NllLossOptions o;
  o.weight = a.optional_tensor("weight");
  o.ignore_index = a.integer("ignore_index", -100);
  o.reduction = reduction(a);
  return xgrad::nll_loss(a.tensor("input"), a.tensor("target"), o);
}

Value bce_with_logits(Args& a) {
  xgrad::BceWithLogitsOptions o;
  o.weight = a.optional_tensor("weight");
  o.pos_weight = a.optional_tensor("pos_weight");
  o.reduction = reduction(a);
  return xgrad::binary_cross_entropy_with_logits(a.tensor("input"), a.tensor("target"), o);
}

}  // namespace

namespace {

void add_init(FunctionTable& t) {
  namespace init = xgrad::nn::init;
  const auto filled = [](const char* signature, const std::function<void(Tensor&, Args&)>& f) {
    return Function{signature, [f](Args& a) -> Value {
                      Tensor x = a.tensor("tensor");
                      f(x, a);
                      return x;
                    }};
  };
  const std::string p = "nn.init.";
  t[p + "uniform_"] =
      filled("tensor a? b?", [](Tensor& x, Args& a) { init::uniform_(x, a.real("a", 0), a.real("b", 1)); });
  t[p + "normal_"] =
      filled("tensor mean? std?", [](Tensor& x, Args& a) { init::normal_(x, a.real("mean", 0), a.real("std", 1)); });
  t[p + "constant_"] = filled("tensor val", [](Tensor& x, Args& a) { init::constant_(x, a.real("val")); });
  t[p + "eye_"] = filled("tensor", [](Tensor& x, Args&) { init::eye_(x); });
  t[p + "xavier_uniform_"] =
      filled("tensor gain?", [](Tensor& x, Args& a) { init::xavier_uniform_(x, a.real("gain", 1)); });
  t[p + "xavier_normal_"] =
      filled("tensor gain?", [](Tensor& x, Args& a) { init::xavier_normal_(x, a.real("gain", 1)); });
  t[p + "kaiming_uniform_"] =
      filled("tensor a?", [](Tensor& x, Args& a) { init::kaiming_uniform_(x, a.real("a", 0)); });
  t[p + "kaiming_normal_"] = filled("tensor a?", [](Tensor& x, Args& a) { init::kaiming_normal_(x, a.real("a", 0)); });
}

}  // namespace

void add_neural(FunctionTable& t) {
  add_init(t);
  const std::string f = "nn.functional.";
  t[f + "linear"] = {"input weight bias?", [](Args& a) {
                       return xgrad::linear(a.tensor("input"), a.tensor("weight"), a.optional_tensor("bias"));
                     }};
  t[f + "bilinear"] = {"input1 input2 weight bias?", [](Args& a) {
                         return xgrad::bilinear(a.tensor("input1"), a.tensor("input2"), a.tensor("weight"),
                                                a.optional_tensor("bias"));
                       }};
  t[f + "dropout"] = {"input p? training?", [](Args& a) {
                        return xgrad::dropout(a.tensor("input"), a.real("p", 0.5), a.flag("training", true));
                      }};
  t[f + "leaky_relu"] = {"input negative_slope?",
                         [](Args& a) { return xgrad::leaky_relu(a.tensor("input"), a.real("negative_slope", 0.01)); }};
  t[f + "elu"] = {"input alpha?", [](Args& a) { return xgrad::elu(a.tensor("input"), a.real("alpha", 1)); }};
  t[f + "silu"] = {"input", [](Args& a) { return xgrad::silu(a.tensor("input")); }};
  t[f + "gelu"] = {"input approximate?", [](Args& a) { return xgrad::gelu(a.tensor("input"), gelu_kind(a)); }};
  t[f + "softplus"] = {"input beta? threshold?", [](Args& a) {
                         return xgrad::softplus(a.tensor("input"), a.real("beta", 1), a.real("threshold", 20));
                       }};
  t[f + "logsigmoid"] = t[f + "log_sigmoid"] = {"input", [](Args& a) { return xgrad::log_sigmoid(a.tensor("input")); }};

  t[f + "mse_loss"] = {"input target reduction?",
                       [](Args& a) { return xgrad::mse_loss(a.tensor("input"), a.tensor("target"), reduction(a)); }};
  t[f + "l1_loss"] = {"input target reduction?",
                      [](Args& a) { return xgrad::l1_loss(a.tensor("input"), a.tensor("target"), reduction(a)); }};
  t[f + "cross_entropy"] = {"input target weight? ignore_index? reduction? label_smoothing?", cross_entropy};
  t[f + "nll_loss"] = {"input target weight? ignore_index? reduction?", nll_loss};
  t[f + "ctc_loss"] = {
      "log_probs targets input_lengths target_lengths blank? reduction? zero_infinity?", [](Args& a) {
        return xgrad::ctc_loss(
            a.tensor("log_probs"), a.tensor("targets"), a.tensor("input_lengths"), a.tensor("target_lengths"),
            {.blank = a.integer("blank", 0), .reduction = reduction(a), .zero_infinity = a.flag("zero_infinity")});
      }};
  t[f + "binary_cross_entropy_with_logits"] = {"input target weight? pos_weight? reduction?", bce_with_logits};
}

}  // namespace oracle
