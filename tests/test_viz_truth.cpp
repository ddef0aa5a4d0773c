// Pictures say what is true: values as they were computed, gradients of the pass through the graph, labels and names
// that are earned, and everything that went in and came out.
#include <algorithm>
#include <optional>
#include <regex>
#include <sstream>

#include <xgrad/autograd.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/viz.hpp>

#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// The line of the one node whose tooltip starts with this title.
std::string node(const std::string& text, const std::string& title, Location at = Location::current()) {
  const auto found = lines_with(text, "tooltip=\"" + title + "  ");
  if (found.size() != 1u) BOOST_ERROR(file_and_line(at) << ": " << found.size() << " nodes called " << title);
  return found.empty() ? "" : found[0];
}
std::size_t nodes(const std::string& text, const std::string& kind) {
  return lines_with(text, "class=\"node-" + kind + "\"").size();
}
// The numbers of a node's cells, all values before all gradients.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  static const std::regex cell(R"(<font point-size="7" color="#[0-9A-F]+">([^<]*)</font>)");
  for (auto it = std::sregex_iterator(line.begin(), line.end(), cell); it != std::sregex_iterator(); ++it)
    out.push_back((*it)[1]);
  return out;
}
std::vector<std::string> backward_edges(const std::string& text) { return lines_with(text, "class=\"bwd\""); }
std::string id_of(const std::string& line) {
  const std::size_t start = line.find_first_not_of(' ');
  return line.substr(start, line.find(" [") - start);
}
std::string label_of(const std::string& edge) {
  static const std::regex label(R"re(label="? ?(<[^\[]*?<td( align="[a-z]+")?>)?([^"<]*))re");
  std::smatch m;
  return std::regex_search(edge, m, label) ? std::string(m[3]) : "";
}
std::string backward_edge(const std::string& text, const std::string& from, const std::string& to) {
  const auto found = lines_with(text, fmt::format("\"b-{}-{}\"", id_of(node(text, from)), id_of(node(text, to))));
  return found.size() == 1u ? found[0] : "";
}
void check_cells(const std::string& line, const std::vector<std::string>& want, Location at = Location::current()) {
  const std::vector<std::string> got = cells(line);
  if (got != want)
    BOOST_ERROR(file_and_line(at) << ": shown: " << fmt::format("{}", fmt::join(got, " ")) << "\n" << line);
}

using Recorder = std::optional<TapeRecorder>;

}  // namespace

BOOST_AUTO_TEST_SUITE(gradients_of_this_pass)

BOOST_AUTO_TEST_CASE(a_stale_gradient_is_not_a_backward_pass) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    Tensor w = tensor({1., 2.}).requires_grad_().set_name("w");
    (w * 3).sum().backward();
    const Tensor loss = (w * w).sum();
    const std::string text = viz::to_dot(loss);
    BOOST_TEST(has(text, "backward has not run"));
    BOOST_TEST(backward_edges(text).empty());
    check_cells(lines_with(text, "tooltip=\"w  ")[0], {"1.00", "2.00"});
  }
}

BOOST_AUTO_TEST_CASE(another_graph_through_the_same_operations) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = tensor({1., 2.}).requires_grad_().set_name("w");
    const Tensor trunk = exp(w), one = (trunk * 2).sum(), two = (trunk * 5).sum();
    two.backward({.retain_graph = true});
    BOOST_TEST(backward_edges(viz::to_dot(one)).empty());
    BOOST_TEST(has(viz::to_dot(one), "backward has not run"));
    BOOST_TEST(backward_edges(viz::to_dot(two)).size() == 3u);
    one.backward({.retain_graph = true});
    const std::string text = viz::to_dot(two);  // of the pass of `two`, though another came after it
    BOOST_TEST(backward_edges(text).size() == 3u);
    if (recorded) {
      check_cells(node(text, "exp"), {"2.72", "7.39", "5.00", "5.00"});
      check_cells(node(viz::to_dot(one), "exp"), {"2.72", "7.39", "2.00", "2.00"});
      check_cells(node(text, "w"), {"1.00", "2.00", "13.59", "36.95"});
    } else {
      check_cells(node(text, "w"), {"1.00", "2.00"});  // .grad is the sum of both
    }
    BOOST_TEST(has(node(viz::to_dot(one), "w"), "the sum of several passes") == !recorded);
  }
}

