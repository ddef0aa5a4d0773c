#include "case.hpp"

namespace xgrad::exchange {
namespace {

struct Residual : nn::Layer<Residual> {
  nn::Conv2d a = register_module("a", nn::Conv2d(6, 6, 3, {.padding = 1, .bias = false}));
  nn::BatchNorm2d norm = register_module("norm", nn::BatchNorm2d(6));
  nn::Conv2d b = register_module("b", nn::Conv2d(6, 6, 3, {.padding = 2, .dilation = 2, .groups = 3}));
  nn::Linear out = register_module("out", nn::Linear(6, 4));
  Tensor forward(const Tensor& x) const {
    const Tensor y = relu(x + b(relu(norm(a(x)))));
    return out(flatten(adaptive_avg_pool2d(y, 1), 1));
  }
};
struct TwoInputs : nn::Layer<TwoInputs> {
  nn::Linear a = register_module("a", nn::Linear(4, 6)), b = register_module("b", nn::Linear(3, 6));
  std::pair<Tensor, Tensor> forward(const Tensor& x, const Tensor& y) const {
    const Tensor h = tanh(a(x)) * sigmoid(b(y));
    return {cat({h, x}, 1), 2 - h.sum(1, true) / 3};
  }
};
struct Unrolled : nn::Layer<Unrolled> {
  nn::LSTMCell cell = register_module("cell", nn::LSTMCell(3, 5));
  nn::GRUCell gate = register_module("gate", nn::GRUCell(5, 4));
  nn::RNNCell last = register_module("last", nn::RNNCell(4, 4));
  Tensor forward(const Tensor& x) const {
    LSTMState s;
    Tensor g, r;
    for (std::int64_t t = 0; t < x.size(0); ++t) {
      s = t == 0 ? cell(x[t]) : cell(x[t], s);
      g = t == 0 ? gate(s.h) : gate(s.h, g);
      r = t == 0 ? last(g) : last(g, r);
    }
    return cat({s.c, g, r}, 1);
  }
};
struct Attends : nn::Layer<Attends> {
  nn::MultiheadAttention attention = register_module("attention", nn::MultiheadAttention(8, 2, {.batch_first = true}));
  nn::LayerNorm norm = register_module("norm", nn::LayerNorm({8}));
  std::pair<Tensor, Tensor> forward(const Tensor& x) const {
    const auto [y, weights] = attention(x);
    return {norm(x + y), weights};
  }
};
struct Causal : nn::Layer<Causal> {
  nn::Linear project = register_module("project", nn::Linear(8, 24));
  Tensor forward(const Tensor& x) const {
    const std::vector<Tensor> qkv = chunk(project(x), 3, -1);
    const auto heads = [&](const Tensor& t) { return t.reshape({t.size(0), t.size(1), 2, 4}).transpose(1, 2); };
    const Tensor y = scaled_dot_product_attention(heads(qkv[0]), heads(qkv[1]), heads(qkv[2]), {.is_causal = true});
    return y.transpose(1, 2).reshape(x.shape());
  }
};
// Tokens that are 0 are not looked at: the mask is computed from the input.
struct Padded : nn::Layer<Padded> {
  nn::Embedding embedding = register_module("embedding", nn::Embedding(10, 4));
  Tensor forward(const Tensor& tokens) const {
    const Tensor kept = (tokens != 0).to(kFloat32).unsqueeze(-1);
    return (embedding(tokens) * kept).sum(1) / kept.sum(1).clamp_min(1.);
  }
};
struct Bidirectional : nn::Layer<Bidirectional> {
  nn::LSTM lstm =
      register_module("lstm", nn::LSTM(3, 4, {.num_layers = 2, .batch_first = true, .bidirectional = true}));
  nn::RNN rnn = register_module("rnn", nn::RNN(8, 3, {.batch_first = true}));
  std::tuple<Tensor, Tensor, Tensor> forward(const Tensor& x) const {
    const auto [y, s] = lstm(x);
    const auto [z, h] = rnn(y);
    return {z, h, s.c};
  }
};
struct WithState : nn::Layer<WithState> {
  nn::GRU gru = register_module("gru", nn::GRU(3, 4));
  RNNOutput forward(const Tensor& x, const Tensor& h) const { return gru(x, h); }
};

Tensor all_activations(const Tensor& x) {
  return cat({leaky_relu(x, 0.1),
              elu(x, 0.5),
              celu(x, 2.),
              selu(x),
              silu(x),
              mish(x),
              gelu(x),
              gelu(x, Gelu::tanh),
              softplus(x),
              softplus(x, 2.),
              hardtanh(x, -0.5, 0.7),
              relu6(x * 4),
              hardsigmoid(x * 2),
              hardswish(x * 2),
              hardshrink(x),
              softshrink(x),
              threshold(x, 0.2, -1.),
              log_sigmoid(x),
              tanhshrink(x),
              softsign(x),
              softmax(x, 1),
              log_softmax(x, 0),
              glu(x, 1)},
             1);
}
Tensor all_functions(const Tensor& x) {
  const Tensor p = abs(x) + 0.5;
  return stack({exp(x),
                log(p),
                sqrt(p),
                rsqrt(p),
                reciprocal(p),
                square(x),
                pow(p, 2.5),
                pow(p, p),
                expm1(x * 1e-3),
                log1p(p),
                log2(p),
                log10(p),
                exp2(x),
                erf(x),
                erfc(x),
                sin(x),
                cos(x),
                tan(x),
                asin(x / 4),
                acos(x / 4),
                atan(x),
                sinh(x),
                cosh(x),
                asinh(x),
                acosh(p + 1),
                atanh(x / 4),
                floor(x * 3),
                ceil(x * 3),
                round(x * 3),
                sign(x),
                clamp(x, -0.5, 0.5),
                clamp_min(x, 0.1),
                clamp_max(x, 0.1),
                maximum(x, p),
                minimum(x, p),
                addcmul(x, p, x, 2.),
                addcdiv(x, x, p, 0.5),
                lerp(x, p, 0.3),
                where(x > 0, x, p),
                where(x <= p - 0.4, x, -x),
                masked_fill(x, x < 0, 3.),
                1 - x,
                2 / p,
                -x,
                where((x > 0) && !(p > 1), x, p)});
}
std::vector<Tensor> all_reductions(const Tensor& x) {
  return {x.sum(),          x.sum(1),     mean(x, {0, 2}, true), amax(x, {1}),   amin(x, {0, 1}, true),
          x.max(),          prod(x, 2),   logsumexp(x, {1}),     var(x, {1, 2}), xgrad::std(x, {2}, 0),
          max(x, 1).values, cumsum(x, 1), norm(x, 2., {1})};
}
std::vector<Tensor> all_moves(const Tensor& x) {
  return {x.permute({2, 0, 1}),
          x.transpose(0, 2),
          x.unsqueeze(1).squeeze(1),
          x.reshape({-1, 2}),
          x.flip({0, 2}),
          x.slice(1, 1, 3),
          x.slice(2, 0, 4, 2),
          x.select(1, 2),
          split(x, 2, 2)[1],
          unbind(x, 0)[1],
          x.repeat({2, 1, 2}),
          stack({x, x * 2}, 1),
          pad(x, {1, 2}),
          pad(x, {1, 1, 0, 1}, PadMode::reflect),
          pad(x, {2, 0}, PadMode::replicate),
          tril(x[0]),
          triu(x[0], 1),
          index_select(x, 2, tensor({3, 0})),
          gather(x, 1, tensor({{{0, 1, 2, 0}}, {{2, 2, 1, 0}}})),
          x.unsqueeze(0).expand({2, 2, 3, 4})};
}
void add_images(std::vector<Case>& all) {
  all.push_back(of<1>("residual", [] { return Residual(); }, {randn({2, 6, 9, 9})}, {0}));
  all.push_back(of<1>("conv1d",
                      [] {
                        return nn::Sequential(nn::Conv1d(2, 4, 3, {.stride = 2, .padding = 1}), nn::BatchNorm1d(4),
                                              nn::AvgPool1d(2), nn::ConvTranspose1d(4, 2, 3));
                      },
                      {randn({2, 2, 12})}, {0}));
  all.push_back(of<1>("conv3d",
                      [] {
                        return nn::Sequential(nn::Conv3d(1, 2, 3), nn::InstanceNorm3d(2), nn::MaxPool3d(2),
                                              nn::ConvTranspose3d(2, 1, 2, {.stride = 2, .output_padding = 1}));
                      },
                      {randn({1, 1, 6, 6, 6})}, {0}));
  all.push_back(of<1>("norms",
                      [] {
                        return nn::Sequential(nn::Conv2d(2, 6, 1), nn::GroupNorm(3, 6), nn::InstanceNorm2d(6),
                                              nn::LayerNorm({5, 5}), nn::PReLU({.num_parameters = 6}));
                      },
                      {randn({2, 2, 5, 5})}, {0}));
  all.push_back(function(
      "pools",
      [](const Tensor& x) {
        return cat(
            {max_pool2d(x, 3, {.stride = 2, .padding = 1}).flatten(1), max_pool2d(x, 2, {.ceil_mode = true}).flatten(1),
             max_pool2d(x, 2, {.stride = 1, .dilation = 2}).flatten(1),
             avg_pool2d(x, 3, {.stride = 2, .padding = 1}).flatten(1),
             avg_pool2d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false}).flatten(1),
             adaptive_avg_pool2d(x, {3, 1}).flatten(1), adaptive_max_pool2d(x, 1).flatten(1)},
            1);
      },
      randn({2, 3, 9, 7})));
  all.push_back(function(
      "resized",
      [](const Tensor& x) {
        const auto sized = [&](Interpolation mode, bool corners = false) {
          return interpolate(x, {.size = {7, 9}, .mode = mode, .align_corners = corners});
        };
        return cat({sized(Interpolation::nearest), sized(Interpolation::nearest_exact), sized(Interpolation::bilinear),
                    sized(Interpolation::bilinear, true), sized(Interpolation::bicubic)},
                   1);
      },
      randn({1, 2, 4, 5})));
}

