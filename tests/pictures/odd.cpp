// What a picture must not stumble over: operations of users, derivatives of derivatives, odd types, values and names.
#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>

#include "networks.hpp"

namespace nn = xgrad::nn;
using xgrad::Tensor;

namespace gallery {
namespace {

Tensor after_backward(const Tensor& loss) {
  loss.backward();
  return loss;
}

struct Reverse : xgrad::Function<Reverse> {
  static constexpr const char* name = "reverse_gradient";
  static Tensor forward(Context& ctx, const Tensor& x, double scale) {
    ctx.save("scale", scale);
    return x.clone();
  }
  static std::vector<Tensor> backward(Context& ctx, const std::vector<Tensor>& grads) {
    return {-ctx.get<double>("scale") * grads[0]};
  }
};

Tensor custom_ops() {
  const auto swish = xgrad::elementwise("swish", [](auto x) { return x / (1 + exp(-x)); });
  const auto outer = xgrad::custom_op(
      "outer",
      [](const Tensor& x, const Tensor& y) {
        return x.reshape({-1, 1}) * y;
      },
      [](const Tensor& g, const Tensor& x, const Tensor& y, const Tensor&) {
        return std::pair(matmul(g, y), matmul(g.t(), x));
      });
  const Tensor x = xgrad::randn({3}).requires_grad_().set_name("x"),
               y = xgrad::randn({2}).requires_grad_().set_name("y");
  return after_backward(Reverse::apply(outer(swish(x), y), 0.5).sum());
}

// The gradient penalty of Gulrajani et al. 2017: the loss holds a derivative.
Tensor double_backward() {
  const nn::Sequential critic(nn::Linear(2, 4), nn::Tanh(), nn::Linear(4, 1));
  const Tensor x = xgrad::randn({3, 2}).requires_grad_().set_name("x");
  const Tensor score = critic(x);
  const Tensor slope = xgrad::grad({score.sum()}, {x}, {}, {.create_graph = true})[0];
  return after_backward(score.mean() + square(sqrt(square(slope).sum({1})) - 1).mean());
}

Tensor integers_and_booleans() {
  const nn::Embedding table(10, 3);
  const Tensor tokens = xgrad::tensor({3, 1, 4, 1}, {xgrad::kInt64}).set_name("tokens");
  const Tensor e = table(tokens), keep = (e > 0).set_name("keep");
  const Tensor picked =
      gather(masked_fill(e, keep, -1.), 1, xgrad::tensor({{0}, {2}, {1}, {0}}, {xgrad::kInt64}).set_name("columns"));
  return after_backward(where(picked > 0, picked, picked * 0.1).sum() +
                        cross_entropy(e, xgrad::tensor({0, 1, 2, 0}, {xgrad::kInt64}).set_name("label")));
}

Tensor nan_and_infinity() {
  const Tensor x = xgrad::tensor({-1., 0., 4.}).requires_grad_().set_name("x");
  return after_backward((log(x) * 2 + reciprocal(x)).sum());
}

Tensor hostile_names() {
  struct Odd : nn::Layer<Odd> {
    Odd() : Layer("<b>\"Odd\"</b> & {x|y}") {}
    nn::Linear part = register_module("a\"];}-->", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) const { return relu(part(x)); }
  };
  const Odd odd;
  const Tensor x = xgrad::randn({2, 2}).requires_grad_().set_name("</td></tr>&amp;&#1;\\N\"{|}\n\t\xff\xc3"),
               w = xgrad::randn({2}).requires_grad_().set_name(std::string(300, 'w')),
               u = xgrad::randn({2}).requires_grad_().set_name("ünïcödé 数 ✓ \x1b[31m");
  return after_backward((odd(x) * w + u).sum());
}

Tensor empty_tensors() {
  const nn::Linear layer(3, 2);
  const Tensor x = xgrad::empty({0, 3}).set_name("no rows");
  return after_backward(layer(x).sum() + xgrad::empty({2, 0}).requires_grad_().set_name("no columns").sum());
}

Tensor in_place_change() {
  const Tensor w = xgrad::tensor({1., 2.}).requires_grad_().set_name("w");
  Tensor y = w * 2;
  y.add_(xgrad::tensor({10., 20.}).set_name("added"));
  y[0] = 7;
  return after_backward(square(y).sum());
}

Tensor several_outputs() {
  const Tensor x = xgrad::randn({4, 6}).requires_grad_().set_name("x");
  const std::vector<Tensor> parts = split(x, 2, 1);
  return after_backward((parts[0] * parts[2]).sum() + max(x, 1).values.sum());
}

Tensor before_backward() {
  const nn::Sequential net(nn::Linear(4, 3), nn::Dropout(0.5), nn::LayerNorm({3}));
  return net(xgrad::randn({2, 4}).set_name("x")).sum();
}

}  // namespace

std::vector<Network> odd_networks() {
  return {{"custom_ops", custom_ops},
          {"double_backward", double_backward},
          {"integers_and_booleans", integers_and_booleans},
          {"nan_and_infinity", nan_and_infinity},
          {"hostile_names", hostile_names},
          {"empty_tensors", empty_tensors},
          {"in_place_change", in_place_change},
          {"several_outputs", several_outputs},
          {"before_backward", before_backward}};
}

}  // namespace gallery
