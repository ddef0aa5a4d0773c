// The explorer's page: what its data says, that local derivatives are true, and that no name gets out of its place.
#include <array>
#include <cmath>
#include <cstdlib>
#include <random>

#include <nlohmann/json.hpp>

#include <xgrad/backward_again.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/viz.hpp>

#include "environment.hpp"
#include "explorer_page.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

struct Form {
  const char* op;
  std::vector<std::string> expected;
  std::function<Tensor()> loss;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(explorer)

BOOST_AUTO_TEST_CASE(the_data_of_a_small_network) {
  manual_seed(4);
  const auto net = nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
  const Tensor x = tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}).set_name("x");
  const Tensor y = tensor({0., 1., 1., 0.}).unsqueeze(1).set_name("y");
  const auto again = [&] { return mse_loss(net(x), y); };
  const TapeRecorder recorder;
  const Tensor loss = again();
  loss.backward();
  const std::string page = page_of(loss, {.recompute = again});
  const json d = data_of(page);
  BOOST_TEST(d.at("schema") == "xgrad.explorer/1");
  BOOST_TEST(d.at("title") == "net");
  BOOST_TEST(d.at("rankdir") == "LR");
  BOOST_TEST(d.at("nodes").size() == 10u);
  BOOST_TEST(d.at("steps").size() == 1u + 4 + 1 + 4 + 1);
  BOOST_TEST(d.at("modules").size() == 3u);
  BOOST_TEST(d.at("modules")[1].at("path") == "Sequential.fc1");
  BOOST_TEST(d.at("layouts").size() == 5u);  // none, each Linear, both, all
  const json w = titled(d, "fc1.weight");
  BOOST_TEST(w.at("grad").at("v").size() == 6u);
  BOOST_TEST(w.at("symbol") == "W");
  BOOST_TEST(w.at("check").at("ok").get<bool>());
  BOOST_TEST(w.at("check").at("points") == 6);
  BOOST_TEST((forms(backward_of(d, "linear")) == std::vector<std::string>{"product", "product", "picked"}));
  BOOST_TEST((forms(backward_of(d, "tanh")) == std::vector<std::string>{"diagonal"}));
  // Parameters have their own values again.
  BOOST_TEST(loss.item<double>() == again().item<double>());
  // The shell stays small, without requests, with its policy.
  const auto json_at = page.find("id=\"data\">"), json_end = page.find("</script>", json_at);
  BOOST_TEST(page.size() - (json_end - json_at) <= 60u * 1024);
  BOOST_TEST(has(page, "default-src 'none'"));
  for (const char* outside : {"https://", "src=\"", "@import", "url(\"", "fetch(", "XMLHttpRequest"})
    BOOST_TEST(!has(page, outside), outside);
}

// Structures are read off the numbers, of operations that nobody told the page about as well.
BOOST_AUTO_TEST_CASE(structures) {
  const auto cube = elementwise("cube", [](auto v) { return v * v * v; });
  const Tensor a = leaf({3, 4}, 0.2), b = leaf({4, 2}, 1.1), row = leaf({4}, 0.5), image = leaf({1, 1, 4, 4}, 2);
  const Tensor kernel = leaf({1, 1, 2, 2}, 3), batch = leaf({2, 3, 2}, 0.1), other = leaf({2, 2, 3}, 0.9);
  const std::vector<Form> all{
      {"cube", {"diagonal"}, [&] { return cube(a).sum(); }},
      {"mul", {"scaled"}, [&] { return (a * 3.0).sum(); }},
      {"add", {"same", "picked"}, [&] { return (a + row).sum(); }},
      {"mul", {"diagonal", "picked"}, [&] { return (a * row).sum(); }},
      {"sum", {"spread"}, [&] { return a.sum(); }},
      {"matmul", {"product", "product"}, [&] { return matmul(a, b).square().sum(); }},
      {"matmul", {"product", "product"}, [&] { return matmul(batch, other).square().sum(); }},
      {"transpose", {"picked"}, [&] { return a.t().square().sum(); }},
      {"max_pool2d", {"picked"}, [&] { return max_pool2d(image, 2).square().sum(); }},
      {"conv2d", {"general", "product"}, [&] { return conv2d(image, kernel).square().sum(); }},
      {"softmax", {"general"}, [&] { return softmax(a, 1).square().sum(); }},
      {"relu", {"diagonal"}, [&] { return relu(-a.abs() - 1).sum(); }},
  };
  for (const Form& f : all) {
    const TapeRecorder recorder;
    const Tensor loss = f.loss();
    loss.backward();
    const json d = data_of(page_of(loss));
    BOOST_TEST(forms(backward_of(d, f.op)) == f.expected, f.op << ": " << backward_of(d, f.op).dump().substr(0, 300));
  }
}

