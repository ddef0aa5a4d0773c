// Forward mode, for every row of the table: tangents against finite differences, with and without the tape beside them,
// and forward mode over the backward pass.
#include <cmath>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/forward_ad.hpp>

#include "op_table.hpp"
#include "unit_test.hpp"

namespace xgrad::test {
namespace {

using Function = std::function<Tensors(const Tensors&)>;

constexpr double kStep = 1e-6;

std::string label(const Row& row, const Sample& sample) {
  return fmt::format("{}[{}]", row.functions.front(), &sample - row.samples.data());
}

// A direction for each input that takes a gradient; others are undefined.
Tensors directions(const Tensors& x) {
  Tensors t;
  for (std::size_t i = 0; i < x.size(); ++i)
    t.push_back(x[i].defined() && x[i].requires_grad() ? seed_like(x[i]) + 0.1 * static_cast<double>(i) : Tensor());
  return t;
}

Tensors moved(const Tensors& x, const Tensors& t, double by) {
  const NoGradGuard off;
  Tensors y;
  for (std::size_t i = 0; i < x.size(); ++i)
    y.push_back(!t[i].defined() ? x[i] : (x[i] + t[i] * by).detach().requires_grad_());
  return y;
}

// (f(x + step t) - f(x - step t)) / (2 step), of floating results.
Tensors finite_differences(const Function& f, const Tensors& x, const Tensors& t) {
  const Tensors above = f(moved(x, t, kStep)), below = f(moved(x, t, -kStep));
  Tensors d;
  for (std::size_t k = 0; k < above.size(); ++k)
    d.push_back(above[k].is_floating_point() ? ((above[k] - below[k]) / (2 * kStep)).detach() : Tensor());
  return d;
}

enum class Tape { none, off, on };
struct Parts {
  Tensors values, tangents;
};

Parts forward(const Function& f, const Tensors& x, const Tensors& t, Tape tape) {
  const forward_ad::DualLevel level;
  Tensors duals;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Tensor primal = tape == Tape::none && x[i].defined() ? x[i].detach() : x[i];
    duals.push_back(t[i].defined() ? forward_ad::make_dual(primal, t[i]) : primal);
  }
  const GradModeGuard mode(tape != Tape::off);
  Parts p;
  for (const Tensor& y : f(duals)) {
    auto [value, tangent] = forward_ad::unpack_dual(y);
    p.values.push_back(value);
    p.tangents.push_back(tangent);
  }
  return p;
}

void check_tangents(const std::string& what, const Tensors& got, const Tensors& want) {
  BOOST_REQUIRE(got.size() == want.size());
  for (std::size_t k = 0; k < want.size(); ++k) {
    if (!want[k].defined()) {
      BOOST_CHECK_MESSAGE(!got[k].defined(), what << ": output " << k << " is no number and has a tangent");
      continue;
    }
    const std::vector<double> b = want[k].to_vector<double>();
    // What does not depend on the inputs has none.
    const std::vector<double> a =
        got[k].defined() ? got[k].detach().to_vector<double>() : std::vector<double>(b.size(), 0.0);
    BOOST_REQUIRE_MESSAGE(a.size() == b.size(), what << ": output " << k << ": " << a.size() << " tangents");
    if (got[k].defined()) BOOST_CHECK(got[k].dtype() == want[k].dtype());
    for (std::size_t i = 0; i < b.size(); ++i)
      // The mean of nothing is NaN, also beside it.
      if (!std::isnan(b[i]) && !(std::abs(a[i] - b[i]) <= 2e-5 + 1e-3 * std::abs(b[i]))) {
        BOOST_ERROR(fmt::format("{}: output {} element {}: tangent {:.10g}, finite difference {:.10g}", what, k, i,
                                a[i], b[i]));
        break;
      }
  }
}

template <class Check>
void for_samples(const Row& row, Check check) {
  if (!row.differentiable) return;
  for (const Sample& sample : row.samples) {
    const Tensors x = leaves(sample, make_inputs(row, sample, kFloat64));
    if (sample.size != Size::small || !gives_gradient(row, sample, x)) continue;
    try {
      check(sample, x, directions(x));
    } catch (const std::exception& e) {
      // All outputs of an operation get tangents, those that nobody uses as well; hooks on saved tensors keep none.
      const std::string text = e.what();
      const bool refused = text.find("have no gradient; call it with full_matrices = false") < 999 ||
                           text.find("forward mode and the hooks exclude each other") < 999;
      BOOST_CHECK_MESSAGE(refused, label(row, sample) << ": " << e.what());
    }
  }
}

BOOST_DATA_TEST_CASE(tangents, boost::unit_test::data::make(op_table()), row) {
  for_samples(row, [&](const Sample& sample, const Tensors& x, const Tensors& t) {
    if (row.once) {
      try {
        forward(sample.call, x, t, Tape::none);
        BOOST_ERROR(label(row, sample) << ": its backward pass is not differentiable, and nothing is thrown");
      } catch (const AutogradError& e) {
        BOOST_CHECK_MESSAGE(std::string(e.what()).starts_with("xgrad: " + row.name + ": "), e.what());
      }
      return;
    }
    const Tensors want = finite_differences(sample.call, x, t);
    for (const auto& [tape, name] :
         {std::pair(Tape::none, "no tape"), {Tape::off, "NoGradGuard"}, {Tape::on, "tape"}}) {
      const Parts p = forward(sample.call, x, t, tape);
      check_tangents(fmt::format("{}: {}", label(row, sample), name), p.tangents, want);
      for (const Tensor& y : p.values)
        if (y.is_floating_point() && tape != Tape::on)
          BOOST_CHECK_MESSAGE(!y.requires_grad(), label(row, sample) << ": " << name << ": recorded");
    }
  });
}

// Gradients of all outputs by all inputs, with the tape left as it was.
Tensors gradients(const Sample& sample, const Tensors& x) {
  Tensors roots, seeds, wanted;
  for (const Tensor& y : sample.call(x)) {
    if (!y.requires_grad()) continue;
    roots.push_back(y);
    seeds.push_back(seed_like(y));
  }
  for (const Tensor& v : x)
    if (v.defined() && v.requires_grad()) wanted.push_back(v);
  Tensors g = grad(roots, wanted, seeds, {.allow_unused = true});
  for (std::size_t i = 0; i < g.size(); ++i)
    if (!g[i].defined()) g[i] = zeros_like(wanted[i]);
  return g;
}

BOOST_DATA_TEST_CASE(tangents_of_gradients, boost::unit_test::data::make(op_table()), row) {
  if (row.once) return;
  for_samples(row, [&](const Sample& sample, const Tensors& x, const Tensors& t) {
    const Function f = [&](const Tensors& in) { return gradients(sample, in); };
    const Parts p = forward(f, x, t, Tape::on);
    for (const Tensor& g : p.values)
      BOOST_CHECK_MESSAGE(!g.requires_grad(), label(row, sample) << ": a gradient is on the tape");
    check_tangents(label(row, sample) + ": gradient", p.tangents, finite_differences(f, x, t));
  });
}

}  // namespace
}  // namespace xgrad::test
