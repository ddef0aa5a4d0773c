// Recurrent modules: sequences against cells and plain formulas, derivatives, names, states, refusals.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/tape.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr auto kRelu = nn::init::Nonlinearity::relu;

template <class M>
M wide(M m) {
  m.to(kFloat64);
  return m;
}

Tensor numbers(const Shape& shape, DType dtype = kFloat64) {
  return (rand(shape, {.dtype = kFloat64}) * 2 - 1).to(dtype);
}

double largest(const Tensor& x) { return amax(abs(x.detach())).item(); }

// Copies layer 0, forward, of a sequence module into a cell.
template <class Cell>
void copy_layer(Cell& cell, const nn::Module& m) {
  NamedTensors state;
  for (const auto& [name, t] : m.state_dict())
    if (name.ends_with("_l0")) state.emplace_back(name.substr(0, name.size() - 3), t);
  cell.load_state_dict(state);
}

std::string names(const nn::Module& m) {
  std::string s;
  for (const auto& [name, t] : m.named_parameters()) s += (s.empty() ? "" : " ") + name + to_string(t.shape());
  return s;
}

// Gradients of a sum with fixed weights, by every parameter.
std::vector<Tensor> parameter_grads(nn::Module& m, const Tensor& y) {
  m.zero_grad();
  (y * linspace(-1, 1, y.numel(), {.dtype = y.dtype()}).view(y.shape())).sum().backward();
  std::vector<Tensor> g;
  for (const Tensor& p : m.parameters()) g.push_back(p.grad());
  return g;
}

void check_close(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double tol) {
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) BOOST_TEST(allclose(a[i].to(kFloat64), b[i].to(kFloat64), tol, tol));
}

// The parts of a result as a list.
std::vector<Tensor> parts(const RNNOutput& r) { return {r.output, r.h}; }
std::vector<Tensor> parts(const LSTMOutput& r) { return {r.output, r.state.h, r.state.c}; }

// First and second derivatives by input, states and every parameter. The parameters of a copy are set to the inputs.
template <class M, class State>
void check_derivatives(M m, const Tensor& x, const State& state, std::vector<Tensor> states) {
  m.to(kFloat64);
  std::vector<Tensor> inputs{x.clone().requires_grad_()};
  for (Tensor& s : states) inputs.push_back(s.requires_grad_());
  for (const Tensor& p : m.parameters()) inputs.push_back(p);
  const GradcheckFunction f = [&](const std::vector<Tensor>& in) { return parts(m(in[0], state(in))); };
  BOOST_TEST(gradcheck(f, inputs));
  BOOST_TEST(gradgradcheck(f, inputs));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent)

BOOST_AUTO_TEST_CASE(a_sequence_is_a_loop_of_cells) {
  manual_seed(1);
  for (const DType type : {kFloat32, kFloat64}) {
    const double tol = type == kFloat32 ? 1e-5 : 1e-12;
    const Tensor x = numbers({7, 3, 5}, type), h0 = numbers({1, 3, 6}, type), c0 = numbers({1, 3, 6}, type);
    {
      nn::LSTM lstm(5, 6);
      nn::LSTMCell cell(5, 6);
      lstm.to(type), cell.to(type), copy_layer(cell, lstm);
      const auto [y, s] = lstm(x, {h0, c0});
      LSTMState step{h0[0], c0[0]};
      std::vector<Tensor> all;
      for (std::int64_t t = 0; t < 7; ++t) step = cell(x[t], step), all.push_back(step.h);
      check_close({y, s.h[0], s.c[0]}, {stack(all), step.h, step.c}, tol);
      check_close(parameter_grads(lstm, y), parameter_grads(cell, stack(all)), tol);
    }
    const auto compare = [&](auto sequence, auto cell) {
      sequence.to(type), cell.to(type), copy_layer(cell, sequence);
      const auto [y, last] = sequence(x, h0);
      Tensor h = h0[0];
      std::vector<Tensor> all;
      for (std::int64_t t = 0; t < 7; ++t) h = cell(x[t], h), all.push_back(h);
      check_close({y, last[0]}, {stack(all), h}, tol);
      check_close(parameter_grads(sequence, y), parameter_grads(cell, stack(all)), tol);
    };
    compare(nn::GRU(5, 6), nn::GRUCell(5, 6));
    compare(nn::RNN(5, 6), nn::RNNCell(5, 6));
    compare(nn::RNN(5, 6, {.nonlinearity = kRelu}), nn::RNNCell(5, 6, {.nonlinearity = kRelu}));
    compare(nn::GRU(5, 6, {.bias = false}), nn::GRUCell(5, 6, {.bias = false}));
  }
}

