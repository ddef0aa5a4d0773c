#include "explorer/explorer.hpp"

#include <algorithm>
#include <exception>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/detail/html_page.hpp>
#include <xgrad/ops/arithmetic.hpp>

#include "explorer/fold_boxes.hpp"
#include "explorer/page_json.hpp"
#include "explorer/places.hpp"
#include "node_label.hpp"

namespace xgrad::viz {

extern const std::string_view kExplorerPage;  // joined from viz/explorer/

namespace {

constexpr int kMostRanksAcross = 14;
constexpr std::int64_t kFewSteps = 8;  // of a layer that is unfolded without being asked to be
constexpr int kFewOperations = 200;
constexpr std::size_t kMostBytes = 4'000'000;
constexpr Detail kDetails[] = {{256, 200'000}, {64, 60'000}, {16, 20'000}, {4, 0}};

bool across(const Picture& p, const Options& o) {
  return o.rankdir == Rankdir::left_to_right || (o.rankdir == Rankdir::automatic && p.depth <= kMostRanksAcross);
}

std::string counted(std::size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

std::string subtitle_of(const Picture& p) {
  std::size_t operations = 0, parameters = 0, numbers = 0;
  for (const PicNode& n : p.nodes) {
    operations += n.op >= 0 && n.kind != Kind::ghost && n.output == 0;
    if (n.kind != Kind::parameter) continue;
    ++parameters;
    numbers += static_cast<std::size_t>(n.shape.numel());
  }
  return fmt::format("{} · {} of {}", counted(operations, "operation"), counted(parameters, "parameter tensor"),
                     counted(numbers, "number"));
}

std::vector<Tensor> leaves_of(const tape::Graph& graph) {
  std::vector<Tensor> leaves;
  std::set<const void*> seen;
  for (const tape::OpNode& op : graph.nodes)
    for (const tape::Input& in : op.inputs)
      if (in.leaf.defined() && seen.insert(in.leaf.id()).second) leaves.push_back(in.leaf);
  return leaves;
}

// Why gradients were not checked, or not all of them; empty when they were.
std::string check_gradients(PageData& page, const Tensor& root, const Options& options) {
  if (page.chain.ran_here) return "call backward() first";
  if (root.numel() != 1) return "the result is not one number";
  for (const ChainStep& s : page.chain.steps)
    if (std::ranges::any_of(s.outside, &Tensor::defined))
      return "a hook changed them on their way, or they came from another result too";
  if (page.chain.seed.item<double>() == 0) return "backward() was given 0 as the gradient of the result";
  Checker checker(options.recompute, root.detach().item<double>(), leaves_of(page.graph));
  if (!checker.problem().empty()) return checker.problem();
  const Places places(page.picture, page.graph);
  for (const ChainStep& s : page.chain.steps)
    for (const Term& t : s.terms) {
      const tape::Input& in = page.graph.nodes[s.op].inputs[t.position];
      const int node = places.whole(places.input(places.node_of(s.op), t.position));
      if (!in.leaf.defined() || t.use != t.uses || node < 0) continue;
      const GradientCheck c = checker.check(in.leaf, t.total / page.chain.seed);
      if (c.points > 0) page.checks[node] = c;
    }
  return {};
}

// Whatever the function of the program throws: the page is worth having without checks.
void add_checks(PageData& page, const Tensor& root, const Options& options) {
  if (!options.recompute) return;
  std::string why;
  try {
    why = check_gradients(page, root, options);
  } catch (const std::exception& e) {
    why = fmt::format("the function that computes the loss again threw: {}", e.what());
  } catch (...) {
    why = "the function that computes the loss again threw what is no std::exception";
  }
  if (why.empty()) return;
  page.unchecked = "gradients are not checked: " + why;
  page.notes.push_back(page.unchecked);
}

void add_notes(PageData& page) {
  const auto note = [&](bool holds, std::string text) {
    if (holds) page.notes.push_back(std::move(text));
  };
  const Picture& p = page.picture;
  const bool values =
      std::ranges::any_of(p.nodes, [](const PicNode& n) { return n.kind == Kind::operation && n.value.defined(); });
  note(page.chain.ran_here, "backward() had not run: the gradients were computed for this page");
  note(!values && p.nodes.size() > 1,
       "values of intermediate results are not known: an xgrad::TapeRecorder that lives during the step keeps them");
  note(p.left_out > 0 && p.complete, fmt::format("{} earlier operations are left out", p.left_out));
  note(!p.complete, fmt::format("all but the last {} operations are left out", p.operations - p.left_out));
  note(page.chain.incomplete, "there was no time for the local derivatives of all operations");
  note(!page.layouts.problem.empty(),
       fmt::format("{}: the page lays out the graph itself, more simply", page.layouts.problem));
}

UnfoldLimits unfold_limits(const Options& options) {
  if (options.unfold == Unfold::always) return kUnfoldAll;
  return {kFewSteps, static_cast<std::size_t>(std::clamp(options.max_nodes / 2, 0, kFewOperations))};
}

bool wants_folds(const Picture& p, const Options& options) {
  const auto wanted = static_cast<FoldRepeats::Choice>(options.fold_repeats);
  return wanted == FoldRepeats::always || (wanted == FoldRepeats::automatic && p.nodes.size() > kMaxNodesWithCells);
}

}  // namespace

Picture whole_picture(const Recorded& recorded, const Options& options) {
  const auto operations = static_cast<int>(recorded.graph.nodes.size());
  Plan plan;
  plan.folds = Folds({}, recorded.graph.nodes.size());
  plan.first = std::max(0, operations - std::max(options.max_nodes, 1));
  Picture p = build_picture(recorded, options, plan);
  add_ghosts(p);
  arrange(p, options);
  return p;
}

Explorer explorer_of(const Tensor& root, const Options& options, const std::string& title) {
  const NoGradGuard off;
  const Recorded recorded = options.unfold == Unfold::off ? Recorded(root) : Recorded(root, unfold_limits(options));
  const tape::Graph& graph = recorded.graph;
  Picture picture = whole_picture(recorded, options);
  std::map<int, std::vector<double>> strips;
  if (wants_folds(picture, options)) {
    Options wide = options;
    wide.max_nodes = operations_of_page(recorded, std::max(options.max_nodes, 1));
    if (picture.left_out > 0) picture = whole_picture(recorded, wide);
    strips = box_repeats(picture, recorded);
  }
  const Chain chain = build_chain(recorded, static_cast<std::size_t>(picture.left_out));
  const Layouts layouts = lay_out(picture, across(picture, options), options.timeout);
  PageData page{title, subtitle_of(picture), picture, graph, chain, layouts, std::move(strips), {}, {}, {}};
  add_checks(page, root, options);
  add_notes(page);
  Explorer out;
  if (!layouts.problem.empty()) out.warnings.push_back(page.notes.back());
  for (const Detail& d : kDetails) {
    if (&d != kDetails && page.notes.size() < 16 && &d == kDetails + 1)
      page.notes.push_back("numbers are shown in less detail, to keep the file under 4 MB");
    out.page = xgrad::detail::html_page(kExplorerPage, title + " · backprop explorer", page_json(page, d));
    if (out.page.size() <= kMostBytes) break;
  }
  return out;
}

}  // namespace xgrad::viz
