#pragma once

#include <initializer_list>

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::optim {

// How the rate of a matrix of A x B numbers follows from lr: times sqrt(max(1, A / B)), or 0.2 sqrt(max(A, B)), with
// which the options of AdamW can be kept.
enum class MuonAdjust { original, match_rms_adamw };
inline std::ostream& operator<<(std::ostream& os, MuonAdjust v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"original", "match_rms_adamw"});
}

// In the state as a bool.
template <>
struct Option<MuonAdjust> {
  bool value = false;
  bool given = true;

  constexpr Option(MuonAdjust v) : value(v == MuonAdjust::match_rms_adamw) {}                              // NOLINT
  constexpr Option(Preset<MuonAdjust> p) : value(p.value == MuonAdjust::match_rms_adamw), given(false) {}  // NOLINT
  constexpr operator MuonAdjust() const {
    return value ? MuonAdjust::match_rms_adamw : MuonAdjust::original;
  }  // NOLINT
};

// Several numbers: {.ns_coefficients = {2, -1.5, 0.5}}.
template <>
struct Option<std::vector<double>> {
  std::vector<double> value;
  bool given = true;

  Option(std::vector<double> v) : value(std::move(v)) {}                              // NOLINT
  Option(std::initializer_list<double> v) : value(v) {}                               // NOLINT
  Option(Preset<std::vector<double>> p) : value(std::move(p.value)), given(false) {}  // NOLINT
  operator const std::vector<double>&() const { return value; }                       // NOLINT
};

struct XGRAD_API MuonOptions {
  ByName by_name = ByName();
  Option<double> lr = preset(1e-3);
  Option<double> weight_decay = preset(0.1);  // decoupled
  Option<double> momentum = preset(0.95);
  Option<bool> nesterov = preset(true);
  Option<std::vector<double>> ns_coefficients = preset(std::vector<double>{3.4445, -4.775, 2.0315});  // three
  Option<double> eps = preset(1e-7);                        // the least norm that a matrix is divided by
  Option<std::int64_t> ns_steps = preset(std::int64_t{5});  // below 100
  Option<MuonAdjust> adjust_lr_fn = preset(MuonAdjust::original);

  template <class Self, class F>
  static void each(Self& o, F f) {
    f("lr", o.lr), f("weight_decay", o.weight_decay), f("momentum", o.momentum), f("nesterov", o.nesterov);
    f("ns_coefficients", o.ns_coefficients), f("eps", o.eps), f("ns_steps", o.ns_steps);
    f("adjust_lr_fn", o.adjust_lr_fn);
  }
  void check(const OptionCheck& check) const;
};

// Momentum whose steps are made orthogonal, for the matrices of hidden layers; give the other parameters to AdamW.
// m = momentum m + (1 - momentum) g; u = m, with nesterov (1 - momentum) g + momentum m; then ns_steps Newton-Schulz
// iterations x = a x + (b x x' + c (x x')^2) x of u / |u|; p = (1 - lr wd) p - adjusted lr x. ValueError for a
// parameter that is not a matrix. Jordan et al. 2024, as in PyTorch, which iterates in bfloat16; here in the type of
// the parameter. A step that runs out of memory leaves the parameters before that one updated.
class XGRAD_API Muon : public OptimizerWith<MuonOptions> {
 public:
  explicit Muon(Params<MuonOptions> params, MuonOptions options = {},  // options by name: {.lr = 0.1}
                Location at = Location::current());

 protected:
  void update(std::size_t group, Tensor& param, const Tensor& grad, State& state) override;
  void check_options(std::size_t group, const Location& at) const override;
};

}  // namespace xgrad::optim
