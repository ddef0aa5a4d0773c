// Scalers: learn a shift and a scale per feature (column) from one table, apply them to others. Input (rows, features),
// floating; ValueError when used before fit, ShapeError when the number of features differs. Shift and scale are kept
// and applied in float64; the result has the type of the input.
#pragma once

#include <iosfwd>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::data {

// What all scalers share: y = (x - center) / scale, column by column. A constant column gets scale 1.
class XGRAD_API Scaler {
 public:
  virtual ~Scaler() = default;
  Scaler& fit(const Tensor& x, Location at = Location::current()) &;
  Scaler& fit(const Tensor& x, Location at = Location::current()) && = delete;  // what it learnt would be lost
  Tensor transform(const Tensor& x, Location at = Location::current()) const;
  Tensor inverse_transform(const Tensor& y, Location at = Location::current()) const;
  Tensor fit_transform(const Tensor& x, Location at = Location::current()) { return fit(x, at).transform(x, at); }
  const Tensor& center() const { return center_; }  // float64
  const Tensor& scale() const { return scale_; }
  // To restore a fitted scaler. ShapeError unless both are 1-D and equally long, DTypeError unless floating.
  void set(Tensor center, Tensor scale, Location at = Location::current());
  // "center" and "scale", to be saved with the model: save_checkpoint(path, {.extra = scaler.state_dict()}). ValueError
  // before fit.
  NamedTensors state_dict(Location at = Location::current()) const;
  // Other keys are left alone; ValueError when one of the two is missing. Nothing is changed by a state that is
  // refused.
  void load_state_dict(const NamedTensors& state, Location at = Location::current());
  friend std::ostream& operator<<(std::ostream&, const Scaler&) = delete;  // its numbers: center(), scale()

 protected:
  virtual void learn(const Tensor& x, Tensor& center, Tensor& scale) const = 0;

 private:
  void require_fits(const Tensor& x, const Location& at) const;
  Tensor center_, scale_;
};

// Mean and (biased) standard deviation.
class XGRAD_API StandardScaler : public Scaler {
  void learn(const Tensor& x, Tensor& center, Tensor& scale) const override;
};
// Smallest value and range, so that columns fill [0, 1].
class XGRAD_API MinMaxScaler : public Scaler {
  void learn(const Tensor& x, Tensor& center, Tensor& scale) const override;
};
// Median and distance between the quartiles: outliers hardly matter.
class XGRAD_API RobustScaler : public Scaler {
  void learn(const Tensor& x, Tensor& center, Tensor& scale) const override;
};

enum class ImputeStrategy { mean, median, most_frequent, constant };
inline std::ostream& operator<<(std::ostream& os, ImputeStrategy v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"mean", "median", "most_frequent", "constant"});
}
struct SimpleImputerOptions {
  ByName by_name = ByName();
  ImputeStrategy strategy = ImputeStrategy::mean;
  double fill_value = 0;  // of constant
};
// Fills in what is NaN, column by column: the mean, the median or the most frequent (of equally frequent the smallest)
// of the other values, or a constant. scikit-learn's SimpleImputer. x (rows, features), floating.
class XGRAD_API SimpleImputer {
 public:
  explicit SimpleImputer(SimpleImputerOptions options = {}) : options_(options) {}
  // ValueError: a column without a value, unless a constant is filled in.
  SimpleImputer& fit(const Tensor& x, Location at = Location::current()) &;
  SimpleImputer& fit(const Tensor& x, Location at = Location::current()) && = delete;  // what it learnt would be lost
  Tensor transform(const Tensor& x, Location at = Location::current()) const;
  Tensor fit_transform(const Tensor& x, Location at = Location::current()) { return fit(x, at).transform(x, at); }
  const Tensor& statistics() const { return statistics_; }  // float64
  // "statistics", as with scalers.
  NamedTensors state_dict(Location at = Location::current()) const;
  void load_state_dict(const NamedTensors& state, Location at = Location::current());

 private:
  SimpleImputerOptions options_;
  Tensor statistics_;
};

}  // namespace xgrad::data