// A product with zeros and ones is told from a sum, a selection from a product.
BOOST_AUTO_TEST_CASE(zeros_and_ones) {
  const Tensor x = tensor({{0., 0.}, {1., 1.}}).to(kFloat64), w = leaf({3, 2}, 0.3), table = leaf({3, 2}, 0.7);
  const TapeRecorder recorder;
  const Tensor loss = (linear(x, w).sum() + embedding(tensor({2, 0, 2}), table).sum());
  loss.backward();
  const json d = data_of(page_of(loss));
  BOOST_TEST((forms(backward_of(d, "linear")) == std::vector<std::string>{"product"}));
  BOOST_TEST((forms(backward_of(d, "embedding")) == std::vector<std::string>{"picked"}));
}

// incoming x local = outgoing, by hand for a product: dL/db = a' G.
BOOST_AUTO_TEST_CASE(a_product_by_hand) {
  const Tensor a = leaf({3, 2}, 0.2).set_name("a"), b = leaf({2, 2}, 1.1).set_name("b");
  const TapeRecorder recorder;
  const Tensor loss = matmul(a, b).square().sum();
  loss.backward();
  const json d = data_of(page_of(loss));
  const json terms = backward_of(d, "matmul").at("terms");
  const json &to_a = terms[0].at("local"), &to_b = terms[1].at("local");
  BOOST_TEST(to_a.at("p") == "g_k");
  BOOST_TEST(to_a.at("ref") == titled(d, "b").at("id"));
  BOOST_TEST(to_a.at("turned").get<bool>());
  BOOST_TEST(to_b.at("p") == "kt_g");
  BOOST_TEST(to_b.at("ref") == titled(d, "a").at("id"));
  const auto k = to_a.at("k").get<std::vector<double>>(), bv = b.detach().to_vector<double>();
  BOOST_TEST(std::fabs(k[1] - bv[2]) < 1e-4);
}

BOOST_AUTO_TEST_CASE(the_gradients_of_all_uses_add_up) {
  const Tensor w = leaf({2, 2}, 0.4).set_name("w");
  const TapeRecorder recorder;
  const Tensor loss = (matmul(w, w) + w).sum();
  loss.backward();
  const json d = data_of(page_of(loss));
  std::vector<json> uses;
  for (const json& s : d.at("steps"))
    for (const json& t : s.value("terms", json::array()))
      if (json(t.value("to", "")) == titled(d, "w").at("id")) uses.push_back(t);
  BOOST_REQUIRE(uses.size() == 3u);
  std::vector<double> sum(4);
  for (std::size_t k = 0; k < 3; ++k) {
    BOOST_TEST(uses[k].at("use") == k + 1);
    BOOST_TEST(uses[k].at("uses") == 3);
    for (std::size_t i = 0; i < 4; ++i) sum[i] += uses[k].at("sent").at("v")[i].get<double>();
  }
  const auto grad = w.grad().to_vector<double>();
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(std::fabs(sum[i] - grad[i]) < 1e-3);
}

