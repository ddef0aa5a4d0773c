// Equal blocks of operations that follow one another: unrolled steps, layers of a stack. They are found in the order
// the operations were recorded in: first stretches in which kinds, shapes, types and attributes repeat with some
// period, then, for each place where blocks may begin, how far their wiring repeats as well.
#include <algorithm>
#include <functional>
#include <string>
#include <unordered_map>

#include "plan.hpp"

namespace xgrad::viz {
namespace {

constexpr int kFewestBlocks = 3;
constexpr int kLongestTried = 512;        // period; longer ones where a rare operation comes again
constexpr int kMostCompared = 4'000'000;  // operations, with one period after the other
constexpr std::size_t kMostDistances = 32, kMostStretches = 256, kMostStarts = 48, kMostFolds = 24;

using Key = std::size_t;

void mix(Key& key, std::size_t more) { key ^= more + 0x9e3779b97f4a7c15ULL + (key << 6) + (key >> 2); }
void mix(Key& key, const std::string& text) { mix(key, std::hash<std::string>{}(text)); }

const tape::Input& input(const tape::OpNode& op, std::size_t k) {
  return k < op.inputs.size() ? op.inputs[k] : op.data[k - op.inputs.size()];
}

// Attributes that say which step of a sequence is read: x[0] and x[1] are the same operation in two steps.
bool is_place(const tape::OpNode& op, const std::string& attribute) {
  if (!op.of_library) return false;
  return attribute == "index" || attribute == "start" || attribute == "end";
}

void mix(Key& key, const Attribute& a) {
  mix(key, a.name);
  mix(key, a.value.index());
  std::visit(
      [&](const auto& v) {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::vector<std::int64_t>>)
          for (const auto n : v) mix(key, static_cast<std::size_t>(n));
        else
          mix(key, std::hash<std::decay_t<decltype(v)>>{}(v));
      },
      a.value);
}

// What does not depend on where an operation stands.
Key key_of(const tape::OpNode& op) {
  Key key = op.inputs.size();
  for (const Attribute& a : op.attributes)
    if (!is_place(op, a.name)) mix(key, a);
  // What an operation of the program keeps and does not tell may be another number each time.
  if (!op.of_library && op.kept_bytes > 0 && op.attributes.empty()) mix(key, std::hash<const void*>{}(&op));
  mix(key, op.data.size());
  mix(key, op.op);
  for (const Shape& s : op.shapes) {
    mix(key, s.size());
    for (const std::int64_t d : s) mix(key, static_cast<std::size_t>(d));
  }
  for (const DType d : op.dtypes) mix(key, static_cast<std::size_t>(d));
  for (const ModuleCall* c = op.module.get(); c; c = c->parent.get()) mix(key, c->info->label);
  return key;
}

// Calls around both of two operations.
int common_depth(const tape::OpNode& a, const tape::OpNode& b) {
  const auto one = Calls::around(a), other = Calls::around(b);
  std::size_t d = 0;
  while (d < one.size() && d < other.size() && one[d]->id == other[d]->id) ++d;
  return static_cast<int>(d);
}

class Finder {
 public:
  Finder(const tape::Graph& graph, int least) : nodes_(graph.nodes), least_(least) {
    keys_.reserve(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) keys_.push_back(key_of(nodes_[i]));
    shared_.resize(nodes_.size() + 1);
    for (std::size_t i = 1; i < nodes_.size(); ++i) shared_[i] = common_depth(nodes_[i - 1], nodes_[i]);
    shared_.back() = 0;
  }

  std::vector<Fold> find(int first) {
    search(first, static_cast<int>(nodes_.size()), -1);
    return std::move(found_);
  }

 private:
  // keys_[i] == keys_[i + period] for i in [first, last).
  struct Stretch {
    int first, last, period;
    int most_saved() const { return ((last - first) / period) * period; }
  };

  // All folds in [first, last), the largest first, then those before, inside and behind it.
  void search(int first, int last, int parent) {
    if (found_.size() >= kMostFolds || last - first < kFewestBlocks) return;
    const Fold best = best_in(first, last);
    if (best.count < kFewestBlocks) return;
    const int self = static_cast<int>(found_.size());
    found_.push_back(best);
    found_.back().parent = parent;
    search(best.first, best.first + best.length, self);
    search(first, best.first, parent);
    search(best.first + best.operations(), last, parent);
  }

  Fold best_in(int first, int last) const {
    std::vector<Stretch> all;
    for (const int period : periods(first, last)) add_stretches(first, last, period, all);
    std::ranges::stable_sort(all, [](const auto& a, const auto& b) { return a.most_saved() > b.most_saved(); });
    Fold best;
    int saved = least_ - 1;
    for (std::size_t i = 0; i < std::min(all.size(), kMostStretches) && all[i].most_saved() > saved; ++i) {
      const Fold f = best_start(all[i]);
      if (f.count >= kFewestBlocks && f.operations() - f.length > saved) best = f, saved = f.operations() - f.length;
    }
    return best;
  }

