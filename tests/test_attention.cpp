// Attention and the layers made of it.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

std::vector<std::string> keys(const nn::Module& m) {
  std::vector<std::string> names;
  for (const auto& [name, t] : m.state_dict()) names.push_back(name);
  return names;
}

// embed_dim 1 with projections of 1: the attention of the numbers themselves.
nn::MultiheadAttention plain_attention(nn::MultiheadAttentionOptions options = {}) {
  nn::MultiheadAttention m(1, 1, options);
  m.to(kFloat64);
  const NoGradGuard off;
  m.in_proj_weight.fill_(1);
  m.out_proj.weight.fill_(1);
  return m;
}

Tensor column(std::initializer_list<double> v) { return from_vector(std::vector<double>(v)).reshape({-1, 1, 1}); }

}  // namespace

BOOST_AUTO_TEST_CASE(attention_by_hand) {
  const auto m = plain_attention();
  // Query ln 2 against keys 0, 1, 2: weights 1, 2, 4 of 7.
  const auto [output, weights] = m(column({std::log(2.0)}), column({0, 1, 2}), column({0, 1, 2}));
  BOOST_TEST((weights.shape() == Shape{1, 1, 3}));
  check_close(weights, {1. / 7, 2. / 7, 4. / 7}, 1e-12);
  check_close(output, {10. / 7}, 1e-12);
  // Leaving out the last key, by either mask.
  const Tensor last = from_vector(std::vector<double>{0, 0, 1}).reshape({1, 3}).to(kBool);
  for (const nn::AttentionInputs& in :
       {nn::AttentionInputs{.key_padding_mask = last}, nn::AttentionInputs{.attn_mask = last}})
    check_close(m(column({std::log(2.0)}), column({0, 1, 2}), column({0, 1, 2}), in).weights, {1. / 3, 2. / 3, 0},
                1e-12);
  // Numbers are added: ln 4 makes the first count four times.
  const Tensor more = from_vector(std::vector<double>{std::log(4.0), 0, 0}).reshape({1, 3});
  check_close(m(column({std::log(2.0)}), column({0, 1, 2}), column({0, 1, 2}), {.attn_mask = more}).weights,
              {0.4, 0.2, 0.4}, 1e-12);
  BOOST_TEST(!m(column({1}), column({1}), column({1}), {.need_weights = false}).weights.defined());
}

BOOST_AUTO_TEST_CASE(attention_to_what_is_added) {
  // Keys 0 and, added, 0: half each.
  auto m = plain_attention({.add_zero_attn = true});
  const auto [output, weights] = m(column({5}), column({0}), column({6}));
  check_close(weights, {0.5, 0.5}, 1e-12);
  check_close(output, {3}, 1e-12);
  auto learnt = plain_attention({.add_bias_kv = true});
  {
    const NoGradGuard off;
    learnt.bias_k.fill_(0);
    learnt.bias_v.fill_(4);
  }
  const Tensor all = ones({1, 1}, {kBool});  // masks leave out given keys only
  check_close(learnt(column({5}), column({0}), column({6}), {.key_padding_mask = all}).output, {4}, 1e-12);
  BOOST_TEST((keys(learnt) == std::vector<std::string>{"in_proj_weight", "in_proj_bias", "bias_k", "bias_v",
                                                       "out_proj.weight", "out_proj.bias"}));
}

BOOST_AUTO_TEST_CASE(attention_of_nothing_is_zero_beside_infinite_values) {
  const auto m = plain_attention();
  Tensor values = column({3, INFINITY}).requires_grad_(), keys = column({1, 2}).requires_grad_();
  const Tensor queries = column({1, 2}).requires_grad_();
  const Tensor none = tensor({{1, 1}, {0, 1}}).to(kBool);  // the first query sees nothing
  for (const bool whole : {false, true}) {
    const nn::AttentionInputs in =
        whole ? nn::AttentionInputs{.key_padding_mask = ones({1, 2}, {kBool})} : nn::AttentionInputs{.attn_mask = none};
    const auto [output, weights] = m(queries, keys, values, in);
    BOOST_TEST(output.select(0, 0).item() == 0);
    if (!whole) continue;  // the other query sees the infinite value
    for (const Tensor& g : grad({output.sum()}, {queries, keys, values})) BOOST_TEST(g.abs().max().item() == 0);
  }
}

BOOST_AUTO_TEST_CASE(attention_layouts_agree) {
  manual_seed(1);
  nn::MultiheadAttention m(6, 3), first(6, 3, {.batch_first = true});
  first.load_state_dict(m.state_dict());
  const Tensor x = randn({4, 2, 6}), other = randn({5, 2, 6});
  const auto a = m(x), b = first(x.transpose(0, 1));
  BOOST_TEST((a.weights.shape() == Shape{2, 4, 4}));
  BOOST_TEST(allclose(a.output, b.output.transpose(0, 1)));
  BOOST_TEST(allclose(a.output, m(x, x.clone(), x.clone()).output));  // one product or three
  BOOST_TEST(allclose(a.output.select(1, 1), m(x.select(1, 1)).output));
  const Tensor heads = m(x, other, other, {.average_attn_weights = false}).weights;
  BOOST_TEST((heads.shape() == Shape{2, 3, 4, 5}));
  BOOST_TEST(allclose(heads.mean({1}), m(x, other, other).weights));
  const nn::MultiheadAttention copy = m.clone();
  BOOST_TEST(allclose(copy(x).output, a.output));
  BOOST_TEST(!copy.out_proj.weight.is_same(m.out_proj.weight));
}