BOOST_AUTO_TEST_CASE(cells_are_their_formulas) {
  manual_seed(2);
  const Tensor x = numbers({3, 5}), h = numbers({3, 4}), c = numbers({3, 4});
  const auto sums = [&](const RecurrentWeights& w, const Tensor& v, bool of_x) {
    return of_x ? matmul(v, w.weight_ih.t()) + w.bias_ih : matmul(v, w.weight_hh.t()) + w.bias_hh;
  };
  const auto lstm = wide(nn::LSTMCell(5, 4));
  const auto a = chunk(sums(lstm.weights, x, true) + sums(lstm.weights, h, false), 4, 1);
  const Tensor c1 = sigmoid(a[1]) * c + sigmoid(a[0]) * tanh(a[2]);
  const auto [got_h, got_c] = lstm(x, {h, c});
  check_close({got_h, got_c}, {sigmoid(a[3]) * tanh(c1), c1}, 1e-12);

  const auto gru = wide(nn::GRUCell(5, 4));
  const auto i = chunk(sums(gru.weights, x, true), 3, 1), j = chunk(sums(gru.weights, h, false), 3, 1);
  const Tensor r = sigmoid(i[0] + j[0]), z = sigmoid(i[1] + j[1]), n = tanh(i[2] + r * j[2]);
  check_close({gru(x, h)}, {(1 - z) * n + z * h}, 1e-12);

  const auto rnn = wide(nn::RNNCell(5, 4));
  check_close({rnn(x, h)}, {tanh(sums(rnn.weights, x, true) + sums(rnn.weights, h, false))}, 1e-12);
  const auto relus = wide(nn::RNNCell(5, 4, {.nonlinearity = kRelu}));
  check_close({relus(x)}, {relu(sums(relus.weights, x, true) + relus.weights.bias_hh)}, 1e-12);
}

BOOST_AUTO_TEST_CASE(directions_and_layers) {
  manual_seed(3);
  const Tensor x = numbers({4, 2, 3});
  const auto both = wide(nn::GRU(3, 5, {.num_layers = 2, .bidirectional = true}));
  const auto [y, h] = both(x);
  BOOST_TEST(to_string(y.shape()) == "(4, 2, 10)");
  BOOST_TEST(to_string(h.shape()) == "(4, 2, 5)");
  // The second direction of layer 0 is the first one of a layer with its weights on the reversed sequence.
  std::vector<Tensor> w;
  for (const auto& [name, t] : both.named_parameters())
    if (name.ends_with("_l0_reverse")) w.push_back(t);
  std::vector<Tensor> turned;
  for (std::int64_t t = 3; t >= 0; --t) turned.push_back(x[t]);
  const auto [back, last] = gru(stack(turned), Tensor(), {w[0], w[1], w[2], w[3]});
  check_close({h[1]}, {last}, 1e-12);
  const auto [same, same_last] = gru(x, Tensor(), {w[0], w[1], w[2], w[3]}, {.reverse = true});
  check_close({same[0], same[3], same_last}, {back[3], back[0], last}, 1e-12);
  // The last layer's final states stand in the output.
  check_close({h[2], h[3]}, {y[3].slice(1, 0, 5), y[0].slice(1, 5, 10)}, 0);
}

