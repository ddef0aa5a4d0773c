#include <algorithm>
#include <limits>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>

#include "distributions/law.hpp"

namespace xgrad::detail {

std::shared_ptr<Law> Law::expanded(const Shape& to) const {
  std::shared_ptr<Law> law = copy();
  law->batch = to;
  for (std::size_t i = 0; i < p.size(); ++i) {
    Shape shape = to;
    const int own = ranks.empty() ? 0 : ranks[i];
    for (int k = own; k > 0; --k) shape.push_back(p[i].size(-k));
    law->p[i] = expand(p[i], shape);
  }
  return law;
}

void Law::lacks(const char* what) const {
  ErrorReport(name(), fmt::format("has no {}", what), Location::current()).value_error();
}
Tensor Law::rsample(const Shape&, const MaybeGenerator&) const { lacks("rsample: its samples have no gradient"); }
Tensor Law::entropy() const { lacks("entropy in closed form"); }
Tensor Law::mean() const { lacks("mean"); }
Tensor Law::variance() const { lacks("variance"); }
Tensor Law::mode() const { lacks("mode"); }
Tensor Law::cdf(const Tensor&) const { lacks("cdf"); }
Tensor Law::icdf(const Tensor&) const { lacks("icdf"); }
Tensor Law::enumerate_support(bool) const { lacks("enumerate_support: its values are too many"); }
Tensor Law::probs() const { lacks("probs"); }
Tensor Law::logits() const { lacks("logits"); }

Tensor Law::enumerate_numbers(std::int64_t count, DType dtype, bool expand) const {
  Shape shape = {count};
  for (int i = 0; i < batch.rank(); ++i) shape.push_back(1);
  const Tensor numbers = arange(count, dtype).reshape(shape);
  return expand ? numbers.expand(joined({count}, batch)) : numbers;
}

void set_parameters(Law& law, std::initializer_list<NamedParam> params, const Location& at) {
  DType type = DType::float32;
  for (const auto& [name, value] : params) {
    if (!value.tensor().defined()) continue;
    require_floating(law.name(), value.tensor(), at);
    if (value.tensor().dtype() == DType::float64) type = DType::float64;
  }
  for (const auto& [name, value] : params) {
    const Tensor& t = value.tensor();
    law.p.push_back(t.defined() ? t.to(type, at) : full({}, value.number(), {type}, at));
    law.batch = broadcast_shapes(law.name(), law.batch, law.p.back().shape(), at);
  }
  for (Tensor& t : law.p)
    if (t.shape() != law.batch) t = expand(t, law.batch, at);
}

void require_parameter(const Law& law, const char* what, const Tensor& value, const Tensor& holds, const char* rule,
                       const Location& at) {
  const NoGradGuard off;
  if (all(holds).item<bool>()) return;
  // Of a rule for each event the first of its numbers is shown.
  const std::int64_t bad = argmax(logical_not(holds).to(kInt64).flatten()).item<std::int64_t>();
  const Tensor flat = value.detach().flatten();
  const double shown = flat[bad * (flat.numel() / holds.numel())].item();
  ErrorReport(law.name(), fmt::format("{} must be {}, got {}", what, rule, shown), at)
      .operand(what, value)
      .help("{.validate_args = false} leaves out this check")
      .value_error();
}

double tiny(const Tensor& x) {
  return x.dtype() == DType::float64 ? std::numeric_limits<double>::min()
                                     : static_cast<double>(std::numeric_limits<float>::min());
}
double epsilon(const Tensor& x) {
  return x.dtype() == DType::float64 ? std::numeric_limits<double>::epsilon()
                                     : static_cast<double>(std::numeric_limits<float>::epsilon());
}

Tensor sum_last(const Tensor& x, std::int64_t n) {
  if (n == 0) return x;
  Shape dims;
  for (std::int64_t k = 1; k <= n; ++k) dims.push_back(-k);
  return sum(x, dims);
}

}  // namespace xgrad::detail

