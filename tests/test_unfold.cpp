// Layers that are one operation, as the operations that they are made of: on pages and in pictures.
#include <algorithm>
#include <optional>

#include <xgrad/nn.hpp>
#include <xgrad/ops/attention.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/viz.hpp>

#include "explorer_page.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

std::size_t count_titled(const json& data, const std::string& title) {
  std::size_t n = 0;
  for (const json& node : data.at("nodes")) n += node.at("title") == title && node.at("kind") != "ghost";
  return n;
}
std::vector<double> numbers(const json& tensor) {
  std::vector<double> v;
  for (const json& x : tensor.at("v")) v.push_back(x.get<double>());
  return v;
}

// Of a program that runs once: its page with the layer as one operation and with its operations. In both, the gradients
// are those of the program, are the sum of what arrives, and agree with finite differences.
struct Both {
  json whole, unfolded;
};
Both pages_of(const std::function<Tensor()>& program, const std::vector<Tensor>& leaves,
              Location at = Location::current()) {
  const TapeRecorder recorder;
  const Tensor loss = program();
  loss.backward();
  Both b{data_of(page_of(loss, {.unfold = false, .recompute = program})),
         data_of(page_of(loss, {.unfold = true, .recompute = program}))};
  for (const json* d : {&b.whole, &b.unfolded}) {
    BOOST_TEST_INFO(file_and_line(at) << " " << d->at("notes").dump());
    BOOST_TEST(!d->contains("unchecked"));
    for (const Tensor& leaf : leaves) {
      const json& n = titled(*d, leaf.name());
      BOOST_TEST_INFO(file_and_line(at) << " " << leaf.name() << " " << n.at("check").dump());
      BOOST_TEST(n.at("check").at("ok").get<bool>());
      const std::vector<double> shown = numbers(n.at("grad")), own = leaf.grad().to_vector<double>();
      BOOST_REQUIRE(shown.size() == own.size());
      for (std::size_t i = 0; i < own.size(); ++i)
        BOOST_TEST(std::abs(shown[i] - own[i]) < 1e-4 * (1 + std::abs(own[i])));
    }
    for (const json& s : d->at("steps")) {
      BOOST_TEST(!s.contains("problem"));
      BOOST_TEST(!s.contains("outside"));
    }
  }
  return b;
}

Tensor wide(const Shape& shape, const char* name, double phase) { return leaf(shape, phase).set_name(name); }

}  // namespace

BOOST_AUTO_TEST_SUITE(unfolding)

BOOST_AUTO_TEST_CASE(lstm_step_by_step) {
  const Tensor x = wide({3, 2, 2}, "x", 0.1), w = wide({8, 2}, "W", 0.4), u = wide({8, 2}, "U", 0.9),
               b = wide({8}, "b", 1.3), c = wide({8}, "c", 2.3);
  const auto program = [&] {
    const LSTMOutput y = lstm(x, {}, {w, u, b, c});
    return y.output.square().sum() + y.state.c.sum() * 0.5;
  };
  const Both p = pages_of(program, {x, w, u, b, c});
  BOOST_TEST(count_titled(p.whole, "lstm") == 1u);
  BOOST_TEST(count_titled(p.unfolded, "lstm") == 0u);
  BOOST_TEST(count_titled(p.unfolded, "sigmoid") == 9u);
  BOOST_TEST(count_titled(p.unfolded, "tanh") == 6u);
  for (const char* name : {"h₁", "h₃", "i₂", "c₃", "x₁"}) {
    bool there = false;
    for (const json& n : p.unfolded.at("nodes")) there |= n.value("name", "") == name;
    BOOST_TEST_INFO(name);
    BOOST_TEST(there);
  }
  std::vector<std::string> boxes;
  for (const json& m : p.unfolded.at("modules")) boxes.push_back(m.at("label"));
  std::ranges::sort(boxes);
  BOOST_TEST(boxes == std::vector<std::string>({"2 steps like the next one", "lstm : 3 steps", "step 1 : lstm cell",
                                                "step 2 : lstm cell", "step 3 : lstm cell"}));
  // c₂ = f₂ ⊙ c₁ + i₂ ⊙ g₂: a step has the formula of its operations.
  bool formula = false;
  for (const json& s : p.unfolded.at("steps"))
    if (s.at("phase") == "forward" && node_of(p.unfolded, s.at("node")).value("name", "") == "c₂")
      formula = has(s.at("math").get<std::string>(), "<mo>+</mo>");
  BOOST_TEST(formula);
}

