// Options as layers print them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include <xgrad/error.hpp>

namespace xgrad {
enum class Reduction;    // <xgrad/ops/loss_reduction.hpp>
enum class KlReduction;  // <xgrad/ops/distribution_loss.hpp>
}  // namespace xgrad

namespace xgrad::nn {

// The options that differ from their defaults, as the text of a layer has them: "negative_slope=0.2". A layer that is
// made of its options alone, Layer<Derived, Options>, calls show_options(text, options) if there is such a function
// beside its options.
//   void show_options(OptionText& text, const LeakyReLUOptions& o) { text.add("negative_slope", o.negative_slope,
//   0.01); }
class XGRAD_API OptionText {
 public:
  // Numbers and bool, and what has an option_text(value) beside it.
  template <class T>
  OptionText& add(const char* name, const T& value, const std::type_identity_t<T>& usual) {
    if (!(value == usual)) add(name, shown(value));
    return *this;
  }
  OptionText& add(const char* name, const std::string& value);  // whatever it is
  const std::string& text() const { return text_; }             // ", stride=2, bias=false", or nothing
  std::string label(const std::string& layer) const;            // "Layer(stride=2, bias=false)", or "Layer"

 private:
  template <class T>
  static std::string shown(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
      return value ? "true" : "false";
    else if constexpr (std::is_floating_point_v<T>)
      return number(static_cast<double>(value));
    else if constexpr (std::is_integral_v<T>)
      return std::to_string(value);
    else if constexpr (requires { value.has_value(); })
      return value ? shown(*value) : "none";
    else
      return option_text(value);
  }
  static std::string number(double value);

  std::string text_;
};

// How a loss reduces its values, which every Layer<Derived, Options> shows whose options say it.
XGRAD_API void show_reduction(OptionText& text, Reduction r);
XGRAD_API void show_reduction(OptionText& text, KlReduction r);

}  // namespace xgrad::nn
