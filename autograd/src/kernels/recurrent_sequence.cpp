#include "kernels/recurrent_sequence.hpp"

#include <algorithm>

#include "core/elementwise_loop.hpp"
#include "core/transpose.hpp"
#include "kernels/gemm.hpp"
#include "kernels/recurrent.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kProjectedRows = 256;  // of one product, in inference
// Steps from which on W_hh is transposed once, so that no step's product has to do it (10 to 20 %).
constexpr std::int64_t kStepsToTranspose = 4;

// Distance of rows that a product goes through by columns: not a whole number of pages.
template <class T>
std::int64_t row_distance(std::int64_t n) {
  constexpr std::int64_t kPage = 4096 / sizeof(T), kLine = 64 / sizeof(T);
  return n % kPage == 0 ? n + kLine : n;
}

// The biases as the gate kernels take them.
template <class T>
Tensor joined_bias(const Recurrence& r, const RecurrentInputs& in) {
  const std::int64_t n = r.hidden, sums = r.cell == Cell::gru ? 2 * n : r.gates();
  Tensor bias = zeros_raw({r.cell == Cell::gru ? 4 * n : sums}, impl(in.x).dtype);
  T* b = data<T>(bias);
  const T *by_x = data_or_null<T>(in.b_ih), *by_h = data_or_null<T>(in.b_hh);
  for (std::int64_t i = 0; i < sums; ++i) b[i] = (by_x ? by_x[i] : T(0)) + (by_h ? by_h[i] : T(0));
  for (std::int64_t i = 0; r.cell == Cell::gru && i < n; ++i) {
    b[2 * n + i] = by_x ? by_x[2 * n + i] : T(0);
    b[3 * n + i] = by_h ? by_h[2 * n + i] : T(0);
  }
  return bias;
}

template <class T>
class ForwardPass {
 public:
  ForwardPass(const Recurrence& r, const RecurrentInputs& in, bool keep) : r_(r), in_(in), keep_(keep) {
    const DType dtype = impl(in.x).dtype;
    const std::int64_t n = r.hidden;
    bias_ = joined_bias<T>(r, in);
    zeros_ = in.h0.defined() && (in.c0.defined() || r.cell != Cell::lstm) ? Tensor() : zeros_raw({r.batch, n}, dtype);
    result_.y = make_tensor(r.over_time(n), dtype);
    chunk_ = keep ? r.steps : std::clamp<std::int64_t>(kProjectedRows / std::max<std::int64_t>(r.batch, 1), 1, r.steps);
    if (is_rnn()) {  // y itself holds the sums
      chunk_ = r.steps;
      gates_ = result_.y;
    } else {
      gates_ = make_tensor({chunk_, r.batch, r.gates()}, dtype);
    }
    if (r.steps >= kStepsToTranspose) {
      turned_ = make_tensor({n, row_distance<T>(r.gates())}, dtype);
      transpose_copy(sizeof(T), r.gates(), n, data<T>(in.w_hh), n, data<T>(turned_), row_distance<T>(r.gates()));
    }
    if (r.cell == Cell::gru) hidden_ = make_tensor({r.batch, r.gates()}, dtype);
    if (r.cell == Cell::lstm) cells_ = make_tensor(keep ? r.over_time(n) : Shape{r.batch, n}, dtype);
    if (r.cell == Cell::gru && keep) cells_ = make_tensor(r.over_time(n), dtype);
  }

  RecurrentResult run() {
    for (std::int64_t k = 0; k < r_.steps; k += chunk_) {
      const std::int64_t count = std::min(chunk_, r_.steps - k);
      first_ = r_.reverse ? r_.steps - k - count : k;
      project(count);
      for (std::int64_t j = k; j < k + count; ++j) step(j);
    }
    if (r_.cell == Cell::lstm) result_.c = last_cell();
    if (keep_ && !is_rnn()) result_.trace = {gates_, cells_};
    return result_;
  }