  std::vector<int> periods(int first, int last) const {
    const int longest = (last - first) / kFewestBlocks;
    const int tried = std::min(kLongestTried, kMostCompared / (last - first));
    std::vector<int> all;
    for (int p = 1; p <= std::min(longest, tried); ++p) all.push_back(p);
    if (longest <= tried) return all;
    std::unordered_map<Key, int> before;
    std::unordered_map<int, int> often;
    for (int i = first; i < last; ++i) {
      const auto [it, fresh] = before.try_emplace(key(i), i);
      if (!fresh && i - it->second > tried && i - it->second <= longest) ++often[i - it->second];
      it->second = i;
    }
    std::vector<std::pair<int, int>> most;
    for (const auto& [distance, times] : often) most.emplace_back(-times, distance);
    std::ranges::sort(most);
    if (most.size() > kMostDistances) most.resize(kMostDistances);
    for (const auto& [times, distance] : most) all.push_back(distance);
    return all;
  }

  void add_stretches(int first, int last, int period, std::vector<Stretch>& all) const {
    for (int i = first; i + period < last;) {
      const int start = i;
      while (i + period < last && key(i) == key(i + period)) ++i;
      if (const Stretch s{start, i, period}; s.most_saved() >= std::max(2 * period, least_)) all.push_back(s);
      ++i;
    }
  }

  // The start that folds most; of several the one with the fewest values carried from block to block.
  Fold best_start(const Stretch& s) const {
    Fold best;
    int fewest = 0;
    for (const int start : starts(s)) {
      Fold f{start, s.period, 0, 0, -1};
      int carried = 0;
      f.count = equal_blocks(start, s.period, (s.last + s.period - start) / s.period, carried);
      if (f.count < kFewestBlocks) continue;
      f.depth = depth_of(f);
      if (f.depth < 0) continue;
      if (f.count > best.count || (f.count == best.count && carried < fewest)) best = f, fewest = carried;
    }
    return best;
  }
  // Where calls of modules begin and end before all others.
  std::vector<int> starts(const Stretch& s) const {
    std::vector<int> all;
    for (int i = s.first; i < s.first + s.period && i + 2 * s.period <= s.last; ++i) all.push_back(i);
    if (all.size() <= kMostStarts) return all;
    std::ranges::stable_sort(all, [&](int a, int b) { return shared(a) < shared(b); });
    all.resize(kMostStarts);
    std::ranges::sort(all);
    return all;
  }
  // Calls around the whole; -1 when one of the others reaches over the edge of a block.
  int depth_of(const Fold& f) const {
    const int end = f.first + f.operations();
    int depth = static_cast<int>(Calls::around(node(f.first)).size());
    for (int i = f.first + 1; i < end; ++i) depth = std::min(depth, shared(i));
    for (int edge = f.first; edge <= end; edge += f.length)
      if (shared(edge) > depth) return -1;
    return depth;
  }

  // How many blocks from `start` on are wired as the one before; carried: values that go from block to block.
  int equal_blocks(int start, int length, int most, int& carried) const {
    std::vector<std::pair<int, std::uint32_t>> across;
    for (int i = start; i < start + length * (most - 1); ++i) {
      if (!same_wiring(i, length, start)) {
        most = (i - start) / length + 1;
        break;
      }
      if (i >= start + length) continue;  // what the second block takes from the first
      const tape::OpNode& op = node(i + length);
      for (std::size_t k = 0; k < op.inputs.size() + op.data.size(); ++k)
        if (const tape::Input& in = input(op, k); in.node >= start && in.node < start + length)
          across.emplace_back(static_cast<int>(in.node), in.output);
    }
    std::ranges::sort(across);
    carried = static_cast<int>(std::unique(across.begin(), across.end()) - across.begin());
    return most;
  }
  bool same_wiring(int i, int length, int start) const {
    const tape::OpNode &one = node(i), &next = node(i + length);
    for (std::size_t k = 0; k < one.inputs.size() + one.data.size(); ++k)
      if (!same_input(input(one, k), input(next, k), i, length, start)) return false;
    return true;
  }
  static bool same_input(const tape::Input& one, const tape::Input& next, int i, int length, int start) {
    if (one.source && next.source) return same_source(*one.source, *next.source, one.leaf, next.leaf);
    const bool inside = !one.source && one.node >= start, next_inside = !next.source && next.node >= start;
    if (inside && next_inside) return one.output == next.output && next.node == one.node + length;
    if (inside || next.source) return false;
    if (!next_inside) return !one.source;
    // The first blocks start from something outside where the others take what a block before gave.
    return next.node < start + length + (i - start) / length * length && next.node - length < start;
  }
  static bool same_source(const tape::Source& a, const tape::Source& b, const Tensor& leaf, const Tensor& other) {
    return a.dtype == b.dtype && a.shape == b.shape && a.parameter == b.parameter && leaf.defined() == other.defined();
  }

  const tape::OpNode& node(int i) const { return nodes_[static_cast<std::size_t>(i)]; }
  Key key(int i) const { return keys_[static_cast<std::size_t>(i)]; }
  int shared(int i) const { return shared_[static_cast<std::size_t>(i)]; }

  const std::vector<tape::OpNode>& nodes_;
  int least_;
  std::vector<Key> keys_;
  std::vector<int> shared_;  // calls around an operation and the one before it
  std::vector<Fold> found_;
};

}  // namespace

std::vector<Fold> find_repeats(const tape::Graph& graph, int first, int least) {
  if (graph.nodes.size() < kFewestBlocks) return {};
  return Finder(graph, least).find(first);
}

}  // namespace xgrad::viz
