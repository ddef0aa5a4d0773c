#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/option_check.hpp>

namespace xgrad::nn {

void OptionCheck::fail(const std::string& rule) const { ErrorReport(layer_.c_str(), rule, at_).value_error(); }

void OptionCheck::finite(const char* option, double value) const {
  if (!std::isfinite(value)) fail(fmt::format("{} must be finite, got {}", option, value));
}

void OptionCheck::at_least_zero(const char* option, double value) const {
  finite(option, value);
  if (value < 0) fail(fmt::format("{} must be >= 0, got {}", option, value));
}

void OptionCheck::positive(const char* option, double value) const {
  finite(option, value);
  if (value <= 0) fail(fmt::format("{} must be positive, got {}", option, value));
}

std::int64_t OptionCheck::at_least(const char* option, std::int64_t value, std::int64_t least) const {
  if (value < least)
    fail(least == 1 ? fmt::format("{} must be positive, got {}", option, value)
                    : fmt::format("{} must be >= {}, got {}", option, least, value));
  return value;
}

void OptionCheck::probability(const char* option, double value) const {
  if (!(value >= 0 && value <= 1)) fail(fmt::format("{} must be in [0, 1], got {}", option, value));
}

}  // namespace xgrad::nn
