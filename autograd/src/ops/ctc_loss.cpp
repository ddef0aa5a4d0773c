// The forward and the backward variables of Graves et al., in logarithms and in double. A sequence of S labels has
// 2 S + 1 states: a blank, a label, a blank, ... Forward and backward variables together say how likely each state is
// at each time, which is the gradient.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/ctc_loss.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace {

constexpr const char* kOp = "ctc_loss";
constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

// One sequence: `steps` rows of `classes` numbers, `stride` apart.
template <class T>
class Sequence {
 public:
  Sequence(const T* log_probs, std::int64_t steps, std::int64_t stride, const std::int64_t* labels, std::int64_t length,
           std::int64_t blank)
      : p_(log_probs), steps_(steps), stride_(stride), labels_(labels), states_(2 * length + 1), blank_(blank) {}

  // -log of the probability of the target; its derivative goes to `grad` if that is not null.
  double loss(T* grad) const {
    if (steps_ == 0) return states_ == 1 ? 0 : -kNever;
    const std::vector<double> forward = variables(false);
    const double* last = forward.data() + (steps_ - 1) * states_;
    const double total = states_ > 1 ? log_add(last[states_ - 1], last[states_ - 2]) : last[0];
    if (grad && total != kNever) write_gradient(forward, variables(true), total, grad);
    return -total;
  }

 private:
  std::int64_t label(std::int64_t s) const { return s % 2 ? labels_[s / 2] : blank_; }
  double at(std::int64_t t, std::int64_t s) const { return static_cast<double>(p_[t * stride_ + label(s)]); }
  // From s - 2 to s, past the blank between two different labels.
  bool skips(std::int64_t s) const { return s % 2 && s >= 2 && label(s) != label(s - 2); }

  // Log of the probability of what was read up to t (reversed: from t on) when the state at t is s.
  std::vector<double> variables(bool reversed) const {
    std::vector<double> v(static_cast<std::size_t>(steps_ * states_), kNever);
    const auto state = [&](std::int64_t s) { return reversed ? states_ - 1 - s : s; };
    const auto cell = [&](std::int64_t t, std::int64_t s) -> double& {
      return v[static_cast<std::size_t>((reversed ? steps_ - 1 - t : t) * states_ + state(s))];
    };
    const auto from_two_before = [&](std::int64_t s) { return s >= 2 && skips(reversed ? state(s) + 2 : s); };
    for (std::int64_t t = 0; t < steps_; ++t)
      for (std::int64_t s = 0; s < states_; ++s) {
        double sum = t == 0 ? (s < 2 ? 0 : kNever) : cell(t - 1, s);
        if (t > 0 && s >= 1) sum = log_add(sum, cell(t - 1, s - 1));
        if (t > 0 && from_two_before(s)) sum = log_add(sum, cell(t - 1, s - 2));
        cell(t, s) = sum + at(reversed ? steps_ - 1 - t : t, state(s));
      }
    return v;
  }

  void write_gradient(const std::vector<double>& forward, const std::vector<double>& backward, double total,
                      T* grad) const {
    for (std::int64_t t = 0; t < steps_; ++t)
      for (std::int64_t s = 0; s < states_; ++s) {
        const auto i = static_cast<std::size_t>(t * states_ + s);
        if (forward[i] == kNever || backward[i] == kNever) continue;  // also where at() itself is
        grad[t * stride_ + label(s)] -= static_cast<T>(std::exp(forward[i] + backward[i] - at(t, s) - total));
      }
  }

  const T* p_;
  std::int64_t steps_, stride_;
  const std::int64_t* labels_;
  std::int64_t states_, blank_;
};

// The operands in one form: log_probs (T, N, C), the labels of all sequences in a row, and where each begins.
struct Batch {
  std::int64_t steps = 0, size = 0, classes = 0;
  Tensor log_probs;
  std::vector<std::int64_t> labels, begin, lengths, input_lengths;
};

[[noreturn]] void refuse_shape(const std::string& rule, const char* role, const Tensor& t, const Location& at) {
  ErrorReport(kOp, rule, at).operand(role, t).shape_error();
}

std::vector<std::int64_t> checked_lengths(const Tensor& lengths, const char* role, std::int64_t size, std::int64_t most,
                                          const Location& at) {
  require_index_dtype(kOp, lengths, at);
  if (lengths.numel() != size || lengths.dim() > 1)
    refuse_shape(fmt::format("{} must be ({}), got {}", role, size, to_string(lengths.shape())), role, lengths, at);
  const auto n = lengths.to_vector<std::int64_t>();
  for (const std::int64_t l : n)
    if (l < 0 || l > most)
      ErrorReport(kOp, fmt::format("{} {} outside 0..{}", role, l, most), at).operand(role, lengths).value_error();
  return n;
}

