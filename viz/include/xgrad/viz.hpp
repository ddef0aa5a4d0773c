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
//
// A graph that would not fit on a page that can be read has equal blocks folded into one and modules collapsed; the
// line below the picture tells what was done. See Options for choosing that oneself.
#pragma once

#include <concepts>
#include <string>

#include <xgrad/tape.hpp>
#include <xgrad/tensor.hpp>
#include <xgrad/viz/explain.hpp>
#include <xgrad/viz/graph_options.hpp>
#include <xgrad/viz/image_grid.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

// The picture as Graphviz text. Same graph, same text. AutogradError when the tensor is not on the tape;
// ValueError: depth below -1, a path to collapse that no module in the graph has.
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
// - Where dot fails, or takes longer than about two thirds of the timeout, it gets one more try with fewer options
//   (plain layout; in the second case also at most 100 nodes and no values). It may take 1 GB of memory.
// - Where that fails too, dot is missing, or the path cannot be written to, the .dot text is kept beside the wanted
// file
//   and its path returned. It never replaces a file: where net.dot is there already, the text goes to net-1.dot and so
//   on.
// - Where that cannot be written either, the path returned is empty.
// - A PNG that would have a side above 32,767 pixels, or more than 2^27 in all, gets fewer dots per inch.
// Mistakes in the arguments throw, before anything runs. ValueError: unknown suffix, dpi not in 1..2400, a NUL
// character in the path, an undefined tensor, what to_dot() refuses; AutogradError: one that is not on
// the tape.
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
