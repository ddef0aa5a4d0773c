// Memory that the program can write to, changed between an operation and the backward pass that reads it.
#include <vector>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

#include "support.hpp"

using namespace xgrad;

namespace {

// What the backward pass of `loss` says; "" when it says nothing.
std::string complaint(const Tensor& loss) {
  try {
    loss.backward();
  } catch (const AutogradError& e) {
    return e.what();
  }
  return {};
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(foreign_memory)

BOOST_AUTO_TEST_CASE(a_buffer_overwritten_before_backward_is_noticed_under_detect_anomaly) {
  std::vector<float> buffer{1, 2, 3};
  Tensor w = ones({3}).requires_grad_();
  DetectAnomaly watch;
  const Tensor x = from_blob(buffer.data(), {3});
  const int shared = __LINE__ - 1;
  const Tensor loss = (w * x).sum();
  const int used = __LINE__ - 1;
  buffer[1] = 20;
  const std::string text = complaint(loss);
  BOOST_TEST(contains(text, "mul: memory that was saved for backward was overwritten outside the library"));
  BOOST_TEST(contains(text, "test_foreign_memory.cpp:" + std::to_string(used)));
  BOOST_TEST(contains(text, "by from_blob called at"));
  BOOST_TEST(contains(text, "test_foreign_memory.cpp:" + std::to_string(shared)));
  BOOST_TEST(contains(text, "tensor(values)"));
  BOOST_TEST(!w.grad().defined());  // a pass that throws changes nothing
}

BOOST_AUTO_TEST_CASE(a_buffer_left_alone_is_fine) {
  std::vector<float> buffer{1, 2, 3};
  Tensor w = ones({3}).requires_grad_();
  DetectAnomaly watch;
  const Tensor x = from_blob(buffer.data(), {3});
  BOOST_TEST(complaint((w * x).sum()) == "");
  BOOST_TEST((w.grad().to_vector<float>() == buffer));
  buffer[0] = 7;  // after backward, for the next batch
  w.zero_grad();
  BOOST_TEST(complaint((w * x).sum()) == "");
  BOOST_TEST((w.grad().to_vector<float>() == buffer));
}

BOOST_AUTO_TEST_CASE(nothing_is_remembered_without_detect_anomaly) {
  std::vector<float> buffer{1, 2, 3};
  Tensor w = ones({3}).requires_grad_();
  const Tensor loss = (w * from_blob(buffer.data(), {3})).sum();
  buffer[1] = 20;
  DetectAnomaly late;
  BOOST_TEST(complaint(loss) == "");
  BOOST_TEST(w.grad().to_vector<float>()[1] == 20);  // what the header warns of
}

BOOST_AUTO_TEST_CASE(copies_are_safe) {
  std::vector<float> buffer{1, 2, 3};
  Tensor w = ones({3}).requires_grad_();
  DetectAnomaly watch;
  const Tensor loss = (w * tensor(buffer) + w * tensor(std::span<const float>(buffer)) + w * from_vector(buffer)).sum();
  buffer.assign(3, 0);
  BOOST_TEST(complaint(loss) == "");
  BOOST_TEST((w.grad().to_vector<float>() == std::vector<float>{3, 6, 9}));
}

BOOST_AUTO_TEST_CASE(only_the_elements_that_were_saved_count) {
  std::vector<double> buffer{1, 2, 3, 4, 5, 6};
  Tensor w = ones({2}, kFloat64).requires_grad_();
  DetectAnomaly watch;
  const Tensor x = from_blob(buffer.data(), {2, 3});
  const Tensor loss = (w * x.select(1, 2)).sum();  // 3 and 6, apart in memory
  buffer[0] = 10;
  BOOST_TEST(complaint((w * x.select(1, 2)).sum()) == "");
  BOOST_TEST(complaint(loss) == "");
  const Tensor again = (w * x.select(1, 2)).sum();
  buffer[5] = 60;
  BOOST_TEST(contains(complaint(again), "overwritten outside the library"));
}

BOOST_AUTO_TEST_CASE(pointers_and_arrays_that_were_kept_are_noticed) {
  Tensor w = ones({4}).requires_grad_();
  DetectAnomaly watch;
  Tensor x = rand({4});
  float* p = x.mutable_data<float>();
  const Tensor loss = (w * x).sum();
  p[3] = 5;
  BOOST_TEST(contains(complaint(loss), "mutable_data or array"));
  Tensor y = rand({4});
  auto a = xgrad::array<float>(y);
  const Tensor other = (w * y).sum();
  a(0) = -1;
  BOOST_TEST(contains(complaint(other), "mutable_data or array"));
}

BOOST_AUTO_TEST_CASE(an_array_given_away_cannot_change) {
  Tensor w = ones({2}, kFloat64).requires_grad_();
  DetectAnomaly watch;
  xt::xarray<double> mine{1.0, 2.0};
  const Tensor copy = from_xtensor(mine), taken = from_xtensor(xt::xarray<double>{3.0, 4.0});
  const Tensor loss = (w * copy * taken).sum();
  mine(0) = 9;
  BOOST_TEST(complaint(loss) == "");
  BOOST_TEST((w.grad().to_vector<double>() == std::vector<double>{3, 8}));
}

BOOST_AUTO_TEST_CASE(in_place_operations_say_what_they_said) {
  std::vector<float> buffer{1, 2, 3};
  Tensor w = ones({3}).requires_grad_();
  DetectAnomaly watch;
  Tensor x = from_blob(buffer.data(), {3});
  const Tensor loss = (w * x).sum();
  x.fill_(0);
  BOOST_TEST(contains(complaint(loss), "overwritten by fill_"));
}

namespace {
struct Twice : Function<Twice> {
  static Tensor forward(Context& ctx, const Tensor& x, const Tensor& w) {
    ctx.save_for_backward(x, w);
    return x * w;
  }
  static std::vector<Tensor> backward(Context& ctx, const std::vector<Tensor>& g) {
    return {g[0] * ctx.saved(1), g[0] * ctx.saved(0)};
  }
};
}  // namespace

BOOST_AUTO_TEST_CASE(operations_of_users_and_a_second_backward_are_watched_too) {
  std::vector<float> buffer{1, 2};
  Tensor w = ones({2}).requires_grad_();
  DetectAnomaly watch;
  const Tensor loss = Twice::apply(from_blob(buffer.data(), {2}), w).sum();
  loss.backward({.retain_graph = true});
  buffer[0] = 3;
  BOOST_TEST(contains(complaint(loss), "Twice"));
}

BOOST_AUTO_TEST_CASE(a_dtype_may_be_given_at_run_time) {
  std::vector<std::int32_t> buffer{4, 5};
  void* p = buffer.data();
  BOOST_TEST((from_blob(p, {2}, kInt32).to_vector<int>() == buffer));
  BOOST_CHECK_THROW(from_blob(buffer.data(), {2}, kFloat32), DTypeError);
}

BOOST_AUTO_TEST_SUITE_END()
