// Levenberg-Marquardt on the nonlinear regressions of NIST, from both starts; states; errors.
#include <map>
#include <numbers>
#include <sstream>

#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using optim::LeastSquaresEnd;
using optim::LevenbergMarquardt;

namespace {

using V = std::vector<Tensor>;  // scalars, or columns of the data
using Numbers = std::vector<double>;

struct Regression {
  std::string name;
  Numbers starts[2], certified;
  double squares;
  Tensor y;
  V x;
};

Numbers numbers(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<double>(in), {}};
}

std::vector<Regression> regressions() {
  std::ifstream in(XGRAD_SOURCE_DIR "/tests/nist_strd.txt");
  std::vector<Regression> all;
  std::vector<std::vector<Numbers>> rows;
  for (std::string line; std::getline(in, line);) {
    if (line[0] == '#') continue;
    if (std::isalpha(static_cast<unsigned char>(line[0]))) {
      all.push_back({line, {}, {}, 0, {}, {}});
      rows.emplace_back();
    } else {
      rows.back().push_back(numbers(line));
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<Numbers>& r = rows[i];
    all[i] = {all[i].name, {r[0], r[1]}, r[2], r[3][0], from_vector(r[4]), {}};
    for (std::size_t k = 5; k < r.size(); ++k) all[i].x.push_back(from_vector(r[k]));
  }
  return all;
}

// The models, with NIST's b1 as b[0].
using Model = std::function<Tensor(const V& b, const Tensor& x)>;
Tensor cubic_quotient(const V& b, const Tensor& x) {
  return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1 + x * (b[4] + x * (b[5] + x * b[6])));
}
Tensor gauss(const V& b, const Tensor& x) {
  return b[0] * exp(-b[1] * x) + b[2] * exp(-square((x - b[3]) / b[4])) + b[5] * exp(-square((x - b[6]) / b[7]));
}
Tensor lanczos(const V& b, const Tensor& x) {
  return b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x);
}
Tensor chwirut(const V& b, const Tensor& x) { return exp(-b[0] * x) / (b[1] + b[2] * x); }
Tensor saturation(const V& b, const Tensor& x) { return b[0] * (1 - exp(-b[1] * x)); }
Tensor waves(const V& b, const Tensor& x) {
  const Tensor t = 2 * std::numbers::pi * x;
  return b[0] + b[1] * cos(t / 12) + b[2] * sin(t / 12) + b[4] * cos(t / b[3]) + b[5] * sin(t / b[3]) +
         b[7] * cos(t / b[6]) + b[8] * sin(t / b[6]);
}

const std::map<std::string, Model>& models() {
  static const std::map<std::string, Model> all{
      {"Misra1a", saturation},
      {"BoxBOD", saturation},
      {"Misra1b", [](const V& b, const Tensor& x) { return b[0] * (1 - 1 / square(1 + b[1] * x / 2)); }},
      {"Misra1c", [](const V& b, const Tensor& x) { return b[0] * (1 - rsqrt(1 + 2 * b[1] * x)); }},
      {"Misra1d", [](const V& b, const Tensor& x) { return b[0] * b[1] * x / (1 + b[1] * x); }},
      {"Chwirut1", chwirut},
      {"Chwirut2", chwirut},
      {"Lanczos1", lanczos},
      {"Lanczos2", lanczos},
      {"Lanczos3", lanczos},
      {"Gauss1", gauss},
      {"Gauss2", gauss},
      {"Gauss3", gauss},
      {"DanWood", [](const V& b, const Tensor& x) { return b[0] * pow(x, b[1]); }},
      {"Kirby2",
       [](const V& b, const Tensor& x) { return (b[0] + x * (b[1] + x * b[2])) / (1 + x * (b[3] + x * b[4])); }},
      {"Hahn1", cubic_quotient},
      {"Thurber", cubic_quotient},
      {"MGH09", [](const V& b, const Tensor& x) { return b[0] * (x * x + x * b[1]) / (x * x + x * b[2] + b[3]); }},
      {"MGH10", [](const V& b, const Tensor& x) { return b[0] * exp(b[1] / (x + b[2])); }},
      {"MGH17", [](const V& b, const Tensor& x) { return b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]); }},
      {"Roszman1",
       [](const V& b, const Tensor& x) { return b[0] - b[1] * x - atan2(b[2], x - b[3]) / std::numbers::pi; }},
      {"ENSO", waves},
      {"Rat42", [](const V& b, const Tensor& x) { return b[0] / (1 + exp(b[1] - b[2] * x)); }},
      {"Rat43", [](const V& b, const Tensor& x) { return b[0] / pow(1 + exp(b[1] - b[2] * x), 1 / b[3]); }},
      {"Eckerle4", [](const V& b, const Tensor& x) { return b[0] / b[1] * exp(-0.5 * square((x - b[2]) / b[1])); }},
      {"Bennett5", [](const V& b, const Tensor& x) { return b[0] * pow(b[1] + x, -1 / b[2]); }},
  };
  return all;
}

