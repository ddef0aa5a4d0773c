// Metrics over the batches of an epoch, with torchmetrics' protocol:
//
//   train::F1Score f1(10);
//   for (auto& [x, y] : loader) f1.update(net(x), y);
//   std::cout << f1;  // "F1Score 0.93"
//   f1.reset();
//
// Results do not depend on how the samples were cut into batches, but for rounding. No metric keeps the graph.
#pragma once

#include <iosfwd>
#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad::train {

class XGRAD_API Metric {
 public:
  virtual ~Metric();
  // Takes a batch in. When it is refused nothing was counted.
  virtual void update(const Tensor& predicted, const Tensor& target, Location at = Location::current()) = 0;
  virtual double compute() const = 0;  // NaN where nothing was seen, or what was seen does not define it
  virtual void reset() = 0;
  const std::string& name() const { return name_; }

 protected:
  explicit Metric(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

XGRAD_API std::ostream& operator<<(std::ostream& os, const Metric& m);  // name and value

}  // namespace xgrad::train
