// Schedules that go up and down, with the momentum the other way round.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/scheduler.hpp>

namespace xgrad::optim {

enum class Anneal { cos, linear };
inline std::ostream& operator<<(std::ostream& os, Anneal v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"cos", "linear"});
}

struct OneCycleLROptions {
  ByName by_name = ByName();
  std::int64_t total_steps = 0;  // steps of the cycle; or give the next two
  std::int64_t epochs = 0, steps_per_epoch = 0;
  double pct_start = 0.3;  // part of the cycle in which the rate rises
  Anneal anneal_strategy = Anneal::cos;
  bool cycle_momentum = true;  // "momentum" or the first of "betas", from max_momentum down and back
  PerGroup base_momentum = 0.85, max_momentum = 0.95;
  double div_factor = 25;         // starts at max_lr / div_factor
  double final_div_factor = 1e4;  // ends at that / final_div_factor
  bool three_phase = false;       // down to the start in as many steps as up, then to the end
};
// The 1cycle policy, one step per batch. Sets lr and momentum of all groups from its own options. ValueError when
// stepped beyond the end. Smith & Topin 2017.
class XGRAD_API OneCycleLR : public LRScheduler {
 public:
  OneCycleLR(Optimizer& optimizer, PerGroup max_lr, OneCycleLROptions options, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<StateField> fields() override;

 private:
  struct Point {
    double end_step;  // of the phase
    double lr, momentum;
  };
  // Where group g is in its cycle.
  Point at_step(std::size_t g, double step) const;
  std::int64_t total_steps_ = 0;
  double pct_start_;
  bool cosine_, cycle_momentum_, three_phase_;
  std::vector<double> initial_, max_, min_, base_momentum_, max_momentum_;
};

enum class CyclicMode { triangular, triangular2, exp_range };
inline std::ostream& operator<<(std::ostream& os, CyclicMode v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"triangular", "triangular2", "exp_range"});
}

struct CyclicLROptions {
  ByName by_name = ByName();
  double step_size_up = 2000;
  double step_size_down = 0;  // 0: as step_size_up
  CyclicMode mode = CyclicMode::triangular;
  double gamma = 1;  // of exp_range
  // Takes the place of mode: a factor of the height from the number of the cycle (from 1), or from the iteration.
  std::function<double(double)> scale_fn = {};
  bool scale_by_cycle = true;
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.8, max_momentum = 0.9;
};
// Up from base_lr to max_lr in step_size_up steps and down again; triangular2 halves the height after each cycle,
// exp_range multiplies it by gamma^iteration. Smith 2017.
class XGRAD_API CyclicLR : public LRScheduler {
 public:
  CyclicLR(Optimizer& optimizer, PerGroup base_lr, PerGroup max_lr, CyclicLROptions options = {},
           Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<StateField> fields() override;

 private:
  double scale(double x) const;
  double total_size_ = 0, step_ratio_ = 0, gamma_ = 1;
  CyclicMode mode_;
  std::function<double(double)> scale_fn_;
  bool by_cycle_, cycle_momentum_;
  std::vector<double> max_lrs_, base_momentum_, max_momentum_;
};

}  // namespace xgrad::optim
