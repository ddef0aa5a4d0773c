// Transformers: what learns from X alone and changes it.
#pragma once

#include <memory>

#include <xgrad/data/scaling.hpp>
#include <xgrad/sklearn/estimator.hpp>

namespace xgrad::sklearn {

// What transformers share: y is not looked at.
class XGRAD_API Transformer : public Estimator {
 public:
  using Estimator::fit;  // ValueError for labels that are strings
  Transformer& fit(const Tensor& X, Location at = Location::current()) { return fit(X, Tensor(), at); }
  Transformer& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override = 0;
  Tensor fit_transform(const Tensor& X, Location at = Location::current()) { return fit(X, at).transform(X, at); }
  virtual Tensor inverse_transform(const Tensor& X, Location at = Location::current()) const = 0;
};

// (x - mean) / standard deviation of each column (of the population; 1 for a constant column): data::StandardScaler.
class XGRAD_API StandardScaler final : public Transformer {
 public:
  std::string name() const override { return "StandardScaler"; }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<StandardScaler>(); }
  Params get_params() const override { return {}; }
  StandardScaler& set_params(const Params& params, Location at = Location::current()) override;
  using Transformer::fit;
  StandardScaler& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  Tensor transform(const Tensor& X, Location at = Location::current()) const override;
  Tensor inverse_transform(const Tensor& X, Location at = Location::current()) const override;
  Tensor mean_(Location at = Location::current()) const;   // float64
  Tensor scale_(Location at = Location::current()) const;  // float64

 private:
  data::StandardScaler scaler_;
};

// (x - min) / (max - min) of each column, into [0, 1]: data::MinMaxScaler.
class XGRAD_API MinMaxScaler final : public Transformer {
 public:
  std::string name() const override { return "MinMaxScaler"; }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<MinMaxScaler>(); }
  Params get_params() const override { return {}; }
  MinMaxScaler& set_params(const Params& params, Location at = Location::current()) override;
  using Transformer::fit;
  MinMaxScaler& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  Tensor transform(const Tensor& X, Location at = Location::current()) const override;
  Tensor inverse_transform(const Tensor& X, Location at = Location::current()) const override;
  Tensor data_min_(Location at = Location::current()) const;    // float64
  Tensor data_range_(Location at = Location::current()) const;  // float64

 private:
  data::MinMaxScaler scaler_;
};

// Strings as numbers: each label is its place, int64, in the sorted list of all.
class XGRAD_API LabelEncoder {
 public:
  LabelEncoder& fit(const Strings& y, Location at = Location::current());  // ValueError: no labels
  // ValueError for a label that was not there in fit.
  Tensor transform(const Strings& y, Location at = Location::current()) const;
  Tensor fit_transform(const Strings& y, Location at = Location::current()) { return fit(y, at).transform(y, at); }
  Strings inverse_transform(const Tensor& places, Location at = Location::current()) const;  // IndexError
  const Strings& classes_(Location at = Location::current()) const;

 private:
  Strings classes_known_;
};

// Labels as columns: (n) of k classes -> (n, k) with a 1 at the class, (n, 1) of 0 and 1 for two classes. int64.
// Strings as labels go through a LabelEncoder first.
class XGRAD_API LabelBinarizer {
 public:
  LabelBinarizer& fit(const Tensor& y, Location at = Location::current());
  // ValueError for a label that was not there in fit.
  Tensor transform(const Tensor& y, Location at = Location::current()) const;
  Tensor fit_transform(const Tensor& y, Location at = Location::current()) { return fit(y, at).transform(y, at); }
  // The class of the largest entry of each row; of one column whether it exceeds 0.5.
  Tensor inverse_transform(const Tensor& columns, Location at = Location::current()) const;
  Tensor classes_(Location at = Location::current()) const;  // sorted, int64

 private:
  Tensor classes_known_;
};

}  // namespace xgrad::sklearn
