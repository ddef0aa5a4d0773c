// What is drawn, before it becomes text: nodes, edges and module boxes built from a recorded graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <xgrad/detail/collect_last.hpp>
#include <xgrad/detail/node_times.hpp>
#include <xgrad/viz.hpp>

#include "plan.hpp"
#include "unfold.hpp"

namespace xgrad::viz {

// output: a further output of an operation, which itself stands for the first. module: a closed one. kept: a tensor
// saved for the backward pass. stub: in the place of what is left out.
enum class Kind { data, parameter, ghost, frozen, operation, output, result, module, kept, stub };

struct PicNode {
  Kind kind = Kind::operation;
  std::string id;             // of operation 3 "n3", of its second output "n3o1", of source 2 "s2"
  std::string title, symbol;  // symbol: "W", "b", "z", "a", "L" ...
  int layer = 0;              // its superscript, 0 for none
  DType dtype = DType::float32;
  Shape shape;
  Tensor value, grad;
  std::string name;                // given to a result by set_name()
  std::string number;              // "1.5" of x * 1.5
  std::string told;                // "3×3 /2" of a convolution
  bool literal = false;            // of a number that the program wrote, as in pow(2, x): the title is its value
  bool masks = false;              // its -inf are meant: a mask of attention, or what such a mask was put on
  std::vector<std::string> notes;  // why something is not shown
  std::vector<std::string> saves;
  std::vector<std::pair<int, std::string>> keeps;  // before they are named: a node, or, with -1, a description
  std::string source;                              // "train.cpp:42"
  int box = -1;                                    // innermost module box
  bool main_line = false;
  std::int64_t op = -1;  // of a result: which operation of tape::Graph::nodes, and which of its outputs
  std::uint32_t output = 0;
  std::string known_op;                    // its name when it is the library's, which says what it computes; else empty
  const Attributes* attributes = nullptr;  // of it, in the graph
  Shape first_input;                       // of it
  std::uint64_t absent = 0;                // its inputs that were not given (no bias), one bit each
  bool root = false;
  bool numbered = false;            // its title has a number, for its ghosts
  bool cut = false;                 // some of its inputs are left out
  int original = -1;                // of a ghost: the node it repeats
  Kind ghost_of = Kind::parameter;  // of a ghost: what it stands for
  int copies = 1;                   // of a folded block: how many it stands for
  int fold = -1;                    // the innermost one that it stands in
  std::vector<double> norms;        // of the gradient in each of them, -1 where it is not known; may be empty
  const char* alarm = nullptr;      // "NaN" or "Inf" in one of the tensors that it stands for and does not show
  int operations = 0;               // of a module: how many are inside
  std::int64_t parameters = 0;      // and how many numbers in its parameters
  double largest_grad = -1;         // norm of the gradient of one of them
  profiler::NodeTime time;          // of all operations that it stands for; zeros where it is not known
};

// Where a parameter stands: before its operation like other inputs, or beside it in the same rank, one on each side of
// the main line, which so stays straight and is crossed by no edge.
enum class Side { none, first, second };

struct PicEdge {
  int from = -1, to = -1;
  Side side = Side::none;
  bool passes = false;     // on its way it passes the parameters that stand before the operation
  bool beside = false;     // a target that feeds the result only: placed next to it
  bool backward = false;   // a gradient flows back along it
  double norm = -1;        // of that gradient, -1 if unknown
  int position = -1;       // among the inputs of the operation; -1: several
  bool carried = false;    // from one step of a fold to a later one
  bool back = false;       // of such an edge: it leads to an earlier rank
  std::string label;       // "next step: h, 23 times", "last step"
  std::string derivative;  // "∂(a·b)/∂a = b"
  bool is_signed = false;  // of a scalar: norm has its sign
};

struct PicBox {
  std::string id, label;
  int parent = -1;
  int members = 0;  // nodes inside, nested ones included
  bool fold = false;
  bool worth = true;  // drawn
};

struct Picture {
  std::vector<PicNode> nodes;  // in tape order
  std::vector<PicEdge> edges;
  std::vector<PicBox> boxes;
  std::vector<int> tops;      // of columns, from left to right
  std::vector<int> shown_as;  // of each operation: the node that it is part of, -1 for none
  bool backward_ran = false;
  bool complete = true;  // false: of the graph only the last operations were looked at
  int operations = 0;    // of the graph
  int numbered = 0;      // operations that have ghosts and no name
  int left_out = 0;      // of them, to keep the page small
  int main_length = 0;
  int depth = 0;       // ranks from first to last
  bool across = true;  // the main line runs from left to right, not downwards
  Values values = Values::automatic;
  std::vector<std::string> done;                    // to make it fit
  std::vector<std::pair<int, std::string>> folded;  // of each fold the one around it, and "24 steps"
  double lowest_norm = -1, highest_norm = -1;       // of all strips
};

// What lies further back than that is not looked at: it would take gigabytes.
inline constexpr std::size_t kMostOperations = 50'000;

// A graph with all that is asked of it more than once.
struct Recorded {
  explicit Recorded(const Tensor& t) : Recorded(t, tape::collect_last(t, kMostOperations)) {}
  // With layers that are one operation as what they are made of, within these limits.
  Recorded(const Tensor& t, const UnfoldLimits& limits)
      : Recorded(t, tape::collect_last(t, kMostOperations), &limits) {}
  explicit Recorded(const Tensor& t, tape::LastOperations last, const UnfoldLimits* limits = nullptr)
      : root(t),
        graph(std::move(last.graph)),
        origins(limits ? unfold(graph, *limits) : Origins()),
        complete(last.complete),
        times(xgrad::detail::node_times(graph)),
        calls(graph) {
    if (!limits) origins.collected = graph.nodes.size();
  }
  Tensor root;
  tape::Graph graph;
  Origins origins;  // where its operations can be run again
  bool complete;
  std::vector<profiler::NodeTime> times;  // of operations; empty without a Profile
  Calls calls;
};

// building.cpp: nodes and edges of what the plan has drawn.
Picture build_picture(const Recorded& recorded, const Options& options, const Plan& plan);
// arranging.cpp: the main line, what stands beside it, and boxes that are worth it.
void arrange(Picture& p, const Options& options);
// Of a picture that is not arranged yet, at most so many nodes: those nearest the result.
Picture nearest_part(const Picture& whole, std::size_t most);
// ladder.cpp: the picture as asked for, or with as little less as makes it fit.
Picture fitting_picture(const Recorded& recorded, const Options& options);
// symbols.cpp: W, b, z, a and L for what has that place in a layer, or is the loss.
void name_symbols(Picture& p);
// derivatives.cpp: on the backward edges of small graphs.
class LocalNumbers;
void name_derivatives(Picture& p, LocalNumbers& numbers);
// The ranks of the nodes, about as dot will have them: behind all inputs; but a branch that begins with leaves joins
// late, near what it feeds.
std::vector<int> ranks(const Picture& p);
// Ghosts in the place of edges that make dot slow or fail: of whatever is used often, and of what is used far away.
void add_ghosts(Picture& p);
// A ghost of one node, for another that reads it, in the same box as that. Its index.
int add_ghost(Picture& p, int of, int user);
// columns.cpp: a picture that would be longer than that, in columns that are not; false where none could be made.
bool set_in_columns(Picture& p, double longest);

struct Page {
  double width = 0, height = 0;  // points
  double longest() const { return std::max(width, height); }
  double ratio() const { return longest() / std::max(1.0, std::min(width, height)); }
};
// page.cpp: about how large dot will make it.
Page page_of(const Picture& p, const Options& options, bool across);
bool prefers_across(const Picture& p, const Options& options);

// plain: the nodes stand where dot likes; for graphs that it cannot lay out otherwise.
enum class Layout { arranged, plain };
std::string dot_text(Picture p, const Options& options, Layout layout = Layout::arranged);
// The picture as Graphviz text, of a tensor that require_graph accepts.
std::string dot_text(const Tensor& root, const Options& options, Layout layout = Layout::arranged);
// ValueError: undefined, or a wrong option; AutogradError: not the result of recorded operations.
void require_graph(const Tensor& root, const Options& options, const Location& at);

}  // namespace xgrad::viz