// With and without a recorder, before and after backward().
BOOST_AUTO_TEST_CASE(what_is_known_when) {
  const Tensor w = leaf({2}, 0.4).set_name("w");
  {
    const Tensor loss = w.tanh().sum();
    const json d = data_of(page_of(loss));
    BOOST_TEST(has(d.at("notes").dump(), "backward() had not run"));
    BOOST_TEST(has(d.at("notes").dump(), "TapeRecorder"));
    BOOST_TEST((forms(backward_of(d, "tanh")) == std::vector<std::string>{"diagonal"}));
    BOOST_TEST(!w.grad().defined());  // nothing happened to the program
    loss.backward();
  }
  {
    const Tensor loss = w.tanh().sum();
    loss.backward();
    const json d = data_of(page_of(loss));
    BOOST_TEST(has(backward_of(d, "tanh").at("problem").get<std::string>(), "already freed"));
  }
  {
    const TapeRecorder recorder;
    const Tensor loss = w.tanh().sum();
    loss.backward();
    {
      const NoGradGuard off;
      Tensor p = w;
      p.sub_(w.grad());  // what the recorder kept is from before
    }
    const json d = data_of(page_of(loss));
    BOOST_TEST((forms(backward_of(d, "tanh")) == std::vector<std::string>{"diagonal"}));
  }
}

BOOST_AUTO_TEST_CASE(backward_functions_run_again) {
  const Tensor x = leaf({3}, 0.4);
  const TapeRecorder recorder;
  const Tensor loss = (x * x).sum();
  loss.backward();
  const tape::BackwardAgain again(loss);
  BOOST_TEST(again.size() == 2u);
  const auto sent = again.run(0, {tensor({1., 0., 0.}).to(kFloat64)});
  BOOST_REQUIRE(sent.size() == 2u);
  const auto once = sent[0].to_vector<double>(), v = x.detach().to_vector<double>();
  BOOST_TEST(std::fabs(once[0] - v[0]) < 1e-12);
  BOOST_TEST(once[1] == 0);
  BOOST_CHECK_THROW(again.run(0, {}), ValueError);
  BOOST_CHECK_THROW(tape::BackwardAgain{x}, AutogradError);
  BOOST_CHECK_THROW(loss.backward(), AutogradError);  // the graph itself is as free as it was
}

