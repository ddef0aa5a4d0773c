// Gradients of the explorer's page compared with finite differences: what they say, and that the program stays as it
// was.
#include <cmath>
#include <random>
#include <thread>

#include <xgrad/custom.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/viz.hpp>

#include "explorer_page.hpp"
#include "support.hpp"
#include "text_support.hpp"
#include "thread_from_before.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_SUITE(gradient_checks)

BOOST_AUTO_TEST_CASE(a_check_that_cannot_be_made_says_why) {
  const Tensor w = leaf({2}, 0.4);
  const TapeRecorder recorder;
  const Tensor loss = w.square().sum();
  BOOST_TEST(has(data_of(page_of(loss, {.recompute = [&] { return loss; }})).at("notes").dump(), "backward() first"));
  loss.backward();
  BOOST_TEST(has(data_of(page_of(loss, {.recompute = [] { return tensor(5.); }})).at("notes").dump(), "it is"));
  const json wrong = data_of(page_of(loss, {.recompute = [&] { return w.detach().square().sum().sum(); }}));
  BOOST_TEST(has(wrong.at("nodes").dump(), "\"ok\":true"));
}

// Running statistics, dropout, .grad, versions: a page leaves no trace in the program.
BOOST_AUTO_TEST_CASE(a_page_changes_nothing) {
  manual_seed(3);
  const nn::BatchNorm1d norm(4);
  const nn::Linear out(4, 1);
  const Tensor x = values({8, 4}, 0.3).to(kFloat32);
  const auto again = [&] {
    const Tensor h = norm(x);
    rand({5});
    return out(tanh(h)).square().mean();
  };
  const TapeRecorder recorder;
  const Tensor loss = again();
  loss.backward();
  const auto before = norm.running_mean.to_vector<double>(), grad = out.weight.grad().to_vector<double>();
  const auto versions = std::array{norm.running_mean.version(), out.weight.version(), out.weight.grad().version()};
  const auto state = default_generator().get_state();
  const json d = data_of(page_of(loss, {.recompute = again}));
  BOOST_TEST(titled(d, "weight").at("check").at("ok").get<bool>());
  BOOST_TEST(norm.num_batches_tracked.item<std::int64_t>() == 1);
  BOOST_TEST(norm.running_mean.to_vector<double>() == before);
  BOOST_TEST(out.weight.grad().to_vector<double>() == grad);
  BOOST_TEST((std::array{norm.running_mean.version(), out.weight.version(), out.weight.grad().version()} == versions));
  BOOST_TEST((default_generator().get_state() == state));
}

BOOST_AUTO_TEST_CASE(a_kink_is_told_from_a_wrong_gradient) {
  Tensor w = tensor({0., 0.5, 2e-3, -1.}, {kFloat32}).requires_grad_().set_name("w");
  const TapeRecorder recorder;
  const auto kinked = [&] { return relu(w).sum(); };
  Tensor loss = kinked();
  loss.backward();
  json c = titled(data_of(page_of(loss, {.recompute = kinked})), "w").at("check");
  BOOST_TEST((c.at("ok") == true && c.at("kinks") == 1 && c.at("points") == 4), c.dump());
  w.zero_grad();
  const auto other = [&] { return (w * 1.5 - w.detach() * 0.5).sum(); };  // the function has another slope than f
  loss = (w * 1.5 - w.detach() * 0.5).sum();
  loss.backward();
  c = titled(data_of(page_of(loss, {.recompute = other})), "w").at("check");
  BOOST_TEST((c.at("ok") == false && c.at("kinks") == 0), c.dump());
  // Small gradients beside a large loss, where small steps see rounding only; and a strong curve, whose slopes on both
  // sides differ. Each time a part of the gradient is hidden.
  const auto checked = [](const std::function<Tensor()>& f) {
    const Tensor l = f();
    l.backward();
    return json(titled(data_of(page_of(l, {.recompute = f})), "v").at("check"));
  };
  const Tensor small = tensor({0.2F, 0.3F}).requires_grad_().set_name("v");
  c = checked([&] { return (small * 0.02 - small.detach() * 0.012).sum() + 1.5; });
  BOOST_TEST((c.at("ok") == false && c.at("kinks") == 0), c.dump());
  const Tensor curved = tensor({1e-4, -2e-4}, {kFloat64}).requires_grad_().set_name("v");
  c = checked([&] { return (curved.square() * 500 - curved.detach().square() * 200).sum(); });
  BOOST_TEST((c.at("ok") == false && c.at("kinks") == 0), c.dump());
  const Tensor ties = tensor({2., 2., 1.}, {kFloat64}).requires_grad_().set_name("v");
  c = checked([&] { return ties.max() + ties.abs().sum(); });
  // What differences to both sides give is the mean of both slopes, as the gradient of a tie is.
  BOOST_TEST((c.at("ok") == true && c.at("kinks") == 0), c.dump());
}

