// What recorded operations were told beside their tensors, as GraphNode and tape::collect() give it.
#include <sstream>

#include <xgrad/attributes.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/graph_node.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/record.hpp>
#include <xgrad/tape.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor leaf(const Shape& shape) { return rand(shape, {.requires_grad = true}); }

std::string told(const Tensor& y) {
  std::ostringstream text;
  text << y.grad_fn().attributes();
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attributes)

BOOST_AUTO_TEST_CASE(names_and_values) {
  const Tensor x = leaf({2, 3, 4});
  const Attributes one = sum(x, {1, -1}, true).grad_fn().attributes();
  BOOST_TEST(one.size() == 2u);
  BOOST_TEST(one[0].name == "dim");
  BOOST_TEST(bool(one.get<std::vector<std::int64_t>>("dim") == std::vector<std::int64_t>{1, 2}));
  BOOST_TEST(one.get<bool>("keepdim").value());
  BOOST_TEST(!one.get<std::int64_t>("keepdim"));  // of another type
  BOOST_TEST(!one.get<bool>("dims"));
  BOOST_TEST(one.find("keepdim") == &one[1].value);
  BOOST_TEST(one.find("p") == nullptr);
  const Attributes scaled = (1.5 * x).grad_fn().attributes();
  BOOST_TEST(scaled.get<double>("other").value() == 1.5);
  BOOST_TEST(softmax(x, 0).grad_fn().attributes().get<double>("dim").value() == 0);  // an integer as a double
  BOOST_TEST((x * x).grad_fn().attributes().empty());
  BOOST_TEST((x * x).grad_fn().next_functions()[0].first.attributes().empty());  // AccumulateGrad
  expect<AutogradError>({"attributes", "none"}, [&] { std::ignore = x.grad_fn().attributes(); });
  const tape::OpNode node = tape::collect(sum(x, {1})).nodes[0];
  BOOST_TEST(bool(node.attributes == sum(x, {1}).grad_fn().attributes()));
  BOOST_TEST(!bool(node.attributes == one));
  BOOST_TEST(node.of_library);
}

BOOST_AUTO_TEST_CASE(arithmetic_and_reductions) {
  const Tensor x = leaf({2, 3}), y = leaf({2, 3});
  BOOST_TEST(told(add(x, y)) == "");
  BOOST_TEST(told(add(x, y, 2)) == "alpha=2");
  BOOST_TEST(told(sub(x, y, 0.5)) == "alpha=0.5");
  BOOST_TEST(told(x + 3) == "other=3");
  BOOST_TEST(told(3 - x) == "other=3");
  BOOST_TEST(told(x / 4) == "other=4");
  BOOST_TEST(told(4 / x) == "other=4");
  BOOST_TEST(told(pow(x, 3)) == "exponent=3");
  BOOST_TEST(told(lerp(x, y, 0.25)) == "weight=0.25");
  BOOST_TEST(told(addcmul(x, y, y, 2)) == "value=2");
  BOOST_TEST(told(fmod(x, y)) == "rounding_mode=trunc");
  BOOST_TEST(told(mean(x)) == "dim=[0, 1], keepdim=false");
  BOOST_TEST(told(prod(x, 1, true)) == "dim=[1], keepdim=true");
  BOOST_TEST(told(var(x, {0})) == "dim=[0], keepdim=false, correction=1");
  BOOST_TEST(told(logsumexp(x, {1})) == "dim=[1], keepdim=false");
  BOOST_TEST(told(amax(x, {0})) == "dim=[0], keepdim=false");
  BOOST_TEST(told(max(x, 1).values) == "dim=1, keepdim=false");
  BOOST_TEST(told(topk(x, 2, 1, false).values) == "dim=1, k=2, largest=false");
  BOOST_TEST(told(cumsum(x, 1)) == "dim=1, reverse=false");
}

