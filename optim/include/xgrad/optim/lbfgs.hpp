#pragma once

#include <deque>
#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

enum class LineSearch { none, strong_wolfe };

// In the state as a bool.
template <>
struct Option<LineSearch> {
  bool value = false;
  bool given = true;

  constexpr Option(LineSearch v) : value(v == LineSearch::strong_wolfe) {}                               // NOLINT
  constexpr Option(Preset<LineSearch> p) : value(p.value == LineSearch::strong_wolfe), given(false) {}   // NOLINT
  constexpr operator LineSearch() const { return value ? LineSearch::strong_wolfe : LineSearch::none; }  // NOLINT
};

struct LBFGSOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1.0);
  Option<std::int64_t> max_iter = preset(std::int64_t{20});  // iterations of one step()
  Option<std::int64_t> max_eval = preset(std::int64_t{0});   // evaluations of one step(); 0: 5/4 max_iter
  Option<double> tolerance_grad = preset(1e-7);              // stop when no slope is steeper
  Option<double> tolerance_change = preset(1e-9);  // stop when neither the loss nor any parameter changes more
  Option<std::int64_t> history_size = preset(std::int64_t{100});
  Option<LineSearch> line_search_fn = preset(LineSearch::none);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("max_iter", o.max_iter), f("max_eval", o.max_eval), f("tolerance_grad", o.tolerance_grad);
    f("tolerance_change", o.tolerance_change), f("history_size", o.history_size), f("line_search_fn", o.line_search_fn);
  }
};

// Quasi-Newton steps from the last history_size changes of the gradient, for smooth deterministic losses with few
// parameters; .line_search_fn = LineSearch::strong_wolfe makes it robust. One step() runs up to max_iter iterations and
// evaluates the closure several times. All parameters in one group. Nocedal 1980; Nocedal & Wright 2006,
// algorithms 3.5, 3.6 and 7.4; the choices in between are those of M. Schmidt's minFunc, as in PyTorch.
class XGRAD_API LBFGS : public OptimizerWith<LBFGSOptions> {
 public:
  explicit LBFGS(const std::vector<Tensor>& params, LBFGSOptions options = {}, Location at = Location::current());

  // The loss before the step.
  Tensor step(const Closure& closure, Location at = Location::current()) override;
  // ValueError: the closure is needed.
  void step() override;

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check(const LBFGSOptions& o, const Location& at) const override;
  NamedTensors shared_state() const override;
  std::vector<std::string> load_shared_state(const NamedTensors& state, bool commit, const Location& at) override;

 private:
  using Vector = std::vector<double>;
  struct Point {
    double t = 0, loss = 0;
    Vector grad;
    double slope = 0;  // along the direction
  };
  struct Memory {
    std::deque<Vector> gradients, steps;  // their changes
    std::deque<double> inverse;           // 1 / <change of gradient, step>
    double diagonal = 1;
    Vector direction, grad;
    double t = 0, loss = 0;
    std::int64_t iterations = 0, evaluations = 0;
  };

  Point evaluate(const Closure& closure, const Vector& from, double t, const Vector& direction);
  Point search(const Closure& closure, const Vector& from, Point first, const Point& start, std::int64_t& evaluations);
  void next_direction(const Vector& grad);
  Vector flat(bool gradients) const;
  void assign(const Vector& from, double t, const Vector& direction);
  Memory memory_;
};

}  // namespace xgrad::optim
