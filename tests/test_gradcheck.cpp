// gradcheck and gradgradcheck: what they find, what they say about it, their options.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/record.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using List = std::vector<Tensor>;

Tensor leaf(std::initializer_list<double> v) { return tensor(v, {kFloat64, true}); }

// x^2 with a derivative of `factor` times the right one.
template <int tenths>
Tensor square_times(const Tensor& x) {
  return record("square_times", (x * x).detach(), {x}, {x},
                [](const Saved& s, const Tensor& g) -> Grads { return {g * s[0] * (2 * tenths / 10.)}; });
}

struct WrongAtOne {
  Tensor operator()(const List& in) const {
    return record("wrong_at_one", (in[0] * in[0]).detach(), {in[0]}, {in[0]},
                  [](const Saved& s, const Tensor& g) -> Grads {
                    const Tensor off = tensor({0., 0.5, 0.}, {kFloat64});
                    return {g * (s[0] * 2 + off)};
                  });
  }
};

int calls = 0;
// Gives another gradient each time.
Tensor drifting(const Tensor& x) {
  return record("drifting", (x * 2).detach(), {x}, {},
                [](const Saved&, const Tensor& g) -> Grads { return {g * (2 + 1e-9 * ++calls)}; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checks)

BOOST_AUTO_TEST_CASE(right_gradients_pass) {
  const List x{leaf({0.5, -1, 2}), leaf({1, 2, 3})};
  const auto f = [](const List& in) { return List{sin(in[0]) * in[1], in[0].sum(), in[1].argmax()}; };
  for (const bool fast : {false, true})
    for (const bool forward : {false, true})
      for (const bool backward : {false, true}) {
        if (!forward && !backward) continue;
        const GradcheckOptions o{.check_backward_ad = backward, .check_forward_ad = forward, .fast_mode = fast};
        BOOST_TEST(gradcheck(f, x, o));
        BOOST_TEST(gradgradcheck(f, x, o));
      }
  check_close(x[0], {0.5, -1, 2}, 0);  // as they were
  if (gradcheck(f, x)) check_close(x[1], {1, 2, 3}, 0);
}

BOOST_AUTO_TEST_CASE(the_message_names_the_element) {
  Tensor x = leaf({1, 2, 3});
  x.set_name("weight");
  const std::string text =
      expect<AutogradError>({"gradcheck", "output 0 by input 0 (weight)", "output element (1), input element (1)",
                             "numerical 4", "analytical 4.5", "1 of 9 elements", "numerical 0, 4, 0",
                             "analytical 0, 4.5, 0", "from wrong_at_one", next_line()},
                            [&] { gradcheck(WrongAtOne(), {x}); });
  BOOST_TEST(text.find("help") == std::string::npos, text);
  for (const bool fast : {false, true}) {
    GradcheckReport report;
    BOOST_TEST(!gradcheck(WrongAtOne(), {x}, {.raise_exception = false, .fast_mode = fast, .report = &report}));
    BOOST_TEST(!report.passed);
    BOOST_TEST(report.output_index == (Shape{1}));
    BOOST_TEST(report.input_index == (Shape{1}));
    BOOST_TEST(std::abs(report.numerical - 4) < 1e-6);
    BOOST_TEST(report.analytical == 4.5);
    check_close(report.analytical_jacobian, {2, 0, 0, 0, 4.5, 0, 0, 0, 6}, 1e-12);
    check_close(report.numerical_jacobian, {2, 0, 0, 0, 4, 0, 0, 0, 6}, 1e-6);
    BOOST_TEST(report.message.find("analytical 4.5") != std::string::npos);
  }
  GradcheckReport report;
  report.passed = false;
  BOOST_TEST(gradcheck([](const List& in) { return in[0] * 2; }, {x}, {.report = &report}));
  BOOST_TEST(report.passed);
}

BOOST_AUTO_TEST_CASE(hints) {
  const List x{leaf({1, 2, 3})};
  const auto fails = [&](const std::vector<std::string>& says, const auto& f, const List& in) {
    expect<AutogradError>(says, [&] { gradcheck(f, in); });
  };
  fails(
      {"analytical = 0.5 numerical everywhere: a factor of 2 is missing"},
      [](const List& in) { return square_times<5>(in[0]); }, x);
  fails({"differ in their sign", "numerical 2"}, [](const List& in) { return square_times<-10>(in[0]); }, {leaf({1})});
  fails({"kink or a step here", "slopes 0 on the left, 1 on the right"}, [](const List& in) { return relu(in[0]); },
        {leaf({0, 1})});
  fails(
      {"zero everywhere", "detach()"}, [](const List& in) { return in[0].detach() * 2 + 0 * in[0]; }, x);
  fails({"rounded, or computed in float32"},
        [](const List& in) {
          return record("rounded", floor(in[0]).detach(), {in[0]}, {},
                        [](const Saved&, const Tensor& g) -> Grads { return {g}; });
        },
        {leaf({1.5})});
  fails(
      {"called again", "random numbers"}, [](const List& in) { return dropout(in[0], 0.5); }, x);
  fails(
      {"a term too many, or a transposed factor"},
      [](const List& in) {
        return record("one_too_many", in[0].detach() * 1, {in[0]}, {},
                      [](const Saved&, const Tensor& g) -> Grads { return {g + (g.sum() - g)}; });
      },
      x);
  fails({"NaN", "domain"}, [](const List& in) { return log(in[0]); }, {leaf({0})});
}

BOOST_AUTO_TEST_CASE(passes_that_differ) {
  const List x{leaf({1, 2})};
  const auto f = [](const List& in) { return drifting(in[0]); };
  for (const bool fast : {false, true}) {
    expect<AutogradError>({"not deterministic", "input 0", "nondet_tol 0"},
                          [&] { gradcheck(f, x, {.fast_mode = fast}); });
    BOOST_TEST(gradcheck(f, x, {.nondet_tol = 1e-6, .fast_mode = fast}));
  }
}

BOOST_AUTO_TEST_CASE(operations_that_need_all_gradients) {
  // Reads both gradients without asking whether they are there.
  const auto f = [](const List& in) {
    return record("needs_both", List{(in[0] * 2).detach(), (in[0] * 3).detach()}, {in[0]}, {},
                  [](const Saved&, std::span<const Tensor> g) -> Grads { return {g[0] * 2 + g[1] * 3}; });
  };
  const List x{leaf({1, 2})};
  BOOST_CHECK_THROW(gradcheck(f, x), ValueError);
  BOOST_TEST(gradcheck(f, x, {.check_undefined_grad = false}));
  BOOST_TEST(gradcheck(f, x, {.check_undefined_grad = false, .fast_mode = true}));
}

BOOST_AUTO_TEST_CASE(forward_mode_is_checked_on_its_own) {
  const List x{leaf({1, 2, 3})};
  const auto f = [](const List& in) { return square_times<5>(in[0]); };
  expect<AutogradError>({"the tangent of forward mode is wrong", "a factor of 2"},
                        [&] { gradcheck(f, x, {.check_backward_ad = false, .check_forward_ad = true}); });
  const auto once = [](const List& in) {
    return record_once("raw", (in[0] * 2).detach(), {in[0]}, {},
                       [](const Saved&, const Tensor& g) -> Grads { return {g.detach() * 2}; });
  };
  BOOST_TEST(gradcheck(once, x));
  expect<AutogradError>({"raw", "no derivative in forward mode"},
                        [&] { gradcheck(once, x, {.check_forward_ad = true}); });
}

BOOST_AUTO_TEST_CASE(fast_mode_finds_the_element) {
  const List x{rand({4, 5}, {kFloat64, true})};
  const auto f = [](const List& in) { return square_times<11>(in[0]); };
  expect<AutogradError>({"input element (", "analytical = 1.1 numerical everywhere"},
                        [&] { gradcheck(f, x, {.fast_mode = true}); });
  int runs = 0;
  const auto counted = [&](const List& in) {
    ++runs;
    return sin(in[0]);
  };
  BOOST_TEST(gradcheck(counted, x, {.fast_mode = true}));
  BOOST_TEST(runs == 3);
}

BOOST_AUTO_TEST_CASE(second_derivatives) {
  const List x{leaf({0.5, 2})};
  // Right to the first order only: the derivative is a constant for the tape.
  const auto f = [](const List& in) {
    return record("constant_slope", (in[0] * in[0]).detach(), {in[0]}, {in[0]},
                  [](const Saved& s, const Tensor& g) -> Grads { return {g * s[0].detach() * 2}; });
  };
  BOOST_TEST(gradcheck(f, x));
  for (const bool fast : {false, true}) {
    expect<AutogradError>({"gradgradcheck", "the gradient is wrong"},
                          [&] { gradgradcheck(f, x, {.fast_mode = fast}); });
    expect<AutogradError>({"gradgradcheck", "tangent of forward mode is wrong"}, [&] {
      gradgradcheck(f, x, {.check_backward_ad = false, .check_forward_ad = true, .fast_mode = fast});
    });
  }
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const auto f = [](const List& in) { return in[0] * 2; };
  Tensor w = ones({2}, {kFloat32, true});
  w.set_name("w");
  expect_op<DTypeError>("gradcheck", {"input 0 (w) is float32", "net.to(kFloat64)"}, [&] { gradcheck(f, {w}); });
  expect_op<ValueError>("gradcheck", {"both false"}, [&] { gradcheck(f, {leaf({1})}, {.check_backward_ad = false}); });
  expect_op<ValueError>("gradcheck", {"eps"}, [&] { gradcheck(f, {leaf({1})}, {.eps = 0}); });
  expect_op<ValueError>("gradcheck", {"no input requires grad"}, [&] { gradcheck(f, {ones({1}, {kFloat64})}); });
}

BOOST_AUTO_TEST_SUITE_END()
