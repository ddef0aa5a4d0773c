// Tensors as text: nested brackets, aligned columns, long dimensions shortened to their ends.
#include <algorithm>
#include <cmath>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/tensor.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad {
namespace {

using detail::impl;

class Printer {
 public:
  Printer(const Tensor& t, const PrintOptions& o)
      : t_(impl(t)),
        precision_(std::clamp(o.precision, 0, 17)),
        edge_(std::max(o.edge_items, 1)),
        line_width_(std::max(o.line_width, 20)),
        shorten_(t_.numel > o.threshold) {}

  std::string text() {
    if (t_.numel == 0) return "[]";
    detail::dispatch_all(t_.dtype, [&](auto zero) { format<decltype(zero)>(); });
    for (const std::string& s : items_) width_ = std::max(width_, s.size());
    emit(0, sizeof("tensor(") - 1);
    return std::move(out_);
  }

 private:
  // Calls f(i) for each index shown along a dimension, f(-1) for the gap.
  template <class F>
  void for_shown(std::int64_t size, F f) const {
    if (!shorten_ || size <= 2 * edge_) {
      for (std::int64_t i = 0; i < size; ++i) f(i);
      return;
    }
    for (std::int64_t i = 0; i < edge_; ++i) f(i);
    f(-1);
    for (std::int64_t i = size - edge_; i < size; ++i) f(i);
  }

  template <class T>
  void collect(int dim, const T* p, std::vector<T>& values) const {
    if (dim == t_.shape.rank()) {
      values.push_back(*p);
      return;
    }
    for_shown(t_.shape[dim], [&](std::int64_t i) {
      if (i >= 0) collect(dim + 1, p + i * t_.strides[dim], values);
    });
  }

  // Texts of the shown elements, in order.
  template <class T>
  void format() {
    std::vector<T> values;
    collect(0, t_.ptr<T>(), values);
    const bool scientific = std::is_floating_point_v<T> && wants_exponent(values);
    for (const T v : values) {
      if constexpr (std::is_same_v<T, bool>)
        items_.push_back(v ? "true" : "false");
      else if constexpr (std::is_integral_v<T>)
        items_.push_back(fmt::format("{}", v));
      else if (std::isnan(v))
        items_.push_back("nan");
      else if (std::isinf(v))
        items_.push_back(v > 0 ? "inf" : "-inf");
      else if (scientific)
        items_.push_back(fmt::format("{:.{}e}", v, precision_));
      else
        items_.push_back(fmt::format("{:.{}f}", v, precision_));
    }
  }

  // Fixed notation would be too wide, or would lose the digits of the small ones.
  template <class T>
  static bool wants_exponent(const std::vector<T>& values) {
    double low = INFINITY, high = 0;
    bool whole = true;
    for (const T value : values) {
      const double v = std::abs(static_cast<double>(value));
      if (!std::isfinite(v) || v == 0) continue;
      low = std::min(low, v);
      high = std::max(high, v);
      whole &= v == std::floor(v);
    }
    if (high == 0) return false;
    return high >= 1e8 || (!whole && (low < 1e-4 || high / low > 1000));
  }

  void emit(int dim, std::size_t indent) {
    if (dim == t_.shape.rank()) {
      out_ += items_[next_++];
      return;
    }
    out_ += '[';
    if (dim + 1 == t_.shape.rank())
      emit_row(indent + 1);
    else
      emit_blocks(dim, indent + 1);
    out_ += ']';
  }

  void emit_blocks(int dim, std::size_t indent) {
    const std::string gap =
        "," + std::string(static_cast<std::size_t>(t_.shape.rank() - dim - 1), '\n') + std::string(indent, ' ');
    bool first = true;
    for_shown(t_.shape[dim], [&](std::int64_t i) {
      if (!first) out_ += gap;
      first = false;
      if (i < 0)
        out_ += "...";
      else
        emit(dim + 1, indent);
    });
  }

  void emit_row(std::size_t indent) {
    std::size_t column = indent;
    bool first = true;
    for_shown(t_.shape.back(), [&](std::int64_t i) {
      const std::string item = i < 0 ? std::string("...") : fmt::format("{:>{}}", items_[next_++], width_);
      if (!first && column + 2 + item.size() > static_cast<std::size_t>(line_width_)) {
        out_ += ",\n" + std::string(indent, ' ');
        column = indent;
      } else if (!first) {
        out_ += ", ";
        column += 2;
      }
      first = false;
      out_ += item;
      column += item.size();
    });
  }

  const detail::TensorImpl& t_;
  int precision_, edge_, line_width_;
  bool shorten_;
  std::vector<std::string> items_;
  std::size_t width_ = 0, next_ = 0;
  std::string out_;
};

}  // namespace

std::string to_string(const Tensor& t, const PrintOptions& options) {
  if (!t.defined()) return "tensor(undefined)";
  std::string s =
      fmt::format("tensor({}, shape={}, dtype={}", Printer(t, options).text(), to_string(t.shape()), name(t.dtype()));
  if (t.requires_grad()) s += t.is_leaf() ? ", requires_grad=true" : fmt::format(", grad_fn=<{}>", t.grad_fn_name());
  return s + ")";
}

std::ostream& operator<<(std::ostream& os, const Tensor& t) { return os << to_string(t); }

}  // namespace xgrad