BOOST_AUTO_TEST_CASE(shapes_and_places) {
  const Tensor x = leaf({2, 3, 4});
  BOOST_TEST(told(transpose(x, 0, -1)) == "dim0=0, dim1=2");
  BOOST_TEST(told(permute(x, {2, 0, 1})) == "dims=[2, 0, 1]");
  BOOST_TEST(told(unsqueeze(x, -1)) == "dim=3");
  BOOST_TEST(told(squeeze(unsqueeze(x, 1))) == "dim=[1]");
  BOOST_TEST(told(select(x, 1, -1)) == "dim=1, index=2");
  BOOST_TEST(told(slice(x, 2, 1, 100, 2)) == "dim=2, start=1, end=4, step=2");
  BOOST_TEST(told(narrow(x, 1, 1, 2)) == "dim=1, start=1, end=3, step=1");
  BOOST_TEST(told(cat({x, x}, 1)) == "dim=1");
  BOOST_TEST(told(stack({x, x}, -1)) == "dim=3");
  BOOST_TEST(told(split(x, 2, 1)[0]) == "dim=1");
  BOOST_TEST(told(chunk(x, 3, 1)[2]) == "dim=1");
  BOOST_TEST(told(unbind(x, 1)[1]) == "dim=1");
  BOOST_TEST(told(flip(x, {0, 2})) == "dims=[0, 2]");
  BOOST_TEST(told(roll(x, {1}, {2})) == "shifts=[0, 0, 1]");
  BOOST_TEST(told(x.reshape({6, 4})) == "");  // the shapes say it
  const Tensor i = tensor({{{0, 1, 0, 1}}}, {DType::int64});
  BOOST_TEST(told(gather(x, 1, i)) == "dim=1");
  BOOST_TEST(told(index_select(x, 0, tensor({1}, {DType::int64}))) == "dim=0");
  BOOST_TEST(told(embedding(tensor({1}, {DType::int64}), leaf({3, 2}))) == "");
  BOOST_TEST(told(embedding(tensor({1}, {DType::int64}), leaf({3, 2}), {.padding_idx = -1})) == "padding_idx=2");
  BOOST_TEST(told(masked_fill(x, x > 0, -1)) == "value=-1");
}

BOOST_AUTO_TEST_CASE(layers) {
  const Tensor x = leaf({1, 2, 6, 6}), w = leaf({2, 2, 3, 3}), mean = zeros({2}), var = ones({2});
  const std::string form = "dilation=[1, 1], groups=1";
  BOOST_TEST(told(conv2d(x, w, {}, {.stride = 2, .padding = {1, 0}})) == "stride=[2, 2], padding=[1, 0], " + form);
  BOOST_TEST(told(conv_transpose2d(x, w, {}, {.stride = 2, .output_padding = {1, 0}})) ==
             "stride=[2, 2], padding=[0, 0], " + form + ", output_padding=[1, 0]");
  BOOST_TEST(told(max_pool2d(x, 2)) == "kernel_size=[2, 2], stride=[2, 2], padding=[0, 0], dilation=[1, 1]");
  BOOST_TEST(told(avg_pool2d(x, 3, {.stride = 1, .padding = 1, .count_include_pad = false})) ==
             "kernel_size=[3, 3], stride=[1, 1], padding=[1, 1], count_include_pad=false");
  BOOST_TEST(told(adaptive_avg_pool2d(x, {4, 1})) == "output_size=[4, 1]");
  BOOST_TEST(told(batch_norm(x, mean, var, {}, {}, true, 0.25, 0.5)) == "training=true, momentum=0.25, eps=0.5");
  BOOST_TEST(told(batch_norm(x, mean, var, {}, {}, false, 0.25, 0.5)) == "training=false, momentum=0.25, eps=0.5");
  BOOST_TEST(told(layer_norm(x, {6, 6}, {}, {}, 0.5)) == "normalized_shape=[6, 6], eps=0.5");
  BOOST_TEST(told(group_norm(x, 2, {}, {}, 0.5)) == "num_groups=2, eps=0.5");
  BOOST_TEST(told(dropout(x, 0.5)) == "p=0.5");
  BOOST_TEST(told(interpolate(x, {.size = {12, 12}, .mode = Interpolation::bilinear, .align_corners = true})) ==
             "mode=bilinear, align_corners=true, antialias=false, transposed=false");
  BOOST_TEST(told(interpolate(x, {.scale_factor = {1.5}})) ==
             "mode=nearest, align_corners=false, antialias=false, scales_h=1.5, scales_w=1.5, transposed=false");
  BOOST_TEST(told(pad(x, {1, 2}, PadMode::constant, 3)) == "pad=[1, 2], mode=constant, value=3");
  BOOST_TEST(told(pad(x, {0, 0, 1, 1}, PadMode::reflect)) == "pad=[0, 0, 1, 1], mode=reflect, value=0");
  const Tensor q = leaf({1, 3, 4});
  BOOST_TEST(told(scaled_dot_product_attention(q, q, q, {.is_causal = true})) ==
             "is_causal=true, scale=0.5, dropout_p=0");
  const RecurrentWeights weights{leaf({12, 4}), leaf({12, 4})};
  BOOST_TEST(told(gru(leaf({2, 1, 4}), {}, weights, {.reverse = true}).output) == "reverse=true");
}

