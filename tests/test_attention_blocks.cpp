// scaled_dot_product_attention goes through blocks of queries and keys; attention_weights, with the whole matrix, is
// what it has to agree with.
#include <xgrad/gradcheck.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using Tensors = std::vector<Tensor>;

struct Result {
  Tensor out, q, k, v;
};

Result run(const std::vector<Tensor>& in, const AttentionOptions& o, bool in_blocks) {
  Tensors x;
  for (const Tensor& t : in) x.push_back(t.detach().requires_grad_());
  const Tensor y =
      in_blocks ? scaled_dot_product_attention(x[0], x[1], x[2], o) : matmul(attention_weights(x[0], x[1], o), x[2]);
  manual_seed(7);
  y.backward(randn(y.shape(), {y.dtype()}));
  return {y.detach(), x[0].grad(), x[1].grad(), x[2].grad()};
}

double difference(const Tensor& a, const Tensor& b) {
  if (a.numel() == 0) return a.shape() == b.shape() ? 0 : 1;
  return max(abs(a - b)).item() / (1 + max(abs(b)).item());
}

Tensors operands(const Shape& batch, std::int64_t length, std::int64_t keys, DType dtype) {
  manual_seed(length * 1000 + keys);
  const auto of = [&](std::int64_t rows, std::int64_t columns) {
    Shape s = batch;
    s.push_back(rows);
    s.push_back(columns);
    return randn(s, {dtype});
  };
  return {of(length, 5), of(keys, 5), of(keys, 7)};
}

void agree(const Tensors& x, const AttentionOptions& o, double tolerance) {
  const Result a = run(x, o, true), b = run(x, o, false);
  BOOST_TEST((a.out.shape() == b.out.shape()));
  BOOST_TEST(difference(a.out, b.out) < tolerance);
  BOOST_TEST(difference(a.q, b.q) < tolerance);
  BOOST_TEST(difference(a.k, b.k) < tolerance);
  BOOST_TEST(difference(a.v, b.v) < tolerance);
}

}  // namespace

BOOST_AUTO_TEST_CASE(blocks_of_every_size) {
  for (const auto& [length, keys] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 1}, {1, 300}, {300, 1}, {127, 255}, {128, 256}, {129, 257}, {300, 600}, {260, 64}})
    for (const bool causal : {false, true})
      BOOST_TEST_CONTEXT(length << " queries, " << keys << " keys, causal " << causal) {
        agree(operands({2, 3}, length, keys, kFloat64), {.is_causal = causal}, 1e-12);
        agree(operands({2}, length, keys, kFloat32), {.is_causal = causal}, 2e-5);
        agree(operands({}, length, keys, kFloat64), {.is_causal = causal, .scale = 0.3}, 1e-12);
      }
}

BOOST_AUTO_TEST_CASE(masks) {
  const Tensors x = operands({2, 3}, 140, 270, kFloat64);
  manual_seed(1);
  for (const Shape& shape : {Shape{140, 270}, Shape{270}, Shape{140, 1}, Shape{3, 1, 270}, Shape{2, 1, 140, 270},
                             Shape{2, 3, 140, 270}, Shape{1}})
    BOOST_TEST_CONTEXT("mask of " << to_string(shape)) {
      agree(x, {.mask = rand(shape) > 0.4}, 1e-12);
      agree(x, {.mask = randn(shape, {kFloat64})}, 1e-12);
      const Tensor some = rand(shape) > 0.4;
      agree(x, {.mask = where(some, zeros(shape, {kFloat64}), Scalar(-INFINITY))}, 1e-12);
    }
}

BOOST_AUTO_TEST_CASE(rows_that_see_nothing_are_0) {
  const Tensors x = operands({2}, 3, 4, kFloat64);
  const Tensor mask = tensor({{true, false, true, true}, {false, false, false, false}, {true, true, true, true}});
  agree(x, {.mask = mask}, 1e-12);
  const Result r = run(x, {.mask = mask}, true);
  BOOST_TEST(max(abs(r.out.select(1, 1))).item() == 0);
  BOOST_TEST(max(abs(r.q.select(1, 1))).item() == 0);
  BOOST_TEST(all(isfinite(r.k)).item<bool>());
}

BOOST_AUTO_TEST_CASE(a_mask_that_is_learnt) {
  const Tensors x = operands({2}, 5, 6, kFloat64);
  Tensor a = randn({5, 6}, {kFloat64, true}), b = a.detach().requires_grad_();
  scaled_dot_product_attention(x[0], x[1], x[2], {.mask = a}).sum().backward();
  matmul(attention_weights(x[0], x[1], {.mask = b}), x[2]).sum().backward();
  BOOST_TEST(difference(a.grad(), b.grad()) < 1e-12);
}

// Scores far apart, and as large as they get.
BOOST_AUTO_TEST_CASE(large_scores) {
  for (const double factor : {1e3, 1e8, 1e150}) {
    Tensors x = operands({}, 140, 270, kFloat64);
    x[0] = x[0] * factor;
    const Result a = run(x, {}, true), b = run(x, {}, false);
    BOOST_TEST(difference(a.out, b.out) < 1e-12);
    BOOST_TEST(difference(a.v, b.v) < 1e-12);
  }
  Tensors x = operands({}, 3, 3, kFloat64);
  x[0] = full({3, 5}, NAN, {kFloat64});
  BOOST_TEST(all(isnan(scaled_dot_product_attention(x[0], x[1], x[2]))).item<bool>());
}

