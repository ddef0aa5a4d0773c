// Queries that may attend to no key: weights and outputs of 0, and finite gradients everywhere, as since PyTorch 2.5.
#include <cmath>
#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

void check_finite(const std::vector<Tensor>& tensors, Location at = Location::current()) {
  for (const Tensor& t : tensors) {
    BOOST_TEST(t.defined(), file_and_line(at));
    for (const double v : t.detach().to_vector<double>()) BOOST_TEST(std::isfinite(v), file_and_line(at));
  }
}

Tensor numbers(const Shape& shape) { return randn(shape, {kFloat64, true}); }

// false for the rows of a mask (3, 4) in which nothing may be attended to: the second.
Tensor open_mask() {
  return from_vector(std::vector<double>{1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0}).reshape({3, 4}).to(kBool);
}
Tensor added_mask() { return where(open_mask(), Scalar(0.0), full({3, 4}, -kInf, {kFloat64})); }

std::vector<Tensor> gradients(const nn::Module& m) {
  std::vector<Tensor> g;
  for (const Tensor& p : m.parameters()) g.push_back(p.grad());
  return g;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(masked_attention)

BOOST_AUTO_TEST_CASE(rows_of_nothing_are_zero) {
  for (const Tensor& mask : {open_mask(), added_mask()}) {
    const Tensor q = numbers({2, 3, 2}), k = numbers({2, 4, 2}), v = numbers({2, 4, 5});
    const Tensor w = attention_weights(q, k, {.mask = mask});
    check_close(w.select(1, 1), std::vector<double>(8, 0.0), 0);
    check_close(w.sum({-1}), {1, 0, 1, 1, 0, 1}, 1e-12);
    const Tensor y = scaled_dot_product_attention(q, k, v, {.mask = mask});
    check_close(y.select(1, 1), std::vector<double>(10, 0.0), 0);
    square(y).sum().backward();
    check_finite({q.grad(), k.grad(), v.grad()});
    check_close(q.grad().select(1, 1), {0, 0, 0, 0}, 0);
  }
}

BOOST_AUTO_TEST_CASE(the_other_rows_do_not_notice) {
  const Tensor q = numbers({3, 2}), k = numbers({4, 2}), v = numbers({4, 2});
  const Tensor y = scaled_dot_product_attention(q, k, v, {.mask = open_mask()});
  const Tensor alone = scaled_dot_product_attention(q.slice(0, 2, 3), k, v, {.mask = open_mask().slice(0, 2, 3)});
  BOOST_TEST(same_bits(y.slice(0, 2, 3), alone));
}

// Masks of other shapes that broadcast: one for all keys, one for all pairs, one for each head.
BOOST_AUTO_TEST_CASE(masks_that_broadcast) {
  const Tensor x = numbers({2, 3, 2}), closed = zeros({}, {kBool});
  for (const Shape& s : {Shape{}, Shape{3}, Shape{3, 1}, Shape{1, 3, 3}, Shape{2, 1, 1}}) {
    const Tensor y = scaled_dot_product_attention(x, x, x, {.mask = expand(closed, s)});
    BOOST_TEST((y.shape() == Shape{2, 3, 2}));
    check_close(y, std::vector<double>(12, 0.0), 0);
    y.sum().backward();
  }
  check_close(x.grad(), std::vector<double>(12, 0.0), 0);
}

BOOST_AUTO_TEST_CASE(an_added_mask_may_be_learnt) {
  const Tensor x = numbers({3, 2}), bias = added_mask().slice(1, 0, 3).contiguous().requires_grad_();
  const auto g = grad({square(scaled_dot_product_attention(x, x, x, {.mask = bias})).sum()}, {x, bias}, {},
                      {.create_graph = true});
  check_finite(g);
  check_finite(grad({square(g[0]).sum()}, {x, bias}));  // of the second order
}

BOOST_AUTO_TEST_CASE(no_keys_at_all) {
  const Tensor q = numbers({3, 2}), none = numbers({0, 2});
  check_close(scaled_dot_product_attention(q, none, none, {.mask = zeros({3, 0}, {kBool})}),
              std::vector<double>(6, 0.0), 0);
}

// A padded batch: the second sequence is padding only, the first begins with padding, which a causal mask turns into a
// row without keys.
BOOST_AUTO_TEST_CASE(a_padded_batch) {
  const Tensor padding = from_vector(std::vector<double>{1, 0, 0, 1, 1, 1}).reshape({2, 3}).to(kBool);
  const Tensor later = from_vector(std::vector<double>{0, 1, 1, 0, 0, 1, 0, 0, 0}).reshape({3, 3}).to(kBool);
  for (const bool boolean : {true, false}) {
    nn::MultiheadAttention m(4, 2, {.batch_first = true});
    m.to(kFloat64);
    const auto mask = [&](const Tensor& t) {
      return boolean ? t : where(t, full(t.shape(), -kInf, {kFloat64}), Scalar(0.0));
    };
    const Tensor x = numbers({2, 3, 4});
    const auto [y, w] = m(x, x, x, {.key_padding_mask = mask(padding), .attn_mask = mask(later)});
    check_close(w.sum({-1}), {0, 1, 1, 0, 0, 0}, 1e-12);
    check_close(w.select(0, 1), std::vector<double>(9, 0.0), 0);
    check_close(y.select(0, 1), std::vector<double>(12, 0.0), 1e-12);  // the bias of out_proj, 0 at first
    const auto each = m(x, x, x, {.key_padding_mask = mask(padding), .average_attn_weights = false});
    check_close(each.weights.select(0, 1), std::vector<double>(18, 0.0), 0);
    (square(y).sum() + w.sum()).backward();
    check_finite({x.grad()});
    check_finite(gradients(m));
    check_close(x.grad().select(0, 1), std::vector<double>(12, 0.0), 0);
  }
}

// A key that no mask reaches keeps a row alive.
BOOST_AUTO_TEST_CASE(an_added_key_is_attended_to) {
  for (const nn::MultiheadAttentionOptions& o :
       {nn::MultiheadAttentionOptions{.add_zero_attn = true}, nn::MultiheadAttentionOptions{.add_bias_kv = true}}) {
    nn::MultiheadAttention m(2, 1, o);
    const Tensor x = randn({3, 1, 2});
    check_close(m(x, x, x, {.key_padding_mask = ones({1, 3}, {kBool})}).weights.sum({-1}), {1, 1, 1}, 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(an_encoder_layer) {
  for (const bool norm_first : {false, true}) {
    nn::TransformerEncoderLayer m(
        4, 2, {.dim_feedforward = 8, .dropout = 0.5, .batch_first = true, .norm_first = norm_first});
    const Tensor x = randn({2, 3, 4}, {.requires_grad = true}), padding = tensor({{0, 0, 1}, {1, 1, 1}}).to(kBool);
    const Tensor y = m(x, Tensor(), padding);
    check_finite({y});
    square(y).sum().backward();
    check_finite({x.grad()});
    check_finite(gradients(m));
  }
}

BOOST_AUTO_TEST_SUITE_END()
