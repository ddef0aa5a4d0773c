// Which operations of a graph are drawn, and as what: repeats that are folded into one, modules that are closed.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <xgrad/tape.hpp>
#include <xgrad/viz/graph_options.hpp>

namespace xgrad::viz {

// Blocks of operations [first, first + length), [first + length, ...), equal but for where they begin: only the first
// is drawn.
struct Fold {
  int first = 0, length = 0, count = 0;
  int depth = 0;    // calls of modules around all of it
  int parent = -1;  // the fold in whose drawn block this one is
  int operations() const { return length * count; }
};
// Where an operation is in a fold.
struct Place {
  int fold, step;
  bool operator==(const Place&) const = default;
};

class Folds {
 public:
  Folds() = default;
  Folds(std::vector<Fold> all, std::size_t operations);  // those around others first
  const std::vector<Fold>& all() const { return all_; }
  const Fold& at(int fold) const { return all_[static_cast<std::size_t>(fold)]; }
  int drawn(std::int64_t operation) const { return drawn_[static_cast<std::size_t>(operation)]; }
  const std::vector<Place>& places(std::int64_t operation) const {  // from the outside in
    return places_[static_cast<std::size_t>(operation)];
  }

 private:
  std::vector<Fold> all_;
  std::vector<int> drawn_;
  std::vector<std::vector<Place>> places_;
};

// Equal blocks in a row, three or more, that save at least `least` operations; among those from `first` on.
std::vector<Fold> find_repeats(const tape::Graph& graph, int first, int least);

// Calls of modules as a picture names them: "Net.fc1", of a second call "Net.fc1_2"; long names are shortened.
class Calls {
 public:
  explicit Calls(const tape::Graph& graph);
  struct Call {
    std::shared_ptr<const ModuleCall> call;
    std::string path, id;
    int number;       // of the calls of its module within the call around it
    int depth;        // 0: outermost
    int first, last;  // operations
  };
  const std::vector<Call>& all() const { return all_; }  // in the order they began
  const Call& of(const ModuleCall& c) const { return all_[static_cast<std::size_t>(index(c))]; }
  int index(const ModuleCall& c) const;
  // The calls around an operation, from the outside in.
  static std::vector<const ModuleCall*> around(const tape::OpNode& op);

 private:
  std::vector<Call> all_;
  std::vector<std::pair<std::uint64_t, int>> by_id_;  // sorted
};

struct Plan {
  Folds folds;
  std::set<std::uint64_t> closed;  // ids of calls that are one node
  int first = 0;                   // operations before this one are left out
  std::size_t most = 0;            // nodes nearest the result that are kept, 0 for all
  std::vector<std::string> done;   // what was done to make it fit, for the line below the picture
};

// What the user asks for: ValueError for a path that is no module's.
Plan requested_plan(const tape::Graph& graph, const Calls& calls, const Options& options);
void require_plan(const tape::Graph& graph, const Options& options, const Location& at);

}  // namespace xgrad::viz