// Whatever the graph itself does not explain has a term of its own, so that all sums are right.
BOOST_AUTO_TEST_CASE(hooks_seeds_and_other_results) {
  const Tensor w = leaf({2}, 0.4).set_name("w");
  const auto at = [](const json& t, int i) { return t.at("v")[i].get<double>(); };
  const auto adds_up = [&](const json& a, const json& b, const json& sum) {
    for (int i = 0; i < 2; ++i) BOOST_TEST(std::fabs(at(a, i) + at(b, i) - at(sum, i)) < 1e-4);
  };
  const TapeRecorder recorder;
  const Tensor h = w.tanh().set_name("h");
  const Tensor loss = (h * 3).sum(), other = h.square().sum();
  (loss + other).backward();
  const json d = data_of(page_of(loss));
  const json step = backward_of(d, "tanh");
  BOOST_TEST(std::fabs(at(step.at("inside"), 0) - 3) < 1e-6);
  adds_up(step.at("inside"), step.at("outside"), node_of(d, step.at("incoming")[0]).at("grad"));
  BOOST_TEST(at(backward_of(d, "mul").at("terms")[0].at("sent"), 1) == 3);
  const json unchecked = data_of(page_of(loss, {.recompute = [&] { return (w.tanh() * 3).sum(); }}));
  BOOST_TEST(has(unchecked.at("unchecked").get<std::string>(), "another result"));
  BOOST_TEST(has(viz::explain(loss), "another result"));

  Tensor v = leaf({2}, 0.7).set_name("v");
  v.register_hook([](const Tensor& g) { return g * 10; });
  const Tensor of_hook = (v * 3).sum();
  of_hook.backward();
  const json t = backward_of(data_of(page_of(of_hook)), "mul").at("terms")[0];
  BOOST_TEST((at(t.at("sent"), 0) == 3 && at(t.at("outside"), 0) == 27 && at(t.at("all"), 1) == 30), t.dump());

  const Tensor u = leaf({2}, 0.1).set_name("u");
  const auto f = [&] { return u.square().sum(); };
  const Tensor seeded = f();
  seeded.backward(tensor(2.5).to(kFloat64));
  const json s = data_of(page_of(seeded, {.recompute = f}));
  BOOST_TEST(titled(s, "u").at("check").at("ok").get<bool>());
  BOOST_TEST((seed_of(s).at("seed") == "2.50" && has(seed_of(s).at("text").get<std::string>(), "given 2.50")));
  BOOST_TEST(has(viz::explain(seeded), "was given: $2.5$"));
  // What is differentiated is not the result then: no derivative of L by L is 2.5.
  BOOST_TEST(s.at("loss") == "<mi>𝒥</mi>");
  BOOST_TEST(has(seed_of(s).at("text").get<std::string>(), "𝒥, 2.50 times the result"));
  const Tensor rows = f() * leaf({2}, 0.3);
  rows.backward(ones({2}, {kFloat64}));
  const json r = data_of(page_of(rows));
  BOOST_TEST(r.at("loss") == "<mi>𝒥</mi>");
  BOOST_TEST(has(seed_of(r).at("text").get<std::string>(), "the sum of the results"));
  const Tensor plain = f();
  plain.backward();
  BOOST_TEST(data_of(page_of(plain)).at("loss") == "<mi>L</mi>");
}

// The rule belongs to the operation, not to the data.
BOOST_AUTO_TEST_CASE(rules_do_not_depend_on_the_data) {
  const Tensor positive = tensor({{0.5, 1.5}, {2., 3.}}).requires_grad_();
  const Tensor x = values({4, 3}, 0.2).set_name("x"), w = leaf({1, 3}, 0.9).set_name("w"), one = leaf({1, 1}, 0.3);
  const auto form = [&](const char* op, const Tensor& loss) {
    loss.backward();
    return backward_of(data_of(page_of(loss)), op).at("terms");
  };
  const TapeRecorder recorder;
  BOOST_TEST(form("relu", relu(positive).sum())[0].at("local").at("form") == "diagonal");
  BOOST_TEST(form("relu", relu(-positive).sum())[0].at("local").at("form") == "diagonal");
  const Tensor part = tensor({4., NAN, 9.}).requires_grad_();
  BOOST_TEST(form("sqrt", sqrt(part).sum())[0].at("local").at("form") == "diagonal");
  const json column = form("linear", linear(x, w).sum());
  BOOST_TEST(column[0].at("local").at("p") == "gt_k");
  BOOST_TEST(has(column[0].at("math").get<std::string>(), "⊤"));
  const json single = form("linear", linear(one * 2, one).sum());
  BOOST_TEST((single[0].at("local").at("form") == "product" && single[1].at("local").at("p") == "gt_k"), single.dump());
  // Too many results for a matrix of slopes: the rule is the same.
  const Tensor many = leaf({30, 10}, 0.4), v = leaf({12, 10}, 0.1);
  const json wide = form("linear", linear(many, v).sum());
  BOOST_TEST((wide[1].at("local").is_null() && has(wide[1].at("math").get<std::string>(), "⊤")), wide[1].dump());
  BOOST_TEST(has(form("relu", relu(many).sum())[0].at("math").get<std::string>(), "⊙"));
  // Nor is a name needed. The slope of x / 2 is a factor at any size.
  const auto cube = elementwise("cube", [](auto t) { return t * t * t; });
  const json cubes = form("cube", cube(many).sum());
  BOOST_TEST((cubes[0].at("local").is_null() && has(cubes[0].at("math").get<std::string>(), "⊙")), cubes.dump());
  BOOST_TEST(form("mul", (many * 0.5).sum())[0].at("local").at("form") == "scaled");
  const Tensor ones_only = full({2, 2}, 1, {kFloat64}).requires_grad_(), square = leaf({2, 2}, 0.2);
  BOOST_TEST(form("mul", (square * ones_only).sum())[0].at("local").at("form") == "diagonal");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none_and_tensors_without_any) {
  const Tensor w = tensor({1., INFINITY, NAN, -INFINITY}).requires_grad_().set_name("w"), none = leaf({0, 3}, 0);
  const TapeRecorder recorder;
  const Tensor loss = (w * 2).sum() + none.sum();
  loss.backward();
  const json d = data_of(page_of(loss));
  BOOST_TEST(titled(d, "w").at("value").at("v").dump() == R"([1,"Inf","NaN","-Inf"])");
  BOOST_TEST(titled(d, "w").at("grad").at("v").dump() == "[2,2,2,2]");
}

