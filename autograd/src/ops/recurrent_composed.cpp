#include "ops/recurrent_composed.hpp"

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>

namespace xgrad::detail {
namespace {

// Values of one step: what the backward formulas need.
struct Step {
  Tensor h_prev = {}, c_prev = {};  // (N, H)
  std::vector<Tensor> gates = {};   // activated
  Tensor q = {}, c = {}, h = {};
};

// Gradients of one step by the sums W_ih x + b_ih (`by_x`) and W_hh h + b_hh (`by_h`), (N, gates H); and what goes to
// the state before it other than through W_hh.
struct StepGrad {
  Tensor by_x, by_h, h_prev = {}, c_prev = {};
};

Tensor plus(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b;
  return b.defined() ? add(a, b) : a;
}

class Composition {
 public:
  Composition(const Recurrence& r, const RecurrentInputs& in) : r_(r), in_(in) {
    x_ = reshape(in.x, {r.steps, r.batch, r.input});
    Tensor h = in.h0.defined() ? in.h0 : zero_state();
    Tensor c = in.c0.defined() ? in.c0 : zero_state();
    for (std::int64_t k = 0; k < r.steps; ++k) {
      steps_.push_back(forward(select(x_, 0, r.at(k)), h, c));
      h = steps_.back().h;
      c = steps_.back().c;
    }
  }

  std::vector<Tensor> backward(const Tensor& gy, const Tensor& gh, const Tensor& gc) const {
    const Tensor by_y = gy.defined() ? reshape(gy, {r_.steps, r_.batch, r_.hidden}) : gy;
    const auto size = static_cast<std::size_t>(r_.steps);
    std::vector<Tensor> by_x(size), by_h(size), before(size);
    Tensor dh = gh.defined() ? gh : zero_state(), dc = gc.defined() ? gc : zero_state();
    for (std::int64_t k = r_.steps - 1; k >= 0; --k) {
      const Step& s = steps_[static_cast<std::size_t>(k)];
      const auto t = static_cast<std::size_t>(r_.at(k));
      if (by_y.defined()) dh = add(dh, select(by_y, 0, r_.at(k)));
      const StepGrad g = step_backward(s, dh, dc);
      dh = plus(g.h_prev, matmul(g.by_h, in_.w_hh));
      dc = g.c_prev;
      by_x[t] = g.by_x;
      by_h[t] = g.by_h;
      before[t] = s.h_prev;
    }
    const Tensor dx = rows(by_x), d = rows(by_h), x = reshape(x_, {r_.steps * r_.batch, r_.input});
    return {reshape(matmul(dx, in_.w_ih), in_.x.shape()),
            dh,
            r_.cell == Cell::lstm ? dc : Tensor(),
            matmul(transpose(dx, 0, 1), x),
            matmul(transpose(d, 0, 1), rows(before)),
            sum(dx, Shape{0}),
            sum(d, Shape{0})};
  }

 private:
  Tensor zero_state() const { return zeros({r_.batch, r_.hidden}, {.dtype = in_.x.dtype()}); }
  static Tensor rows(const std::vector<Tensor>& parts) { return cat(parts, 0); }

  Step forward(const Tensor& x, const Tensor& h, const Tensor& c) const {
    const Tensor a = linear(x, in_.w_ih, in_.b_ih), b = linear(h, in_.w_hh, in_.b_hh);
    switch (r_.cell) {
      case Cell::lstm:
        return lstm_step(split(add(a, b), r_.hidden, 1), h, c);
      case Cell::gru:
        return gru_step(split(a, r_.hidden, 1), split(b, r_.hidden, 1), h);
      case Cell::rnn_relu:
        return {.h_prev = h, .h = relu(add(a, b))};
      default:
        return {.h_prev = h, .h = tanh(add(a, b))};
    }
  }
  static Step lstm_step(const std::vector<Tensor>& a, const Tensor& h, const Tensor& c) {
    Step s{.h_prev = h, .c_prev = c, .gates = {sigmoid(a[0]), sigmoid(a[1]), tanh(a[2]), sigmoid(a[3])}};
    s.c = s.gates[1] * c + s.gates[0] * s.gates[2];
    s.h = s.gates[3] * tanh(s.c);
    return s;
  }
  static Step gru_step(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const Tensor& h) {
    const Tensor r = sigmoid(a[0] + b[0]), z = sigmoid(a[1] + b[1]), n = tanh(a[2] + r * b[2]);
    return {.h_prev = h, .gates = {r, z, n}, .q = b[2], .h = n + z * (h - n)};
  }

  StepGrad step_backward(const Step& s, const Tensor& dh, const Tensor& dc) const {
    switch (r_.cell) {
      case Cell::lstm:
        return lstm_backward(s, dh, dc);
      case Cell::gru:
        return gru_backward(s, dh);
      default: {
        const Tensor d = r_.cell == Cell::rnn_relu ? where(s.h <= 0, 0, dh) : dh * (1 - s.h * s.h);
        return {.by_x = d, .by_h = d};
      }
    }
  }
  static StepGrad lstm_backward(const Step& s, const Tensor& dh, const Tensor& dc) {
    const Tensor &i = s.gates[0], &f = s.gates[1], &g = s.gates[2], &o = s.gates[3];
    const Tensor t = tanh(s.c), by_c = dc + dh * o * (1 - t * t);
    const Tensor d =
        cat({by_c * g * i * (1 - i), by_c * s.c_prev * f * (1 - f), by_c * i * (1 - g * g), dh * t * o * (1 - o)}, 1);
    return {.by_x = d, .by_h = d, .c_prev = by_c * f};
  }
  static StepGrad gru_backward(const Step& s, const Tensor& dh) {
    const Tensor &r = s.gates[0], &z = s.gates[1], &n = s.gates[2];
    const Tensor by_n = dh * (1 - z) * (1 - n * n), by_r = by_n * s.q * r * (1 - r);
    const Tensor by_z = dh * (s.h_prev - n) * z * (1 - z);
    return {.by_x = cat({by_r, by_z, by_n}, 1), .by_h = cat({by_r, by_z, by_n * r}, 1), .h_prev = dh * z};
  }

  const Recurrence r_;
  const RecurrentInputs& in_;
  Tensor x_;
  std::vector<Step> steps_;  // in the order of computation
};

}  // namespace

std::vector<Tensor> recurrent_backward_composed(const Recurrence& r, const RecurrentInputs& in, const Tensor& gy,
                                                const Tensor& gh, const Tensor& gc) {
  return Composition(r, in).backward(gy, gh, gc);
}

}  // namespace xgrad::detail
