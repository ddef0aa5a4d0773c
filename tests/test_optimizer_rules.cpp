// The optimizers whose rules look at more than one number of a parameter, and those beside PyTorch's, against plain
// loops over doubles that follow the published formulas.
#include <algorithm>
#include <functional>
#include <numeric>

#include <xgrad/data/safetensors.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr int kSteps = 6;
using Numbers = std::vector<double>;

// One step from the parameter and its gradient to the next parameter; t from 1.
using Rule = std::function<Numbers(const Numbers& p, const Numbers& g, int t)>;

Numbers start_of(std::int64_t n) {
  Numbers p;
  for (std::int64_t i = 0; i < n; ++i) p.push_back(std::sin(static_cast<double>(3 * i + 1)) * 2);
  return p;
}
// Neither constant nor linear in p.
Numbers slope(const Numbers& p) {
  Numbers g;
  for (std::size_t i = 0; i < p.size(); ++i) g.push_back(p[i] - static_cast<double>(i % 3) + std::cos(p[i]));
  return g;
}

template <class O, class Options>
void check_rule(const Shape& shape, const Options& options, const std::function<Rule()>& make,
                Location at = Location::current()) {
  Numbers expected = start_of(shape.numel());
  const Rule rule = make();
  for (int t = 1; t <= kSteps; ++t) expected = rule(expected, slope(expected), t);
  for (const DType type : {kFloat64, kFloat32}) {
    Tensor p = from_vector(start_of(shape.numel())).to(type).reshape(shape).requires_grad_();
    O opt({p}, options);
    for (int t = 0; t < kSteps; ++t) {
      p.set_grad(from_vector(slope(p.detach().to_vector<double>())).to(type).reshape(shape));
      opt.step();
    }
    check_close(p, expected, type == kFloat64 ? 1e-12 : 2e-5, at);
  }
}

double norm(const Numbers& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); }

Rule lion(const optim::LionOptions& o) {
  return [o, m = Numbers()](const Numbers& p, const Numbers& g, int) mutable {
    m.resize(p.size());
    Numbers next;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double d = o.maximize ? -g[i] : g[i], u = o.betas[0] * m[i] + (1 - o.betas[0]) * d;
      m[i] = o.betas[1] * m[i] + (1 - o.betas[1]) * d;
      next.push_back(p[i] * (1 - o.lr * o.weight_decay) - o.lr * ((u > 0) - (u < 0)));
    }
    return next;
  };
}

// A matrix of rows x columns.
Rule adafactor(const optim::AdafactorOptions& o, std::size_t rows, std::size_t columns) {
  return [=, r = Numbers(rows), c = Numbers(columns)](const Numbers& p, const Numbers& g, int t) mutable {
    const double w = std::pow(t, o.beta2_decay), n = static_cast<double>(p.size());
    Numbers row(rows), column(columns);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        row[i] += g[i * columns + j] * g[i * columns + j] / static_cast<double>(columns);
        column[j] += g[i * columns + j] * g[i * columns + j] / static_cast<double>(rows);
      }
    for (std::size_t i = 0; i < rows; ++i) r[i] = (1 - w) * r[i] + w * row[i];
    for (std::size_t j = 0; j < columns; ++j) c[j] = (1 - w) * c[j] + w * column[j];
    const double mean = std::accumulate(r.begin(), r.end(), 0.0) / static_cast<double>(rows);
    Numbers u;
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) u.push_back(g[i * columns + j] / std::sqrt(r[i] * c[j] / mean));
    const double size = std::max(o.eps[1], norm(p) / std::sqrt(n)) * std::min(o.lr.value, 1 / std::sqrt(t));
    const double limit = std::max(1.0, norm(u) / std::sqrt(n) / o.d);
    Numbers next;
    for (std::size_t i = 0; i < p.size(); ++i)
      next.push_back((1 - o.lr * o.weight_decay) * p[i] - (o.maximize ? -1 : 1) * size / limit * u[i]);
    return next;
  };
}

Rule adafactor_of_a_vector(const optim::AdafactorOptions& o) {
  return [o, v = Numbers()](const Numbers& p, const Numbers& g, int t) mutable {
    v.resize(p.size());
    const double w = std::pow(t, o.beta2_decay), n = static_cast<double>(p.size());
    Numbers u, next;
    for (std::size_t i = 0; i < p.size(); ++i) {
      v[i] = (1 - w) * v[i] + w * g[i] * g[i];
      u.push_back(g[i] / std::sqrt(v[i]));
    }
    const double size = std::max(o.eps[1], norm(p) / std::sqrt(n)) * std::min(o.lr.value, 1 / std::sqrt(t));
    for (std::size_t i = 0; i < p.size(); ++i)
      next.push_back((1 - o.lr * o.weight_decay) * p[i] - size / std::max(1.0, norm(u) / std::sqrt(n) / o.d) * u[i]);
    return next;
  };
}

