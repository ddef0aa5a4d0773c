#include "boxes.hpp"

#include <fmt/format.h>

namespace xgrad::viz {

int Boxes::box_of(std::int64_t i) {
  const auto calls = Calls::around(operation(i));
  const auto& places = plan_.folds.places(i);
  int box = -1;
  std::size_t f = 0;
  for (std::size_t d = 0; d <= calls.size(); ++d) {
    const ModuleCall* call = d < calls.size() ? calls[d] : nullptr;
    int merged = -1;
    for (; f < places.size() && plan_.folds.at(places[f].fold).depth == static_cast<int>(d); ++f) {
      if (call && is_whole_call(plan_.folds.at(places[f].fold), *call))
        merged = places[f].fold;
      else
        box = fold_box(places[f].fold, box);
    }
    if (!call || plan_.closed.contains(call->id)) return box;
    box = call_box(*call, box, merged);
  }
  return box;
}

bool Boxes::is_whole_call(const Fold& f, const ModuleCall& call) const {
  const Calls::Call& c = recorded_.calls.of(call);
  return c.first == f.first && c.last == f.first + f.length - 1;
}

int Boxes::add(std::map<std::uint64_t, int>& boxes, std::uint64_t key, PicBox box) {
  made_.push_back(std::move(box));
  return boxes[key] = static_cast<int>(made_.size()) - 1;
}

int Boxes::fold_box(int fold, int parent) {
  const auto key = static_cast<std::uint64_t>(fold);
  if (const auto it = of_folds_.find(key); it != of_folds_.end()) return it->second;
  const Fold& f = plan_.folds.at(fold);
  const char* what = has_own_parameters(fold) ? "equal blocks" : "steps";
  return add(of_folds_, key,
             {fmt::format("fold{}", f.first), fmt::format("{} {} folded into one", f.count, what), parent, 0, true});
}

int Boxes::call_box(const ModuleCall& call, int parent, int fold) {
  if (const auto it = of_calls_.find(call.id); it != of_calls_.end()) return it->second;
  const Calls::Call& c = recorded_.calls.of(call);
  return add(of_calls_, call.id, {c.id, call_label(c, fold), parent, 0, fold >= 0});
}

std::string Boxes::call_label(const Calls::Call& c, int fold) {
  std::string name = c.call->info->name, after;
  if (fold >= 0) {
    const Fold& f = plan_.folds.at(fold);
    const auto last = Calls::around(operation(f.first + f.length * (f.count - 1)));
    const std::string& other = last[static_cast<std::size_t>(c.depth)]->info->name;
    if (other != name) name += " … " + other;
    after =
        has_own_parameters(fold) ? fmt::format(", × {}", f.count) : fmt::format(", {} steps folded into one", f.count);
  } else if (c.number > 1) {
    after = fmt::format(" (call {})", c.number);
  }
  const std::string& label = c.call->info->label;  // a root is named after its type: once is enough
  if (name.empty() || name == label.substr(0, label.find('('))) return label + after;
  return fmt::format("{} : {}{}", name, label, after);
}

bool Boxes::has_own_parameters(int fold) {
  const auto [it, fresh] = own_parameters_.try_emplace(fold, false);
  const Fold& f = plan_.folds.at(fold);
  for (int i = f.first; fresh && i < f.first + f.length; ++i)
    for (std::size_t k = 0; k < operation(i).inputs.size(); ++k) {
      const tape::Input &one = operation(i).inputs[k], &other = operation(i + f.length).inputs[k];
      it->second |= one.leaf.defined() && other.leaf.defined() && one.source->id != other.source->id;
    }
  return it->second;
}

}  // namespace xgrad::viz