Tensor residuals(const Regression& r, const Tensor& b) {
  V parts;
  for (std::int64_t i = 0; i < b.numel(); ++i) parts.push_back(b.select(0, i));
  if (r.name == "Nelson") return parts[0] - parts[1] * r.x[0] * exp(-parts[2] * r.x[1]) - log(r.y);
  return models().at(r.name)(parts, r.x[0]) - r.y;
}

// Of the worst parameter, at most the 11 that are certified.
double digits(const Numbers& got, const Numbers& certified) {
  double worst = 11;
  for (std::size_t i = 0; i < got.size(); ++i)
    worst = std::min(worst, -std::log10(std::fabs(got[i] - certified[i]) / std::fabs(certified[i])));
  return std::isnan(worst) ? 0 : worst;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(least_squares)

// All 27 problems from both starts. BoxBOD's first one lies beside a plateau, where exp(-b2 x) vanishes and the loss is
// that of a constant: the default radius leads there, a small one does not.
BOOST_AUTO_TEST_CASE(reference_regressions) {
  const std::vector<Regression> all = regressions();
  BOOST_TEST(all.size() == 27u);
  for (const Regression& r : all)
    for (int s = 0; s < 2; ++s) {
      const Tensor b = from_vector(r.starts[s]).requires_grad_();
      LevenbergMarquardt opt({b}, {.radius = r.name == "BoxBOD" && s == 0 ? 1e-3 : 1e4});
      opt.step([&] { return residuals(r, b); });
      const double right = digits(b.detach().to_vector<double>(), r.certified);
      const std::string how =
          fmt::format("{} from start {}: {:.1f} digits, {}", r.name, s + 1, right, opt.result().text());
      BOOST_TEST_MESSAGE(how);
      BOOST_TEST(right >= 6, how);
    }
}

// A run that is saved and gone on with takes the same steps.
BOOST_AUTO_TEST_CASE(resuming_is_exact) {
  const Tensor x = arange(0, 8, 1, {kFloat64}) / 4, y = 3 * exp(-1.3 * x) + 0.01 * cos(9 * x);
  const auto run = [&](LevenbergMarquardt& opt, const Tensor& b) {
    return opt.step([&] { return b[0] * exp(-b[1] * x) - y; });
  };
  const Tensor whole = tensor({10., 0.1}).to(kFloat64).requires_grad_();
  LevenbergMarquardt first({whole}, {.max_iter = std::int64_t{3}});
  const double before = run(first, whole).item<double>();
  BOOST_TEST((first.result().end == LeastSquaresEnd::max_iter && first.result().loss < before));
  const Tensor resumed = whole.detach().clone().requires_grad_();
  LevenbergMarquardt second({resumed});
  second.load_state_dict(first.state_dict());
  run(first, whole);
  run(second, resumed);
  BOOST_TEST((same_bits(whole, resumed) && same_bits(first.state_dict(), second.state_dict())));
  // More unknowns than residuals, of two shapes, in float32: rows of the Jacobian take fewer passes.
  const Tensor a = ones({2, 2}, {kFloat32, true}), c = ones({1}, {kFloat32, true});
  LevenbergMarquardt wide({a, c});
  wide.step([&] { return a.sum({0}) + c - tensor({5., 7.}); });
  check_close(a.detach().sum({0}) + c.detach(), {5, 7});
  BOOST_TEST((wide.result().converged() && wide.result().text().find("iterations") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const Tensor b = tensor({1., 2.}).requires_grad_();
  LevenbergMarquardt opt({b});
  expect_op<ValueError>("LevenbergMarquardt", {"closure"}, [&] { opt.step(); });
  expect_op<ValueError>("LevenbergMarquardt", {"none of the parameters"}, [&] { opt.step([] { return ones({3}); }); });
  expect_op<ValueError>("LevenbergMarquardt", {"not finite at the start"}, [&] { opt.step([&] { return log(-b); }); });
  expect_op<ValueError>("LevenbergMarquardt", {"no residuals"}, [&] { opt.step([&] { return b.slice(0, 0, 0); }); });
  expect_op<DTypeError>("LevenbergMarquardt", {"int64"}, [&] { opt.step([] { return tensor({1}); }); });
  int calls = 0;
  expect_op<ValueError>("LevenbergMarquardt", {"3 residuals, 2 before"}, [&] {
    opt.step([&] { return ++calls == 1 ? b * 2 : cat({b, b.slice(0, 0, 1)}); });
  });
  check_close(b, {1, 2});  // as at the best point
  expect_op<ValueError>("LevenbergMarquardt", {"radius", "0"}, [&] { LevenbergMarquardt({b}, {.radius = 0}); });
  expect_op<ValueError>("LevenbergMarquardt", {"max_iter"},
                        [&] { LevenbergMarquardt({b}, {.max_iter = std::int64_t{0}}); });
  NamedTensors state = opt.state_dict();
  for (auto& [key, t] : state)
    if (key == "longest") t = ones({5});
  expect_op<ValueError>("LevenbergMarquardt", {"5 numbers for 2"}, [&] { opt.load_state_dict(state); });
}

BOOST_AUTO_TEST_SUITE_END()