 private:
  bool is_rnn() const { return r_.cell == Cell::rnn_tanh || r_.cell == Cell::rnn_relu; }

  // W_ih x for steps [first_, first_ + count).
  void project(std::int64_t count) {
    gemm(false, true, count * r_.batch, r_.gates(), r_.input, T(1), data<T>(in_.x) + first_ * r_.batch * r_.input,
         r_.input, data<T>(in_.w_ih), r_.input, T(0), data<T>(gates_), r_.gates());
  }
  // out = W_hh h + beta out; h = null is zero.
  void add_recurrent(const T* h, T beta, T* out) {
    if (!h) {
      if (beta == 0) std::fill_n(out, r_.batch * r_.gates(), T(0));
      return;
    }
    const bool turned = turned_.defined();
    gemm(false, !turned, r_.batch, r_.gates(), r_.hidden, T(1), h, r_.hidden, data<T>(turned ? turned_ : in_.w_hh),
         turned ? row_distance<T>(r_.gates()) : r_.hidden, beta, out, r_.gates());
  }
  // Step number k, reading what step k - 1 left.
  void step(std::int64_t k) {
    const std::int64_t t = r_.at(k), block = r_.batch * r_.hidden;
    T *y = data<T>(result_.y), *h = y + t * block;
    T* gates = data<T>(gates_) + (t - first_) * r_.batch * r_.gates();
    const T *zeros = data_or_null<T>(zeros_), *before = k > 0 ? y + r_.at(k - 1) * block : data_or_null<T>(in_.h0);
    if (r_.cell == Cell::lstm) {
      T* cells = data<T>(cells_);
      const T* c0 = in_.c0.defined() ? data<T>(in_.c0) : zeros;
      add_recurrent(before, 1, gates);
      lstm_gates(r_.batch, r_.hidden, gates, data<T>(bias_), k == 0 ? c0 : cells + (keep_ ? r_.at(k - 1) * block : 0),
                 cells + (keep_ ? t * block : 0), h);
    } else if (r_.cell == Cell::gru) {
      add_recurrent(before, 0, data<T>(hidden_));
      gru_gates(r_.batch, r_.hidden, gates, data<T>(hidden_), data<T>(bias_), before ? before : zeros,
                keep_ ? data<T>(cells_) + t * block : nullptr, h);
    } else {
      add_recurrent(before, 1, h);
      rnn_activate(r_.batch, r_.hidden, r_.cell == Cell::rnn_relu, data<T>(bias_), h);
    }
  }
  Tensor last_cell() const {
    if (!keep_ || r_.single) return cells_;
    Tensor c = make_tensor({r_.batch, r_.hidden}, impl(cells_).dtype);
    const std::int64_t block = r_.batch * r_.hidden;
    std::copy_n(data<T>(cells_) + r_.at(r_.steps - 1) * block, block, data<T>(c));
    return c;
  }

  const Recurrence r_;
  const RecurrentInputs& in_;
  const bool keep_;
  std::int64_t chunk_ = 1, first_ = 0;
  Tensor bias_, zeros_, turned_, gates_, hidden_, cells_;
  RecurrentResult result_;
};

// The gradients by the sums: `main` (steps, batch, gates) by those with W_hh; for a GRU `fresh` (steps, batch, hidden)
// stands for the third gate of those with W_ih.
template <class T>
class BackwardPass {
 public:
  BackwardPass(const Recurrence& r, const RecurrentInputs& in, const Tensor& y, const RecurrentTrace& trace)
      : r_(r), in_(in), y_(y), trace_(trace), dtype_(impl(in.x).dtype), ld_(row_distance<T>(r.gates())) {}

