// What is drawn, before it becomes text: nodes, edges and module boxes built from a recorded graph.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <xgrad/viz.hpp>

namespace xgrad::viz {

// output: a further output of an operation, which itself stands for the first.
enum class Kind { data, parameter, ghost, frozen, operation, output, result };

struct PicNode {
  Kind kind;
  std::string title, symbol;  // symbol: "W", "b", "z", "a", "L" ...
  int layer = 0;              // its superscript, 0 for none
  DType dtype = DType::float32;
  Shape shape;
  Tensor value, grad;
  std::string name;                // given to a result by set_name()
  std::string number;              // "1.5" of x * 1.5
  bool masks = false;              // its -inf are meant: a mask of attention, or what such a mask was put on
  std::vector<std::string> notes;  // why something is not shown
  std::vector<std::string> saves;
  std::string source;  // "train.cpp:42"
  int box = -1;        // innermost module box
  bool main_line = false;
  std::int64_t op = -1;  // of a result: which operation of tape::Graph::nodes, and which of its outputs
  std::uint32_t output = 0;
  int original = -1;                // of a ghost: the node it repeats
  Kind ghost_of = Kind::parameter;  // of a ghost: what it stands for
};

// Where a parameter stands: before its operation like other inputs, or beside it in the same rank, one on each side of
// the main line, which so stays straight and is crossed by no edge.
enum class Side { none, first, second };

struct PicEdge {
  int from, to;
  Side side = Side::none;
  bool passes = false;    // on its way it passes the parameters that stand before the operation
  bool beside = false;    // a target that feeds the result only: placed next to it
  bool backward = false;  // a gradient flows back along it
  double norm = -1;       // of that gradient, -1 if unknown
  int position = -1;      // among the inputs of the operation
};

struct PicBox {
  std::string id, label;
  int parent = -1;
  int members = 0;  // nodes inside, nested ones included
};

struct Picture {
  std::vector<PicNode> nodes;  // in tape order
  std::vector<PicEdge> edges;
  std::vector<PicBox> boxes;
  bool backward_ran = false;
  int left_out = 0, main_length = 0;
  int depth = 0;  // ranks from first to last
};

Picture build_picture(const Tensor& root, const Options& options);
// W, b, z, a and L for what has that place in a layer, or is the loss.
void name_symbols(Picture& p);
// The ranks of the nodes, about as dot will have them: behind all inputs; but a branch that begins with leaves joins
// late, near what it feeds.
std::vector<int> ranks(const Picture& p);
// Ghosts in the place of edges that make dot slow or fail: of whatever is used often, and of what is used far away.
void add_ghosts(Picture& p);

// plain: the nodes stand where dot likes; for graphs that it cannot lay out otherwise.
enum class Layout { arranged, plain };
// The picture as Graphviz text, of a tensor that require_graph accepts.
std::string dot_text(const Tensor& root, const Options& options, Layout layout = Layout::arranged);
// ValueError: undefined; AutogradError: not the result of recorded operations.
void require_graph(const Tensor& root, const Location& at);

}  // namespace xgrad::viz