Batch read_batch(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths, const CtcLossOptions& o, const Location& at) {
  require_floating(kOp, log_probs, at);
  require_index_dtype(kOp, targets, at);
  if (log_probs.dim() != 2 && log_probs.dim() != 3)
    refuse_shape(fmt::format("log_probs must be (T, N, C) or (T, C), got {}", to_string(log_probs.shape())),
                 "log_probs", log_probs, at);
  Batch b;
  b.steps = log_probs.size(0), b.size = log_probs.dim() == 3 ? log_probs.size(1) : 1, b.classes = log_probs.size(-1);
  b.log_probs = detail::contiguous_copy(log_probs);
  if (o.blank < 0 || o.blank >= b.classes)
    ErrorReport(kOp, fmt::format("blank {} outside 0..{}", o.blank, b.classes - 1), at)
        .operand("log_probs", log_probs)
        .index_error();
  b.input_lengths = checked_lengths(input_lengths, "input_lengths", b.size, b.steps, at);
  const bool rows = targets.dim() == 2;
  if (targets.dim() > 2 || targets.dim() == 0 || (rows && targets.size(0) != b.size))
    refuse_shape(fmt::format("targets must be ({0}, S) or 1-D, one sequence after the other, got {1}", b.size,
                             to_string(targets.shape())),
                 "targets", targets, at);
  b.lengths = checked_lengths(target_lengths, "target_lengths", b.size, targets.size(-1), at);
  b.labels = targets.to_vector<std::int64_t>();
  std::int64_t next = 0;
  for (std::size_t n = 0; n < b.lengths.size(); ++n) {
    b.begin.push_back(rows ? static_cast<std::int64_t>(n) * targets.size(1) : next);
    next += b.lengths[n];
    if (b.begin[n] + b.lengths[n] > targets.numel())
      refuse_shape(fmt::format("target_lengths add up to more than the {} targets", targets.numel()), "targets",
                   targets, at);
    for (std::int64_t i = b.begin[n]; i < b.begin[n] + b.lengths[n]; ++i)
      if (const std::int64_t c = b.labels[static_cast<std::size_t>(i)]; c < 0 || c >= b.classes)
        ErrorReport(kOp, fmt::format("target {} outside 0..{}", c, b.classes - 1), at)
            .operand("targets", targets)
            .index_error();
  }
  return b;
}

// Loss per sequence; with `grad`, its derivative, (T, N, C).
Tensor losses(const Batch& b, const CtcLossOptions& o, Tensor* grad) {
  Tensor loss = make_tensor({b.size}, impl(b.log_probs).dtype);
  if (grad) *grad = detail::zeros_raw({b.steps, b.size, b.classes}, impl(b.log_probs).dtype);
  detail::dispatch_floating(impl(b.log_probs).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = detail::data<T>(b.log_probs);
    T* out = detail::data<T>(loss);
    T* g = grad ? detail::data<T>(*grad) : nullptr;
    const double cells = static_cast<double>(b.steps * (2 * static_cast<std::int64_t>(b.labels.size()) + 1));
    const auto grain = static_cast<std::int64_t>(100 * static_cast<double>(b.size) / std::max(cells, 1.0));
    detail::parallel_for(b.size, std::max<std::int64_t>(1, grain), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t n = begin; n < end; ++n) {
        const auto i = static_cast<std::size_t>(n);
        const std::int64_t stride = b.size * b.classes, steps = b.input_lengths[i];
        T* to = g ? g + n * b.classes : nullptr;
        const Sequence<T> sequence(p + n * b.classes, steps, stride, b.labels.data() + b.begin[i], b.lengths[i],
                                   o.blank);
        out[n] = static_cast<T>(sequence.loss(to));
        if (!std::isinf(out[n])) continue;
        if (o.zero_infinity) out[n] = 0;
        for (std::int64_t t = 0; to && !o.zero_infinity && t < steps; ++t)
          std::fill_n(to + t * stride, b.classes, std::numeric_limits<T>::quiet_NaN());
      }
    });
  });
  return loss;
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, const CtcLossOptions& o, Location at) {
  const Batch b = read_batch(log_probs, targets, input_lengths, target_lengths, o, at);
  Tensor grad;
  const bool differentiates = grad_enabled() && detail::wants_grad(log_probs);
  Tensor loss = losses(b, o, differentiates ? &grad : nullptr);
  loss = detail::record_reading<true>(
      "ctc_loss", {targets, input_lengths, target_lengths}, std::move(loss), {log_probs}, {grad},
      [shape = impl(log_probs).shape, size = b.size](const Saved& s, const Tensor& g) -> Grads {
        return {reshape(mul(s[0], reshape(g, {1, size, 1})), shape)};
      },
      at, detail::named<"blank">(o.blank), detail::named<"zero_infinity">(o.zero_infinity));
  if (o.reduction == Reduction::none) return log_probs.dim() == 3 ? loss : reshape(loss, {}, at);
  if (o.reduction == Reduction::sum) return sum(loss, at);
  std::vector<double> shares;
  for (const std::int64_t l : b.lengths) shares.push_back(1 / static_cast<double>(std::max<std::int64_t>(1, l)));
  return mean(mul(loss, from_vector(shares, {b.size}).to(loss.dtype()), at), at);
}

}  // namespace xgrad
