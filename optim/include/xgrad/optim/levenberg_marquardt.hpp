// Nonlinear least squares: curve fitting, calibration.
//
//   Tensor b = tensor({500., 1e-4}, {kFloat64, true});
//   optim::LevenbergMarquardt opt({b});
//   opt.step([&] { return b[0] * (1 - exp(-b[1] * x)) - y; });  // the residuals
//   std::cout << opt.result() << b;
#pragma once

#include <iosfwd>
#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

struct XGRAD_API LevenbergMarquardtOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1.0);                             // the part of each step that is taken
  Option<double> radius = preset(1e4);                         // of the first step, relative to Gauss and Newton's
  Option<std::int64_t> max_iter = preset(std::int64_t{1000});  // iterations of one step(), also those that fail
  Option<double> tolerance_grad = preset(1e-15);    // stop when no column of J is less orthogonal to r, see below
  Option<double> tolerance_change = preset(1e-15);  // stop when loss or unknowns change less, relative to themselves

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("radius", o.radius), f("max_iter", o.max_iter), f("tolerance_grad", o.tolerance_grad);
    f("tolerance_change", o.tolerance_change);
  }
  void check(const OptionCheck& check) const;
};

// How a step() of LevenbergMarquardt ended.
enum class LeastSquaresEnd { not_run, gradient, loss_change, change, max_iter };
inline std::ostream& operator<<(std::ostream& os, LeastSquaresEnd v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v),
                                     {"not_run", "gradient", "loss_change", "change", "max_iter"});
}

struct XGRAD_API LeastSquaresResult {
  LeastSquaresEnd end = LeastSquaresEnd::not_run;
  double loss = 0;                               // |r|^2 / 2 where it ended
  std::int64_t iterations = 0, evaluations = 0;  // steps tried; residuals computed
  bool converged() const { return end != LeastSquaresEnd::not_run && end != LeastSquaresEnd::max_iter; }
  std::string text() const;  // "gradient below tolerance_grad after 9 iterations, 12 evaluations, loss 0.0623"
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const LeastSquaresResult& r);  // text()

// Minimises |r(x)|^2 / 2, r the residuals that the closure returns, with steps s that minimise
// |J s + r|^2 + |D s|^2 / radius: J the Jacobian, by automatic differentiation, D^2 = diag(J'J), in which no column
// counts as shorter than a thousandth of the longest it was, or of what gives its unknown the effect |J_k x_k| of
// another. The radius grows with steps that lower the loss as predicted and shrinks otherwise; a smaller first one
// keeps to the neighbourhood of the start. The linear problem is solved by Householder reflections in double, and
// nothing depends on the units of the unknowns. Stops when |J_j' r| <= tolerance_grad |J_j| |r| for all columns j, when
// the loss changes by at most tolerance_change of itself and was predicted to, or when every unknown does. One group of
// parameters, float32 or float64; for float64 the default tolerances mean as far as rounding allows. Marquardt 1963;
// Madsen, Nielsen & Tingleff 2004, section 3.2, as in Ceres Solver. Not in PyTorch:
// scipy.optimize.least_squares(method="lm").
class XGRAD_API LevenbergMarquardt : public OptimizerWith<LevenbergMarquardtOptions> {
 public:
  explicit LevenbergMarquardt(Params<LevenbergMarquardtOptions> params, LevenbergMarquardtOptions options = {},
                              Location at = Location::current());

  // The closure computes the residuals, of any shape, and returns them; it needs no backward(). Returns |r|^2 / 2 from
  // before. ValueError: the residuals depend on none of the parameters, are not finite at the start, or their number
  // changes. Points where they are not finite count as steps that fail. When the closure throws, the parameters are
  // those of the best point so far.
  Tensor step(const Closure& closure, Location at = Location::current()) override;
  // ValueError: the closure is needed.
  void step(Location at = Location::current()) override;
  const LeastSquaresResult& result() const { return result_; }

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check_options(std::size_t group, const Location& at) const override;
  NamedTensors shared_state() const override;
  std::vector<std::string> load_shared_state(const NamedTensors& state, bool commit, const Location& at) override;

 private:
  using Vector = std::vector<double>;
  struct Point {
    Vector x, residuals, jacobian;  // the Jacobian column by column, empty until it is needed
    double loss = 0;
  };
  Vector values() const;
  void assign(const Vector& x);
  Tensor evaluate(const Closure& closure, Point& p, const Location& at);
  Vector jacobian(const Tensor& residuals, const Location& at) const;
  LeastSquaresEnd iterate(const Closure& closure, Point& best, Tensor& residuals, const Location& at);
  bool orthogonal(const Point& p) const;
  Vector shortest(const Point& p) const;

  double radius_ = 0, shrink_ = 2;  // 0: as in the options
  Vector longest_;                  // of the columns of J, so far
  LeastSquaresResult result_;
};

}  // namespace xgrad::optim
