#include <cmath>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/sampling.hpp>

namespace xgrad::nn::init {
namespace {

Tensor& assign(Tensor& t, const Tensor& values, const Location& at) {
  NoGradGuard off;
  return t.copy_(values, at);
}

double fan_of(const Tensor& t, FanMode mode, const Location& at) {
  const auto [in, out] = calculate_fan_in_and_fan_out(t, at);
  return static_cast<double>(mode == FanMode::fan_in ? in : out);
}

}  // namespace

double calculate_gain(Nonlinearity nonlinearity, double param) {
  switch (nonlinearity) {
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2 / (1 + param * param));
    case Nonlinearity::selu:
      return 0.75;
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid:
      return 1;
  }
  return 1;
}

std::pair<std::int64_t, std::int64_t> calculate_fan_in_and_fan_out(const Tensor& t, Location at) {
  require_defined("init", t, at);
  if (t.dim() < 2)
    ErrorReport("init", fmt::format("fan in and fan out need at least 2 dimensions, got {}", t.dim()), at)
        .operand("tensor", t)
        .shape_error();
  std::int64_t field = 1;
  for (int d = 2; d < t.dim(); ++d) field *= t.size(d);
  return {t.size(1) * field, t.size(0) * field};
}

Tensor& uniform_(Tensor& t, double low, double high, const std::optional<Generator>& generator, Location at) {
  require_floating("uniform_", t, at);
  return assign(t, uniform(low, high, t.shape(), {.dtype = t.dtype(), .generator = generator}, at), at);
}
Tensor& normal_(Tensor& t, double mean, double stddev, const std::optional<Generator>& generator, Location at) {
  require_floating("normal_", t, at);
  return assign(t, normal(mean, stddev, t.shape(), {.dtype = t.dtype(), .generator = generator}, at), at);
}

Tensor& trunc_normal_(Tensor& t, double mean, double stddev, double a, double b,
                      const std::optional<Generator>& generator, Location at) {
  require_floating("trunc_normal_", t, at);
  if (!(a < b)) ErrorReport("trunc_normal_", fmt::format("needs a < b, got [{}, {}]", a, b), at).value_error();
  if (!(stddev > 0))
    ErrorReport("trunc_normal_", fmt::format("stddev must be positive, got {}", stddev), at).value_error();
  // Inverse of the distribution function by bisection on erfc, from a uniform between the two ends.
  const auto cdf = [&](double x) { return 0.5 * std::erfc(-(x - mean) / (stddev * std::sqrt(2.0))); };
  std::vector<double> u =
      uniform(cdf(a), cdf(b), t.shape(), {.dtype = kFloat64, .generator = generator}, at).to_vector<double>();
  for (double& v : u) {
    double lo = a, hi = b;
    for (int i = 0; i < 60; ++i) (cdf(0.5 * (lo + hi)) < v ? lo : hi) = 0.5 * (lo + hi);
    v = 0.5 * (lo + hi);
  }
  return assign(t, from_vector(u, t.shape()), at);
}

Tensor& constant_(Tensor& t, double value, Location at) {
  NoGradGuard off;
  return t.fill_(value, at);
}
Tensor& zeros_(Tensor& t, Location at) { return constant_(t, 0, at); }
Tensor& ones_(Tensor& t, Location at) { return constant_(t, 1, at); }
Tensor& eye_(Tensor& t, Location at) {
  require_rank("eye_", t, 2, at);
  return assign(t, eye(t.size(0), t.size(1), {t.dtype()}, at), at);
}

Tensor& xavier_uniform_(Tensor& t, double gain, const std::optional<Generator>& generator, Location at) {
  const auto [in, out] = calculate_fan_in_and_fan_out(t, at);
  const double bound = gain * std::sqrt(6.0 / static_cast<double>(in + out));
  return uniform_(t, -bound, bound, generator, at);
}
Tensor& xavier_normal_(Tensor& t, double gain, const std::optional<Generator>& generator, Location at) {
  const auto [in, out] = calculate_fan_in_and_fan_out(t, at);
  return normal_(t, 0, gain * std::sqrt(2.0 / static_cast<double>(in + out)), generator, at);
}
Tensor& kaiming_uniform_(Tensor& t, double a, FanMode mode, Nonlinearity nonlinearity,
                         const std::optional<Generator>& generator, Location at) {
  const double fan = fan_of(t, mode, at);
  const double bound = fan > 0 ? calculate_gain(nonlinearity, a) * std::sqrt(3.0 / fan) : 0;
  return uniform_(t, -bound, bound, generator, at);
}
Tensor& kaiming_normal_(Tensor& t, double a, FanMode mode, Nonlinearity nonlinearity,
                        const std::optional<Generator>& generator, Location at) {
  const double fan = fan_of(t, mode, at);
  return normal_(t, 0, fan > 0 ? calculate_gain(nonlinearity, a) / std::sqrt(fan) : 0, generator, at);
}

Tensor& lecun_uniform_(Tensor& t, const std::optional<Generator>& generator, Location at) {
  return kaiming_uniform_(t, 0, FanMode::fan_in, Nonlinearity::linear, generator, at);
}
Tensor& lecun_normal_(Tensor& t, const std::optional<Generator>& generator, Location at) {
  return kaiming_normal_(t, 0, FanMode::fan_in, Nonlinearity::linear, generator, at);
}

}  // namespace xgrad::nn::init
