// Whatever a name holds, Graphviz takes the text, the SVG is well-formed, and nothing of the name becomes markup. And
// the pictures of a few small graphs, letter by letter.
#include <cstdlib>
#include <filesystem>
#include <random>
#include <regex>

#include <xgrad/xgrad.hpp>

#include "picture_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

bool have_dot() {
  static const bool found = std::system("dot -V >/dev/null 2>&1") == 0;
  return found;
}
std::string svg_of(const std::string& text) {
  const TempDir dir;
  write_file(dir / "g.dot", text);
  const std::string command = fmt::format("dot -Tsvg '{0}/g.dot' > '{0}/out' 2> '{0}/err'", dir.path());
  const int status = std::system(command.c_str());
  BOOST_TEST((status == 0 && read_file(dir / "err").empty()), read_file(dir / "err") << text.substr(0, 2000));
  // Without head and comments, which are no elements.
  std::string svg = read_file(dir / "out");
  svg.erase(0, svg.find("<svg"));
  for (auto at = svg.find("<!--"); at != std::string::npos; at = svg.find("<!--", at))
    svg.erase(at, svg.find("-->", at) + 3 - at);
  return svg;
}

struct Named : nn::Layer<Named> {
  nn::Linear part;
  Named(const std::string& label, const std::string& child) : Layer(label), part(2, 2) { register_module(child, part); }
  Tensor forward(const Tensor& x) const { return relu(part(x)); }
};

// A layer that is a member but not registered: its parameters are not among those of the network.
struct Half : nn::Layer<Half> {
  nn::Linear lost{2, 2}, kept = register_module("kept", nn::Linear(2, 1));
  nn::Sequential deep{nn::Linear(1, 1)};
  Tensor forward(const Tensor& x) const { return deep(kept(lost(x))); }
};

// The graph whose every name is one of these, in all states that it can be drawn in.
void check_names(const std::vector<std::string>& names) {
  std::string child = names[0];
  std::erase(child, '.');  // no module may be called so
  if (child.empty()) child = "part";
  const Named net(names[1], child);
  const Tensor w = ones({2}).requires_grad_().set_name(names[2]), x = ones({1, 2}).set_name(names[3]);
  const TapeRecorder recorder;
  const Tensor h = net(x).set_name(names[4]);
  Tensor y = h * w;
  for (int i = 0; i < 3; ++i) y = tanh(y).set_name(names[5 + static_cast<std::size_t>(i)]);
  const Tensor loss = y.sum();
  loss.backward();
  const std::string whole = viz::to_dot(loss);
  for (const std::string& text : {whole, viz::to_dot(loss, {.saved = viz::Saved::nodes, .fold_repeats = true}),
                                  viz::to_dot(loss, {.depth = 0})}) {
    for (const char c : text) BOOST_REQUIRE((static_cast<unsigned char>(c) >= 32 || c == '\n'));
    if (!have_dot()) continue;
    const std::string svg = svg_of(text);
    check_well_formed(svg);
    BOOST_TEST(count(svg, "class=\"node ") == count(text, "class=\"node-"));
    BOOST_TEST(count(svg, "<script") == 0u);
  }
  BOOST_TEST(count(whole, "class=\"node-") == 11u);
}