void add_sequences(std::vector<Case>& all) {
  all.push_back(of<1>("unrolled", [] { return Unrolled(); }, {randn({3, 2, 3})}, {1}));
  all.push_back(of<1>("bidirectional", [] { return Bidirectional(); }, {randn({2, 5, 3})}, {0}));
  all.push_back(of<2>("state", [] { return WithState(); }, {randn({4, 2, 3}), randn({1, 2, 4})}, {1, 1}));
  all.push_back(of<1>("attention", [] { return Attends(); }, {randn({2, 5, 8})}, {0}));
  all.push_back(of<1>("causal", [] { return Causal(); }, {randn({2, 5, 8})}, {0}));
  all.push_back(of<1>("transformer",
                      [] {
                        return nn::TransformerEncoder(
                            nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .batch_first = true}), 2);
                      },
                      {randn({2, 4, 8})}, {0}));
  all.push_back(of<1>("padded", [] { return Padded(); }, {tensor({{1, 2, 0}, {3, 0, 0}, {4, 5, 6}})}, {0}));
}

void add_functions(std::vector<Case>& all) {
  all.push_back(of<2>("two_inputs", [] { return TwoInputs(); }, {randn({3, 4}), randn({3, 3})}, {0, 0}));
  all.push_back(function("activations", all_activations, randn({3, 8})));
  all.push_back(function("functions", all_functions, randn({2, 3})));
  // Near 0 and far from it.
  all.push_back(function(
      "far_values",
      [](const Tensor& x) {
        return stack({log1p(abs(x)), log1p(-clamp(abs(x), 0., 0.9)), expm1(clamp_max(x, 5.)), erfc(x),
                      softplus(x, 2., 1.), softplus(x, 1., 3.)});
      },
      tensor({-200., -30., -5., -1., -0.4, -1e-3, -1e-9, 0., 1e-9, 1e-3, 0.4, 0.6, 1., 5., 30., 200.}).to(kFloat32)));
  all.push_back(functions("reductions", all_reductions, randn({2, 3, 4})));
  all.push_back(functions("moves", all_moves, randn({2, 3, 4})));
  all.push_back(functions(
      "extrema",
      [](const Tensor& x) -> std::vector<Tensor> {
        const ValuesIndices top = topk(x, 2, 1), order = sort(x, 1), best = max(x, 1);
        return {top.values, top.indices, order.values, order.indices, best.values, best.indices, argmax(x, 0)};
      },
      randn({3, 5})));
}

}  // namespace

std::vector<Case> cases() {
  manual_seed(3);
  std::vector<Case> all;
  add_images(all);
  add_sequences(all);
  add_functions(all);
  add_operations(all);
  return all;
}

}  // namespace xgrad::exchange