BOOST_AUTO_TEST_CASE(layouts_of_the_input) {
  manual_seed(4);
  const Tensor x = numbers({4, 2, 3}), h0 = numbers({2, 2, 5}), c0 = numbers({2, 2, 5});
  const auto first = wide(nn::LSTM(3, 5, {.batch_first = true, .bidirectional = true}));
  auto time = wide(nn::LSTM(3, 5, {.bidirectional = true}));
  time.load_state_dict(first.state_dict());
  const auto [y, s] = time(x, {h0, c0});
  const auto [z, r] = first(x.transpose(0, 1), {h0, c0});
  check_close({z, r.h, r.c}, {y.transpose(0, 1), s.h, s.c}, 1e-13);
  const auto [u, v] = time(x.select(1, 1), {h0.select(1, 1), c0.select(1, 1)});
  check_close({u, v.h, v.c}, {y.select(1, 1), s.h.select(1, 1), s.c.select(1, 1)}, 1e-12);
  const auto cell = wide(nn::LSTMCell(3, 5));
  const LSTMState one = cell(x[0][1], {h0[0][1], c0[0][1]}), two = cell(x[0], {h0[0], c0[0]});
  check_close({one.h, one.c}, {two.h[1], two.c[1]}, 1e-12);
  check_close({wide(nn::GRUCell(3, 2, {.bias = false}))(zeros({3}, {kFloat64}))}, {zeros({2}, {kFloat64})}, 0);
}

BOOST_AUTO_TEST_CASE(projection) {
  manual_seed(5);
  const Tensor x = numbers({3, 2, 4});
  const auto lstm = wide(nn::LSTM(4, 5, {.num_layers = 2, .bidirectional = true, .proj_size = 3}));
  const auto [y, s] = lstm(x);
  BOOST_TEST(to_string(y.shape()) == "(3, 2, 6)");
  BOOST_TEST(to_string(s.h.shape()) == "(4, 2, 3)");
  BOOST_TEST(to_string(s.c.shape()) == "(4, 2, 5)");
  BOOST_TEST(names(nn::LSTM(4, 5, {.bias = false, .proj_size = 3})) ==
             "weight_ih_l0(20, 4) weight_hh_l0(20, 3) weight_hr_l0(3, 5)");
  const auto small = wide(nn::LSTM(2, 3, {.proj_size = 2}));
  check_derivatives(small, numbers({2, 2, 2}),
                    [](auto& in) {
                      return LSTMState{in[1], in[2]};
                    },
                    {numbers({1, 2, 2}), numbers({1, 2, 3})});
}

BOOST_AUTO_TEST_CASE(derivatives_through_two_layers_and_directions) {
  manual_seed(6);
  const Tensor x = numbers({3, 2, 2});
  const auto hidden = [](auto& in) -> const Tensor& { return in[1]; };
  check_derivatives(nn::LSTM(2, 2, {.num_layers = 2, .bidirectional = true}), x,
                    [](auto& in) {
                      return LSTMState{in[1], in[2]};
                    },
                    {numbers({4, 2, 2}), numbers({4, 2, 2})});
  check_derivatives(nn::GRU(2, 2, {.num_layers = 2, .bidirectional = true}), x, hidden, {numbers({4, 2, 2})});
  check_derivatives(nn::RNN(2, 2, {.num_layers = 2, .bidirectional = true}), x, hidden, {numbers({4, 2, 2})});
  check_derivatives(nn::RNN(2, 3, {.nonlinearity = kRelu, .batch_first = true}), x, hidden, {numbers({1, 3, 3})});
}

BOOST_AUTO_TEST_CASE(third_derivative) {
  manual_seed(7);
  const auto lstm = wide(nn::LSTM(2, 2));
  const Tensor x = numbers({2, 1, 2}).requires_grad_();
  const auto second = [&](const std::vector<Tensor>& in) {
    const Tensor g = grad({lstm(in[0]).output.sum()}, {in[0]}, {}, {.create_graph = true})[0];
    return grad({(g * g).sum()}, {in[0]}, {}, {.create_graph = true})[0];
  };
  BOOST_TEST(gradcheck(std::function<Tensor(const std::vector<Tensor>&)>(second), {x}));
}

