// Boxes around what belongs together: calls of modules, and folds inside of the calls that are around all of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "picture.hpp"

namespace xgrad::viz {

class Boxes {
 public:
  // `made`: where they are put.
  Boxes(const Recorded& recorded, const Plan& plan, std::vector<PicBox>& made)
      : recorded_(recorded), plan_(plan), made_(made) {}
  int box_of(std::int64_t operation);  // the innermost, made with those around it; -1: none
  // "fc1 : Linear(2 → 3)", with "(call 2)", or what is folded when every block is one such call. fold: -1 for none.
  std::string call_label(const Calls::Call& call, int fold);
  // Layers one after the other have parameters of their own, steps of a recurrence share them.
  bool has_own_parameters(int fold);
  bool is_whole_call(const Fold& fold, const ModuleCall& call) const;

 private:
  int add(std::map<std::uint64_t, int>& boxes, std::uint64_t key, PicBox box);
  int fold_box(int fold, int parent);
  int call_box(const ModuleCall& call, int parent, int fold);
  const tape::OpNode& operation(std::int64_t i) const { return recorded_.graph.nodes[static_cast<std::size_t>(i)]; }

  const Recorded& recorded_;
  const Plan& plan_;
  std::vector<PicBox>& made_;
  std::map<std::uint64_t, int> of_calls_, of_folds_;
  std::map<int, bool> own_parameters_;
};

}  // namespace xgrad::viz