BOOST_AUTO_TEST_CASE(two_passes_over_one_graph) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = tensor({1., 2.}).requires_grad_().set_name("w");
    const Tensor loss = (w * 3).sum();
    loss.backward({.retain_graph = true});
    loss.backward({.retain_graph = true});
    const std::string text = node(viz::to_dot(loss), "w");
    if (recorded)
      check_cells(text, {"1.00", "2.00", "3.00", "3.00"});
    else
      check_cells(text, {"1.00", "2.00"});
    BOOST_TEST(has(text, "the sum of several passes") == !recorded);
  }
}

BOOST_AUTO_TEST_CASE(gradients_dropped_zeroed_or_clipped_afterwards) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    Tensor w = tensor({1., 2.}).requires_grad_().set_name("w");
    const Tensor loss = (w * 3).sum();
    loss.backward({.retain_graph = true});
    const std::vector<std::string> values{"1.00", "2.00"}, both{"1.00", "2.00", "3.00", "3.00"};
    check_cells(node(viz::to_dot(loss), "w"), both);
    {
      const NoGradGuard off;
      w.grad().mul_(0.1);
    }
    check_cells(node(viz::to_dot(loss), "w"), recorded ? both : values);
    BOOST_TEST(has(viz::to_dot(loss), "grad changed since the backward pass") == !recorded);
    w.zero_grad(false);
    check_cells(node(viz::to_dot(loss), "w"), recorded ? both : values);
    loss.backward({.retain_graph = true});  // on top of zeros: all of it is of this pass
    check_cells(node(viz::to_dot(loss), "w"), both);
    w.zero_grad();
    check_cells(node(viz::to_dot(loss), "w"), recorded ? both : values);
    BOOST_TEST(backward_edges(viz::to_dot(loss)).size() == 2u);  // it did run
  }
}

BOOST_AUTO_TEST_CASE(a_seed_changed_afterwards) {
  const TapeRecorder recorder;
  const Tensor w = tensor({1., 2.}).requires_grad_();
  const Tensor y = w * 3;
  Tensor seed = tensor({1., 10.});
  y.backward(seed);
  seed.fill_(7);
  check_cells(node(viz::to_dot(y), "mul"), {"3.00", "6.00", "1.00", "10.00"});
}

BOOST_AUTO_TEST_CASE(grad_of_some_inputs) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = tensor({1., 2.}).requires_grad_().set_name("w");
    const Tensor v = tensor({3., 4.}).requires_grad_().set_name("v");
    const Tensor loss = (w * v).sum();
    grad({loss}, {w});
    const std::string text = viz::to_dot(loss);
    BOOST_TEST(!backward_edge(text, "mul", "w").empty());
    BOOST_TEST(backward_edge(text, "mul", "v").empty());
    if (recorded)
      check_cells(node(text, "w"), {"1.00", "2.00", "3.00", "4.00"});
    else
      check_cells(node(text, "w"), {"1.00", "2.00"});
    check_cells(node(text, "v"), {"3.00", "4.00"});
  }
}

BOOST_AUTO_TEST_CASE(each_use_of_a_shared_weight_shows_its_own_share) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = tensor({3., 4.}).requires_grad_().set_name("w");
    const Tensor v = tensor({1., 1.}).requires_grad_().set_name("v");
    const Tensor loss = (w * 2 + w * 5 + v).sum();
    loss.backward();
    const std::string text = viz::to_dot(loss);
    std::vector<std::string> shares;
    for (const std::string& edge : lines_with(text, "class=\"bwd\""))
      for (const char* name : {"w", "↺ w"})
        if (has(edge, "-" + id_of(node(text, name)) + "\"")) shares.push_back(label_of(edge));
    BOOST_TEST_REQUIRE(shares.size() == 2u);
    std::ranges::sort(shares);
    BOOST_TEST(shares[0] == (recorded ? "2.83" : ""));
    BOOST_TEST(shares[1] == (recorded ? "7.07" : ""));
    // The only use of v is the whole gradient.
    const auto to_v = lines_with(text, "-" + id_of(node(text, "v")) + "\", class=\"bwd\"");
    BOOST_TEST_REQUIRE(to_v.size() == 1u);
    BOOST_TEST(label_of(to_v[0]) == "1.41");
  }
}

