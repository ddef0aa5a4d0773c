// Pictures of computational graphs; plots and grids of images are in <xgrad/viz/plot.hpp> and <xgrad/viz/image_grid.hpp>.
//
//   xgrad::viz::save(loss, "net.svg");      // .dot .svg .png .pdf
//
// Every operation with its results' types and shapes, parameters and data (targets, indices and masks as well) with
// their names, a box per module, what each operation keeps for its backward pass, and, after backward(), dashed edges
// for the gradients. Values and gradients of intermediate results are in the picture when an xgrad::TapeRecorder was
// alive while they were computed. Values are those at the time they were computed or read, gradients those of the last
// backward pass through the root; what is not known any more is left out, and the picture says why.
#pragma once

#include <chrono>
#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/tensor.hpp>
#include <xgrad/viz/image_grid.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

enum class Rankdir { automatic, left_to_right, top_to_bottom };  // automatic: left to right up to 12 steps
inline std::ostream& operator<<(std::ostream& os, Rankdir v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"automatic", "left_to_right", "top_to_bottom"});
}
// cells: numbers on coloured cells; stats: mean, deviation and range; automatic: cells where a tensor has at most 16
// numbers in rows of at most 8 and the graph at most 40 nodes.
enum class Values { automatic, off, stats, cells };
inline std::ostream& operator<<(std::ostream& os, Values v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"automatic", "off", "stats", "cells"});
}

struct Options {
  ByName by_name = ByName();
  Rankdir rankdir = Rankdir::automatic;
  bool backward = true;   // dashed edges, labelled with the norm of the gradient that flows
  Values values = Values::automatic;
  bool saved = true;      // "saves x, W": what each operation keeps for its backward pass
  bool symbols = true;    // W[1], b[1], z[1], a[1], L beside the names, where the structure is that of a layer
  bool legend = true;
  int max_nodes = 400;    // above: the part nearest the result, and a note of how much was left out
  int dpi = 96;           // of PNG
  std::chrono::seconds timeout{30};  // for the layout by Graphviz
};

// The picture as Graphviz text. Same graph, same text. AutogradError when the tensor is not on the tape.
XGRAD_API std::string to_dot(const Tensor& root, const Options& options = {}, Location at = Location::current());

// Writes the picture in the format of the file's suffix. Formats other than .dot are laid out by Graphviz's `dot`, run
// as a child process; where it is missing or takes longer than the timeout, the .dot text is kept beside the wanted file
// and a message on standard error says what to do. It never replaces a file: where net.dot is there already, the text
// goes to net-1.dot and so on. Returns the path of the file that was written.
// ValueError: unknown suffix, dpi not in 1..2400. IoError: not writable, or dot reports an error or makes no picture; the
// text is kept.
XGRAD_API std::string save(const Tensor& root, const std::string& path, const Options& options = {}, Location at = Location::current());

}  // namespace xgrad::viz
