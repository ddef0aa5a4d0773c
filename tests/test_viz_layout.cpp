// Where Graphviz puts things: edges run forward, nothing that is used often stops it, pages that a PNG cannot hold.
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include <xgrad/xgrad.hpp>

#include "environment.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr std::chrono::seconds kPatience{300};  // a busy machine

bool have_dot() {
  static const bool found = std::system("dot -V >/dev/null 2>&1") == 0;
  return found;
}

// What `dot -T<format>` makes of the text, without a word of complaint.
std::string laid_out(const std::string& text, const std::string& format, Location at = Location::current()) {
  const TempDir dir;
  write_file(dir / "g.dot", text);
  const std::string command =
      fmt::format("timeout 300 dot -T{0} '{1}/g.dot' > '{1}/out' 2> '{1}/err'", format, dir.path());
  const int status = std::system(command.c_str());
  const std::string complaints = read_file(dir / "err");
  if (status != 0 || !complaints.empty())
    BOOST_ERROR(fmt::format("{}: dot says ({}): {}", file_and_line(at), status, complaints.substr(0, 300)));
  return read_file(dir / "out");
}

struct Edge {
  std::string from, to;
  bool ranks;  // not one of those that stand side by side
};
std::vector<Edge> forward_edges(const std::string& text) {
  std::vector<Edge> edges;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!has(line, "class=\"fwd\"")) continue;
    const auto start = line.find("id=\"e-") + 6, middle = line.find('-', start), end = line.find('"', middle);
    const std::string to = line.substr(middle + 1, end - middle - 1);  // of a second edge with a number behind it
    edges.push_back({line.substr(start, middle - start), to.substr(0, to.find('-')),
                     !has(line, "dir=back") && !has(line, "constraint=false")});
  }
  return edges;
}

// Every edge that ranks its nodes leads onward: to the right, or downward. (Two that stand beside each other: across.)
void check_forward(const std::string& text, Location at = Location::current()) {
  if (!have_dot()) return;
  const bool across = has(text, "rankdir=LR");
  std::map<std::string, double> place;
  std::istringstream lines(laid_out(text, "plain", at));
  for (std::string word, name; lines >> word;) {
    double x = 0, y = 0;
    if (word == "node" && lines >> name >> x >> y) place[name] = across ? x : -y;
    std::getline(lines, word);
  }
  const auto edges = forward_edges(text);
  BOOST_TEST(!edges.empty());
  for (const Edge& e : edges) {
    BOOST_REQUIRE((place.contains(e.from) && place.contains(e.to)));
    const bool beside = std::abs(place[e.to] - place[e.from]) < 1e-3;
    if (e.ranks && !beside && place[e.to] < place[e.from])
      BOOST_ERROR(fmt::format("{}: the edge from {} to {} runs backwards", file_and_line(at), e.from, e.to));
  }
}

Tensor transformer(int layers) {
  nn::Sequential net;
  for (int i = 0; i < layers; ++i)
    net.push_back(nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .dropout = 0.1}));
  const Tensor loss = square(net(randn({5, 2, 8}).set_name("tokens"))).mean();
  loss.backward();
  return loss;
}