// Whatever the functions of the program do, there is a page, and the program is as it was.
BOOST_AUTO_TEST_CASE(functions_that_throw) {
  const Tensor w = leaf({3}, 0.4).set_name("w"), running = zeros({3}, {kFloat64});
  const TapeRecorder recorder;
  const Tensor loss = w.square().sum();
  loss.backward({.retain_graph = true});
  const auto value = w.detach().to_vector<double>(), grad = w.grad().to_vector<double>();
  const std::uint32_t version = w.version();
  for (const int last : {0, 1, 4}) {
    int calls = 0;
    const auto f = [&]() -> Tensor {
      Tensor r = running, g = w.grad();
      r.add_(1);
      g.mul_(2);
      Tensor(w).set_data(w.detach() * 3);
      Tensor(w).set_data(w.detach() / 3);
      if (calls++ == last) throw std::runtime_error("no \"data\" <left>");
      return w.square().sum();
    };
    const json d = data_of(page_of(loss, {.recompute = f}));
    BOOST_TEST(has(d.at("unchecked").get<std::string>(), "threw: no \"data\" <left>"));
    BOOST_TEST(running.to_vector<double>() == std::vector<double>(3));
    BOOST_TEST(running.version() == 0u);
    BOOST_TEST(w.detach().to_vector<double>() == value);
    BOOST_TEST(w.grad().to_vector<double>() == grad);
    BOOST_TEST(w.version() == version);
  }
  const json odd = data_of(page_of(loss, {.recompute = []() -> Tensor { throw 5; }}));
  BOOST_TEST(has(odd.at("unchecked").get<std::string>(), "no std::exception"));
  loss.backward();  // the graph that was kept can still run
  const Tensor y = record("thrower", w.detach() * 2, {w}, {}, [](const Saved&, const Tensor& g) -> Grads {
    static int runs = 0;
    if (runs++) throw std::logic_error("only once");
    return {g * 2};
  });
  const Tensor sum = y.sum();
  sum.backward();
  BOOST_TEST(has(backward_of(data_of(page_of(sum)), "thrower").at("problem").get<std::string>(), "only once"));
}

// What the function does on threads of its own is taken back as well.
BOOST_AUTO_TEST_CASE(threads_of_the_function) {
  const Tensor w = tensor({1., -2., 3.}, {kFloat64}).requires_grad_().set_name("w"), running = zeros({3});
  const Tensor loss = w.square().sum();
  loss.backward({.retain_graph = true});
  const auto state = default_generator().get_state();
  int calls = 0;
  const json d = data_of(page_of(loss, {.recompute = [&] {
                                   ++calls;
                                   manual_seed(7);
                                   for (int k = 0; k < 3; ++k)
                                     std::jthread([&, k] {
                                       Tensor part = running.slice(0, k, k + 1), g = w.grad();
                                       part.add_(randn({1}));
                                       std::jthread([&] { g.mul_(2); }).join();
                                     }).join();
                                   return w.square().sum();
                                 }}));
  BOOST_TEST(calls > 6);
  BOOST_TEST(titled(d, "w").at("check").at("ok").get<bool>());
  BOOST_TEST(running.to_vector<double>() == std::vector<double>(3));
  BOOST_TEST(running.version() == 0u);
  BOOST_TEST(w.grad().to_vector<double>() == std::vector<double>({2, -4, 6}));
  BOOST_TEST((default_generator().get_state() == state));
}

// Of a thread that ran before nobody knows for whom it works: the page says so, once.
BOOST_AUTO_TEST_CASE(threads_from_before) {
  const Tensor w = ones({3}).requires_grad_().set_name("w"), running = zeros({3});
  const Tensor loss = w.square().sum();
  loss.backward({.retain_graph = true});
  ThreadFromBefore other([&] { Tensor(running).add_(1); });
  const json d = data_of(page_of(loss, {.recompute = [&] {
                                   other.run();
                                   return w.square().sum();
                                 }}));
  const auto said = d.at("unchecked").get<std::string>();
  BOOST_TEST(has(said, "test_gradient_checks.cpp"));
  BOOST_TEST(has(said, "add_"));
  BOOST_TEST(has(said, "was not taken back"));
  BOOST_TEST(running.to_vector<double>() == std::vector<double>(3, 1));
  // What has nothing to do with the function is not touched.
  const json alone = data_of(page_of(loss, {.recompute = [&] { return w.square().sum(); }}));
  BOOST_TEST(!alone.contains("unchecked"));
  BOOST_TEST(titled(alone, "w").at("check").at("ok").get<bool>());
}

BOOST_AUTO_TEST_SUITE_END()
