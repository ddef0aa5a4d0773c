#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

enum class LineSearch { none, strong_wolfe };
inline std::ostream& operator<<(std::ostream& os, LineSearch v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"none", "strong_wolfe"});
}

// In the state as a bool.
template <>
struct Option<LineSearch> {
  bool value = false;
  bool given = true;

  constexpr Option(LineSearch v) : value(v == LineSearch::strong_wolfe) {}                               // NOLINT
  constexpr Option(Preset<LineSearch> p) : value(p.value == LineSearch::strong_wolfe), given(false) {}   // NOLINT
  constexpr operator LineSearch() const { return value ? LineSearch::strong_wolfe : LineSearch::none; }  // NOLINT
};

struct XGRAD_API LBFGSOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1.0);
  Option<std::int64_t> max_iter = preset(std::int64_t{20});  // iterations of one step()
  Option<std::int64_t> max_eval = preset(std::int64_t{0});   // evaluations of one step(); 0: 5/4 max_iter
  Option<double> tolerance_grad = preset(1e-7);              // stop when no slope is steeper, see below
  Option<double> tolerance_change = preset(1e-9);  // stop when the loss or all parameters change less, see below
  Option<std::int64_t> history_size = preset(std::int64_t{100});
  Option<LineSearch> line_search_fn = preset(LineSearch::none);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("max_iter", o.max_iter), f("max_eval", o.max_eval), f("tolerance_grad", o.tolerance_grad);
    f("tolerance_change", o.tolerance_change), f("history_size", o.history_size), f("line_search_fn", o.line_search_fn);
  }
  void check(const OptionCheck& check) const;
};

// How a step() of LBFGS ended.
enum class LBFGSEnd { not_run, gradient, change, max_iter, max_eval, no_decrease, unbounded };
inline std::ostream& operator<<(std::ostream& os, LBFGSEnd v) {
  return xgrad::detail::print_choice(
      os, static_cast<int>(v), {"not_run", "gradient", "change", "max_iter", "max_eval", "no_decrease", "unbounded"});
}

struct XGRAD_API LBFGSResult {
  LBFGSEnd end = LBFGSEnd::not_run;
  std::int64_t iterations = 0, evaluations = 0;  // of this step()
  // A tolerance was met.
  bool converged() const { return end == LBFGSEnd::gradient || end == LBFGSEnd::change; }
  std::string text() const;  // "gradient below tolerance_grad after 9 iterations, 12 evaluations"
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const LBFGSResult& r);  // text()

// Quasi-Newton steps from the last history_size changes of the gradient, for smooth deterministic losses with few
// parameters; .line_search_fn = LineSearch::strong_wolfe makes it robust. One step() runs up to max_iter iterations and
// evaluates the closure several times. All parameters in one group. Nocedal 1980; Nocedal & Wright 2006,
// algorithms 3.5, 3.6 and 7.4; the choices in between are those of M. Schmidt's minFunc, as in PyTorch.
//
// No threshold depends on the units of the loss f or of the unknowns x (PyTorch's are absolute).
//   Pairs of changes s of x and y of the gradient g are kept when <y, s> > 1e-10 |y| |s|.
//   The first step goes -lr L g / |g|_1, where L is the power of 1024 nearest to the mean of |x| weighted by |g|, that
//   is 1 for unknowns between 1/32 and 32, or all 0. (PyTorch: the same with L = 1, if |g|_1 >= 1, else -lr g.)
//   Without line search it is shorter where r = L |g| / |f| is below 1/32 or above 1024: by 32 r or 1024 / r.
// With strong_wolfe a step() stops when max|g| max|x| <= tolerance_grad |f| (|x| the largest so far; not before a
// pair was kept), when f or its predicted value changes by less than tolerance_change |f|, or when every x_i changes
// by at most tolerance_change |x_i|. Without line search it stops where PyTorch does, but both tolerances shrink with a
// loss that starts below 1, and with the scale L of the unknowns: a small problem is never taken for a solved one.
// So for f times 2^k, or x times 1024^k, the steps are the same bit for bit; without line search only where they stop
// may differ. Other factors of x change the length of the first trial step and nothing else.
//
// Unknowns of very different sizes, 500 beside 1e-4, make a valley that rounding ends before the minimum: divide each
// by its size. Of the 54 regressions of NIST's StRD, minimised as sums of squares, 49 come out to 6 digits with the
// unknowns divided by their starts, 32 as they are (PyTorch's algorithm: 28); LevenbergMarquardt solves all.
//
// A step to a point where the loss or a gradient is not finite is shortened. When a direction does not lead down, or
// the search along it finds nothing lower, the history is dropped and the gradient followed. With strong_wolfe the
// parameters end at the lowest point found. When the closure throws they are those before the iteration.
class XGRAD_API LBFGS : public OptimizerWith<LBFGSOptions> {
 public:
  explicit LBFGS(Params<LBFGSOptions> params, LBFGSOptions options = {},  // options by name: {.lr = 0.1}
                 Location at = Location::current());

