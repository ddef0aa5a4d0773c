// The explorer's page: what its data says, that local derivatives are true, and that no name gets out of its place.
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
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using nlohmann::json;

namespace {

std::string page_of(const Tensor& root, const viz::Options& options = {}) {
  const TempDir dir;
  const std::string path = dir / "net.html";
  BOOST_TEST(viz::save(root, path, options) == path);
  return read_file(path);
}
json data_of(const std::string& page) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(start) + start.size();
  return json::parse(page.substr(from, page.find("</script>", from) - from));
}
const json& node_of(const json& data, const std::string& id) {
  for (const json& n : data.at("nodes"))
    if (n.at("id") == id) return n;
  throw std::runtime_error("no node " + id);
}
const json& titled(const json& data, const std::string& title) {
  for (const json& n : data.at("nodes"))
    if (n.at("title") == title && n.at("kind") != "ghost") return n;
  throw std::runtime_error("no node " + title);
}
// The backward step of the first operation of that name.
const json& backward_of(const json& data, const std::string& title) {
  for (const json& s : data.at("steps"))
    if (s.at("phase") == "backward" && node_of(data, s.at("node")).at("title") == title) return s;
  throw std::runtime_error("no step " + title);
}
std::vector<std::string> forms(const json& step) {
  std::vector<std::string> all;
  for (const json& t : step.at("terms"))
    all.push_back(t.at("local").is_null() ? "-" : t.at("local").at("form").get<std::string>());
  return all;
}
Tensor values(const Shape& shape, double phase) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < shape.numel(); ++i) v.push_back(std::sin(1.7 * static_cast<double>(i) + phase));
  return from_vector(v, shape);
}
Tensor leaf(const Shape& shape, double phase) { return values(shape, phase).requires_grad_(); }

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
      {"relu", {"zero"}, [&] { return relu(-a.abs() - 1).sum(); }},
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

// Formulas, numbers and sums of uses as text; braces and dollars close, whatever the names are.
// What an operation does, in words, depends on what it was told.
BOOST_AUTO_TEST_CASE(words_as_told) {
  const Tensor x = values({2, 3}, 0).requires_grad_(), t = zeros({2, 3}, {x.dtype()});
  const auto said = [](const Tensor& loss, const std::string& title) {
    const json data = data_of(page_of(loss));
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
  const auto relu_of_program = elementwise("relu", [](auto v) { return v * v; });
  BOOST_TEST(has(said(relu_of_program(x).sum(), "relu"), "The operation relu computes"));
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
