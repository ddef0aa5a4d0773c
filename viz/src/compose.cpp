#include "compose.hpp"

#include <limits>

#include <fmt/format.h>

#include <xgrad/ops.hpp>

namespace xgrad::viz {
namespace {

// Positions of a recurrent layer's inputs.
enum { kX, kH, kC, kInputWeight, kStateWeight, kInputBias, kStateBias, kRecurrentInputs };

bool is_attention(const tape::OpNode& op) { return op.op == "scaled_dot_product_attention"; }
bool is_cell(const tape::OpNode& op) { return op.op.ends_with("_cell"); }
std::string kind_of(const tape::OpNode& op) { return is_cell(op) ? op.op.substr(0, op.op.size() - 5) : op.op; }
bool is_recurrent(const tape::OpNode& op) {
  const std::string kind = kind_of(op);
  return kind == "lstm" || kind == "gru" || kind == "rnn_tanh" || kind == "rnn_relu";
}
// y is (T, N, H).
std::int64_t steps_of(const tape::OpNode& op) { return is_cell(op) ? 1 : op.shapes[0][0]; }

// ---- recurrent layers: the formulas of torch.nn.RNN, LSTM and GRU ----
class Recurrent {
 public:
  Recurrent(const tape::OpNode& op, const std::vector<Tensor>& in)
      : in_(in), kind_(kind_of(op)), cell_(is_cell(op)), steps_(steps_of(op)) {
    reverse_ = op.attributes.get<bool>("reverse").value_or(false);
  }

  std::vector<Tensor> run(const std::shared_ptr<const ModuleInfo>& around) {
    h_ = first_state(kH, "h");
    if (kind_ == "lstm") c_ = first_state(kC, "c");
    std::vector<Tensor> all(static_cast<std::size_t>(steps_));
    for (std::int64_t k = 0; k < steps_; ++k) {
      time_ = reverse_ ? steps_ - k : k + 1;
      if (cell_) {
        step(in_[kX]);
        continue;
      }
      const xgrad::detail::ModuleScope scope(
          std::make_shared<const ModuleInfo>(ModuleInfo{fmt::format("step {}", time_), kind_ + " cell", around}));
      step(called(select(in_[kX], 0, time_ - 1), "x"));
      all[static_cast<std::size_t>(time_ - 1)] = h_;
    }
    std::vector<Tensor> results;
    if (!cell_) results.push_back(stack(all, 0).set_name("y"));
    results.push_back(h_);
    if (kind_ == "lstm") results.push_back(c_);
    return results;
  }

 private:
  Tensor first_state(std::size_t position, const char* letter) const {
    if (in_[position].defined()) return in_[position];
    const std::int64_t batch = in_[kX].size(in_[kX].dim() - 2), hidden = in_[kStateWeight].size(1);
    return zeros({batch, hidden}, {.dtype = in_[kX].dtype()}).set_name(std::string(letter) + "₀");
  }
  // h₁: a letter with the number of the step.
  Tensor called(Tensor t, const char* letter) const {
    std::string name = letter;
    if (!cell_)
      for (const char digit : std::to_string(time_))
        name += std::string("\xE2\x82") + static_cast<char>(0x80 + digit - '0');
    return t.set_name(name);
  }
  void step(const Tensor& x) {
    const Tensor by_x = linear(x, in_[kInputWeight], in_[kInputBias]),
                 by_h = linear(h_, in_[kStateWeight], in_[kStateBias]);
    if (kind_ == "lstm") return lstm_step(by_x + by_h);
    if (kind_ == "gru") return gru_step(by_x, by_h);
    const Tensor z = by_x + by_h;
    h_ = called(kind_ == "rnn_relu" ? relu(z) : tanh(z), "h");
  }
  void lstm_step(const Tensor& z) {
    const std::vector<Tensor> parts = chunk(z, 4, 1);
    const Tensor i = called(sigmoid(parts[0]), "i"), f = called(sigmoid(parts[1]), "f"),
                 g = called(tanh(parts[2]), "g"), o = called(sigmoid(parts[3]), "o");
    c_ = called(f * c_ + i * g, "c");
    h_ = called(o * tanh(c_), "h");
  }
  void gru_step(const Tensor& by_x, const Tensor& by_h) {
    const std::vector<Tensor> a = chunk(by_x, 3, 1), b = chunk(by_h, 3, 1);
    const Tensor r = called(sigmoid(a[0] + b[0]), "r"), z = called(sigmoid(a[1] + b[1]), "z"),
                 n = called(tanh(a[2] + r * b[2]), "n");
    h_ = called((1 - z) * n + z * h_, "h");
  }

  const std::vector<Tensor>& in_;
  std::string kind_;
  bool cell_, reverse_ = false;
  std::int64_t steps_, time_ = 1;
  Tensor h_, c_;
};

// ---- attention: softmax(s q kᵀ + mask) v ----
Tensor attended(const tape::OpNode& op, const std::vector<Tensor>& in) {
  const Tensor &q = in[0], &k = in[1], &v = in[2];
  const Tensor mask = in.size() > 3 ? in[3] : Tensor();
  const double scale = op.attributes.get<double>("scale").value_or(1), none = -std::numeric_limits<double>::infinity();
  Tensor scores = matmul(q, transpose(k, -2, -1)) * scale;
  scores.set_name("scores");
  if (mask.defined())
    scores = mask.dtype() == DType::boolean ? masked_fill(scores, logical_not(mask), none) : scores + mask;
  if (op.attributes.get<bool>("is_causal").value_or(false)) {
    const Tensor later = logical_not(causal_upper_left(q.size(-2), k.size(-2))).set_name("later");
    scores = masked_fill(scores, later, none);
  }
  return matmul(softmax(scores, -1).set_name("weights"), v);
}

}  // namespace

bool can_compose(const tape::OpNode& op) {
  if (!op.of_library || op.shapes.empty()) return false;
  for (const Shape& s : op.shapes)
    if (s.numel() == 0) return false;
  if (is_attention(op)) return op.attributes.get<double>("dropout_p").value_or(0) == 0;
  return is_recurrent(op) && op.inputs.size() + op.data.size() == kRecurrentInputs;
}

std::int64_t composed_steps(const tape::OpNode& op) { return is_attention(op) ? 1 : steps_of(op); }

std::size_t composed_operations(const tape::OpNode& op) {
  if (is_attention(op)) return 7;
  const std::string kind = kind_of(op);
  return static_cast<std::size_t>(steps_of(op)) * (kind == "lstm" ? 15 : kind == "gru" ? 16 : 5) + 1;
}

std::string composed_label(const tape::OpNode& op) {
  if (is_attention(op)) return "its operations";
  return is_cell(op) ? "one step" : fmt::format("{} step{}", steps_of(op), steps_of(op) == 1 ? "" : "s");
}

std::vector<Tensor> compose(const tape::OpNode& op, const std::vector<Tensor>& inputs,
                            const std::shared_ptr<const ModuleInfo>& around) {
  if (is_attention(op)) return {attended(op, inputs)};
  return Recurrent(op, inputs).run(around);
}

}  // namespace xgrad::viz