Numbers product(const Numbers& a, const Numbers& b, std::size_t n, std::size_t k, std::size_t m) {
  Numbers c(n * m);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j)
      for (std::size_t l = 0; l < k; ++l) c[i * m + j] += a[i * k + l] * b[l * m + j];
  return c;
}
Numbers transposed(const Numbers& a, std::size_t n, std::size_t m) {
  Numbers b;
  for (std::size_t j = 0; j < m; ++j)
    for (std::size_t i = 0; i < n; ++i) b.push_back(a[i * m + j]);
  return b;
}

Rule muon(const optim::MuonOptions& o, std::size_t rows, std::size_t columns) {
  return [=, m = Numbers(rows * columns)](const Numbers& p, const Numbers& g, int) mutable {
    Numbers u;
    for (std::size_t i = 0; i < p.size(); ++i) {
      m[i] = o.momentum * m[i] + (1 - o.momentum) * g[i];
      u.push_back(o.nesterov ? (1 - o.momentum) * g[i] + o.momentum * m[i] : m[i]);
    }
    const double size = norm(u);
    for (double& x : u) x /= size;
    const Numbers& k = o.ns_coefficients.value;
    for (int s = 0; s < o.ns_steps; ++s) {  // x = a x + b x x' x + c x x' x x' x, without a choice of the shorter side
      const Numbers gram = product(u, transposed(u, rows, columns), rows, columns, rows);
      const Numbers third = product(gram, u, rows, rows, columns), fifth = product(gram, third, rows, rows, columns);
      for (std::size_t i = 0; i < u.size(); ++i) u[i] = k[0] * u[i] + k[1] * third[i] + k[2] * fifth[i];
    }
    const double a = static_cast<double>(rows), b = static_cast<double>(columns);
    const double lr = o.adjust_lr_fn == optim::MuonAdjust::original ? o.lr * std::sqrt(std::max(1.0, a / b))
                                                                    : o.lr * 0.2 * std::sqrt(std::max(a, b));
    Numbers next;
    for (std::size_t i = 0; i < p.size(); ++i) next.push_back(p[i] * (1 - o.lr * o.weight_decay) - lr * u[i]);
    return next;
  };
}

Rule lars(const optim::LARSOptions& o) {
  return [o, m = Numbers()](const Numbers& p, const Numbers& g, int t) mutable {
    m.resize(p.size());
    const double trust =
        o.trust_coefficient > 0 ? o.trust_coefficient * norm(p) / (norm(g) + o.weight_decay * norm(p) + o.eps) : 1;
    Numbers next;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double d = trust * ((o.maximize ? -g[i] : g[i]) + o.weight_decay * p[i]);
      m[i] = t == 1 ? d : o.momentum * m[i] + (1 - o.dampening) * d;
      next.push_back(p[i] - o.lr * (o.momentum == 0 ? d : o.nesterov ? d + o.momentum * m[i] : m[i]));
    }
    return next;
  };
}