BOOST_AUTO_TEST_CASE(double_backward) {
  const TapeRecorder recorder;
  const Tensor w = tensor({2.}).requires_grad_().set_name("w");
  const Tensor first = pow(w, 3).sum();
  const std::vector<Tensor> g = grad({first}, {w}, {}, {.create_graph = true});
  const Tensor norm = (g[0] * g[0]).sum();
  BOOST_TEST(has(viz::to_dot(norm), "backward has not run"));
  norm.backward();
  const std::string text = viz::to_dot(norm);
  check_cells(lines_with(text, "tooltip=\"w  ")[0], {"2.00", "288"});  // d/dw 9 w^4
  for (const std::string& line : lines_with(text, "class=\"node-op\""))
    BOOST_TEST(has(line, "test_viz_truth.cpp:"), line);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(values_as_they_were)

BOOST_AUTO_TEST_CASE(a_result_changed_in_place) {
  const TapeRecorder recorder;
  const Tensor x = tensor({1., 2.}).requires_grad_().set_name("x");
  Tensor y = x * 2;
  Tensor z = y.add_(tensor({1., 6.}));
  const std::string text = viz::to_dot(z.sum());
  check_cells(node(text, "mul"), {"2.00", "4.00"});
  check_cells(node(text, "add"), {"3.00", "10.00"});
  Tensor out = x * 2;
  const Tensor loss = out.sum();
  {
    const NoGradGuard off;
    out.fill_(9);
  }
  check_cells(node(viz::to_dot(loss), "mul"), {"2.00", "4.00"});
}

BOOST_AUTO_TEST_CASE(values_that_an_in_place_operation_writes) {
  const TapeRecorder recorder;
  const Tensor x = tensor({1., 2.}).requires_grad_().set_name("x");
  Tensor y = x * 2, z = x * 3, part = x * 4;
  y.fill_(5);
  check_cells(node(viz::to_dot(y), "fill_"), {"5.00", "5.00"});
  z.copy_(tensor({7., 8.}));
  check_cells(node(viz::to_dot(z), "copy_"), {"7.00", "8.00"});
  part.slice(0, 0, 1).mul_(10);
  check_cells(node(viz::to_dot(part), "copy_slices"), {"40.00", "8.00"});
  Tensor filled = x * 5, copied = x * 6;
  filled[0].fill_(7);
  check_cells(node(viz::to_dot(filled), "fill_"), {"7.00"});
  check_cells(node(viz::to_dot(filled), "copy_slices"), {"7.00", "10.00"});
  copied[1].copy_(tensor(3.) * x[0]);
  check_cells(node(viz::to_dot(copied), "copy_"), {"3.00"});
}

BOOST_AUTO_TEST_CASE(weights_after_a_step_of_the_optimizer) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = tensor({1., 2.}).requires_grad_().set_name("w"), x = tensor({3., 4.}).set_name("x");
    optim::SGD opt({w}, {.lr = 1});
    const Tensor loss = (w * x).sum();
    loss.backward();
    opt.step();
    const std::string line = node(viz::to_dot(loss), "w");
    if (recorded)
      check_cells(line, {"1.00", "2.00", "3.00", "4.00"});
    else
      check_cells(line, {"3.00", "4.00"});  // the gradient alone
    BOOST_TEST(has(line, "value changed since it was read") == !recorded);
  }
}

BOOST_AUTO_TEST_CASE(data_overwritten_between_two_uses) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = tensor({1., 2.}).requires_grad_();
    Tensor x = tensor({3., 4.}).set_name("x");
    const Tensor first = w + x;
    x.fill_(7);
    const std::string text = viz::to_dot((first + x).sum());
    const auto both = lines_with(text, "tooltip=\"x  ");
    BOOST_TEST_REQUIRE(both.size() == 2u);
    check_cells(both[0], recorded ? std::vector<std::string>{"3.00", "4.00"} : std::vector<std::string>{});
    check_cells(both[1], {"7.00", "7.00"});
    BOOST_TEST(has(both[0], "value changed since it was read") == !recorded);
    BOOST_TEST(has(both[1], "after a change in place"));
  }
}