BOOST_AUTO_TEST_CASE(activations_and_losses) {
  const Tensor x = leaf({2, 3}), t = tensor({0, 2}, {DType::int64});
  BOOST_TEST(told(softmax(x, -1)) == "dim=1");
  BOOST_TEST(told(log_softmax(x, 0)) == "dim=0");
  BOOST_TEST(told(leaky_relu(x, 0.25)) == "negative_slope=0.25");
  BOOST_TEST(told(elu(x, 2)) == "alpha=2");
  BOOST_TEST(told(gelu(x)) == "approximate=none");
  BOOST_TEST(told(gelu(x, Gelu::tanh)) == "approximate=tanh");
  BOOST_TEST(told(softplus(x, 2, 10)) == "beta=2, threshold=10");
  BOOST_TEST(told(hardtanh(x, -2, 2)) == "min_val=-2, max_val=2");
  BOOST_TEST(told(clamp_min(x, 0)) == "min=0");
  BOOST_TEST(told(clamp(x, -1, 1)) == "min=-1, max=1");
  BOOST_TEST(told(relu(x)) == "");
  BOOST_TEST(told(mse_loss(x, x.detach(), Reduction::sum)) == "reduction=sum");
  BOOST_TEST(told(huber_loss(x, x.detach(), Reduction::mean, 2)) == "reduction=mean, delta=2");
  BOOST_TEST(told(cross_entropy(x, t)) == "reduction=mean, ignore_index=-100, label_smoothing=0");
  BOOST_TEST(told(cross_entropy(x, t, {.ignore_index = 2, .reduction = Reduction::none, .label_smoothing = 0.25})) ==
             "reduction=none, ignore_index=2, label_smoothing=0.25");
  BOOST_TEST(told(binary_cross_entropy_with_logits(x, ones({2, 3}))) == "reduction=mean");
}

namespace {

struct Tripled {
  double factor;
  Grads operator()(const Saved&, const Tensor& g) const { return {g * factor}; }
  void attributes(Attributes& list) const { list.add("factor", factor); }
};

}  // namespace

// An operation of the program may have attributes of its own, and is none of the library's, whatever its name.
BOOST_AUTO_TEST_CASE(operations_of_programs) {
  const Tensor x = leaf({2});
  const Tensor y = record("relu", x.detach() * 3, {x}, {}, Tripled{3});
  BOOST_TEST(told(y) == "factor=3");
  BOOST_TEST(!tape::collect(y).nodes[0].of_library);
  BOOST_TEST(tape::collect(relu(x)).nodes[0].of_library);
  check_close(grad(y.sum(), x)[0], {3, 3}, 0);
  const Tensor z = elementwise("relu", [](auto v) { return v * v; })(x);
  BOOST_TEST(!tape::collect(z).nodes[0].of_library);
}

BOOST_AUTO_TEST_SUITE_END()
