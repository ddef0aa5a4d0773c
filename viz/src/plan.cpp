#include "plan.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <xgrad/check.hpp>

#include "naming.hpp"

namespace xgrad::viz {
namespace {
constexpr std::size_t kLongestId = 200;  // characters
}

Folds::Folds(std::vector<Fold> all, std::size_t operations)
    : all_(std::move(all)), drawn_(operations), places_(operations) {
  for (std::size_t i = 0; i < operations; ++i) drawn_[i] = static_cast<int>(i);
  for (std::size_t f = 0; f < all_.size(); ++f) {
    const Fold& fold = all_[f];
    for (std::size_t i = 0; i < operations; ++i) {
      const int around = places_[i].empty() ? -1 : places_[i].back().fold, at = drawn_[i] - fold.first;
      if (around != fold.parent || at < 0 || at >= fold.operations()) continue;
      places_[i].push_back({static_cast<int>(f), at / fold.length});
      drawn_[i] = fold.first + at % fold.length;
    }
  }
}

std::vector<const ModuleCall*> Calls::around(const tape::OpNode& op) {
  std::vector<const ModuleCall*> chain;
  for (const ModuleCall* c = op.module.get(); c; c = c->parent.get()) chain.push_back(c);
  std::ranges::reverse(chain);
  return chain;
}

Calls::Calls(const tape::Graph& graph) {
  std::map<std::uint64_t, int> seen;
  std::map<std::pair<const void*, std::uint64_t>, int> of_module;
  std::map<std::string, int> of_path;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    std::vector<std::shared_ptr<const ModuleCall>> chain;
    for (auto c = graph.nodes[i].module; c; c = c->parent) chain.push_back(c);
    int depth = 0;
    for (auto it = chain.rbegin(); it != chain.rend(); ++it, ++depth) {
      const auto& c = *it;
      const auto [at, fresh] = seen.try_emplace(c->id, static_cast<int>(all_.size()));
      if (fresh) {
        Call call{c, c->path(), "", 0, depth, static_cast<int>(i), 0};
        call.number = ++of_module[{c->info.get(), c->parent ? c->parent->id : 0}];
        call.id = shortened(call.path, kLongestId);
        if (const int again = ++of_path[call.id]; again > 1) call.id += fmt::format("_{}", again);
        all_.push_back(std::move(call));
      }
      all_[static_cast<std::size_t>(at->second)].last = static_cast<int>(i);
    }
  }
  by_id_.assign(seen.begin(), seen.end());
}

int Calls::index(const ModuleCall& c) const { return std::ranges::lower_bound(by_id_, std::pair(c.id, 0))->second; }

namespace {

std::string without_root(const std::string& path) {
  const auto dot = path.find('.');
  return dot == std::string::npos ? path : path.substr(dot + 1);
}
bool is_called(const Calls::Call& c, const std::string& path) {
  return c.path == path || c.id == path || without_root(c.path) == path;
}

}  // namespace

Plan requested_plan(const tape::Graph& graph, const Calls& calls, const Options& options) {
  Plan plan;
  plan.folds = Folds({}, graph.nodes.size());
  for (const Calls::Call& c : calls.all()) {
    const bool deep = options.depth >= 0 && c.depth >= options.depth;
    const bool listed = std::ranges::any_of(options.collapse.paths(), [&](const auto& p) { return is_called(c, p); });
    const bool chosen = options.collapse.predicate() && options.collapse.predicate()(c.path);
    if (deep || listed || chosen) plan.closed.insert(c.call->id);
  }
  return plan;
}

void require_plan(const tape::Graph& graph, const Options& options, const Location& at) {
  if (options.depth < -1)
    ErrorReport("viz", fmt::format("depth must be at least 0, or -1 for all, got {}", options.depth), at).value_error();
  if (options.collapse.paths().empty()) return;
  const Calls calls(graph);
  for (const std::string& path : options.collapse.paths()) {
    if (std::ranges::any_of(calls.all(), [&](const Calls::Call& c) { return is_called(c, path); })) continue;
    std::string known;
    int more = 0;
    for (const Calls::Call& c : calls.all())
      if (c.number == 1 && known.size() < 200)
        known += (known.empty() ? "" : ", ") + c.path;
      else
        ++more;
    ErrorReport("viz", fmt::format("collapse: no module '{}' ran in this graph", path), at)
        .help(known.empty() ? "no module ran at all" : fmt::format("there are {}{}", known, more ? " ..." : ""))
        .value_error();
  }
}

}  // namespace xgrad::viz