BOOST_AUTO_TEST_CASE(attention_gradients) {
  manual_seed(2);
  nn::MultiheadAttention m(4, 2, {.kdim = 3, .vdim = 2});
  m.to(kFloat64);
  const auto f = [&](const std::vector<Tensor>& in) { return m(in[0], in[1], in[2]).output; };
  const std::vector<Tensor> in{randn({2, 1, 4}, {kFloat64, true}), randn({3, 1, 3}, {kFloat64, true}),
                               randn({3, 1, 2}, {kFloat64, true}), m.k_proj_weight, m.in_proj_bias};
  BOOST_TEST(gradcheck(f, in));
  BOOST_TEST(gradgradcheck(f, in));
}

BOOST_AUTO_TEST_CASE(attention_drops_weights_in_training_only) {
  manual_seed(3);
  nn::MultiheadAttention m(4, 2, {.dropout = 1});
  BOOST_TEST(m(randn({3, 2, 4})).weights.sum().item() == 0);
  m.eval();
  BOOST_TEST(std::abs(m(randn({3, 2, 4})).weights.sum().item() - 6) < 1e-5);
}

BOOST_AUTO_TEST_CASE(attention_refuses) {
  expect<ValueError>({"embed_dim 5 not divisible by num_heads 2"}, [] { nn::MultiheadAttention(5, 2); });
  expect<ValueError>({"sizes must be positive, got 0"}, [] { nn::MultiheadAttention(4, 0); });
  expect<ValueError>({"dropout must be in [0, 1], got 1.5"}, [] { nn::MultiheadAttention(4, 2, {.dropout = 1.5}); });
  const nn::MultiheadAttention m(4, 2);
  const Tensor x = zeros({3, 2, 4});
  expect<ShapeError>({"expected 4 features, got 5"}, [&] { m(zeros({3, 2, 5})); });
  expect<ShapeError>({"query has rank 4"}, [&] { m(zeros({1, 3, 2, 4})); });
  expect<ShapeError>({"batches of query, key and value are 2, 1 and 1"}, [&] {
    m(x, zeros({3, 1, 4}), zeros({3, 1, 4}));
  });
  expect<ShapeError>({"3 keys and 2 values"}, [&] { m(x, x, zeros({2, 2, 4})); });
  expect<ShapeError>({"key_padding_mask must be (2, 3)"}, [&] {
    m(x, x, x, {.key_padding_mask = zeros({3, 2}, {kBool})});
  });
  expect<ShapeError>({"attn_mask must be (3, 3) or (4, 3, 3)"}, [&] { m(x, x, x, {.attn_mask = zeros({2, 3})}); });
  expect<DTypeError>({"attn_mask must be bool or float32, got int64"}, [&] {
    m(x, x, x, {.attn_mask = zeros({3, 3}, {kInt64})});
  });
}

BOOST_AUTO_TEST_CASE(encoder_layer) {
  manual_seed(4);
  const nn::TransformerEncoderLayerOptions options{.dim_feedforward = 6, .dropout = 0};
  nn::TransformerEncoderLayer layer(4, 2, options);
  BOOST_TEST((keys(layer) == std::vector<std::string>{
                                 "self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
                                 "self_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight",
                                 "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"}));
  layer.to(kFloat64);
  const Tensor x = randn({3, 2, 4}, {kFloat64, true});
  // Normalised at the end: every position has mean 0 and variance 1.
  const Tensor y = layer(x);
  check_close(y.mean({-1}), std::vector<double>(6, 0), 1e-9);
  check_close(var(y, {-1}, 0), std::vector<double>(6, 1), 1e-3);
  // Without the parts, norm_first passes its input on.
  nn::TransformerEncoderLayer way(4, 2, {.dim_feedforward = 6, .dropout = 0, .norm_first = true});
  way.to(kFloat64);
  {
    const NoGradGuard off;
    way.self_attn.out_proj.weight.zero_();
    way.linear2.weight.zero_();
    way.linear2.bias.zero_();
  }
  BOOST_TEST(allclose(way(x), x));
  // A masked position is as if it were not there.
  const Tensor padded = from_vector(std::vector<double>{0, 0, 1, 0, 0, 1}).reshape({2, 3}).to(kBool);
  BOOST_TEST(allclose(layer(x, Tensor(), padded).narrow(0, 0, 2), layer(x.narrow(0, 0, 2))));
  const auto f = [&](const std::vector<Tensor>& in) { return layer(in[0]); };
  BOOST_TEST(gradcheck(f, {x, layer.linear1.weight, layer.norm1.weight}));
  expect<ValueError>({"dim_feedforward must be positive, got 0"},
                     [] { nn::TransformerEncoderLayer(4, 2, {.dim_feedforward = 0}); });
}