BOOST_AUTO_TEST_CASE(gru_rnn_and_cells) {
  const Tensor x = wide({4, 1, 2}, "x", 0.1), h = wide({1, 2}, "h", 0.7), b = wide({6}, "b", 1.3),
               c = wide({6}, "c", 2.3);
  const Tensor w = wide({6, 2}, "W", 0.4), u = wide({6, 2}, "U", 0.9), v = wide({2, 2}, "V", 0.3),
               r = wide({2, 2}, "R", 0.2);
  for (const bool reverse : {false, true}) {
    for (Tensor t : {x, h, w, u, b, c, v, r}) t.zero_grad();
    Both p = pages_of(
        [&] {
          return gru(x, h, {w, u, b, c}, {.reverse = reverse}).output.square().sum();
        },
        {x, h, w, u, b, c});
    BOOST_TEST(count_titled(p.unfolded, "gru") == 0u);
    for (Tensor t : {x, h, v, r}) t.zero_grad();
    p = pages_of([&] { return rnn_tanh(x, h, {v, r}, {.reverse = reverse}).h.square().sum(); }, {x, h, v, r});
    BOOST_TEST(count_titled(p.unfolded, "tanh") == 4u);
  }
  const Tensor one = wide({2, 2}, "one", 0.5), state = wide({2, 2}, "state", 1.5);
  for (Tensor t : {w, u, v, r}) t.zero_grad();
  Both p = pages_of([&] { return gru_cell(one, state, {w, u}).square().sum(); }, {one, state, w, u});
  BOOST_TEST(count_titled(p.unfolded, "sigmoid") == 2u);
  for (Tensor t : {one, state, v, r}) t.zero_grad();
  p = pages_of([&] { return rnn_relu_cell(one, state, {v, r}).square().sum(); }, {one, state, v, r});
  BOOST_TEST(count_titled(p.unfolded, "relu") == 1u);
}

BOOST_AUTO_TEST_CASE(attention_in_its_operations) {
  const Tensor q = wide({3, 2}, "Q", 0.1), k = wide({4, 2}, "K", 0.6), v = wide({4, 2}, "V", 1.2),
               m = wide({3, 4}, "M", 2);
  const Tensor keep =
      tensor({{true, true, false, true}, {true, false, true, true}, {true, true, true, true}}).set_name("keep");
  const auto run = [&](const AttentionOptions& o) {
    for (Tensor t : {q, k, v, m}) t.zero_grad();
    return pages_of([=] { return scaled_dot_product_attention(q, k, v, o).square().sum(); }, {q, k, v}).unfolded;
  };
  BOOST_TEST(count_titled(run({}), "softmax") == 1u);
  BOOST_TEST(count_titled(run({.mask = m}), "add") == 1u);
  BOOST_TEST(count_titled(run({.mask = keep}), "masked_fill") == 1u);
  BOOST_TEST(count_titled(run({.is_causal = true}), "masked_fill") == 1u);
  // Which weights were dropped is not known any more.
  const TapeRecorder recorder;
  const Tensor loss = scaled_dot_product_attention(q, k, v, {.dropout = 0.5}).sum();
  loss.backward();
  BOOST_TEST(count_titled(data_of(page_of(loss, {.unfold = true})), "scaled_dot_product_attention") == 1u);
}

// Without being asked: on pages, of short sequences whose inputs are known.
BOOST_AUTO_TEST_CASE(what_is_unfolded_by_itself) {
  const nn::LSTM layer(2, 3, {.num_layers = 2});
  const auto page = [&](std::int64_t steps, bool recorded, const viz::Options& o = {}) {
    const Tensor x = values({steps, 1, 2}, 0.4).to(kFloat32).set_name("x");
    std::optional<TapeRecorder> recorder;
    if (recorded) recorder.emplace();
    const Tensor loss = layer(x).output.square().sum();
    loss.backward();
    return data_of(page_of(loss, o));
  };
  BOOST_TEST(count_titled(page(3, true), "lstm") == 0u);
  BOOST_TEST(count_titled(page(3, true, {.unfold = false}), "lstm") == 2u);
  BOOST_TEST(count_titled(page(3, false), "lstm") == 1u);  // the input of the second layer is gone
  BOOST_TEST(count_titled(page(30, true), "lstm") == 2u);
  const json folded = page(30, true, {.unfold = true});
  BOOST_TEST(count_titled(folded, "lstm") == 0u);
  std::size_t strips = 0;
  for (const json& m : folded.at("modules"))
    if (m.contains("strip")) {
      ++strips;
      BOOST_TEST(m.at("label") == "29 steps like the next one");
      BOOST_TEST(m.at("strip").size() == 30u);
    }
  BOOST_TEST(strips == 2u);
}

BOOST_AUTO_TEST_CASE(in_pictures_when_asked) {
  const nn::LSTM layer(2, 3);
  const TapeRecorder recorder;
  const Tensor loss = layer(values({20, 1, 2}, 0.4).to(kFloat32)).output.square().sum();
  loss.backward();
  BOOST_TEST(has(viz::to_dot(loss), "<b>lstm</b>"));
  const std::string text = viz::to_dot(loss, {.unfold = true});
  BOOST_TEST(!has(text, "<b>lstm</b>"));
  BOOST_TEST(has(text, "20 steps folded into one"));
  BOOST_TEST(has(text, "grad norm"));
}

// A layer that is the result itself, whose results have names, and that another one reads.
BOOST_AUTO_TEST_CASE(at_the_end_and_one_after_the_other) {
  const Tensor x = wide({2, 1, 1}, "x", 0.1), w = wide({1, 1}, "W", 0.4), u = wide({1, 1}, "U", 0.9);
  const TapeRecorder recorder;
  const RNNOutput first = rnn_tanh(x, {}, {w, u});
  const Tensor y = rnn_relu(Tensor(first.output).set_name("middle"), first.h, {w, u}).h;
  y.sum().backward();
  const json d = data_of(page_of(y, {.unfold = true}));
  BOOST_TEST(count_titled(d, "relu") == 2u);
  BOOST_TEST(count_titled(d, "tanh") == 2u);
  bool named = false;
  for (const json& n : d.at("nodes")) named |= n.value("name", "") == "middle";
  BOOST_TEST(named);
}

BOOST_AUTO_TEST_SUITE_END()
