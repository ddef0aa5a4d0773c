// Pictures of graphs: what the Graphviz text says, that Graphviz takes it, and what happens without Graphviz.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>

#include <xgrad/nn.hpp>
#include <xgrad/viz.hpp>

#include "environment.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

bool have_dot() {
  static const bool found = std::system("dot -V >/dev/null 2>&1") == 0;
  return found;
}

// Graphviz accepts the text without a word of complaint.
void check_accepted(const std::string& text, Location at = Location::current()) {
  if (!have_dot()) return;
  const TempDir dir;
  write_file(dir / "g.dot", text);
  const std::string command = fmt::format("dot -Tcanon '{0}/g.dot' > '{0}/out' 2> '{0}/err'", dir.path());
  const int status = std::system(command.c_str());
  if (status != 0 || !read_file(dir / "err").empty())
    BOOST_ERROR(fmt::format("{}: dot says ({}): {}\n{}", file_and_line(at), status, read_file(dir / "err"),
                            text.substr(0, 3000)));
}

struct Xor {
  nn::Sequential net;
  Tensor x, y;
  Xor() {
    manual_seed(4);
    net = nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
    x = tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}).set_name("x");
    y = tensor({0., 1., 1., 0.}).unsqueeze(1).set_name("y");
  }
  Tensor loss() const { return mse_loss(net(x), y); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(viz_text)

BOOST_AUTO_TEST_CASE(a_2_3_1_network) {
  const Xor m;
  const TapeRecorder recorder;
  const Tensor loss = m.loss();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  check_accepted(text);
  BOOST_TEST(text.starts_with("digraph"));
  BOOST_TEST(lines_with(text, "class=\"node-parameter\"").size() == 4u);
  BOOST_TEST(lines_with(text, "class=\"node-op\"").size() == 3u);  // linear, tanh, linear
  BOOST_TEST(lines_with(text, "class=\"node-result\"").size() == 1u);
  BOOST_TEST(lines_with(text, "class=\"node-input\"").size() == 2u);
  for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"})
    BOOST_TEST(lines_with(text, fmt::format("{}  f32 [", name)).size() == 1u, name);
  BOOST_TEST(has(text, "fc1.weight  f32 [3×2]"));
  BOOST_TEST(has(text, "mse_loss  f32 [scalar]"));
  BOOST_TEST(has(text, "test_viz.cpp:"));
  BOOST_TEST(lines_with(text, "class=\"fwd\"").size() == 9u);
  BOOST_TEST(lines_with(text, "class=\"bwd\"").size() == 7u);  // all but those into x and y
  for (const std::string& edge : lines_with(text, "class=\"bwd\""))
    BOOST_TEST((has(edge, "style=dashed") && has(edge, "label=")), edge);
  const auto boxes = lines_with(text, "subgraph");
  BOOST_TEST((has(text, "fc1 : Linear(2 → 3)") && has(text, "fc2 : Linear(3 → 1)") && has(text, "Sequential")));
  BOOST_TEST(boxes.size() == 3u);  // none around tanh alone
  BOOST_TEST(has(text, "bgcolor="));
  BOOST_TEST(!has(text, "backward has not run"));
}

// Graphviz draws two edges of the same direction side by side; an edge written backwards would loop around the node.
BOOST_AUTO_TEST_CASE(forward_and_backward_edges_run_side_by_side) {
  const Xor m;
  const TapeRecorder recorder;
  const Tensor loss = m.loss();
  loss.backward();
  for (const viz::Rankdir dir : {viz::Rankdir::left_to_right, viz::Rankdir::top_to_bottom}) {
    const std::string text = viz::to_dot(loss, {.rankdir = dir});
    const auto ends = [](const std::string& edge) { return edge.substr(0, edge.find('[')); };
    std::vector<std::string> forward;
    for (const std::string& edge : lines_with(text, "class=\"fwd\"")) forward.push_back(ends(edge));
    for (const std::string& edge : lines_with(text, "class=\"bwd\"")) {
      BOOST_TEST((std::ranges::find(forward, ends(edge)) != forward.end()), edge);
      BOOST_TEST((has(edge, "arrowtail=empty") || has(edge, "arrowhead=empty")), edge);
    }
    // One parameter of a layer is written before it, one behind: they stand on both sides of it.
    BOOST_TEST(lines_with(text, "class=\"fwd\", weight=1, dir=back").size() == 2u);
    check_accepted(text);
  }
}

BOOST_AUTO_TEST_CASE(many_parameters_stand_before_their_operation) {
  const nn::LSTM lstm(2, 3);
  const TapeRecorder recorder;
  const Tensor loss = lstm(ones({4, 1, 2}).set_name("x")).output.sum();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(lines_with(text, "rank=same").empty());
  BOOST_TEST(lines_with(text, "minlen=2").size() == 1u);  // from x, past the column of parameters
  BOOST_TEST(has(text, "<br align=\"left\"/>"));          // a long list of what is saved, in lines
  check_accepted(text);
}

BOOST_AUTO_TEST_CASE(the_same_graph_gives_the_same_text) {
  const auto draw = [] {
    const Xor m;
    const TapeRecorder recorder;
    const Tensor loss = m.loss();
    loss.backward();
    return viz::to_dot(loss);
  };
  const std::string first = draw();
  std::vector<Tensor> ballast;  // other addresses
  for (int i = 0; i < 50; ++i) ballast.push_back(ones({i + 1}));
  BOOST_TEST((draw() == first));
}

BOOST_AUTO_TEST_CASE(values_are_in_the_cells) {
  const TapeRecorder recorder;
  const Tensor w = tensor({1.25, -3.5}).requires_grad_().set_name("w");
  const Tensor loss = (w * 2).sum();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  for (const char* value : {"1.25", "−3.50", "2.50", "−7.00", "−4.50", "2.00"}) BOOST_TEST(has(text, value), value);
  check_accepted(text);
  BOOST_TEST(!has(viz::to_dot(loss, {.values = viz::Values::off}), "−3.50"));
  const std::string stats = viz::to_dot(loss, {.values = viz::Values::stats});
  BOOST_TEST((has(stats, "mean") && has(stats, "range")));
  BOOST_TEST(!has(stats, "bgcolor=\"#762A83\"><font"));
}

BOOST_AUTO_TEST_CASE(before_backward) {
  const Xor m;
  const Tensor loss = m.loss();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(has(text, "backward has not run"));
  BOOST_TEST(lines_with(text, "class=\"bwd\"").empty());
  check_accepted(text);
  loss.backward();
  BOOST_TEST(!lines_with(viz::to_dot(loss), "class=\"bwd\"").empty());
  BOOST_TEST(lines_with(viz::to_dot(loss, {.backward = false}), "class=\"bwd\"").empty());
}

BOOST_AUTO_TEST_CASE(hostile_names) {
  for (const std::string& name :
       std::vector<std::string>{"a\"];}", "<b>", "</td></tr>&amp;&#1;", "\\N\\\"\\", "{x|y}", "tab\tnewline\n", "][\";",
                                "ünïcödé ✓", "-->", "%s%n{}", std::string(3000, 'w'), "bad \xff\xfe utf-8 \xc3",
                                "\xed\xa0\x80", std::string("nul\0inside", 10), "\x1b[31mred", "\x7f\xc2\x80"}) {
    const Tensor w = ones({2}, {.requires_grad = true}).set_name(name);
    const nn::Sequential net = nn::Sequential().add("p", [](const Tensor& x) { return x * 2; });
    struct Named : nn::Layer<Named> {
      explicit Named(const std::string& label) : Layer(label) {}
      Tensor forward(const Tensor& x) const { return (x * 3).sum(); }
    };
    const Named layer(name);
    const TapeRecorder recorder;
    const Tensor loss = layer(net(w));
    loss.backward();
    const std::string text = viz::to_dot(loss);
    check_accepted(text);
    BOOST_TEST(count_of(text, "class=\"node-parameter\"") == 1u);
    for (const char c : text) BOOST_REQUIRE((static_cast<unsigned char>(c) >= 32 || c == '\n'));
  }
}

BOOST_AUTO_TEST_CASE(large_graphs_are_cut) {
  Tensor t = ones({}, {.requires_grad = true});
  for (int i = 0; i < 1000; ++i) t = t * (1 + 1e-4 * i);  // no two are equal
  const auto nodes = [](const std::string& text) { return count_of(text, "class=\"node-"); };
  const std::string text = viz::to_dot(t, {.fit_page = false});
  BOOST_TEST(nodes(text) == 400u);
  BOOST_TEST(has(text, "only the part nearest the result: 601 of 1000 operations left out; 400 nodes shown"));
  BOOST_TEST(has(text, "… 601 more"));
  check_accepted(text);
  const std::string page = viz::to_dot(t);  // what can be read
  BOOST_TEST((nodes(page) > 50u && nodes(page) < 400u));
  BOOST_TEST(has(page, "only the part nearest the result"));
  const std::string few = viz::to_dot(t, {.max_nodes = 10});
  BOOST_TEST(nodes(few) <= 10u);
  check_accepted(few);
  check_accepted(viz::to_dot(t, {.max_nodes = 0}));
  check_accepted(viz::to_dot(t, {.max_nodes = -5}));
  BOOST_TEST(!has(viz::to_dot(t, {.max_nodes = 1001, .fit_page = false}), "left out"));
}

// Of a graph of any length the same number of operations is looked at.
BOOST_AUTO_TEST_CASE(huge_graphs) {
  Tensor t = ones({}, {.requires_grad = true});
  for (int i = 0; i < 60'000; ++i) t = i % 2 ? t * 1.5 : sin(t);
  const std::string text = viz::to_dot(t);
  BOOST_TEST(has(text, "only the last 50000 operations of the graph were looked at"));
  BOOST_TEST(has(text, "25000 steps folded into one"));
  check_accepted(text);
  Tensor end = t;
  for (int i = 0; i < 2; ++i) end = end * t;  // whose inputs are far apart
  const TempDir dir;
  const std::string page = read_file(viz::save(end, dir / "huge.html", {.max_nodes = 20}));
  BOOST_TEST(has(page, "all but the last 20 operations are left out"));
}

BOOST_AUTO_TEST_CASE(non_finite_values_are_marked) {
  const TapeRecorder recorder;
  const Tensor x = tensor({-1., 0., 4.}).requires_grad_().set_name("x");
  const std::string nan = viz::to_dot(sqrt(x).sum());
  BOOST_TEST(has(nan, "<b>NaN&#160;</b>"));
  BOOST_TEST(has(nan, "#B3001B"));
  check_accepted(nan);
  BOOST_TEST(has(viz::to_dot(reciprocal(x).sum()), "<b>Inf&#160;</b>"));
  BOOST_TEST(!has(viz::to_dot((x * 2).sum()), "#B3001B"));
}

BOOST_AUTO_TEST_CASE(shared_parameters_are_ghosts_and_calls_are_counted) {
  const nn::Linear fc(2, 2);
  struct Twice : nn::Layer<Twice> {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) const { return fc(fc(x)); }
  };
  const Twice net;
  const Tensor loss = net(ones({1, 2})).sum();
  loss.backward();
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(lines_with(text, "class=\"node-parameter\"").size() == 2u);
  BOOST_TEST(lines_with(text, "class=\"node-ghost\"").size() == 2u);
  BOOST_TEST(has(text, "↺ fc.weight"));
  BOOST_TEST(has(text, "(call 2)"));
  BOOST_TEST(!has(text, "(call 3)"));
  check_accepted(text);
}

BOOST_AUTO_TEST_CASE(frozen_parameters_and_odd_graphs) {
  nn::Linear fc(2, 2);
  nn::Linear out(2, 1);
  struct Net : nn::Layer<Net> {
    nn::Linear frozen = register_module("frozen", nn::Linear(2, 2)), head = register_module("head", nn::Linear(2, 1));
    Tensor forward(const Tensor& x) const { return head(frozen(x)); }
  };
  Net net;
  net.frozen.requires_grad_(false);
  const Tensor x = ones({1, 2}, {.requires_grad = true});
  const TapeRecorder recorder;
  const std::string text = viz::to_dot(net(x).sum());
  BOOST_TEST(lines_with(text, "class=\"node-frozen\"").size() == 2u);
  check_accepted(text);
  const Tensor e = ones({0, 3}, {.requires_grad = true}), s = ones({}, {.requires_grad = true});
  check_accepted(viz::to_dot(e.sum()));
  check_accepted(viz::to_dot(s * s + s));
  check_accepted(viz::to_dot(expand(s, {2, 2}).t(), {.values = viz::Values::cells}));
  check_accepted(
      viz::to_dot(ones({1000}, {.requires_grad = true}) * 2, {.values = viz::Values::cells, .legend = false}));
  check_accepted(viz::to_dot(split(ones({4}, {.requires_grad = true}), 2)[1]));
}

BOOST_AUTO_TEST_CASE(nothing_to_draw) {
  expect_op<AutogradError>("viz", {"no graph"}, [] { viz::to_dot(ones({2})); });
  expect_op<AutogradError>("viz", {"no graph"}, [] { viz::to_dot(ones({2}, {.requires_grad = true})); });
  expect_op<ValueError>("viz", {"undefined"}, [] { viz::to_dot(Tensor()); });
}

BOOST_AUTO_TEST_CASE(drawing_changes_nothing) {
  const Xor m;
  const Tensor loss = m.loss();
  viz::to_dot(loss);
  loss.backward();
  const Tensor g = m.net.parameters()[0].grad().clone();
  viz::to_dot(loss);
  BOOST_TEST(same_bits(g, m.net.parameters()[0].grad()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(viz_files)

BOOST_AUTO_TEST_CASE(all_formats) {
  const Xor m;
  const Tensor loss = m.loss();
  loss.backward();
  const TempDir dir;
  BOOST_TEST(viz::save(loss, dir / "g.dot") == dir / "g.dot");
  BOOST_TEST((read_file(dir / "g.dot") == viz::to_dot(loss)));
  if (!have_dot()) return;
  for (const auto& [name, start] : std::vector<std::pair<std::string, std::string>>{
           {"g.svg", "<?xml"}, {"g.png", "\x89PNG\r\n"}, {"g.pdf", "%PDF"}}) {
    BOOST_TEST(viz::save(loss, dir / name) == dir / name);
    BOOST_TEST(read_file(dir / name).starts_with(start), name);
  }
  BOOST_TEST(has(read_file(dir / "g.svg"), "fc1 : Linear(2 → 3)"));
  viz::save(loss, dir / "h.png", {.dpi = 192});
  BOOST_TEST(read_file(dir / "h.png").size() > read_file(dir / "g.png").size());
  BOOST_TEST(dir.names().size() == 5u);
}

BOOST_AUTO_TEST_CASE(unknown_suffix_and_unwritable_path) {
  const Tensor loss = ones({}, {.requires_grad = true}) * 2;
  const TempDir dir;
  for (const char* name : {"g", "g.", "g.jpg", "g.svg.txt", "a.dot/g", ".svg/"})
    expect_op<ValueError>("viz::save", {".dot, .svg, .png, .pdf or .html", name},
                          [&, n = std::string(name)] { viz::save(loss, n); });
  for (const char* name : {"no/such/folder/g.dot", "no/such/folder/g.svg"})
    expect_warning({"viz::save", "no/such/folder"}, [&] { BOOST_TEST(viz::save(loss, dir / name).empty()); });
  expect_op<AutogradError>("viz", {"no graph"}, [&] { viz::save(ones({}), dir / "g.dot"); });
  BOOST_TEST(dir.names().empty());
}

BOOST_AUTO_TEST_CASE(without_graphviz_the_text_is_kept) {
  const Tensor loss = ones({}, {.requires_grad = true}) * 2;
  const TempDir dir;
  for (const char* path : {"", "/nonexistent"}) {
    const PathGuard guard(path);
    CaughtErrors errors;
    BOOST_TEST(viz::save(loss, dir / "g.svg") == dir / "g.dot");
    const std::string said = errors.text();
    BOOST_TEST((has(said, "graphviz") && has(said, dir / "g.dot") && has(said, "-Tsvg")), said);
    BOOST_TEST((read_file(dir / "g.dot") == viz::to_dot(loss)));
    BOOST_TEST(dir.names().size() == 1u);
  }
}

// Stands in for dot.
void fake_dot(const TempDir& dir, const std::string& script) {
  write_file(dir / "dot", "#!/bin/sh\n" + script + "\n");
  std::filesystem::permissions(dir / "dot", std::filesystem::perms::owner_all);
}

BOOST_AUTO_TEST_CASE(a_slow_layout_is_ended) {
  const Tensor loss = ones({}, {.requires_grad = true}) * 2;
  const TempDir bin, dir;
  fake_dot(bin, "exec /bin/sleep 30");
  const PathGuard guard(bin.path());
  CaughtErrors errors;
  const auto before = std::chrono::steady_clock::now();
  BOOST_TEST(viz::save(loss, dir / "g.png", {.timeout = std::chrono::seconds(1)}) == dir / "g.dot");
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count() < 5);
  const std::string said = errors.text();
  BOOST_TEST(has(said, "longer than 1 s"), said);
  BOOST_TEST(dir.names() == std::vector<std::string>{"g.dot"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_failing_layout_is_a_warning) {
  Tensor t = ones({}, {.requires_grad = true});
  for (int i = 0; i < 390; ++i) t = t * 1.01;  // more text than a pipe holds
  const TempDir bin, dir;
  fake_dot(bin, "echo 'out of patience' >&2; exit 3");
  const PathGuard guard(bin.path());
  expect_warning({"out of patience", "exit code 3", dir / "g.dot"},
                 [&] { BOOST_TEST(viz::save(t, dir / "g.svg") == dir / "g.dot"); });
  BOOST_TEST((read_file(dir / "g.dot") == viz::to_dot(t)));
  BOOST_TEST(dir.names().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