BOOST_AUTO_TEST_CASE(narrow_and_wide_types_agree) {
  manual_seed(8);
  const Tensor x = numbers({20, 9, 33}, kFloat32);
  const auto compare = [&](auto m) {
    auto w = m;
    const Tensor y = m(x).output;
    const std::vector<Tensor> g = parameter_grads(m, y);
    w.to(kFloat64);
    const Tensor z = w(x.to(kFloat64)).output;
    check_close({y}, {z}, 1e-4);
    for (std::size_t i = 0; i < g.size(); ++i) {
      const Tensor exact = parameter_grads(w, w(x.to(kFloat64)).output)[i];
      BOOST_TEST(largest(g[i].to(kFloat64) - exact) <= 1e-4 * (1 + largest(exact)));
    }
  };
  compare(nn::LSTM(33, 37, {.num_layers = 2, .bidirectional = true}));
  compare(nn::GRU(33, 37, {.num_layers = 2}));
  compare(nn::RNN(33, 37));
}

BOOST_AUTO_TEST_CASE(the_same_call_gives_the_same_bits) {
  manual_seed(9);
  nn::LSTM lstm(40, 50, {.num_layers = 2});
  const Tensor x = numbers({12, 16, 40}, kFloat32);
  const Tensor a = lstm(x).output, b = lstm(x).output;
  BOOST_TEST(all(eq(a, b)).item<bool>());
  const auto first = parameter_grads(lstm, a), second = parameter_grads(lstm, b);
  for (std::size_t i = 0; i < first.size(); ++i) BOOST_TEST(all(eq(first[i], second[i])).item<bool>());
}

BOOST_AUTO_TEST_CASE(inference_equals_training_and_keeps_nothing) {
  manual_seed(10);
  const Tensor x = numbers({50, 20, 8}, kFloat32);
  const auto compare = [&](const auto& m) {
    const Tensor y = m(x).output;
    const NoGradGuard off;
    const std::int64_t before = memory_stats().live_bytes;
    const Tensor z = m(x).output;
    BOOST_TEST(allclose(y.detach(), z, 1e-5, 1e-6));
    // Live afterwards: the result and nothing else.
    BOOST_TEST(memory_stats().live_bytes - before <= z.numel() * 4 + 4096);
  };
  compare(nn::LSTM(8, 16, {.bidirectional = true}));
  compare(nn::GRU(8, 16, {.bidirectional = true}));
  compare(nn::RNN(8, 16));
}

BOOST_AUTO_TEST_CASE(one_operation_per_layer_and_direction) {
  const auto count = [](const Tensor& y, const char* op) {
    int n = 0;
    for (const tape::OpNode& node : tape::collect(y).nodes) n += node.op == op;
    return n;
  };
  const Tensor x = ones({5, 2, 3});
  BOOST_TEST(count(nn::LSTM(3, 4, {.num_layers = 3, .bidirectional = true})(x).output, "lstm") == 6);
  BOOST_TEST(count(nn::GRU(3, 4)(x).output, "gru") == 1);
  BOOST_TEST(count(nn::RNN(3, 4)(x).output, "rnn_tanh") == 1);
  BOOST_TEST(count(nn::RNN(3, 4, {.nonlinearity = kRelu})(x).output, "rnn_relu") == 1);
}

BOOST_AUTO_TEST_CASE(dropout_between_layers_in_training_only) {
  manual_seed(11);
  nn::GRU gru(3, 8, {.num_layers = 2, .dropout = 0.5});
  nn::GRU plain(3, 8, {.num_layers = 2});
  plain.load_state_dict(gru.state_dict());
  const Tensor x = numbers({4, 2, 3}, kFloat32);
  BOOST_TEST(!allclose(gru(x).output, gru(x).output));
  gru.eval();
  BOOST_TEST(allclose(gru(x).output, plain(x).output, 0, 0));
  nn::GRU one(3, 8, {.dropout = 0.5});  // not after the last layer
  BOOST_TEST(allclose(one(x).output, one(x).output, 0, 0));
}