BOOST_AUTO_TEST_CASE(large_tensors_are_blocks) {
  const Tensor x = values({3, 40, 50}, 0.1).requires_grad_().set_name("x");
  const TapeRecorder recorder;
  const Tensor loss = x.square().mean();
  loss.backward();
  const json d = data_of(page_of(loss)), v = titled(d, "x").at("value");
  BOOST_TEST(v.at("maps").size() == 3u);
  BOOST_TEST(v.at("maps")[0].at("v").size() == 256u);
  BOOST_TEST(v.at("st").at("n") == 6000);
  BOOST_TEST(v.at("h").size() == 16u);
  BOOST_TEST(backward_of(d, "square").at("terms")[0].at("local").is_null());
}

// No name leaves its place: neither the script nor the title nor the JSON.
BOOST_AUTO_TEST_CASE(names_stay_names) {
  std::mt19937 random(7);
  const std::string alphabet[] = {"<",    ">",         "\"",   "'",    "&",        "\\",   "\n",
                                  "\t",   "</script>", "<!--", "{n1}", "@@DATA@@", "😀",    "é",
                                  "\xff", "\xc3",      "]]>",  "${x}", "`",        "\x01", "n"};
  for (int round = 0; round < 12; ++round) {
    std::string name;
    for (int k = 0; k < 30; ++k) name += alphabet[random() % std::size(alphabet)];
    if (round == 0) name = std::string(10000, 'x') + "</script>";
    const Tensor w = tensor({1., 2.}).requires_grad_().set_name(name);
    const TapeRecorder recorder;
    const Tensor loss = (w * w).set_name(name).sum();
    const std::string page = page_of(loss);
    std::size_t scripts = 0;
    for (auto at = page.find("</script"); at != std::string::npos; at = page.find("</script", at + 1)) ++scripts;
    BOOST_TEST(scripts == 2u);
    const json d = data_of(page);
    bool found = false;
    for (const json& n : d.at("nodes")) {
      const std::string title = n.at("title"), math = n.value("math", "");
      found |= title.size() > 20;
      BOOST_TEST(!has(math, "<script"));
    }
    BOOST_TEST(found);
  }
}

BOOST_AUTO_TEST_CASE(without_graphviz) {
  const Tensor w = leaf({2}, 0.4);
  const TapeRecorder recorder;
  const Tensor loss = w.tanh().sum();
  loss.backward();
  json d;
  {
    const PathGuard path("/nowhere");
    const std::string said = expect_warning({"Graphviz not found"}, [&] { d = data_of(page_of(loss)); });
  }
  BOOST_TEST(has(d.at("notes").dump(), "Graphviz not found"));
  BOOST_TEST(d.at("layouts")[0].at("n").size() == d.at("nodes").size());
}