Rule lamb(const optim::LAMBOptions& o) {
  return [o, m = Numbers(), v = Numbers()](const Numbers& p, const Numbers& g, int t) mutable {
    m.resize(p.size());
    v.resize(p.size());
    Numbers u, next;
    for (std::size_t i = 0; i < p.size(); ++i) {
      m[i] = o.betas[0] * m[i] + (1 - o.betas[0]) * g[i];
      v[i] = o.betas[1] * v[i] + (1 - o.betas[1]) * g[i] * g[i];
      u.push_back(m[i] / (1 - std::pow(o.betas[0], t)) / (std::sqrt(v[i] / (1 - std::pow(o.betas[1], t))) + o.eps) +
                  o.weight_decay * p[i]);
    }
    for (std::size_t i = 0; i < p.size(); ++i) next.push_back(p[i] - o.lr * norm(p) / norm(u) * u[i]);
    return next;
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer_rules)

BOOST_AUTO_TEST_CASE(trajectories) {
  for (const optim::LionOptions& o :
       std::vector<optim::LionOptions>{{}, {.lr = 0.1, .betas = {0.8, 0.95}, .weight_decay = 0.1, .maximize = true}})
    check_rule<optim::Lion>({7}, o, [&] { return lion(o); });
  for (const optim::AdafactorOptions& o : std::vector<optim::AdafactorOptions>{
           {}, {.lr = 0.5, .beta2_decay = -0.5, .eps = {1e-12, 1e-2}, .d = 2, .weight_decay = 0.1}}) {
    check_rule<optim::Adafactor>({4, 3}, o, [&] { return adafactor(o, 4, 3); });
    check_rule<optim::Adafactor>({5}, o, [&] { return adafactor_of_a_vector(o); });
  }
  check_rule<optim::Adafactor>({4, 3}, optim::AdafactorOptions{.maximize = true},
                               [] { return adafactor({.maximize = true}, 4, 3); });
  for (const optim::MuonOptions& o : std::vector<optim::MuonOptions>{
           {.lr = 0.1},
           {.lr = 0.1, .weight_decay = 0, .nesterov = false, .adjust_lr_fn = optim::MuonAdjust::match_rms_adamw},
           {.lr = 0.1, .momentum = 0.5, .ns_coefficients = {2, -1.5, 0.5}, .ns_steps = 9}}) {
    check_rule<optim::Muon>({4, 3}, o, [&] { return muon(o, 4, 3); });
    check_rule<optim::Muon>({2, 5}, o, [&] { return muon(o, 2, 5); });
  }
  for (const optim::LARSOptions& o : std::vector<optim::LARSOptions>{
           {.lr = 10},
           {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true, .trust_coefficient = 0.1},
           {.lr = 0.1, .momentum = 0.5, .dampening = 0.2, .trust_coefficient = 0, .maximize = true}})
    check_rule<optim::LARS>({7}, o, [&] { return lars(o); });
  for (const optim::LAMBOptions& o :
       std::vector<optim::LAMBOptions>{{.lr = 0.1}, {.lr = 0.1, .betas = {0.8, 0.9}, .weight_decay = 0.1}})
    check_rule<optim::LAMB>({7}, o, [&] { return lamb(o); });
}

// A batch of matrices is one parameter, whose matrices have rows and columns of their own.
BOOST_AUTO_TEST_CASE(adafactor_keeps_rows_and_columns) {
  Tensor p = ones({2, 3, 4}, {kFloat32, true});
  optim::Adafactor opt({p}, {.lr = 0.1});
  p.set_grad(rand({2, 3, 4}) + 0.5);
  opt.step();
  std::int64_t numbers = 0;
  for (const auto& [key, t] : opt.state_dict()) {
    if (key == "0.row_var") BOOST_TEST((t.shape() == Shape{2, 3, 1}));
    if (key == "0.col_var") BOOST_TEST((t.shape() == Shape{2, 1, 4}));
    if (key == "0.row_var" || key == "0.col_var") numbers += t.numel();
  }
  BOOST_TEST(numbers == 14);
}

BOOST_AUTO_TEST_CASE(muon_steps_are_orthogonal) {
  Tensor p = zeros({16, 8}, {kFloat64, true});
  optim::Muon opt({p}, {.lr = 1, .weight_decay = 0, .ns_coefficients = {1.875, -1.25, 0.375}, .ns_steps = 40});
  manual_seed(1);
  p.set_grad(randn({16, 8}, {.dtype = kFloat64}));
  opt.step();
  const Tensor u = p.detach() / std::sqrt(2.0);  // the adjusted rate of a tall matrix
  check_close(matmul(u.t(), u), eye(8, 8, {kFloat64}).to_vector<double>(), 1e-9);
  expect_op<ValueError>("Muon", {"matrices", "(3)"}, [] { optim::Muon({zeros({3}, {.requires_grad = true})}); });
}

// Rows without a gradient keep their moments, and t counts all steps.
BOOST_AUTO_TEST_CASE(sparse_adam_touches_rows_with_a_gradient) {
  for (const DType type : {kFloat64, kFloat32}) {
    Tensor p = ones({3, 2}, {type, true});
    optim::SparseAdam opt({p}, {.lr = 0.1});
    Numbers want{1, 1}, m{0, 0}, v{0, 0};
    for (int t = 1; t <= 4; ++t) {
      const bool looked_up = t != 2;
      Tensor g = zeros({3, 2}, {type});
      if (looked_up) g.select(0, 1).copy_(tensor({0.5 * t, 0.0}).to(type));
      p.set_grad(g);
      opt.step();
      for (std::size_t i = 0; looked_up && i < 2; ++i) {
        const double d = i == 0 ? 0.5 * t : 0;
        m[i] = 0.9 * m[i] + 0.1 * d;
        v[i] = 0.999 * v[i] + 0.001 * d * d;
        want[i] -= 0.1 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t)) * m[i] / (std::sqrt(v[i]) + 1e-8);
      }
    }
    check_close(p, {1, 1, want[0], want[1], 1, 1}, type == kFloat64 ? 1e-12 : 1e-5);
  }
}

