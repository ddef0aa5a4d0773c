// Pictures of computational graphs; plots and grids of images are in <xgrad/viz/plot.hpp> and
// <xgrad/viz/image_grid.hpp>.
//
//   xgrad::viz::save(loss, "net.svg");      // .dot .svg .png .pdf
//   xgrad::viz::save(loss, "net.html");     // a page that steps through it
//
// Every operation with its results' types and shapes, parameters and data (targets, indices and masks as well) with
// their names, a box per module, what each operation keeps for its backward pass, and, after backward(), dashed edges
// for the gradients. Values and gradients of intermediate results are in the picture when an xgrad::TapeRecorder was
// alive while they were computed. Values are those at the time they were computed or read, gradients those of the last
// backward pass through the root; what is not known any more is left out, and the picture says why.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/tensor.hpp>
#include <xgrad/viz/image_grid.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

enum class Rankdir { automatic, left_to_right, top_to_bottom };  // automatic: left to right up to 12 ranks
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
  bool backward = true;  // dashed edges, labelled with the norm of the gradient that flows
  Values values = Values::automatic;
  bool saved = true;    // "saves x, W": what each operation keeps for its backward pass
  bool symbols = true;  // W[1], b[1], z[1], a[1], L beside the names, where the structure is that of a layer
  bool legend = true;
  int max_nodes = 400;               // above: the part nearest the result, and a note of how much was left out
  int dpi = 96;                      // of PNG
  std::chrono::seconds timeout{30};  // for each of at most two tries of Graphviz
  // .html, after backward(): computes the root again from the same inputs, without chance. Gradients of parameters are
  // then checked by finite differences, up to 64 numbers of each in at most 5 s. Parameters get other data for that
  // and their own back, so a graph that was kept (retain_graph) cannot run backward() again.
  std::function<Tensor()> recompute = {};
};

// The picture as Graphviz text. Same graph, same text. AutogradError when the tensor is not on the tape.
XGRAD_API std::string to_dot(const Tensor& root, const Options& options = {}, Location at = Location::current());

// .html is the explorer: one file without any request, which steps forward and backward through the graph and shows for
// each operation incoming gradient x local derivative = outgoing gradient, with the arithmetic of each number. The
// local derivatives are had from the operations' own backward functions, so those of your own operations are there as
// well. backward() may have run or not; a TapeRecorder is needed when it has (without retain_graph), and for the values
// of intermediate results. At most 4 MB; tensors of more than 256 numbers are shown as means of blocks.
//
// Writes the picture in the format of the file's suffix and returns the path of the file that was written. Formats
// other than .dot are laid out by Graphviz's `dot`, run as a child process. A picture never ends a training: what fails
// is a warning on standard error, with the line of the call.
// - Where dot takes longer than the timeout or fails, it gets one more try with fewer options (plain layout; after a
//   timeout also at most 100 operations and no values).
// - Where that fails too, dot is missing, or the path cannot be written to, the .dot text is kept beside the wanted
// file
//   and its path returned. It never replaces a file: where net.dot is there already, the text goes to net-1.dot and so
//   on.
// - Where that cannot be written either, the path returned is empty.
// - A PNG that would have a side above 32,767 pixels, or more than 2^27 in all, gets fewer dots per inch.
// Mistakes in the arguments throw, before anything runs. ValueError: unknown suffix, dpi not in 1..2400, a NUL
// character in the path, an undefined tensor; AutogradError: one that is not on the tape.
XGRAD_API std::string save(const Tensor& root, const std::string& path, const Options& options = {},
                           Location at = Location::current());
template <class M>
requires(!std::convertible_to<const M&, const Tensor&> && !std::convertible_to<const M&, std::string>)  //
    std::string save(const M&, const std::string&, const Options& = {})  // of a result: viz::save(net(x), "net.svg")
= delete;
template <std::convertible_to<std::string> P, class T>
std::string save(const P&, const T&, const Options& = {}) = delete;  // the tensor first: viz::save(loss, "net.svg")
template <class M>
requires(!std::convertible_to<const M&, const Tensor&>)  //
    std::string to_dot(const M&, const Options& = {})    // of a result: viz::to_dot(net(x))
= delete;

}  // namespace xgrad::viz
