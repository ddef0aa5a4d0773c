#include "explorer/fold_boxes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>

namespace xgrad::viz {
namespace {

constexpr int kLeastSaved = 8;  // operations that a box hides
constexpr int kMostTimes = 4;   // more operations than are shown

std::vector<Fold> outer_repeats(const Recorded& r, int first) {
  std::vector<Fold> all = find_repeats(r.graph, first, kLeastSaved);
  std::erase_if(all, [](const Fold& f) { return f.parent >= 0; });
  return all;
}

class Boxer {
 public:
  Boxer(Picture& p, const Recorded& r, const Fold& fold) : p_(p), r_(r), fold_(fold) {}

  void run(std::map<int, std::vector<double>>& strips) {
    find_members();
    const int around = common_box();
    std::map<int, int> children;  // by node: what goes into the box with it, -1: the node alone
    for (const int i : inside_) children[i] = child_of(around, p_.nodes[at(i)].box);
    const auto cut = [&](const auto& c) { return c.second >= 0 && !all_inside(c.second); };
    if (inside_.size() < 2 || std::ranges::any_of(children, cut)) return;
    PicBox box;
    const bool blocks = fold_.depth < depth_of_first() && has_own_parameters();
    box.label = fmt::format("{} {} like the next one", fold_.count - 1, blocks ? "blocks" : "steps");
    box.id = fmt::format("repeats {}", p_.boxes.size());
    box.parent = around;
    box.members = static_cast<int>(inside_.size());
    box.fold = true;
    const int self = static_cast<int>(p_.boxes.size());
    for (const auto& [i, child] : children) (child < 0 ? p_.nodes[at(i)].box : p_.boxes[at(child)].parent) = self;
    p_.boxes.push_back(std::move(box));
    if (std::vector<double> found = norms(); !found.empty()) strips[self] = std::move(found);
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  bool hidden(int op) const { return op >= fold_.first && op < fold_.first + fold_.length * (fold_.count - 1); }

  // Operations of all blocks but the last, their further outputs, and what nothing else reads.
  void find_members() {
    std::set<int> read_elsewhere;
    std::vector<char> member(p_.nodes.size());
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) {
      const PicNode& n = p_.nodes[i];
      member[i] = n.op >= 0 && n.kind != Kind::ghost && hidden(n.op);
    }
    std::vector<char> read_inside(p_.nodes.size());
    for (const PicEdge& e : p_.edges) {
      if (member[at(e.to)])
        read_inside[at(e.from)] = 1;
      else
        read_elsewhere.insert(e.from);
    }
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) {
      const PicNode& n = p_.nodes[i];
      const bool source = n.op < 0 || n.kind == Kind::ghost;
      if (member[i] || (source && read_inside[i] && !read_elsewhere.contains(static_cast<int>(i))))
        inside_.insert(static_cast<int>(i));
    }
  }

  std::vector<int> chain(int box) const {  // from the outside in
    std::vector<int> all;
    for (; box >= 0; box = p_.boxes[at(box)].parent) all.push_back(box);
    std::ranges::reverse(all);
    return all;
  }
  // The innermost box around the operations of all blocks.
  int common_box() const {
    std::optional<std::vector<int>> common;
    for (const PicNode& n : p_.nodes) {
      if (n.op < fold_.first || n.op >= fold_.first + fold_.operations() || n.kind == Kind::ghost) continue;
      const std::vector<int> own = chain(n.box);
      if (!common) common = own;
      std::size_t k = 0;
      while (k < common->size() && k < own.size() && (*common)[k] == own[k]) ++k;
      common->resize(k);
    }
    return !common || common->empty() ? -1 : common->back();
  }
  // The box right inside of `around` that holds `box`; -1 when there is none.
  int child_of(int around, int box) const {
    const std::vector<int> all = chain(box);
    if (around < 0) return all.empty() ? -1 : all.front();
    const auto found = std::ranges::find(all, around);
    return found == all.end() || found + 1 == all.end() ? -1 : *(found + 1);
  }
  bool all_inside(int box) {
    const auto [known, fresh] = whole_.try_emplace(box, true);
    for (std::size_t i = 0; fresh && i < p_.nodes.size(); ++i)
      if (std::ranges::count(chain(p_.nodes[i].box), box) && !inside_.contains(static_cast<int>(i)))
        known->second = false;
    return known->second;
  }
  // Not those of the blocks before.
  bool has_own_parameters() const {
    for (int i = fold_.first; i < fold_.first + fold_.length; ++i) {
      const std::vector<tape::Input>&one = r_.graph.nodes[at(i)].inputs,
            &other = r_.graph.nodes[at(i + fold_.length)].inputs;
      for (std::size_t k = 0; k < one.size(); ++k)
        if (one[k].leaf.defined() && other[k].leaf.defined() && one[k].source->id != other[k].source->id) return true;
    }
    return false;
  }
  int depth_of_first() const {
    int d = 0;
    for (const ModuleCall* c = r_.graph.nodes[at(fold_.first)].module.get(); c; c = c->parent.get()) ++d;
    return d;
  }

  // Of what a block hands to the next one, by block; of its last operation where it hands nothing on.
  std::vector<double> norms() const {
    int carried = fold_.length - 1;
    for (int k = fold_.length; k-- > 0;) {
      const auto reads = [&](const tape::OpNode& op) {
        return std::ranges::any_of(op.inputs, [&](const tape::Input& in) { return in.node == fold_.first + k; });
      };
      const auto next = r_.graph.nodes.begin() + fold_.first + fold_.length;
      if (std::any_of(next, next + fold_.length, reads)) {
        carried = k;
        break;
      }
    }
    std::vector<double> all;
    for (int step = 0; step < fold_.count; ++step) {
      const tape::OpNode& op = r_.graph.nodes[at(fold_.first + step * fold_.length + carried)];
      double sum = 0;
      if (op.grads.empty() || !op.grads[0].defined()) return {};
      for (const double v : op.grads[0].detach().to_vector<double>()) sum += v * v;
      all.push_back(std::sqrt(sum));
    }
    return all;
  }

  Picture& p_;
  const Recorded& r_;
  const Fold& fold_;
  std::set<int> inside_;
  std::map<int, bool> whole_;
};

}  // namespace

int operations_of_page(const Recorded& recorded, int most) {
  const auto all = static_cast<int>(recorded.graph.nodes.size());
  int hidden = 0;
  for (const Fold& f : outer_repeats(recorded, std::max(0, all - kMostTimes * most)))
    hidden += f.operations() - f.length;
  return std::min(kMostTimes * most, most + hidden);
}

std::map<int, std::vector<double>> box_repeats(Picture& p, const Recorded& recorded) {
  std::map<int, std::vector<double>> strips;
  for (const Fold& f : outer_repeats(recorded, p.left_out)) Boxer(p, recorded, f).run(strips);
  return strips;
}

}  // namespace xgrad::viz