  // The loss before the step. ValueError: the loss or a gradient is not finite there. (After a step that was only
  // bounded by max_iter, without line search, it goes back along that step first.)
  Tensor step(const Closure& closure, Location at = Location::current()) override;
  // ValueError: the closure is needed.
  void step(Location at = Location::current()) override;
  // How the last step() ended.
  const LBFGSResult& result() const { return result_; }

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check_options(std::size_t group, const Location& at) const override;
  NamedTensors shared_state() const override;
  std::vector<std::string> load_shared_state(const NamedTensors& state, bool commit, const Location& at) override;

 private:
  using Vector = std::vector<double>;
  // A point on the line; where anything is not finite the loss is infinite.
  struct Point {
    double t = 0, loss = 0;
    Vector grad;
    double slope = 0;            // along the direction
    bool moved = true;           // some parameter differs from the start of the line
    bool still_falling = false;  // as far as the search went, which is 10^25 times its first length
    bool finite() const { return std::isfinite(loss); }
  };
  struct Ahead {
    double slope, t;
  };
  struct Pair {
    Vector gradient, step;  // their changes
    double inverse;         // 1 / <gradient, step>
  };
  struct Memory {
    std::vector<Pair> pairs;  // oldest first
    double diagonal = 0;      // of the first guess at the inverse Hessian; 0: no pair was kept yet
    Vector direction, grad;
    double t = 0, loss = 0;  // t = 0: no step was taken along the direction
    std::int64_t iterations = 0, evaluations = 0;
    // The loss and the scale of the unknowns at the start, the largest unknown so far, and the loss at which nothing
    // lower was found.
    double first_loss = 0, unit = 1, largest = 0, stuck_at = std::numeric_limits<double>::quiet_NaN();

    bool fresh() const { return diagonal == 0; }
  };

  Tensor start_point(const Closure& closure, double& loss, Vector& grad, const Location& at);
  template <class F>
  auto or_restore(F f);
  Tensor go_back(const Closure& closure, double& loss, Vector& grad);
  void require_loss(const Tensor& found) const;
  Tensor evaluate(const Closure& closure, double& loss, Vector& grad);
  Point evaluate(const Closure& closure, const Vector& from, double t, const Vector& direction);
  Point search(const Closure& closure, const Vector& from, double first, const Point& start);
  Point fixed_step(const Closure& closure, const Vector& from, double t, const Point& start);
  Ahead choose_direction(const Vector& grad, double loss);
  double first_length(const Vector& grad, double loss);
  void remember(const Vector& grad);
  void two_loops(const Vector& grad);
  bool flat(const Vector& grad, double loss) const;
  bool flat_ahead(double slope, double loss) const;
  bool unchanged(const Vector& from, double before, double loss) const;
  LBFGSEnd iterate(const Closure& closure, double& loss, Vector& grad);
  Vector values() const;
  Vector gradients() const;
  void assign(const Vector& from, double t, const Vector& direction);
  bool line_search() const { return options().line_search_fn == LineSearch::strong_wolfe; }
  Memory memory_;
  LBFGSResult result_;
};

}  // namespace xgrad::optim