  std::array<Tensor, 7> run(const Tensor& gy, const Tensor& gh, const Tensor& gc, const std::array<bool, 7>& wanted,
                            const std::array<Tensor, 2>& into) {
    start(gh, gc);
    const Tensor by_y = gy.defined() ? contiguous_copy(gy) : Tensor();
    for (std::int64_t k = r_.steps - 1; k >= 0; --k) step(k, data_or_null<T>(by_y), k > 0 || wanted[1]);
    std::array<Tensor, 7> grads;
    if (wanted[0]) grads[0] = by_input();
    if (wanted[1]) grads[1] = dh_;
    if (wanted[2]) grads[2] = dc_;
    if (wanted[3]) grads[3] = by_input_weight(into[0]);
    if (wanted[4]) grads[4] = by_hidden_weight(into[1]);
    if (wanted[5] || wanted[6]) by_biases(wanted[5], wanted[6], grads);
    return grads;
  }

 private:
  std::int64_t rows() const { return r_.steps * r_.batch; }
  std::int64_t block() const { return r_.batch * r_.hidden; }
  const T* before(std::int64_t k) const {
    return k > 0 ? data<T>(y_) + r_.at(k - 1) * block() : data_or_null<T>(in_.h0);
  }

  void start(const Tensor& gh, const Tensor& gc) {
    const Shape state{r_.batch, r_.hidden};
    const auto writable = [&](const Tensor& g) {
      if (!g.defined()) return zeros_raw(state, dtype_);
      Tensor t = make_tensor(state, dtype_);
      copy_raw(t, g);
      return t;
    };
    dh_ = writable(gh);
    if (r_.cell == Cell::lstm) dc_ = writable(gc);
    main_ = make_tensor({rows(), ld_}, dtype_);
    if (r_.cell == Cell::gru) fresh_ = make_tensor({rows(), r_.hidden}, dtype_);
    const bool have_start = in_.h0.defined() && (r_.cell != Cell::lstm || in_.c0.defined());
    if (!have_start && r_.cell != Cell::rnn_tanh && r_.cell != Cell::rnn_relu) zeros_ = zeros_raw(state, dtype_);
  }

  // Through step number k; on: whether the gradient by the h before it is wanted.
  void step(std::int64_t k, const T* by_y, bool on) {
    const std::int64_t t = r_.at(k), n = r_.hidden, b = r_.batch, g = r_.gates();
    const T *gy = by_y ? by_y + t * block() : nullptr, *zeros = data_or_null<T>(zeros_);
    T *d = data<T>(main_) + t * b * ld_, *dh = data<T>(dh_);
    const T* gates = trace_.gates.defined() ? data<T>(trace_.gates) + t * b * g : nullptr;
    const T* memory = data_or_null<T>(trace_.memory);
    if (r_.cell == Cell::lstm) {
      const T* c0 = in_.c0.defined() ? data<T>(in_.c0) : zeros;
      lstm_gates_backward(b, n, gates, k > 0 ? memory + r_.at(k - 1) * block() : c0, memory + t * block(), gy, dh,
                          data<T>(dc_), d, ld_);
    } else if (r_.cell == Cell::gru) {
      const T* h = before(k);
      gru_gates_backward(b, n, gates, memory + t * block(), h ? h : zeros, gy, dh, d, ld_,
                         data<T>(fresh_) + t * block());
    } else {
      rnn_activate_backward(b, n, r_.cell == Cell::rnn_relu, data<const T>(y_) + t * block(), gy, dh, d, ld_);
    }
    if (on) gemm(false, false, b, n, g, T(1), d, ld_, data<T>(in_.w_hh), n, T(r_.cell == Cell::gru ? 1 : 0), dh, n);
  }

  // Gates of x whose gradients stand in main_; a GRU's third one stands in fresh_.
  std::int64_t shared() const { return r_.cell == Cell::gru ? 2 * r_.hidden : r_.gates(); }