namespace {

// Twelve steps in one go, and six, a trip through a file, and six.
template <class O, class Options>
void check_resume(const Options& options, Location at = Location::current()) {
  const TempDir dir;
  const auto run = [](O& opt, Tensor p) {
    for (int t = 0; t < 6; ++t) {
      p.set_grad(p.detach() * 2 + cos(p.detach()));
      opt.step();
    }
  };
  Tensor whole = from_vector(start_of(12)).to(kFloat32).reshape({4, 3}).requires_grad_();
  O first({whole}, options);
  run(first, whole);
  Tensor resumed = whole.detach().clone().requires_grad_();
  save_safetensors(first.state_dict(), dir / "state");
  run(first, whole);
  O second({resumed}, {.lr = 7});
  second.load_state_dict(load_safetensors(dir / "state"));
  run(second, resumed);
  BOOST_TEST(same_bits(whole, resumed), file_and_line(at) << " differs after resuming");
  BOOST_TEST(same_bits(first.state_dict(), second.state_dict()), file_and_line(at) << " another state");
}

}  // namespace

BOOST_AUTO_TEST_CASE(resuming_is_exact) {
  check_resume<optim::Lion, optim::LionOptions>({.lr = 0.1});
  check_resume<optim::SparseAdam, optim::SparseAdamOptions>({.lr = 0.1});
  check_resume<optim::Adafactor, optim::AdafactorOptions>({.lr = 0.1, .eps = {1e-9, 1e-2}});
  check_resume<optim::Muon, optim::MuonOptions>({.lr = 0.1, .ns_coefficients = {2, -1.5, 0.5}});
  check_resume<optim::LARS, optim::LARSOptions>({.lr = 0.1, .momentum = 0.9});
  check_resume<optim::LAMB, optim::LAMBOptions>({.lr = 0.1});
  Tensor p = ones({4, 3}, {kFloat32, true}), q = ones({3, 4}, {kFloat32, true});
  optim::Adafactor a({p}), b({q});
  p.set_grad(ones({4, 3}));
  a.step();
  expect_op<ValueError>("Adafactor", {"0.row_var has shape (4, 1)", "(3, 4)", "(3, 1)"},
                        [&] { b.load_state_dict(a.state_dict()); });
}

BOOST_AUTO_TEST_CASE(options_of_groups_and_out_of_range) {
  const std::vector<Tensor> one{ones({2, 2}, {.requires_grad = true})};
  Tensor other = ones({2, 2}, {.requires_grad = true});
  optim::Adafactor opt({{one, {.d = 3}}, {{other}, {.lr = 0.5}}}, {.lr = 0.1, .weight_decay = 0.2});
  BOOST_TEST((opt.options(0).d == 3 && opt.options(0).lr == 0.1 && opt.options(1).lr == 0.5));
  BOOST_TEST(opt.options(1).weight_decay == 0.2);
  expect_op<ValueError>("Lion", {"betas"}, [&] { optim::Lion(one, {.betas = {1, 0.9}}); });
  expect_op<ValueError>("SparseAdam", {"betas"}, [&] { optim::SparseAdam(one, {.betas = {0.9, -1}}); });
  expect_op<ValueError>("Adafactor", {"beta2_decay", "0.5"}, [&] { optim::Adafactor(one, {.beta2_decay = 0.5}); });
  expect_op<ValueError>("Adafactor", {"eps[1]"}, [&] { optim::Adafactor(one, {.eps = {0, -1}}); });
  expect_op<ValueError>("Adafactor", {"d must", "0.5"}, [&] { optim::Adafactor(one, {.d = 0.5}); });
  expect_op<ValueError>("Muon", {"ns_steps", "100"}, [&] { optim::Muon(one, {.ns_steps = std::int64_t{100}}); });
  expect_op<ValueError>("Muon", {"ns_coefficients", "2"}, [&] { optim::Muon(one, {.ns_coefficients = {1, 2}}); });
  expect_op<ValueError>("Muon", {"momentum", "1"}, [&] { optim::Muon(one, {.momentum = 1}); });
  expect_op<ValueError>("LARS", {"trust_coefficient"}, [&] { optim::LARS(one, {.trust_coefficient = -1}); });
  expect_op<ValueError>("LARS", {"nesterov"}, [&] { optim::LARS(one, {.nesterov = true}); });
  expect_op<ValueError>("LAMB", {"weight_decay"}, [&] { optim::LAMB(one, {.weight_decay = -1}); });
}

BOOST_AUTO_TEST_SUITE_END()