BOOST_AUTO_TEST_CASE(a_result_overwritten_off_the_tape) {
  const Tensor w = tensor({1., 2.}).requires_grad_();
  Tensor y = w * 3;
  check_cells(node(viz::to_dot(y), "mul"), {"3.00", "6.00"});
  {
    const NoGradGuard off;
    y.fill_(9);
  }
  const std::string line = node(viz::to_dot(y), "mul");
  check_cells(line, {});
  BOOST_TEST(has(line, "value changed since it was computed"));
  Tensor z = w * 3;
  z.add_(1);  // on the tape: another operation, another value
  check_cells(node(viz::to_dot(z), "add"), {"4.00", "7.00"});
}

// A recorder that lives for a whole training keeps the last graph only.
BOOST_AUTO_TEST_CASE(a_recorder_keeps_nothing_of_graphs_that_are_gone) {
  const TapeRecorder recorder;
  const Tensor w = rand({100}).requires_grad_();
  const auto step = [&] {
    const Tensor x = rand({100});
    (w * x + w).sum().backward();
  };
  step();
  const std::int64_t bytes = memory_stats().live_bytes;
  for (int i = 0; i < 3000; ++i) step();
  BOOST_TEST(memory_stats().live_bytes == bytes);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(earned_labels)

namespace {
bool has_symbol(const std::string& line) { return has(line, "<i>"); }
bool has_symbol(const std::string& line, const char* letter) { return has(line, fmt::format("<i>{}</i>", letter)); }
}  // namespace

BOOST_AUTO_TEST_CASE(layers) {
  nn::Sequential net;
  net.add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
  const std::string text = viz::to_dot(mse_loss(net(ones({4, 2})), ones({4, 1})));
  BOOST_TEST(has_symbol(node(text, "fc1.weight"), "W"));
  BOOST_TEST(has_symbol(node(text, "fc1.bias"), "b"));
  BOOST_TEST(has_symbol(node(text, "tanh"), "a"));
  BOOST_TEST(has(node(text, "fc2.weight"), "<i>W</i><font point-size=\"9\"><sup>[2]</sup>"));
  BOOST_TEST(has_symbol(node(text, "mse_loss"), "L"));
}

BOOST_AUTO_TEST_CASE(what_is_no_layer_has_no_letter) {
  const nn::Linear fc(2, 2);
  Tensor w = fc.weight;
  w.set_name("fc.weight");
  const std::string penalty = viz::to_dot((w * w).sum());
  for (const std::string& line : lines_with(penalty, "class=\"node-op\"")) BOOST_TEST(!has_symbol(line), line);
  BOOST_TEST(!has_symbol(node(penalty, "fc.weight")));

  nn::Sequential net;
  net.add("conv", nn::Conv2d(1, 2, 3)).add("bn", nn::BatchNorm2d(2)).add("act", nn::ReLU());
  const std::string text = viz::to_dot(net(rand({2, 1, 5, 5})).sum());
  BOOST_TEST(has_symbol(node(text, "conv.weight"), "W"));
  BOOST_TEST(!has_symbol(node(text, "bn.weight")));
  BOOST_TEST(!has_symbol(node(text, "bn.bias")));
  BOOST_TEST(!has_symbol(node(text, "batch_norm")));
  BOOST_TEST(!has_symbol(node(text, "relu")));  // not of a layer's z

  const nn::Embedding table(5, 3);
  const std::string lookup = viz::to_dot(table(tensor({1, 2})));
  BOOST_TEST(!has_symbol(lookup));  // no layer, and no loss either
}

BOOST_AUTO_TEST_CASE(layers_by_hand) {
  const Tensor w = rand({3, 2}).requires_grad_().set_name("w"), b = rand({3}).requires_grad_().set_name("b");
  const std::string text = viz::to_dot(relu(matmul(ones({4, 2}), w.t()) + b).sum());
  BOOST_TEST(has_symbol(node(text, "w"), "W"));
  BOOST_TEST(has_symbol(node(text, "b"), "b"));
  BOOST_TEST(!has_symbol(node(text, "matmul")));
  BOOST_TEST(has_symbol(node(text, "add"), "z"));
  BOOST_TEST(has_symbol(node(text, "relu"), "a"));
}

BOOST_AUTO_TEST_CASE(a_layer_called_twice_keeps_its_number) {
  const nn::Linear fc(2, 2);
  const std::string text = viz::to_dot(fc(fc(ones({1, 2}))).sum());
  BOOST_TEST(lines_with(text, "<i>W</i><font point-size=\"9\"><sup>[1]").size() == 2u);
  BOOST_TEST(lines_with(text, "<i>z</i><font point-size=\"9\"><sup>[1]").size() == 2u);
}

BOOST_AUTO_TEST_CASE(frozen_is_a_fact) {
  nn::Sequential net = nn::Sequential().add("fc", nn::Linear(2, 2)).add("out", nn::Linear(2, 1));
  net.get_parameter("fc.weight").requires_grad_(false);
  const Tensor x = ones({1, 2}).set_name("batch.images");
  const std::string text = viz::to_dot(net(x).sum());
  BOOST_TEST(nodes(text, "frozen") == 1u);
  BOOST_TEST(has(node(text, "fc.weight"), "class=\"node-frozen\""));
  BOOST_TEST(has(node(text, "batch.images"), "class=\"node-input\""));
  nn::Linear alone(2, 2);  // its parameters have no dot in their names
  alone.requires_grad_(false);
  BOOST_TEST(nodes(viz::to_dot(alone(ones({1, 2}, {.requires_grad = true})).sum()), "frozen") == 2u);
  // Copies of frozen parameters are frozen as well; buffers are data.
  const nn::Linear copy = alone.clone();
  BOOST_TEST(nodes(viz::to_dot(copy(ones({1, 2}, {.requires_grad = true})).sum()), "frozen") == 2u);
  nn::BatchNorm1d bn(2);
  bn.eval();
  const std::string norm = viz::to_dot(bn(ones({3, 2})).sum());
  BOOST_TEST(nodes(norm, "frozen") == 0u);
  BOOST_TEST(has(node(norm, "running_mean"), "class=\"node-input\""));
}

BOOST_AUTO_TEST_CASE(calls_are_counted_in_the_whole_graph) {
  struct Cell : nn::Layer<Cell> {
    Tensor w = register_parameter("w", ones({}));
    Tensor forward(const Tensor& x) const { return tanh(x * w); }
  };
  const Cell cell;
  Tensor t = ones({});
  for (int i = 0; i < 1000; ++i) t = cell(t);
  const std::string text = viz::to_dot(t, {.fold_repeats = false, .max_nodes = 200, .fit_page = false});
  BOOST_TEST(has(text, "(call 951)"));
  BOOST_TEST(has(text, "(call 1000)"));
  BOOST_TEST(!has(text, "(call 100)"));
  BOOST_TEST(!has(text, "(call 2)"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(everything_is_there)

BOOST_AUTO_TEST_CASE(targets_and_indices) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor w = rand({3, 4}).requires_grad_().set_name("w");
    const auto drawn = [](const Tensor& y, const char* name, const char* cell) {
      const std::string line = node(viz::to_dot(y), name);
      BOOST_TEST(has(line, "class=\"node-input\""));
      BOOST_TEST(has(line, ">" + std::string(cell) + "<"), line);
    };
    const auto index = [](Tensor v, const char* name) { return v.set_name(name); };
    const Tensor target = index(tensor({3, 0, 2}), "target"), rows = index(tensor({2, 1}), "rows"),
                 places = index(tensor({1, 2, 3}).view({3, 1}), "places");
    const Tensor mask = (w.detach() > 0.5).set_name("mask");
    drawn(cross_entropy(w, target), "target", "3");
    drawn(cross_entropy(w, target.to(kInt32).set_name("target")), "target", "3");
    drawn(nll_loss(log_softmax(w, 1), target), "target", "3");
    drawn(embedding(rows, w), "rows", "2");
    drawn(index_select(w, 0, rows), "rows", "2");
    drawn(gather(w, 1, places), "places", "3");
    drawn(masked_fill(w, mask, 0), "mask", mask.to_vector<bool>()[0] ? "1" : "0");
    drawn(masked_select(w, mask), "mask", mask.to_vector<bool>()[0] ? "1" : "0");
    drawn(where(mask, w, 0), "mask", mask.to_vector<bool>()[0] ? "1" : "0");
    drawn(cross_entropy(w, target, {.weight = tensor({1.f, 2.f, 3.f, 5.f}).set_name("shares")}), "shares", "5.00");
  }
}

BOOST_AUTO_TEST_CASE(data_stays_after_backward_without_a_recorder) {
  nn::Linear fc(2, 1);
  const Tensor x = ones({3, 2}).set_name("x");
  Tensor loss;
  {
    const Tensor y = (zeros({3, 1}) + 0.5).set_name("y");
    loss = mse_loss(fc(x), y);
    loss.backward();
  }
  const std::string text = viz::to_dot(loss);
  BOOST_TEST(nodes(text, "input") == 2u);
  check_cells(node(text, "x"), {"1.00", "1.00", "1.00", "1.00", "1.00", "1.00"});
  check_cells(node(text, "y"), {});  // nobody holds it any more: type and shape are known
  BOOST_TEST(has(node(text, "y"), "f32 [3×1]"));
}

// What a graph knows of data costs no values.
BOOST_AUTO_TEST_CASE(a_graph_does_not_hold_data_it_does_not_need) {
  const Tensor w = ones({}).requires_grad_();
  const std::int64_t before = memory_stats().live_bytes;
  const Tensor y = (w + zeros({100, 1000})).sum();
  BOOST_TEST(memory_stats().live_bytes - before < 100000);
  BOOST_TEST(nodes(viz::to_dot(y), "input") == 1u);
}

BOOST_AUTO_TEST_CASE(constants) {
  const Tensor x = tensor({1., 2.}).requires_grad_();
  const std::string text = viz::to_dot(((3 - (1.5 * x + 0.25)) / 8 - pow(x, 4)).sum());
  BOOST_TEST(has(node(text, "mul"), "<b>mul 1.5</b>"));
  BOOST_TEST(has(node(text, "add"), "<b>add 0.25</b>"));
  BOOST_TEST(has(node(text, "rsub"), "<b>rsub 3</b>"));
  BOOST_TEST(has(node(text, "div"), "<b>div 8</b>"));
  BOOST_TEST(has(node(text, "pow"), "<b>pow 4</b>"));
  BOOST_TEST(has(node(text, "sub"), "<b>sub</b></td>"));
  BOOST_TEST(has(node(viz::to_dot(x * 0.1f), "mul"), "<b>mul 0.1</b>"));
  BOOST_TEST(has(node(viz::to_dot(x * 0.1), "mul"), "<b>mul 0.1</b>"));
  BOOST_TEST(has(node(viz::to_dot(add(x, x, 0.5)), "add"), "<b>add 0.5</b>"));
}

BOOST_AUTO_TEST_CASE(names_of_intermediates) {
  const Tensor x = tensor({1., 2.}).requires_grad_();
  Tensor h = tanh(x).set_name("first");
  h.set_name("hidden <1>");
  const std::string text = viz::to_dot((h * 2).sum());
  BOOST_TEST(has(node(text, "tanh"), "hidden &lt;1&gt;"));
  BOOST_TEST(!has(text, "first"));
  h.mul_(3);
  BOOST_TEST(has(node(viz::to_dot(h), "mul"), "hidden &lt;1&gt;"));
}

BOOST_AUTO_TEST_CASE(further_outputs) {
  for (const bool recorded : {false, true}) {
    Recorder recorder;
    if (recorded) recorder.emplace();
    const Tensor x = tensor({{1., 5., 2.}, {7., 3., 4.}}).requires_grad_().set_name("x");
    const auto [values, indices] = max(x, 1);
    const Tensor picked = gather(x, 1, indices.view({2, 1}));
    const std::string top = viz::to_dot(values.sum());
    BOOST_TEST(has(node(top, "indices"), "class=\"node-output\""));
    if (recorded) check_cells(node(top, "indices"), {"1", "0"});

    const Tensor middle = split(x, 1, 1)[1];
    const std::string text = viz::to_dot(middle);
    BOOST_TEST(nodes(text, "result") == 1u);
    check_cells(lines_with(text, "class=\"node-result\"")[0], {"5.00", "3.00"});

    nn::LSTM lstm(2, 3);
    const auto [output, state] = lstm(ones({4, 1, 2}).set_name("x"));
    const std::string memory = viz::to_dot(state.c.sum());
    BOOST_TEST(nodes(memory, "output") == 2u);
  }
}

// An integer output goes on as the input of another operation.
BOOST_AUTO_TEST_CASE(indices_lead_from_one_operation_to_another) {
  const TapeRecorder recorder;
  const Tensor x = tensor({{1., 5., 2.}, {7., 3., 4.}}).requires_grad_().set_name("x");
  const auto [values, indices] = max(x, 1, true);
  const std::string text = viz::to_dot((gather(x, 1, indices) + values).sum());
  BOOST_TEST(nodes(text, "input") == 0u);
  const std::string edge = fmt::format("\"e-{}-{}\"", id_of(node(text, "indices")), id_of(node(text, "gather")));
  BOOST_TEST(lines_with(text, edge).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_a_number_flows) {
  const TapeRecorder recorder;
  const Tensor w = tensor({0., -1., 4.}).requires_grad_().set_name("w");
  const Tensor l = (log(w) / sqrt(w)).sum();
  l.backward();
  const std::string text = viz::to_dot(l);
  const auto edges = backward_edges(text);
  BOOST_TEST(edges.size() == lines_with(text, "class=\"fwd\"").size());
  std::size_t alarms = 0;
  for (const std::string& e : edges) {
    const bool bad = has(e, "NaN") || has(e, "∞");
    alarms += bad;
    BOOST_TEST(has(e, "color=\"#B3001B\"") == bad, e);
  }
  BOOST_TEST(alarms >= 2u);
}

BOOST_AUTO_TEST_CASE(minus_infinity_of_a_mask_is_no_alarm) {
  const Tensor mask = tensor({{0., -INFINITY}, {0., 0.}}).set_name("mask");
  const Tensor hidden = tensor({{false, true}, {false, false}});
  const auto text_of = [](const auto& f) {
    const TapeRecorder recorder;
    const Tensor w = ones({2, 2}).requires_grad_().set_name("w");
    const Tensor l = f(w);
    l.backward();
    return viz::to_dot(l, {.legend = false});
  };
  BOOST_TEST(!has(text_of([&](const Tensor& w) { return softmax(w + mask, 1).sum(); }), "#B3001B"));
  const auto fill = [&](const Tensor& w) { return softmax(masked_fill(w, hidden, -INFINITY), 1).sum(); };
  BOOST_TEST(!has(text_of(fill), "#B3001B"));
  const nn::MultiheadAttention attention(4, 2);
  const Tensor q = ones({2, 1, 4});
  const auto attend = [&](const Tensor& w) { return attention(q * w.sum(), q, q, {.attn_mask = hidden}).output.sum(); };
  BOOST_TEST(!has(text_of(attend), "#B3001B"));
  BOOST_TEST(has(text_of([](const Tensor& w) { return log(w - 1).sum(); }), "Inf"));  // nobody asked for it
  BOOST_TEST(has(text_of([](const Tensor& w) { return (w + tensor({INFINITY, 0.})).sum(); }), "Inf"));
}

BOOST_AUTO_TEST_CASE(two_saved_tensors_of_one_name) {
  const Tensor w = ones({2}).requires_grad_().set_name("w"), v = ones({2}).requires_grad_().set_name("w");
  BOOST_TEST(has(viz::to_dot((w * v).sum()), "saves w, w<"));
  BOOST_TEST(has(viz::to_dot((w * w).sum()), "saves w<"));
}

BOOST_AUTO_TEST_CASE(a_narrow_map_keeps_its_width) {
  const Tensor w = tensor({1., 2.}).requires_grad_().set_name(std::string(40, 'w'));
  BOOST_TEST(has(viz::to_dot((w * 2).sum()), "fixedsize=\"true\" width=\"60\" height=\"15\""));
}

namespace {

template <class A, int N>
struct Shaped : nn::Layer<Shaped<A, N>> {
  nn::Linear fc = this->register_module("fc", nn::Linear(2, 2));
  Tensor forward(const Tensor& x) const { return fc(x); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(modules_are_named_without_the_arguments_of_their_template) {
  const Shaped<std::vector<std::string>, 3> net;
  const std::string text = viz::to_dot(net(ones({1, 2})).sum());
  BOOST_TEST(has(text, "label=<Shaped>"));
  BOOST_TEST(!has(text, "basic_string"));
}

BOOST_AUTO_TEST_SUITE_END()