  Tensor by_input() {
    Tensor dx = make_tensor(r_.over_time(r_.input), dtype_);
    const std::int64_t i = r_.input, n = r_.hidden;
    const T* w = data<T>(in_.w_ih);
    gemm(false, false, rows(), i, shared(), T(1), data<T>(main_), ld_, w, i, T(0), data<T>(dx), i);
    if (r_.cell == Cell::gru)
      gemm(false, false, rows(), i, n, T(1), data<T>(fresh_), n, w + 2 * n * i, i, T(1), data<T>(dx), i);
    return dx;
  }
  // The gradient, or nothing if added to `into`.
  Tensor by_input_weight(const Tensor& into) {
    const std::int64_t i = r_.input, n = r_.hidden;
    const Tensor dw = into.defined() ? into : make_tensor({r_.gates(), i}, dtype_);
    const T *x = data<T>(in_.x), beta = T(into.defined());
    gemm(true, false, shared(), i, rows(), T(1), data<T>(main_), ld_, x, i, beta, data<T>(dw), i);
    if (r_.cell == Cell::gru)
      gemm(true, false, n, i, rows(), T(1), data<T>(fresh_), n, x, i, beta, data<T>(dw) + 2 * n * i, i);
    return into.defined() ? Tensor() : dw;
  }
  // Every step's h is the one before of its neighbour, so all but the first step are one product over a shifted y.
  Tensor by_hidden_weight(const Tensor& into) {
    const std::int64_t n = r_.hidden, g = r_.gates(), b = r_.batch;
    const Tensor dw = into.defined() ? into : make_tensor({g, n}, dtype_);
    const T *d = data<T>(main_), *y = data<T>(y_), *h0 = data_or_null<T>(in_.h0);
    T beta = T(into.defined());
    if (rows() > b || !h0) {
      gemm(true, false, g, n, rows() - b, T(1), r_.reverse ? d : d + b * ld_, ld_, r_.reverse ? y + b * n : y, n, beta,
           data<T>(dw), n);
      beta = 1;
    }
    if (h0) gemm(true, false, g, n, b, T(1), d + r_.at(0) * b * ld_, ld_, h0, n, beta, data<T>(dw), n);
    return into.defined() ? Tensor() : dw;
  }
  void by_biases(bool by_x, bool by_h, std::array<Tensor, 7>& grads) {
    const Tensor sums = main_.slice(1, 0, r_.gates()).sum({0});
    if (by_h) grads[6] = sums;
    if (!by_x) return;
    grads[5] = sums;
    if (r_.cell != Cell::gru) return;
    grads[5] = make_tensor({r_.gates()}, dtype_);
    const Tensor third = fresh_.sum({0});
    std::copy_n(data<T>(sums), 2 * r_.hidden, data<T>(grads[5]));
    std::copy_n(data<T>(third), r_.hidden, data<T>(grads[5]) + 2 * r_.hidden);
  }

  const Recurrence r_;
  const RecurrentInputs& in_;
  const Tensor& y_;
  const RecurrentTrace& trace_;
  const DType dtype_;
  const std::int64_t ld_;
  Tensor dh_, dc_, main_, fresh_, zeros_;
};

}  // namespace

RecurrentResult recurrent_forward(const Recurrence& r, const RecurrentInputs& in, bool keep) {
  return dispatch_floating(impl(in.x).dtype, [&](auto zero) { return ForwardPass<decltype(zero)>(r, in, keep).run(); });
}

std::array<Tensor, 7> recurrent_backward(const Recurrence& r, const RecurrentInputs& in, const Tensor& y,
                                         const RecurrentTrace& trace, const Tensor& gy, const Tensor& gh,
                                         const Tensor& gc, const std::array<bool, 7>& wanted,
                                         const std::array<Tensor, 2>& into) {
  return dispatch_floating(impl(in.x).dtype, [&](auto zero) {
    return BackwardPass<decltype(zero)>(r, in, y, trace).run(gy, gh, gc, wanted, into);
  });
}

}  // namespace xgrad::detail