BOOST_AUTO_TEST_CASE(leading_sizes_broadcast) {
  const Tensor q = randn({3, 1, 4, 5}, {kFloat64, true}), k = randn({2, 6, 5}, {kFloat64, true}),
               v = randn({6, 7}, {kFloat64, true});
  agree({q, k, v}, {}, 1e-12);
  const Tensor heads = randn({2, 70, 3, 5}, {kFloat64});  // as a projection gives them
  agree({heads.transpose(1, 2), heads.transpose(1, 2), heads.transpose(1, 2)}, {}, 1e-12);
  agree(operands({0}, 3, 4, kFloat64), {}, 1e-12);
}

BOOST_AUTO_TEST_CASE(any_number_of_threads) {
  const int before = get_num_threads();
  for (const Shape& batch : {Shape{}, Shape{3}}) {
    const Tensors x = operands(batch, 300, 600, kFloat32);
    set_num_threads(1);
    const Result one = run(x, {.is_causal = true}, true);
    for (const int threads : {2, 5}) {
      set_num_threads(threads);
      const Result many = run(x, {.is_causal = true}, true);
      BOOST_TEST(same_bits(one.out, many.out));
      BOOST_TEST(same_bits(one.q, many.q));
      BOOST_TEST(same_bits(one.k, many.k));
      BOOST_TEST(same_bits(one.v, many.v));
    }
  }
  set_num_threads(before);
}

namespace {

// With dropout of numbers that begin at the same place, and the number that follows them.
struct Dropped {
  Result result;
  double next;
};
Dropped run_dropped(const Tensors& in, AttentionOptions o, bool in_blocks) {
  Tensors x;
  for (const Tensor& t : in) x.push_back(t.detach().requires_grad_());
  manual_seed(11);
  const Tensor y = in_blocks ? scaled_dot_product_attention(x[0], x[1], x[2], o)
                             : matmul(dropout(attention_weights(x[0], x[1], o), o.dropout), x[2]);
  const double next = rand({}).item();
  y.backward(cos(arange(y.numel()).to(y.dtype())).reshape(y.shape()));
  return {{y.detach(), x[0].grad(), x[1].grad(), x[2].grad()}, next};
}

void agree_dropped(const Tensors& x, AttentionOptions o, double tolerance) {
  for (const double p : {0.3, 1e-12, 1.0}) {
    o.dropout = p;
    const Dropped a = run_dropped(x, o, true), b = run_dropped(x, o, false);
    BOOST_TEST(a.next == b.next);
    BOOST_TEST(difference(a.result.out, b.result.out) < tolerance);
    BOOST_TEST(difference(a.result.q, b.result.q) < tolerance);
    BOOST_TEST(difference(a.result.k, b.result.k) < tolerance);
    BOOST_TEST(difference(a.result.v, b.result.v) < tolerance);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(dropout_draws_the_numbers_of_the_matrix) {
  for (const auto& [length, keys] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {3, 5}, {129, 257}, {64, 256}, {200, 600}})
    for (const bool causal : {false, true})
      BOOST_TEST_CONTEXT(length << " queries, " << keys << " keys, causal " << causal) {
        agree_dropped(operands({2, 3}, length, keys, kFloat64), {.is_causal = causal}, 1e-12);
        agree_dropped(operands({2}, length, keys, kFloat32), {.is_causal = causal}, 5e-5);
      }
  const Tensors x = operands({2, 3}, 140, 270, kFloat64);
  const Tensor open = rand({140, 270}) > 0.4, closed_rows = logical_and(open, arange(140).reshape({140, 1}) != 3);
  agree_dropped(x, {.mask = closed_rows}, 1e-12);
  agree_dropped(x, {.mask = randn({3, 140, 270}, {kFloat64})}, 1e-12);
  agree_dropped({x[0], x[1].select(0, 0), x[2]}, {}, 1e-12);  // one key for several queries
  agree_dropped({x[0].select(0, 0).select(0, 0), x[1].select(0, 0).select(0, 0), x[2]}, {}, 1e-12);  // the same weights
}

BOOST_AUTO_TEST_CASE(derivatives_of_dropout) {
  const auto f = [](const Tensors& x) -> Tensors {
    manual_seed(3);
    return {scaled_dot_product_attention(x[0], x[1], x[2], {.dropout = 0.4})};
  };
  Tensors x;
  for (const Tensor& t : operands({2}, 3, 4, kFloat64)) x.push_back(t.detach().requires_grad_());
  BOOST_TEST(gradcheck(GradcheckFunction(f), x, {.check_forward_ad = true}));
  BOOST_TEST(gradgradcheck(GradcheckFunction(f), x));
}

BOOST_AUTO_TEST_CASE(dropout_for_any_number_of_threads_in_little_memory) {
  const int before = get_num_threads();
  for (const Shape& batch : {Shape{}, Shape{3}}) {
    const Tensors x = operands(batch, 1000, 2100, kFloat32);
    set_num_threads(1);
    reset_peak_memory_stats();
    const std::int64_t held = memory_stats().live_bytes;
    const Result one = run_dropped(x, {.dropout = 0.2}, true).result;
    BOOST_TEST(memory_stats().peak_bytes - held < 3 * 1000 * 2100);  // a matrix has 4 bytes for each pair and batch
    set_num_threads(2);
    const Result two = run_dropped(x, {.dropout = 0.2}, true).result;
    BOOST_TEST(same_bits(one.out, two.out));
    BOOST_TEST(same_bits(one.q, two.q));
    BOOST_TEST(same_bits(one.k, two.k));
    BOOST_TEST(same_bits(one.v, two.v));
  }
  set_num_threads(before);
}