BOOST_AUTO_TEST_CASE(a_state_is_carried_on) {
  manual_seed(12);
  const auto lstm = wide(nn::LSTM(3, 4, {.num_layers = 2}));
  const Tensor x = numbers({6, 2, 3}).requires_grad_();
  const auto [whole, end] = lstm(x);
  auto [first, s] = lstm(x.slice(0, 0, 3));
  const auto [second, last] = lstm(x.slice(0, 3, 6), s);
  check_close({first, second, last.h, last.c}, {whole.slice(0, 0, 3), whole.slice(0, 3, 6), end.h, end.c}, 1e-12);
  const Tensor through = grad({second.sum()}, {x}, {}, {.retain_graph = true})[0];
  BOOST_TEST(largest(through.slice(0, 0, 3)) > 0);
  s = s.detach();
  BOOST_TEST(!s.h.requires_grad());
  const auto [cut, unused] = lstm(x.slice(0, 3, 6), s);
  const Tensor stopped = grad({cut.sum()}, {x})[0];
  BOOST_TEST(largest(stopped.slice(0, 0, 3)) == 0);
  check_close({stopped.slice(0, 3, 6)}, {through.slice(0, 3, 6)}, 1e-12);
  BOOST_TEST(!LSTMState{}.detach().h.defined());
}