void check_golden(const std::string& name, std::string text) {
  text = std::regex_replace(text, std::regex(R"(test_viz_names\.cpp:\d+)"), "train.cpp:1");
  const std::string path = std::string(XGRAD_SOURCE_DIR) + "/tests/pictures/golden/" + name + ".dot";
  if (std::getenv("XGRAD_WRITE_GOLDEN")) write_file(path, text);
  const std::string expected = std::filesystem::exists(path) ? read_file(path) : "";
  if (text == expected) return;
  std::size_t line = 1, at = 0;
  while (at < std::min(text.size(), expected.size()) && text[at] == expected[at]) line += text[at++] == '\n';
  BOOST_ERROR(name << ".dot differs in line " << line << ":\n"
                   << text.substr(text.rfind('\n', at) + 1, 600) << "\n(XGRAD_WRITE_GOLDEN=1 writes what is meant)");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(viz_names)

BOOST_AUTO_TEST_CASE(what_is_not_registered_says_so) {
  const std::string text = viz::to_dot(Half()(ones({1, 2})).sum());
  BOOST_TEST(count(text, ">not registered in Half<") == 4u);  // weight and bias of `lost` and of the layer in `deep`
  BOOST_TEST(!has(viz::to_dot(Named("Named", "part")(ones({1, 2})).sum()), "not registered"));
  BOOST_TEST(!has(viz::to_dot(Half().kept(ones({1, 2})).sum()), "not registered"));
}

BOOST_AUTO_TEST_CASE(random_names) {
  std::mt19937 random(5);
  const std::vector<std::string> pieces{"\"",
                                        "<",
                                        ">",
                                        "&",
                                        "&amp;",
                                        "&#1;",
                                        "\\",
                                        "\\N",
                                        "\\\"",
                                        "\n",
                                        "\r\n",
                                        "\t",
                                        "]",
                                        "[",
                                        ";",
                                        "{",
                                        "}",
                                        "|",
                                        "--",
                                        "->",
                                        "-->",
                                        "<!--",
                                        "]]>",
                                        "</td>",
                                        "<br/>",
                                        "'",
                                        "%s",
                                        "{}",
                                        "\x01",
                                        "\x7f",
                                        "\xff",
                                        "\xc3",
                                        "\xed\xa0\x80",
                                        "\xef\xbf\xbf",
                                        "é",
                                        "数",
                                        "😀",
                                        "𝛿",
                                        "\u202e",
                                        " ",
                                        "",
                                        "a",
                                        "Z",
                                        "0",
                                        ".",
                                        "_",
                                        "<script>",
                                        "=\"nan",
                                        "#",
                                        "?",
                                        "\\l",
                                        "\\G",
                                        "&lt"};
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> names(8);
    for (std::string& name : names)
      for (std::size_t n = random() % 9; n > 0; --n) name += pieces[random() % pieces.size()];
    check_names(names);
  }
}

BOOST_AUTO_TEST_CASE(long_names) {
  std::string long_name, four_bytes;
  while (long_name.size() < 10'000) long_name += "layer norm <\"&> ";
  while (four_bytes.size() < 10'000) four_bytes += "😀𝛿";
  check_names({long_name, four_bytes, long_name, four_bytes, long_name, four_bytes, long_name, four_bytes});
}

BOOST_AUTO_TEST_CASE(empty_and_not_finite) {
  const TapeRecorder recorder;
  const Tensor e = ones({0, 3}).requires_grad_().set_name("empty"),
               x = tensor({NAN, INFINITY, -INFINITY}).requires_grad_();
  const Tensor loss = e.sum() + (x * 2).sum();
  loss.backward();
  for (const viz::Values v : {viz::Values::automatic, viz::Values::stats, viz::Values::cells, viz::Values::off}) {
    const std::string text = viz::to_dot(loss, {.values = v});
    BOOST_TEST(has(text, "f32 [0×3]"));
    if (have_dot()) check_well_formed(svg_of(text));
  }
  Tensor y = e;
  for (int i = 0; i < 40; ++i) y = tanh(y * 2);
  const std::string text = viz::to_dot(y.sum());
  BOOST_TEST(has(text, "40 steps folded into one"));
}

BOOST_AUTO_TEST_SUITE_END()

// Numbers that every machine has alike.
BOOST_AUTO_TEST_SUITE(viz_golden)

BOOST_AUTO_TEST_CASE(numbers) {
  const TapeRecorder recorder;
  const Tensor w = tensor(3.).requires_grad_().set_name("w"), x = tensor(2.).set_name("x");
  const Tensor loss = square(w * x - 5);
  loss.backward();
  check_golden("numbers", viz::to_dot(loss));
}

BOOST_AUTO_TEST_CASE(layers) {
  const TapeRecorder recorder;
  nn::Sequential net;
  net.add("fc1", nn::Linear(2, 3)).add("act", nn::ReLU()).add("fc2", nn::Linear(3, 1));
  {
    const NoGradGuard off;
    for (Tensor p : net.parameters()) p.fill_(0.5);
  }
  const Tensor loss = mse_loss(net(tensor({{0., 1.}, {1., 1.}}).set_name("x")), tensor({{1.}, {0.}}).set_name("y"));
  loss.backward();
  check_golden("layers", viz::to_dot(loss));
  check_golden("layers_collapsed", viz::to_dot(loss, {.collapse = {"fc1"}}));
}

BOOST_AUTO_TEST_CASE(a_fold) {
  const TapeRecorder recorder;
  const Tensor w = (2 * eye(2)).requires_grad_().set_name("w");
  Tensor h = ones({1, 2}).set_name("h0");
  for (int i = 0; i < 5; ++i) h = matmul(h, w) + ones({1, 2}).set_name("x");
  const Tensor loss = h.sum();
  loss.backward();
  check_golden("fold", viz::to_dot(loss, {.fold_repeats = true}));
}

BOOST_AUTO_TEST_SUITE_END()