// What has no local derivative on the page says why, and how to see it.
BOOST_AUTO_TEST_CASE(long_sequences_say_how_to_see_their_steps) {
  manual_seed(1);
  const nn::GRU layer(2, 8);
  const TapeRecorder recorder;
  const Tensor loss = layer(randn({40, 4, 2}).set_name("x")).output.square().sum();
  loss.backward();
  const std::string whole = data_of(page_of(loss)).at("steps").dump();
  BOOST_TEST(has(whole, "40 steps in one operation"));
  BOOST_TEST(has(whole, "With .unfold = true each step shows its own local derivatives."));
  BOOST_TEST(!has(data_of(page_of(loss, {.unfold = true})).at("steps").dump(), "steps in one operation"));
}

// Formulas, numbers and sums of uses as text; braces and dollars close, whatever the names are.
// What an operation does, in words, depends on what it was told.
BOOST_AUTO_TEST_CASE(words_as_told) {
  const Tensor x = values({2, 3}, 0).requires_grad_(), t = zeros({2, 3}, {x.dtype()});
  const auto said = [](const Tensor& loss, const std::string& title) {
    const json data = data_of(page_of(loss, {.unfold = false}));
    for (const json& s : data.at("steps"))
      if (s.at("phase") == "forward" && node_of(data, s.at("node")).at("title") == title)
        return s.at("text").get<std::string>();
    return std::string();
  };
  BOOST_TEST(has(said(x.sum({1}).sum(), "sum"), "added up along dimension 1"));
  BOOST_TEST(has(said(softmax(x, 0).square().sum(), "softmax"), "Each column becomes probabilities"));
  BOOST_TEST(has(said(softmax(x, 1).square().sum(), "softmax"), "Each row becomes probabilities"));
  BOOST_TEST(has(said(mse_loss(x, t), "mse_loss"), "one number for the whole batch"));
  BOOST_TEST(has(said(mse_loss(x, t, Reduction::sum), "mse_loss"), "the sum over the batch"));
  BOOST_TEST(has(said(add(x, t, 2).sum(), "add"), "2 times the second"));
  const Tensor mean = zeros({3}, {x.dtype()}), var = ones({3}, {x.dtype()});
  BOOST_TEST(has(said(batch_norm(x, mean, var, {}, {}, false).sum(), "batch_norm"), "kept from training"));
  const Tensor classes = tensor({0, -100}, {DType::int64}), scores = values({2, 3}, 1).requires_grad_();
  BOOST_TEST(has(said(cross_entropy(scores, classes), "cross_entropy"), "class -100 are left out"));
  BOOST_TEST(has(said(cross_entropy(scores, tensor({0, 2}, {DType::int64})), "cross_entropy"), "N is the number"));
  const nn::GRU gru(3, 2);
  BOOST_TEST(has(said(gru(ones({5, 1, 3})).output.sum(), "gru"), "5 steps of the cell"));
  const auto relu_of_program = elementwise("relu", [](auto v) { return v * v; });
  BOOST_TEST(has(said(relu_of_program(x).sum(), "relu"), "The operation relu computes"));
}

