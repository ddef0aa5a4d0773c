// MemoryBudget: gradients do not change, memory stays below the limit, and nobody sees that values were given up.
#include <sstream>
#include <thread>

#include <xgrad/xgrad.hpp>

#include "support.hpp"

namespace nn = xgrad::nn;
using xgrad::MemoryBudget;
using xgrad::MemoryBudgetReport;
using xgrad::NoGradGuard;
using xgrad::Tensor;
using xgrad::test::expect;

namespace {

constexpr std::int64_t kElements = 64 << 10;  // of float32: 256 kB
constexpr std::int64_t kBytes = kElements * 4;

std::int64_t live() { return xgrad::memory_stats().live_bytes; }

using Loss = std::function<Tensor(const std::vector<Tensor>&)>;

struct Run {
  std::vector<float> loss;
  std::vector<std::vector<float>> gradients;
  MemoryBudgetReport report;
};

// What f and its gradients are with at most `bytes` more than is held already; 0: without a limit.
Run run(const Loss& f, const std::vector<Tensor>& inputs, std::int64_t bytes) {
  for (const Tensor& x : inputs) Tensor(x).set_grad({});
  xgrad::manual_seed(7);
  Run r;
  {
    std::unique_ptr<MemoryBudget> budget;
    if (bytes) budget = std::make_unique<MemoryBudget>(live() + bytes);
    Tensor loss = f(inputs);
    loss.backward();
    r.loss = loss.to_vector<float>();
    if (budget) r.report = budget->report();
  }
  for (const Tensor& x : inputs)
    if (x.requires_grad()) r.gradients.push_back(x.grad().to_vector<float>());
  return r;
}

// The same bits with `bytes` as without a limit; values were given up on the way.
MemoryBudgetReport check_same(const char* what, const Loss& f, const std::vector<Tensor>& inputs, std::int64_t bytes) {
  BOOST_TEST_INFO(what);
  const std::int64_t before = live();
  const Run free = run(f, inputs, 0), tight = run(f, inputs, bytes);
  BOOST_TEST((free.loss == tight.loss));
  BOOST_TEST((free.gradients == tight.gradients), what << ": gradients differ");
  BOOST_TEST(tight.report.dropped > 0, what << ": nothing was given up");
  BOOST_TEST(tight.report.recomputed > 0, what << ": nothing was computed again");
  for (const Tensor& x : inputs) Tensor(x).set_grad({});
  BOOST_TEST(live() == before, what << ": memory was lost");
  return tight.report;
}

Tensor leaf(const xgrad::Shape& shape, std::uint64_t seed) {
  xgrad::manual_seed(seed);
  return xgrad::randn(shape).requires_grad_();
}

Tensor chain(const Tensor& x, int length) {
  Tensor y = x;
  for (int i = 0; i < length; ++i) y = xgrad::tanh(y * 1.01);
  return y.sum();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_budget)

BOOST_AUTO_TEST_CASE(a_chain_fits_into_a_fraction_of_its_memory) {
  const Tensor x = leaf({kElements}, 1);
  for (const std::int64_t values : {40, 20, 10}) {  // of 60 that backward needs
    const auto r = check_same(
        "chain", [](const auto& in) { return chain(in[0], 60); }, {x}, values * kBytes);
    BOOST_TEST(r.peak <= r.limit + 4 * kBytes, "peak " << r.peak << " of " << r.limit);
    BOOST_TEST(r.kept() == (r.peak <= r.limit));
  }
}

BOOST_AUTO_TEST_CASE(an_impossible_limit_is_exceeded_and_reported) {
  const Tensor x = leaf({kElements}, 1);
  const auto r = check_same(
      "impossible", [](const auto& in) { return chain(in[0], 12); }, {x}, 1);
  BOOST_TEST(!r.kept());
  std::ostringstream text;
  text << r;
  BOOST_TEST(text.str().find("computed again") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(values_that_branch_and_meet_again) {
  const Tensor x = leaf({kElements}, 2), w = leaf({kElements}, 3);
  const auto residual = [](const auto& in) {
    Tensor y = in[0];
    for (int i = 0; i < 24; ++i) y = y + xgrad::sigmoid(y * in[1]) * xgrad::exp(y * -0.1);
    return (y / (in[1] * in[1] + 1.0)).mean();
  };
  check_same("residual", residual, {x, w}, 20 * kBytes);
  check_same("residual, hardly any room", residual, {x, w}, 5 * kBytes);
}

BOOST_AUTO_TEST_CASE(products_softmax_norms_and_dropout) {
  const Tensor x = leaf({256, 128}, 4), w = leaf({512, 128}, 5), v = leaf({512, 128}, 6), g = leaf({512}, 7);
  const auto f = [](const auto& in) {
    Tensor y = in[0];
    for (int i = 0; i < 4; ++i) {
      Tensor h = xgrad::gelu(xgrad::linear(y, in[1]));
      h = xgrad::layer_norm(xgrad::dropout(h, 0.3), {512}, in[3]);
      y = y + xgrad::softmax(xgrad::matmul(h, in[2]), -1) * 0.5;
    }
    return xgrad::log_softmax(y, 1).square().mean();
  };
  check_same("block", f, {x, w, v, g}, 8 * 256 * 512 * 4);
}

// Only what `op` gives is kept for the backward pass.
void check_results_of(const char* what, const Loss& op, const std::vector<Tensor>& inputs) {
  const Loss loss = [&op](const std::vector<Tensor>& in) {
    Tensor sum = xgrad::zeros({});
    for (int i = 0; i < 10; ++i) {
      const Tensor y = op(in);
      sum = sum + (y * y).sum();
    }
    return sum;
  };
  check_same(what, loss, inputs, 6 * kBytes);
}

BOOST_AUTO_TEST_CASE(lookups_joins_attention_and_reductions) {
  using In = const std::vector<Tensor>&;
  const Tensor rows = leaf({100, 1024}, 1), half = leaf({32, 1024}, 2), deep = leaf({64, 1024, 4}, 3);
  const Tensor index = xgrad::randint(100, {64}), more = leaf({32, 1024}, 4);
  check_results_of("embedding", [index](In in) { return xgrad::embedding(index, in[0]); }, {rows});
  check_results_of("cat", [](In in) { return xgrad::cat({in[0], in[1], in[1]}, 0).slice(0, 0, 64); }, {half, more});
  check_results_of("stack", [](In in) { return xgrad::stack({in[0], in[1]}, 1); }, {half, more});
  check_results_of("sum", [](In in) { return in[0].sum(-1); }, {deep});
  check_results_of("mean", [](In in) { return in[0].mean(-1); }, {deep});
  check_results_of("prod", [](In in) { return in[0].prod(-1); }, {deep});
  const Tensor q = leaf({4, 64, 256}, 5), k = leaf({4, 32, 256}, 6), v = leaf({4, 32, 256}, 7);
  check_results_of("attention", [](In in) { return xgrad::scaled_dot_product_attention(in[0], in[1], in[2]); },
                   {q, k, v});
  check_results_of("attention, causal",
                   [](In in) { return xgrad::scaled_dot_product_attention(in[0], in[1], in[2], {.is_causal = true}); },
                   {q, q, q});
}

BOOST_AUTO_TEST_CASE(convolutions_keep_their_statistics) {
  struct Net {
    nn::Sequential layers;
    Net() {
      xgrad::manual_seed(3);
      layers.push_back(nn::Conv2d(3, 16, 3, {.padding = 1}));
      for (int i = 0; i < 4; ++i) {
        layers.push_back(nn::BatchNorm2d(16));
        layers.push_back(nn::ReLU());
        layers.push_back(nn::Conv2d(16, 16, 3, {.padding = 1}));
      }
      layers.push_back(nn::MaxPool2d(2));
    }
  };
  const Tensor x = leaf({8, 3, 32, 32}, 8);
  std::vector<std::vector<std::vector<float>>> results;
  for (const std::int64_t values : {0, 6}) {
    Net net;
    Tensor(x).set_grad({});
    std::unique_ptr<MemoryBudget> budget;
    if (values) budget = std::make_unique<MemoryBudget>(live() + values * 8 * 16 * 32 * 32 * 4);
    net.layers(x).square().mean().backward();
    if (budget) BOOST_TEST(budget->report().recomputed > 0);
    results.emplace_back();
    for (const Tensor& p : net.layers.parameters()) results.back().push_back(p.grad().to_vector<float>());
    for (const auto& [name, b] : net.layers.named_buffers()) results.back().push_back(b.to_vector<float>());
    results.back().push_back(x.grad().to_vector<float>());
  }
  BOOST_TEST((results[0] == results[1]));
}

BOOST_AUTO_TEST_CASE(handles_views_and_pointers_of_the_program_stay_right) {
  const Tensor x = leaf({256, 256}, 9);
  const auto work = [](const Tensor& y) { return chain(y, 16); };
  const Tensor plain = xgrad::exp(x), want = plain.detach().clone();
  const MemoryBudget budget(live() + 4 * kBytes);
  const Tensor h = xgrad::exp(x), held = xgrad::exp(x);
  const Tensor columns = h.t(), row = h[3], part = h.slice(1, 5, 9);
  const Tensor pointed = xgrad::exp(x);
  const float* p = pointed.data<float>();
  const Tensor loss = work(h);
  BOOST_TEST(budget.report().dropped > 0);
  BOOST_TEST((h.to_vector<float>() == want.to_vector<float>()));
  BOOST_TEST((columns.to_vector<float>() == want.t().to_vector<float>()));
  work(held).backward();
  BOOST_TEST((row.to_vector<float>() == want[3].to_vector<float>()));
  BOOST_TEST((part.to_vector<float>() == want.slice(1, 5, 9).to_vector<float>()));
  BOOST_TEST((held.detach().to_vector<float>() == want.to_vector<float>()));
  BOOST_TEST(p == pointed.data<float>());
  BOOST_TEST(std::equal(p, p + 256 * 256, want.data<float>()));
  loss.backward();
}

BOOST_AUTO_TEST_CASE(what_is_changed_in_place_is_computed_before) {
  const auto f = [](const auto& in) {
    Tensor a = xgrad::exp(in[0] * 0.1), b = xgrad::sin(a);
    std::vector<Tensor> kept{b};
    for (int i = 0; i < 12; ++i) kept.push_back(xgrad::cos(kept.back()));
    {
      const NoGradGuard off;
      kept[3].mul_(2);  // values that nothing on the tape saved would be wrong if they were computed from these
    }
    Tensor sum = a.sum();
    for (const Tensor& k : kept) sum = sum + k.detach().sum() + xgrad::tanh(a).sum();
    return sum;
  };
  check_same("in place", f, {leaf({kElements}, 10)}, 6 * kBytes);
  // The in-place rule of the tape is as it was: sin saved what mul_ changes.
  const Tensor x = leaf({kElements}, 11);
  const MemoryBudget budget(live() + 3 * kBytes);
  Tensor y = xgrad::exp(x);
  const Tensor loss = chain(xgrad::sin(y), 10);
  {
    const NoGradGuard off;
    y.mul_(2);
  }
  try {
    loss.backward();
    BOOST_ERROR("nothing was thrown");
  } catch (const xgrad::AutogradError& e) {
    BOOST_TEST(std::string(e.what()).find("overwritten by mul_") != std::string::npos, e.what());
  }
}

BOOST_AUTO_TEST_CASE(an_operation_in_place_on_the_tape) {
  const auto f = [](const auto& in) {
    Tensor y = in[0] * 1.0;
    for (int i = 0; i < 20; ++i) y = (y * 1.1).sigmoid_().mul_(1.5) + in[0];
    return y.sum();
  };
  check_same("in place on the tape", f, {leaf({kElements}, 12)}, 12 * kBytes);
}

BOOST_AUTO_TEST_CASE(backward_after_the_guard_and_twice) {
  const Tensor x = leaf({kElements}, 13);
  chain(x, 20).backward();
  const auto want = x.grad().to_vector<float>();
  Tensor(x).set_grad({});
  Tensor loss;
  {
    const MemoryBudget budget(live() + 5 * kBytes);
    loss = chain(x, 20);
    BOOST_TEST(budget.report().dropped > 0);
  }
  loss.backward({}, {.retain_graph = true});
  BOOST_TEST((x.grad().to_vector<float>() == want));
  Tensor(x).set_grad({});
  loss.backward();
  BOOST_TEST((x.grad().to_vector<float>() == want));
  const std::int64_t before = live();
  loss = {};
  BOOST_TEST(live() <= before);
}

BOOST_AUTO_TEST_CASE(derivatives_of_derivatives) {
  const Tensor x = leaf({kElements}, 14);
  const auto penalty = [](const auto& in) {
    const Tensor g = xgrad::grad({chain(in[0], 10)}, {in[0]}, {}, {.create_graph = true})[0];
    return g.square().sum();
  };
  check_same("second derivative", penalty, {x}, 30 * kBytes);
}

BOOST_AUTO_TEST_CASE(a_long_chain_overflows_nothing) {
  const Tensor x = leaf({8 << 10}, 15);  // 32 kB
  const std::int64_t before = live();
  {
    const MemoryBudget budget(before + (4 << 20));
    Tensor y = x;
    for (int i = 0; i < 3000; ++i) y = xgrad::sin(y);
    y.sum().backward();
    BOOST_TEST(budget.report().dropped > 1000);
    BOOST_TEST(budget.report().recomputed < 3000 * 60, budget.report());
    BOOST_TEST(budget.report().peak <= before + (8 << 20));  // of 96 MB; the graph itself takes 3
  }
  Tensor(x).set_grad({});
  BOOST_TEST(live() == before);
}

BOOST_AUTO_TEST_CASE(values_that_are_used_twice_are_made_once) {
  const Tensor x = leaf({kElements}, 17);
  const auto f = [](const auto& in) {
    Tensor z = in[0];
    for (int i = 0; i < 32; ++i) z = xgrad::sin(z * 1.01) * xgrad::sigmoid(z);
    return z.sum();
  };
  for (const std::int64_t values : {1, 8, 40}) {
    const auto r = check_same("used twice", f, {x}, values * kBytes);
    BOOST_TEST(r.recomputed < 100 * 130, "computed again: " << r.recomputed);
  }
}

BOOST_AUTO_TEST_CASE(a_long_way_past_the_operations) {
  const Tensor x = leaf({8 << 10}, 18);
  const auto f = [](const auto& in) {
    Tensor y = in[0];
    for (int i = 0; i < 300; ++i) y = y + xgrad::tanh(y * 1.1) * xgrad::sigmoid(y) * 0.1;
    return y.sum();
  };
  const auto r = check_same("shortcuts", f, {x}, 8 << 20);  // of about 40 MB
  BOOST_TEST(r.peak < r.limit + (8 << 20), r);
  BOOST_TEST(r.recomputed < 60 * 1500, r);
}

BOOST_AUTO_TEST_CASE(pointers_to_what_values_are_made_from) {
  const Tensor k = leaf({kElements}, 19);
  for (const bool limited : {false, true}) {
    Tensor x = xgrad::zeros({kElements});
    float* p = x.mutable_data<float>();
    std::fill(p, p + kElements, 1.f);
    std::unique_ptr<MemoryBudget> budget;
    if (limited) budget = std::make_unique<MemoryBudget>(live() + 1);
    const Tensor y = xgrad::exp(x + k), want = y.detach().clone(), z = chain(y, 20);
    std::fill(p, p + kElements, 5.f);  // the next batch in the same memory
    z.backward();
    BOOST_TEST((y.to_vector<float>() == want.to_vector<float>()));
  }
}

BOOST_AUTO_TEST_CASE(gradients_that_are_added_to) {
  const auto twice = [](const auto& in) {
    (in[0] * in[0]).sum().backward();
    const Tensor z = chain(xgrad::exp(in[1] + in[0].grad() * 0.1), 12);
    (in[0] * 2.0).sum().backward();
    Tensor(in[0]).zero_grad(false);
    return z;
  };
  check_same("gradients", twice, {leaf({kElements}, 20), leaf({kElements}, 21)}, 3 * kBytes);
}

BOOST_AUTO_TEST_CASE(another_thread_ends_and_differentiates) {
  const Tensor x = leaf({kElements}, 22);
  chain(x, 20).backward();
  const auto want = x.grad().to_vector<float>();
  for (int round = 0; round < 20; ++round) {
    Tensor(x).set_grad({});
    const MemoryBudget budget(live() + 4 * kBytes);
    std::vector<Tensor> kept;
    for (int i = 0; i < 10; ++i) kept.push_back(xgrad::sigmoid(x * double(i)));
    std::thread other([loss = chain(x, 20), kept = std::move(kept)]() mutable {
      while (!kept.empty()) kept.pop_back();
      loss.backward();
    });
    for (int i = 0; i < 3; ++i) chain(x, 20);
    other.join();
    BOOST_TEST((x.grad().to_vector<float>() == want));
  }
}

BOOST_AUTO_TEST_CASE(of_several_guards_the_newest_counts) {
  const Tensor x = leaf({kElements}, 16);
  const MemoryBudget wide(live() + 1000 * kBytes);
  {
    const MemoryBudget narrow(live() + 4 * kBytes);
    chain(x, 12).backward();
    BOOST_TEST(narrow.report().dropped > 0);
  }
  chain(x, 12).backward();
  BOOST_TEST(wide.report().dropped == 0);
  std::thread([&] { chain(x, 12).backward(); }).join();
  BOOST_TEST(wide.report().recomputed == 0);
}

BOOST_AUTO_TEST_CASE(needs_a_limit) {
  expect<xgrad::ValueError>({"MemoryBudget", "needs a limit above 0 bytes, got -1", "test_memory_budget.cpp"},
                            [] { const MemoryBudget b(-1); });
}

BOOST_AUTO_TEST_SUITE_END()