std::pair<int, int> png_size(const std::string& png) {
  const auto number = [&](std::size_t at) {
    int v = 0;
    for (std::size_t i = 0; i < 4; ++i) v = v << 8 | static_cast<unsigned char>(png.at(at + i));
    return v;
  };
  return {number(16), number(20)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(viz_layout)

BOOST_AUTO_TEST_CASE(transformer_encoders_run_forward) {
  const TapeRecorder recorder;
  for (const int layers : {1, 2, 6}) {
    const std::string text = viz::to_dot(transformer(layers));
    BOOST_TEST((!has(text, "group=") && !has(text, "mclimit")));
    check_forward(text);
    if (have_dot()) BOOST_TEST(has(laid_out(text, "svg"), "</svg>"));
  }
}

// A loss that holds a derivative leads from the middle of the network to its end once more.
BOOST_AUTO_TEST_CASE(double_backward_runs_forward) {
  const TapeRecorder recorder;
  const nn::Sequential critic(nn::Linear(2, 4), nn::Tanh(), nn::Linear(4, 1));
  const Tensor x = randn({3, 2}).requires_grad_().set_name("x"), score = critic(x);
  const Tensor slope = grad({score.sum()}, {x}, {}, {.create_graph = true})[0];
  const Tensor loss = score.mean() + square(sqrt(square(slope).sum({1})) - 1).mean();
  loss.backward();
  check_forward(viz::to_dot(loss));
}

BOOST_AUTO_TEST_CASE(data_used_often_are_ghosts) {
  const TapeRecorder recorder;
  const Tensor x = randn({2, 3}).set_name("x");
  Tensor sum = zeros({});
  for (int i = 0; i < 100; ++i)
    sum = sum + matmul(x, randn({3}).requires_grad_().set_name(fmt::format("w{}", i))).sum();
  sum.backward();
  const std::string text = viz::to_dot(sum, {.fold_repeats = false, .max_nodes = 1000, .fit_page = false});
  BOOST_TEST(count_of(text, "tooltip=\"x  f32 [2×3]\"") == 1u);
  BOOST_TEST(count_of(text, "tooltip=\"↺ x  f32 [2×3]\"") == 99u);
  check_forward(text);
}

// The encoder's memory, which every step of a decoder looks at twice. A ghost names the operation it stands for, and
// keeps the gradient of its own use.
BOOST_AUTO_TEST_CASE(results_used_often_are_ghosts) {
  const TapeRecorder recorder;
  const Tensor memory = exp(randn({5, 4}).requires_grad_().set_name("m"));
  Tensor state = zeros({4}).set_name("state");
  for (int i = 0; i < 30; ++i) state = tanh(matmul(softmax(matmul(memory, state), 0), memory));
  state.sum().backward();
  const std::string text = viz::to_dot(state.sum(), {.fold_repeats = false, .fit_page = false});
  BOOST_TEST(count_of(text, "tooltip=\"exp #1") == 1u);
  BOOST_TEST(count_of(text, "tooltip=\"↺ exp #1") == 59u);
  check_forward(text);
}

BOOST_AUTO_TEST_CASE(a_few_uses_are_edges) {
  const Tensor x = randn({3}).set_name("x"), w = randn({3}).requires_grad_().set_name("w");
  const Tensor h = tanh(w * x);
  const std::string text = viz::to_dot((h * x + h.sum() + h * h).sum());
  BOOST_TEST(count_of(text, "class=\"node-ghost\"") == 0u);
  check_forward(text);
}

// Each state goes to the next step and, far away, to the stack of them all.
BOOST_AUTO_TEST_CASE(distant_uses_do_not_stop_it) {
  const TapeRecorder recorder;
  const nn::RNNCell cell(3, 4);
  Tensor h = zeros({2, 4}).set_name("h0");
  std::vector<Tensor> states;
  for (int t = 0; t < 100; ++t) states.push_back(h = cell(randn({2, 3}), h));
  const Tensor loss = square(stack(states)).mean();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  check_forward(text);
  if (have_dot()) BOOST_TEST(has(laid_out(text, "svg"), "</svg>"));
  BOOST_TEST(!has(text, "↺ ↺"));
}

BOOST_AUTO_TEST_CASE(the_direction_follows_the_longest_way) {
  const Tensor w = ones({2}).requires_grad_().set_name("w"), x = ones({2}).set_name("x");
  Tensor state = x;
  for (int i = 0; i < 20; ++i) state = (w * x) + tanh(state * w);  // the way back along first inputs ends at once
  BOOST_TEST(has(viz::to_dot(state.sum(), {.fold_repeats = false, .fit_page = false}), "rankdir=TB"));
  BOOST_TEST(has(viz::to_dot(tanh(w * x).sum()), "rankdir=LR"));
}

BOOST_AUTO_TEST_CASE(the_legend_explains_what_is_there) {
  const TapeRecorder recorder;
  const Tensor w = tensor({1., 2.}).requires_grad_().set_name("w");
  const std::vector<std::string> entries{"used here, shown elsewhere", "frozen: gets no gradient",
                                         "holds NaN or infinity"};
  const auto check = [&](const Tensor& root, int expected, Location at = Location::current()) {
    const std::string text = viz::to_dot(root);
    for (int i = 0; i < 3; ++i)
      if (has(text, entries[static_cast<std::size_t>(i)]) != (i == expected))
        BOOST_ERROR(fmt::format("{}: entry '{}'", file_and_line(at), entries[static_cast<std::size_t>(i)]));
    if (have_dot()) laid_out(text, "svg", at);
    for (const std::string& entry : entries) BOOST_TEST(!has(viz::to_dot(root, {.legend = false}), entry));
  };
  check((w * 2).sum(), -1);
  check((tanh(w) * w).sum(), 0);
  nn::Linear fixed(2, 2);
  fixed.requires_grad_(false);
  struct Net : nn::Layer<Net> {
    nn::Linear part = register_module("part", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) const { return part(x); }
  };
  Net net;
  net.part.requires_grad_(false);
  check(net(w.reshape({1, 2})).sum(), 1);
  check((w / 0).sum(), 2);
}

// \N is the node's name to Graphviz, in labels as in tooltips.
BOOST_AUTO_TEST_CASE(names_are_shown_as_they_are) {
  const std::string name = R"(a\N\G\n\\x)", longest(500, 'w');
  const Tensor w = ones({2}).requires_grad_().set_name(name), u = ones({2}).requires_grad_().set_name(longest);
  const std::string text = viz::to_dot((w * u).sum());
  BOOST_TEST(has(text, longest + "  f32 [2]"));         // the tooltip has all of it
  BOOST_TEST(!has(text, ">" + longest.substr(0, 60)));  // the picture is not as wide as that
  if (!have_dot()) return;
  const std::string svg = laid_out(text, "svg");
  BOOST_TEST(count_of(svg, ">" + name + "<") == 1u);
  BOOST_TEST(count_of(svg, "title=\"" + name + " ") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(large_pictures)

BOOST_AUTO_TEST_CASE(a_graph_larger_than_a_png) {
  if (!have_dot()) return;
  const TempDir dir;
  Tensor t = ones({}).requires_grad_();
  for (int i = 0; i < 800; ++i) t = t * 1.01;
  const std::string path = dir / "g.png";
  const auto draw = [&](const std::string& to) {
    return viz::save(
        t, to,
        {.values = viz::Values::off, .fold_repeats = false, .max_nodes = 801, .fit_page = false, .timeout = kPatience});
  };
  expect_warning({"viz::save", "larger than a PNG can be at 96 dpi", "drawn at", ".svg and .pdf have no such limit"},
                 [&] { BOOST_TEST(draw(path) == path); });
  const auto [width, height] = png_size(read_file(path));
  BOOST_TEST((height > 30000 && height < 32767 && width > 20));
  CaughtErrors errors;
  BOOST_TEST(draw(dir / "g.svg") == dir / "g.svg");
  BOOST_TEST(errors.text() == "");
}

BOOST_AUTO_TEST_CASE(many_dots_per_inch) {
  if (!have_dot()) return;
  const TempDir dir;
  Tensor t = ones({}).requires_grad_();
  for (int i = 0; i < 50; ++i) t = t * 1.01;
  const std::string path = dir / "g.png";
  expect_warning({"at 1000 dpi"}, [&] {
    viz::save(t, path,
              {.values = viz::Values::off,
               .saved = false,
               .legend = false,
               .fold_repeats = false,
               .fit_page = false,
               .dpi = 1000,
               .timeout = kPatience});
  });
  BOOST_TEST(png_size(read_file(path)).second <= 32767);
}

BOOST_AUTO_TEST_CASE(a_plot_larger_than_a_png) {
  if (std::system("rsvg-convert --version >/dev/null 2>&1") != 0) return;
  const TempDir dir;
  const std::string path = dir / "p.png";
  const viz::Plot wide({.width = 20000, .height = 100});
  const std::string said = expect_warning({"viz::Plot", "too large for a PNG", "instead of 2 pixels", ".svg and .pdf"},
                                          [&] { BOOST_TEST(wide.save(path) == path); });
  const auto [width, height] = png_size(read_file(path));
  BOOST_TEST((width > 32000 && width <= 32767 && height > 100));
  BOOST_TEST(has(said, fmt::format("{} x {} pixels", width, height)));
  const std::string grid = dir / "g.png";  // 300 tiles of 84 pixels
  expect_warning({"viz::image_grid", "too large for a PNG"}, [&] {
    BOOST_TEST(viz::image_grid(std::vector<Tensor>{rand({300, 2, 2})}, grid, {.tile = 84}) == grid);
  });
  BOOST_TEST(png_size(read_file(grid)).first <= 32767);
}

BOOST_AUTO_TEST_SUITE_END()