// The slopes of a cell that is left whole, as its formulas say, are its derivatives.
BOOST_AUTO_TEST_CASE(slopes_of_gated_cells) {
  manual_seed(3);
  const Tensor x = leaf({1, 2}, 0.3), h = leaf({1, 3}, 1.1), c = leaf({1, 3}, 0.7);
  const auto prime = [](const Tensor& y) { return y * (1 - y); };                     // of σ, by its value
  const auto by_input = [](const std::vector<Tensor>& gates, const Tensor& weight) {  // sum over k of G^k_n W^k_nj
    Tensor sum = zeros({3, weight.size(1)}, {kFloat64});
    const auto parts = chunk(weight.detach(), static_cast<std::int64_t>(gates.size()), 0);
    for (std::size_t k = 0; k < gates.size(); ++k) sum = sum + gates[k].detach().reshape({3, 1}) * parts[k];
    return sum;
  };
  const auto check = [](const Tensor& y, const Tensor& by, const Tensor& expected) {
    for (std::int64_t n = 0; n < 3; ++n) {
      const Tensor slope = grad({y[0][n]}, {by}, {}, {.retain_graph = true})[0];
      BOOST_TEST((slope[0] - expected[n]).abs().max().item<double>() < 1e-12);
    }
  };
  nn::LSTMCell lstm(2, 3);
  lstm.to(kFloat64);
  const auto& w = lstm.weights;
  {
    const auto next = lstm(x, {h, c});
    const auto z = chunk(linear(x, w.weight_ih, w.bias_ih) + linear(h, w.weight_hh, w.bias_hh), 4, 1);
    const Tensor i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh(z[2]), o = sigmoid(z[3]), t = tanh(next.c);
    const Tensor d = o * (1 - t * t);
    const std::vector<Tensor> gates{d * g * prime(i), d * c * prime(f), d * i * (1 - g * g), t * prime(o)};
    check(next.h, x, by_input(gates, w.weight_ih));
    check(next.h, h, by_input(gates, w.weight_hh));
    check(next.h, c, xgrad::diag((d * f).detach()[0]));
    const std::string text = viz::explain(next.h.sum());
    for (const char* fact : {"{G}^{o}=", "{G}^{f}=", "{G}^{i}=", "{G}^{g}=", "D\\odot"})
      BOOST_TEST(has(text, fact), fact << " is missing in\n" << text);
  }
  nn::GRUCell gru(2, 3);
  gru.to(kFloat64);
  const auto& u = gru.weights;
  const Tensor next = gru(x, h);
  const auto a = chunk(linear(x, u.weight_ih, u.bias_ih), 3, 1), b = chunk(linear(h, u.weight_hh, u.bias_hh), 3, 1);
  const Tensor r = sigmoid(a[0] + b[0]), z = sigmoid(a[1] + b[1]), n = tanh(a[2] + r * b[2]);
  const Tensor by_n = (1 - z) * (1 - n * n), by_r = by_n * b[2] * prime(r), by_z = (h - n) * prime(z);
  check(next, x, by_input({by_r, by_z, by_n}, u.weight_ih));
  check(next, h, by_input({by_r, by_z, r * by_n}, u.weight_hh) + xgrad::diag(z.detach()[0]));
  const std::string text = viz::explain(next.sum());
  for (const char* fact : {"{G}^{n}=", "{G}^{z}=", "{G}^{r}=", "{R}^{n}="})
    BOOST_TEST(has(text, fact), fact << " is missing in\n" << text);
}

BOOST_AUTO_TEST_CASE(explained_in_markdown) {
  const Tensor x = tensor({{1., 2.}}).set_name("x"), w = tensor({{3.}, {4.}}).requires_grad_().set_name("w");
  const Tensor odd = tensor(2.).requires_grad_().set_name("a_b $1 {c} \\frac `d` | & <i>");
  const TapeRecorder recorder;
  const Tensor loss = (matmul(x, w) * odd + matmul(x, w)).square().sum();
  loss.backward();
  const std::string text = viz::explain(loss);
  for (const char* fact : {"## Forward", "## Backward", "### Through `matmul`", "\\frac{\\partial L}{\\partial ",
                           "Use 1 of 2", "Use 2 of 2", "\\begin{pmatrix}", "| `w` | 2×1 |"})
    BOOST_TEST(has(text, fact), fact << " is missing in\n" << text);
  BOOST_TEST(std::ranges::count(text, '$') % 2 == 0);
  BOOST_TEST(std::ranges::count(text, '{') == std::ranges::count(text, '}'));
  BOOST_TEST(!has(text, "<m"));
  expect<ValueError>({"most_operations"}, [&] { viz::explain(loss, {.most_operations = 0}); });
  expect<AutogradError>({"no graph"}, [&] { viz::explain(w); });
}

BOOST_AUTO_TEST_SUITE_END()