// Each step's backward pass adds to what the pass has collected for the weights; with create_graph it does not.
BOOST_AUTO_TEST_CASE(weights_collect_their_gradient_over_the_steps) {
  manual_seed(14);
  const Tensor x = numbers({5, 3, 4});
  const Tensor both = numbers({12, 4}).requires_grad_(), other = numbers({12, 4}).requires_grad_();
  for (const bool shared : {false, true}) {
    const RecurrentWeights w{both, shared ? both : other};
    const auto loss = [&] {
      Tensor h;
      for (std::int64_t t = 0; t < 5; ++t) h = gru_cell(x[t], h, w);
      return (h * h).sum();
    };
    const std::vector<Tensor> wanted = shared ? std::vector<Tensor>{both} : std::vector<Tensor>{both, other};
    const auto exact = grad({loss()}, wanted, {}, {.create_graph = true});
    check_close(grad({loss()}, wanted), exact, 1e-12);
    check_close(grad({loss()}, {both}), {exact[0]}, 1e-12);
    Tensor leaf = both, seen;
    const auto hook = leaf.register_hook([&](const Tensor& g) {
      seen = g.clone();
      return Tensor();
    });
    leaf.set_grad(Tensor());
    loss().backward();
    loss().backward();
    hook.remove();
    check_close({leaf.grad(), seen}, {exact[0] * 2, exact[0]}, 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(names_and_first_values) {
  BOOST_TEST(names(nn::LSTM(3, 2)) == "weight_ih_l0(8, 3) weight_hh_l0(8, 2) bias_ih_l0(8) bias_hh_l0(8)");
  BOOST_TEST(names(nn::GRU(3, 2, {.num_layers = 2, .bias = false, .bidirectional = true})) ==
             "weight_ih_l0(6, 3) weight_hh_l0(6, 2) weight_ih_l0_reverse(6, 3) weight_hh_l0_reverse(6, 2) "
             "weight_ih_l1(6, 4) weight_hh_l1(6, 2) weight_ih_l1_reverse(6, 4) weight_hh_l1_reverse(6, 2)");
  BOOST_TEST(names(nn::RNNCell(3, 2)) == "weight_ih(2, 3) weight_hh(2, 2) bias_ih(2) bias_hh(2)");
  BOOST_TEST(names(nn::LSTMCell(3, 2, {.bias = false})) == "weight_ih(8, 3) weight_hh(8, 2)");
  manual_seed(13);
  for (const Tensor& p : nn::LSTM(10, 64).parameters()) {
    const double most = largest(p);
    BOOST_TEST(most <= 0.125);
    BOOST_TEST(most > 0.12);
  }
  BOOST_TEST(nn::LSTM(3, 2).label() == "LSTM(3 → 2)");
}

BOOST_AUTO_TEST_CASE(hooks_see_the_output) {
  nn::LSTM lstm(3, 2);
  int calls = 0;
  lstm.register_forward_hook([&](const nn::Module&, const Tensor& x, const Tensor& y) {
    ++calls;
    BOOST_TEST((x.dim() == 3 && y.size(-1) == 2));
    return y * 0;
  });
  const auto [y, s] = lstm(ones({4, 1, 3}));
  BOOST_TEST(largest(y) == 0);
  BOOST_TEST(largest(s.h) > 0);
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(refusals) {
  const Tensor x = ones({4, 2, 3});
  const nn::LSTM lstm(3, 5);
  const nn::GRU gru(3, 5, {.batch_first = true, .bidirectional = true});
  const auto refused = [](const auto& call, const char* says, auto kind) {
    expect<decltype(kind)>({says, "called at test_recurrent.cpp:"}, call);
  };
  const ShapeError shape("");
  const ValueError value("");
  const DTypeError dtype("");
  refused([&] { lstm(ones({0, 2, 3})); }, "LSTM: a sequence of length 0", shape);
  refused([&] { gru(ones({2, 0, 3})); }, "GRU: a sequence of length 0", shape);
  refused([&] { lstm(ones({4, 2, 6})); }, "expected 3 features, got 6", shape);
  refused([&] { lstm(ones({3})); }, "x must be (T, N, C) or (T, C), got 1 dimensions", shape);
  refused([&] { gru(ones({1, 2, 3, 3})); }, "x must be (N, T, C) or (T, C), got 4 dimensions", shape);
  refused(
      [&] {
        lstm(x, {zeros({1, 2, 4}), zeros({1, 2, 5})});
      },
      "h0 must be (num_layers * directions, N, H) = (1, 2, 5), got (1, 2, 4)", shape);
  refused([&] { lstm(x, {zeros({1, 2, 5}), zeros({2, 5})}); }, "c0 must be", shape);
  refused([&] { gru(x, zeros({2, 2, 5})); }, "= (2, 4, 5), got (2, 2, 5)", shape);
  refused(
      [&] {
        lstm(ones({4, 3}), {zeros({1, 1, 5}), zeros({1, 5})});
      },
      "h0 must be (num_layers * directions, H) = (1, 5), got (1, 1, 5)", shape);
  refused([&] { lstm(x.to(kFloat64)); }, "dtypes differ", dtype);
  refused([&] { gru(ones({4, 2, 3}), zeros({2, 4, 5}, {kFloat64})); }, "GRU", dtype);
  refused([&] { lstm(ones({4, 2, 3}, {kInt64})); }, "needs a floating tensor", dtype);
  refused([&] { lstm(Tensor()); }, "undefined", value);
  refused([] { nn::LSTM(3, 5, {.num_layers = 0}); }, "num_layers must be at least 1, got 0", value);
  refused([] { nn::GRU(3, 0); }, "hidden_size must be at least 1, got 0", value);
  refused([] { nn::RNN(-1, 2); }, "input_size must not be negative, got -1", value);
  refused([] { nn::RNN(3, 5, {.dropout = 1.5}); }, "dropout must be in [0, 1], got 1.5", value);
  refused([] { nn::GRU(3, 5, {.dropout = std::nan("")}); }, "dropout must be in [0, 1]", value);
  refused([] { nn::LSTM(3, 5, {.proj_size = 5}); }, "proj_size must be 0 or more and below hidden_size (5), got 5",
          value);
  refused([] { nn::RNN(3, 5, {.nonlinearity = nn::init::Nonlinearity::selu}); }, "nonlinearity must be tanh or relu",
          value);
  refused([] { nn::LSTMCell(3, 5)(ones({2, 3, 3})); }, "LSTMCell: x must be (N, C) or (C), got 3 dimensions", shape);
  refused([] { nn::GRUCell(3, 5)(ones({2, 3}), ones({5})); }, "the state has 1 dimensions, x has 2", shape);
  refused([] { nn::RNNCell(3, 5)(ones({2, 4})); }, "expected 3 features, got 4", shape);
}

BOOST_AUTO_TEST_SUITE_END()