namespace xgrad::distributions {

using xgrad::detail::CallSite;
using xgrad::detail::Law;

namespace {

// A value that has the shape of events, broadcasts to the batch and, if wanted, is one that the law has.
Tensor value_for(const Law& law, const char* method, const Tensor& value, bool in_support, const Location& at) {
  const std::string op = fmt::format("{}.{}", law.name(), method);
  require_defined(op.c_str(), value, at);
  const Shape& s = value.shape();
  const int own = law.event.rank();
  const auto event = s.begin() + std::max(0, s.rank() - own);
  if (s.rank() < own || !std::equal(event, s.end(), law.event.begin()))
    ErrorReport(op.c_str(), fmt::format("the last sizes of a value are those of an event, {}", to_string(law.event)),
                at)
        .operand("value", value)
        .shape_error();
  const Shape outer(std::span<const std::int64_t>(s.begin(), event));
  broadcast_shapes(op.c_str(), outer, law.batch, at);
  if (in_support && law.validate) {
    const NoGradGuard off;
    const Tensor holds = law.has_value(value);
    if (!all(holds).item<bool>()) {
      const std::int64_t bad = argmax(logical_not(holds).to(kInt64).flatten()).item<std::int64_t>();
      std::int64_t place = bad;
      if (holds.numel() != value.numel()) place = holds.shape() == outer ? bad * law.event.numel() : 0;
      ErrorReport(op.c_str(),
                  fmt::format("a value must be {}, got {}{}", law.support(), value.flatten()[place].item(),
                              holds.numel() == value.numel() ? "" : ", ..."),
                  at)
          .operand("value", value)
          .help("{.validate_args = false} leaves out this check")
          .value_error();
    }
  }
  return law.as_value(value);
}

Shape full_shape(const Law& law, const Shape& sample, const Location& at) {
  Shape s = sample;
  for (const std::int64_t n : sample)
    if (n < 0) ErrorReport(law.name(), fmt::format("a sample of shape {}", to_string(sample)), at).shape_error();
  for (const std::int64_t n : law.batch) s.push_back(n, at);
  for (const std::int64_t n : law.event) s.push_back(n, at);
  return s;
}

}  // namespace

std::shared_ptr<const Law> law_of(const Distribution& d) { return d.law_; }

Distribution::Distribution(xgrad::detail::LawHandle made) : law_(std::move(made.law)) {}
Distribution::~Distribution() = default;

const Shape& Distribution::batch_shape() const { return law_->batch; }
const Shape& Distribution::event_shape() const { return law_->event; }
bool Distribution::has_rsample() const { return law_->has_rsample(); }
bool Distribution::has_enumerate_support() const { return law_->has_enumerate_support(); }
Tensor Distribution::parameter(std::size_t i) const { return law_->p[i]; }
Tensor Distribution::probabilities() const { return law_->probs(); }
Tensor Distribution::log_odds() const { return law_->logits(); }

Tensor Distribution::sample(const Shape& shape, const std::optional<Generator>& generator, Location at) const {
  const CallSite site(at);
  const NoGradGuard off;
  return law_->sample(full_shape(*law_, shape, at), generator);
}

Tensor Distribution::rsample(const Shape& shape, const std::optional<Generator>& generator, Location at) const {
  const CallSite site(at);
  return law_->rsample(full_shape(*law_, shape, at), generator);
}

Tensor Distribution::log_prob(const Tensor& value, Location at) const {
  const CallSite site(at);
  return law_->log_prob(value_for(*law_, "log_prob", value, true, at));
}

Tensor Distribution::cdf(const Tensor& value, Location at) const {
  const CallSite site(at);
  return law_->cdf(value_for(*law_, "cdf", value, true, at));
}

Tensor Distribution::icdf(const Tensor& value, Location at) const {
  const CallSite site(at);
  return law_->icdf(value_for(*law_, "icdf", value, false, at));
}

Tensor Distribution::entropy(Location at) const {
  const CallSite site(at);
  return law_->entropy();
}

Tensor Distribution::perplexity(Location at) const {
  const CallSite site(at);
  return exp(law_->entropy());
}

Tensor Distribution::mean(Location at) const {
  const CallSite site(at);
  return law_->mean();
}

Tensor Distribution::variance(Location at) const {
  const CallSite site(at);
  return law_->variance();
}

Tensor Distribution::stddev(Location at) const {
  const CallSite site(at);
  return sqrt(law_->variance());
}

Tensor Distribution::mode(Location at) const {
  const CallSite site(at);
  return law_->mode();
}

Tensor Distribution::enumerate_support(bool expand, Location at) const {
  const CallSite site(at);
  return law_->enumerate_support(expand);
}

xgrad::detail::LawHandle Distribution::expanded(const Shape& batch_shape, const Location& at) const {
  const CallSite site(at);
  const std::string op = fmt::format("{}.expand", law_->name());
  if (broadcast_shapes(op.c_str(), law_->batch, batch_shape, at) != batch_shape)
    ErrorReport(op.c_str(),
                fmt::format("a batch {} does not expand to {}", to_string(law_->batch), to_string(batch_shape)), at)
        .shape_error();
  return std::shared_ptr<const Law>(law_->expanded(batch_shape));
}

Distribution Distribution::expand(const Shape& batch_shape, Location at) const {
  return Distribution(expanded(batch_shape, at));
}

std::ostream& operator<<(std::ostream& os, const Distribution& d) {
  return os << fmt::format("{}(batch {}, event {})", d.law_->name(), to_string(d.law_->batch),
                           to_string(d.law_->event));
}

}  // namespace xgrad::distributions
