// Checks of the options of layers, when a layer is made.
#pragma once

#include <cstdint>
#include <string>
#include <typeinfo>

#include <xgrad/error.hpp>

namespace xgrad::nn {

// What the checks of one layer's options throw: ValueErrors that name the layer, the option, its value and the line
// that made the layer. NaN is never in range, infinity nowhere.
//
// A layer that is made of its options alone, Layer<Derived, Options>, calls check_options(check, options) if there is
// such a function beside its options.
class XGRAD_API OptionCheck {
 public:
  OptionCheck(std::string layer, const Location& at) : layer_(std::move(layer)), at_(at) {}

  void finite(const char* option, double value) const;
  void at_least_zero(const char* option, double value) const;
  void positive(const char* option, double value) const;
  // Returns the value.
  std::int64_t at_least(const char* option, std::int64_t value, std::int64_t least) const;
  void probability(const char* option, double value) const;  // in [0, 1]
  [[noreturn]] void fail(const std::string& rule) const;

 private:
  std::string layer_;
  const Location& at_;
};

}  // namespace xgrad::nn
