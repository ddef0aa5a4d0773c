// Formulas of explain() and of the explorer are those of what was computed, not of what the name suggests.
#include <cmath>

#include <xgrad/custom.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/record.hpp>
#include <xgrad/viz.hpp>

#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor named(const char* name, const Shape& shape) {
  std::vector<double> v;  // of both signs
  for (std::int64_t i = 0; i < shape.numel(); ++i) v.push_back(std::sin(1.7 * static_cast<double>(i) + 1));
  return from_vector(v, shape).requires_grad_().set_name(name);
}
Tensor classes(std::initializer_list<std::int64_t> c) { return tensor(c, {DType::int64}).set_name("t"); }

void explains(const Tensor& loss, const std::vector<std::string>& parts, Location at = Location::current()) {
  const std::string text = viz::explain(loss);
  for (const std::string& part : parts)
    BOOST_CHECK_MESSAGE(has(text, part), file_and_line(at) << ": no '" << part << "' in:\n" << text);
}
void does_not_explain(const Tensor& loss, const std::string& part) {
  const std::string text = viz::explain(loss);
  BOOST_CHECK_MESSAGE(!has(text, part), "'" << part << "' in:\n" << text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(formulas)

BOOST_AUTO_TEST_CASE(losses_by_reduction) {
  const Tensor x = named("x", {2, 3}), t = zeros({2, 3}, {kFloat64}).set_name("t");
  explains(mse_loss(x, t), {"= \\frac{1}{N}\\sum_{n}{(x-t)}^{2}", "\\,\\frac{2(x-t)}{N}"});
  explains(mse_loss(x, t, Reduction::sum), {"= \\sum_{n}{(x-t)}^{2}", "\\,2(x-t)"});
  explains(mse_loss(x, t, Reduction::none).sum(), {"= {(x-t)}^{2}", "\\odot 2(x-t)"});
  explains(l1_loss(x, t + 0.5), {"\\frac{1}{N}\\sum_{n}|x-", "\\frac{\\mathrm{sign}(x-"});
}

BOOST_AUTO_TEST_CASE(cross_entropy_as_it_was_called) {
  const Tensor x = named("x", {2, 3}), t = classes({0, 2}), w = ones({3}, {kFloat64}).set_name("w");
  const std::string p = "\\mathrm{softmax}(x)", log = "\\mathrm{log}";
  explains(cross_entropy(x, t),
           {"= -\\frac{1}{N}\\sum_{n}" + log + p + "_{t}", "\\frac{" + p + "-\\mathrm{onehot}(t)}{N}"});
  explains(cross_entropy(x, t, {.reduction = Reduction::sum}),
           {"= -\\sum_{n}" + log + p + "_{t}", "(" + p + "-\\mathrm{onehot}(t))"});
  explains(cross_entropy(x, t, {.reduction = Reduction::none}).sum(), {"= -" + log + p + "_{t}"});
  explains(cross_entropy(x, t, {.weight = w}), {"= -\\frac{\\sum_{n}w_{t}" + log + p + "_{t}}{\\sum_{n}w_{t}}",
                                                "\\frac{w_{t}(" + p + "-\\mathrm{onehot}(t))}{\\sum_{n}w_{t}}"});
  explains(cross_entropy(x, t, {.ignore_index = 2}),
           {"= -\\frac{\\sum_{n}[t\\neq 2]" + log + p + "_{t}}{\\sum_{n}[t\\neq 2]}"});
  const std::string smoothed = "((1-0.1)\\mathrm{onehot}(t)+\\frac{0.1}{C})";
  explains(cross_entropy(x, t, {.label_smoothing = 0.1}),
           {"\\sum_{c}" + smoothed + "\\odot " + log + p, "\\frac{" + p + "-" + smoothed + "}{N}"});
  // Rows of the class that is ignored by default are told where there are some.
  const Tensor some = classes({0, -100});
  explains(cross_entropy(x, some), {"= -\\frac{\\sum_{n}[t\\neq -100]" + log + p + "_{t}}{\\sum_{n}[t\\neq -100]}"});
  explains(cross_entropy(x, t, {.weight = w, .label_smoothing = 0.1}),
           {"\\frac{((\\sum_{c}w\\odot " + smoothed + ")" + p + "-w\\odot " + smoothed + ")}{\\sum_{n}w_{t}}"});
  explains(nll_loss(x, t), {"= -\\frac{1}{N}\\sum_{n}x_{t}", "(-0.50)", "the 4 others get 0"});
  const Tensor unequal = tensor({1., 2., 3.}, {kFloat64}).set_name("w");
  explains(nll_loss(x, t, {.weight = unequal}), {"-\\frac{w_{t}\\mathrm{onehot}(t)}{\\sum_{n}w_{t}}"});
  const Tensor q = softmax(named("q", {2, 3}).detach(), 1).set_name("q");
  explains(cross_entropy(x, q), {"= -\\sum_{c}q\\odot " + log + p});
}

BOOST_AUTO_TEST_CASE(losses_of_differences_and_probabilities) {
  const Tensor x = named("x", {2, 3}), t = zeros({2, 3}, {kFloat64}).set_name("t");
  explains(huber_loss(x, t, Reduction::mean, 0.5),
           {"([|x-t|<0.5]\\frac{{(x-t)}^{2}}{2}+[|x-t|\\geq 0.5]0.5(|x-t|-0.25))",
            "\\frac{\\mathrm{min}(\\mathrm{max}(x-t,-0.5),0.5)}{N}"});
  explains(smooth_l1_loss(x, t, Reduction::sum, 2), {"\\frac{{(x-t)}^{2}}{4}", "(\\mathrm{max}(\\frac{x-t}{2},-1),1)"});
  const Tensor p = sigmoid(named("s", {2, 3})).detach().requires_grad_().set_name("p");
  explains(binary_cross_entropy(p, t), {"\\frac{1}{N}\\sum_{n}-(t\\odot \\mathrm{log}p+(1-t)\\odot \\mathrm{log}(1-p))",
                                        "\\frac{\\frac{p-t}{p(1-p)}}{N}"});
  explains(binary_cross_entropy_with_logits(x, t), {"\\mathrm{log}\\sigma(x)", "\\frac{(\\sigma(x)-t)}{N}"});
  const Tensor w = ones({3}, {kFloat64}).set_name("w");
  explains(binary_cross_entropy_with_logits(x, t, {.pos_weight = w}), {"w\\odot t\\odot \\mathrm{log}\\sigma(x)"});
  explains(kl_div(x, p.detach().set_name("q")), {"q\\odot (\\mathrm{log}q-x)", "\\frac{-q}{N}"});
}

// What the operation was told is in its formula.
BOOST_AUTO_TEST_CASE(options) {
  const Tensor x = named("x", {2, 3}), y = named("y", {2, 3});
  explains(clamp(x, -1, 0.5).sum(), {"= \\mathrm{min}(\\mathrm{max}(x,-1),0.5)", "[-1\\leq x\\leq 0.5]"});
  explains(elu(x, 0.5).sum(), {"0.5({e}^{x}-1)", "([x>0]+0.5{e}^{x}[x\\leq 0])"});
  explains(softplus(x, 2).sum(), {"\\frac{1}{2}\\mathrm{log}(1+{e}^{2x})", "\\sigma(2x)"});
  explains(lerp(x, y, 0.25).sum(), {"= x+0.25(y-x)", "=0.75\\,"});
  explains(dropout(x, 0.25).sum(), {"\\frac{\\mathrm{mask}}{1-0.25}\\odot x"});
  explains(cumsum(x, 1).square().sum(), {"\\sum_{j\\leq i,\\text{dim 1}}x_{j}"});
  explains(select(x, 1, 2).square().sum(), {"= x_{\\text{dim 1: 2}}"});
  explains(pow(x.abs(), y).sum(), {"\\odot {v_{1}}^{y-1}", "\\mathrm{log}"});
  explains(gelu(x).sum(), {"(\\Phi(x)+x\\odot \\varphi(x))"});
  explains(where(x.detach() > 0, x, y).sum(), {"(1-"});
  explains(addcmul(x, x, y, 2).sum(), {"= x+2\\,x\\odot y", "2\\,y"});
  explains(var(x, {1}).sum(), {"= \\frac{1}{2}\\sum_{\\text{dim 1}}"});
  explains(logsumexp(x, {1}).square().sum(), {"\\mathrm{log}\\sum_{\\text{dim 1}}{e}^{x}"});
  explains(flip(x, {1}).square().sum(), {"\\mathrm{flip}_{\\text{dims=1}}(x)"});
  // A number that the program wrote is a number, not the first of the data.
  explains(pow(2, x).sum(), {"= {2}^{x}"});
  explains(remainder(x, 0.5).sum(), {"x-0.5\\odot \\lfloor x/0.5\\rfloor "});
  does_not_explain(pow(2, x).sum(), "data");
  // Letters of sums are none of the names.
  explains(mse_loss(named("n", {2}), named("k", {2}).detach().set_name("k")), {"\\sum_{i}{(n-k)}^{2}"});
  // No sign that LaTeX does not have, and spaces that it keeps.
  does_not_explain(leaky_relu(x, -0.25).sum(), "\u2212");
  explains(leaky_relu(x, -0.25).sum(), {"\\mathrm{leaky\\ relu}_{-0.25}"});
}

BOOST_AUTO_TEST_CASE(recurrent_layers_show_their_cell) {
  const nn::LSTM lstm(3, 2);
  explains(lstm(ones({4, 1, 3})).output.sum(), {"c_{t}=\\sigma(f)\\odot c_{t-1}+\\sigma(i)\\odot \\mathrm{tanh}(g)",
                                                "h_{t}=\\sigma(o)\\odot \\mathrm{tanh}(c_{t})"});
  const nn::GRU gru(3, 2);
  explains(gru(ones({4, 1, 3})).output.sum(), {"h_{t}=(1-z)\\odot n+z\\odot h_{t-1}"});
  const nn::RNN rnn(3, 2);
  explains(rnn(ones({4, 1, 3})).output.sum(), {"h_{t}=\\mathrm{tanh}("});
}

// Of large tensors shape and norm.
BOOST_AUTO_TEST_CASE(large_tensors) {
  const Tensor x = ones({4, 9}, {kFloat64}).requires_grad_().set_name("x");
  explains((x * 2).sum(), {"= \\left[\\,4\\times 9\\,\\right]_{\\|\\cdot\\|=12}"});
}

BOOST_AUTO_TEST_CASE(arithmetic_and_reductions) {
  const Tensor x = named("x", {2, 3}), y = named("y", {2, 3});
  explains(add(x, y, 2).sum(), {"= x+2\\,y"});
  explains(sub(x, y, 2).sum(), {"= x-2\\,y"});
  explains((3 - x).sum(), {"= 3-x"});
  explains((3 / x).sum(), {"= 3/x", "-\\frac{3}{{x}^{2}}"});
  explains(pow(x, 3).sum(), {"= {x}^{3}", "\\odot 3{x}^{2}"});
  explains(x.sum({1}).square().sum(), {"= \\sum_{\\text{dim 1}}x"});
  explains(x.mean({0}, true).square().sum(), {"= \\frac{1}{2}\\sum_{\\text{dim 0}}x"});
  explains(x.mean(), {"= \\frac{1}{N}\\sum_{i}x"});
  explains(softmax(x, 1).square().sum(), {"= \\mathrm{softmax}(x)"});
  explains(softmax(x, 0).square().sum(), {"\\mathrm{softmax}_{\\text{dim 0}}(x)"});
  explains(x.t().square().sum(), {"= {x}^{\\top}"});
  const Tensor z = named("z", {2, 3, 4});
  explains(permute(z, {2, 0, 1}).square().sum(), {"\\mathrm{permute}_{2, 0, 1}(z)"});
  explains(permute(z, {0, 2, 1}).square().sum(), {"= {z}^{\\top}"});
  explains(transpose(z, 0, 1).square().sum(), {"\\mathrm{transpose}_{0, 1}(z)"});
}

BOOST_AUTO_TEST_CASE(layers) {
  const Tensor x = named("x", {2, 3}), w = named("w", {4, 3});
  does_not_explain(linear(x, w).sum(), "\\dots");
  explains(linear(x, w).sum(), {"= x\\,{{W}^{[1]}}^{\\top}"});
  explains(leaky_relu(x, 0.25).sum(), {"_{0.25}(x)", "([x>0]+0.25[x\\leq 0])"});
  explains(gelu(x).sum(), {"= x\\odot \\Phi(x)"});
  explains(gelu(x, Gelu::tanh).sum(), {"0.044715{x}^{3}"});
  const Tensor mean = zeros({3}, {kFloat64}), var = ones({3}, {kFloat64});
  explains(batch_norm(x, mean, var, {}, {}, true).square().sum(), {"\\frac{x-\\mu}"});
  does_not_explain(batch_norm(x, mean, var, {}, {}, true).square().sum(), "\\gamma");
  explains(batch_norm(x, mean, var, {}, {}, false).square().sum(), {"\\frac{x-\\mu_{\\text{running}}}"});
  const Tensor g = named("g", {3});
  explains(layer_norm(x, {3}, g).square().sum(),
           {"\\frac{g_{i}}{\\sqrt{{\\sigma}^{2}+1e-05}}([i=j]-\\frac{1+\\hat{x}_{i}\\hat{x}_{j}}{3})",
            "\\hat{x}=\\frac{x-\\mu}"});
  explains(batch_norm(x, mean, var, g, {}, true).square().sum(), {"\\frac{g}{\\sqrt", "\\hat{x}_{j}}{2})"});
  explains(batch_norm(x, mean, var, {}, {}, false).square().sum(), {"\\odot \\frac{1}{\\sqrt"});
  const Tensor many = named("x", {2, 4, 3});
  explains(group_norm(many, 2).square().sum(), {"\\hat{x}_{j}}{6})", "\\mu_{\\text{group}}"});
  explains(instance_norm(many).square().sum(), {"\\hat{x}_{j}}{3})"});
}

BOOST_AUTO_TEST_CASE(slopes_of_attention_and_cells) {
  const Tensor q = named("q", {2, 3}), k = named("k", {4, 3}), v = named("v", {4, 3}), h = named("h", {2, 3});
  const Tensor y = scaled_dot_product_attention(q, k, v, {.scale = 0.5}).set_name("y");
  explains(y.square().sum(),
           {"[i=j]0.5\\sum_{m}P_{im}(v_{m}-y_{i}){k_{m}}^{\\top}", ",P=\\mathrm{softmax}(0.5q\\,{k}^{\\top})"});
  const Tensor w = named("w", {3, 3}), u = named("u", {3, 3});
  const Tensor next = rnn_tanh_cell(q, h, {w, u}).set_name("n");
  explains(next.square().sum(), {"(1-{n_{i}}^{2})w_{ij}", "(1-{n_{i}}^{2})u_{ij}", "(1-{n_{i}}^{2})[i=k]h_{j}"});
}

BOOST_AUTO_TEST_CASE(operations_of_programs) {
  const Tensor x = named("x", {3});
  const Tensor y = record("relu", x.detach() * x.detach(), {x}, {x},
                          [](const Saved& s, const Tensor& g) -> Grads { return {g * s[0] * 2}; });
  explains(y.sum(), {"\\mathrm{relu}(x)", "\\frac{\\partial v"});
  does_not_explain(y.sum(), "[x>0]");
  explains(relu(x).sum(), {"[x>0]"});
  const Tensor z = elementwise("mse_loss", [](auto v) { return v * v; })(x);
  explains(z.sum(), {"\\mathrm{mse\\_loss}(x)"});
}

// The gradient of the piece that was used stands at that piece.
BOOST_AUTO_TEST_CASE(each_result_of_several) {
  const Tensor x = named("x", {2, 2});
  const std::vector<Tensor> parts = unbind(x, 0);
  const Tensor first = parts[0], second = parts[1];
  Tensor(first).set_name("first");
  Tensor(second).set_name("second");
  explains((second * 3).sum(), {"{\\partial \\mathrm{second}} = \\begin{pmatrix}3&3\\end{pmatrix}"});
  does_not_explain((second * 3).sum(), "{\\partial \\mathrm{first}} = \\begin");
  explains((first * 2).sum() + (second * 3).sum(),
           {"{\\partial \\mathrm{first}} = \\begin{pmatrix}2&2\\end{pmatrix},\\qquad",
            "{\\partial \\mathrm{second}} = \\begin{pmatrix}3&3\\end{pmatrix},\\qquad"});
}

BOOST_AUTO_TEST_SUITE_END()
