// Options of pictures of graphs.
#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <mutex>  // std::chrono::seconds, at a third of what <chrono> takes to compile
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/error.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::viz {

// automatic: left to right up to 12 ranks, else downwards; but the other way where the page would be more than four
// times as long as wide and the other is not.
enum class Rankdir { automatic, left_to_right, top_to_bottom };
inline std::ostream& operator<<(std::ostream& os, Rankdir v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"automatic", "left_to_right", "top_to_bottom"});
}
// cells: numbers on coloured cells; stats: mean, deviation and range; automatic: cells where a tensor has at most 16
// numbers in rows of at most 8 and the graph at most 40 nodes.
enum class Values { automatic, off, stats, cells };
inline std::ostream& operator<<(std::ostream& os, Values v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"automatic", "off", "stats", "cells"});
}
// ghost: a parameter used again stands there as a dashed copy; shared: as one node with many edges, which Graphviz may
// take minutes for; hide: no parameters.
enum class Params { ghost, shared, hide };
inline std::ostream& operator<<(std::ostream& os, Params v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"ghost", "shared", "hide"});
}

// automatic: while a profiler::Profile is alive, stopped or not, each operation with the time it took forward and
// backward; of collapsed modules and folded blocks the sums.
enum class Time { automatic, off };
inline std::ostream& operator<<(std::ostream& os, Time v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"automatic", "off"});
}

// What each operation keeps for its backward pass: text, a line "saves x, W" (true); nodes, amber notes with type,
// shape and size; off (false).
class Saved {
 public:
  enum Choice { off, text, nodes };
  constexpr Saved(Choice choice) : choice_(choice) {}                        // NOLINT: .saved = viz::Saved::nodes
  constexpr Saved(std::same_as<bool> auto on) : choice_(on ? text : off) {}  // NOLINT: .saved = false
  constexpr operator Choice() const { return choice_; }
  friend std::ostream& operator<<(std::ostream& os, Saved v) {
    return xgrad::detail::print_choice(os, static_cast<int>(v.choice_), {"off", "text", "nodes"});
  }

 private:
  Choice choice_;
};

// Three or more equal blocks of operations in a row, drawn once: unrolled steps of a recurrence, equal layers. Equal:
// kinds of operations, shapes, types, wiring, the number of such as x * 1.5, strides, paddings, dilations, groups and
// windows of convolutions and pooling; no values. automatic: in graphs of more than 40 nodes,
// where it saves at least 8 operations; always (true); off (false).
class FoldRepeats {
 public:
  enum Choice { automatic, off, always };
  constexpr FoldRepeats(Choice choice) : choice_(choice) {}                          // NOLINT
  constexpr FoldRepeats(std::same_as<bool> auto on) : choice_(on ? always : off) {}  // NOLINT: .fold_repeats = false
  constexpr operator Choice() const { return choice_; }
  friend std::ostream& operator<<(std::ostream& os, FoldRepeats v) {
    return xgrad::detail::print_choice(os, static_cast<int>(v.choice_), {"automatic", "off", "always"});
  }

 private:
  Choice choice_;
};

// Layers that are one operation (nn::RNN, LSTM, GRU and their cells, attention without dropout) as the operations that
// they are made of, a box for each step: always (true); off (false); automatic: on pages (.html), of sequences of at
// most 8 steps. Needs what the layer read: a TapeRecorder that lives during the step, or a graph that has not been
// freed.
class Unfold {
 public:
  enum Choice { automatic, off, always };
  constexpr Unfold(Choice choice) : choice_(choice) {}                          // NOLINT
  constexpr Unfold(std::same_as<bool> auto on) : choice_(on ? always : off) {}  // NOLINT: .unfold = true
  constexpr operator Choice() const { return choice_; }
  friend std::ostream& operator<<(std::ostream& os, Unfold v) {
    return xgrad::detail::print_choice(os, static_cast<int>(v.choice_), {"automatic", "off", "always"});
  }

 private:
  Choice choice_;
};

// Modules drawn as one node each: those in a list of paths, "Net.encoder.0" or without the root "encoder.0"; or those
// that a function of the path, with the root, says yes to.
class Collapse {
 public:
  using Predicate = std::function<bool(const std::string& path)>;
  Collapse() = default;
  Collapse(std::initializer_list<std::string> paths) : paths_(paths) {}   // NOLINT: .collapse = {"encoder.0"}
  Collapse(std::vector<std::string> paths) : paths_(std::move(paths)) {}  // NOLINT
  template <std::predicate<const std::string&> F>                         //
  Collapse(F wanted) : predicate_(std::move(wanted)) {}                   // NOLINT
  const std::vector<std::string>& paths() const { return paths_; }
  const Predicate& predicate() const { return predicate_; }

 private:
  std::vector<std::string> paths_;
  Predicate predicate_;
};

struct Options {
  ByName by_name = ByName();
  Rankdir rankdir = Rankdir::automatic;
  bool backward = true;  // dashed edges, labelled with the norm of the gradient that flows
  Values values = Values::automatic;
  Saved saved = Saved::text;
  bool symbols = true;          // W[1], b[1], z[1], a[1], L beside the names, where the structure is that of a layer
  bool derivatives = true;      // local derivatives on backward edges, in graphs of at most 40 nodes
  Time time = Time::automatic;  // of each operation, when it was profiled
  bool legend = true;
  int depth = -1;  // levels of modules that are open: 0 none, 1 the outermost ones; -1 all
  Collapse collapse = {};
  FoldRepeats fold_repeats = FoldRepeats::automatic;
  Unfold unfold = Unfold::automatic;
  Params params = Params::ghost;
  // Above: repeats are folded, modules collapsed, the deepest first, and last only the part nearest the result is kept.
  // The picture says what was done.
  int max_nodes = 400;
  // The same where the page would be too large to be read on a screen, 1,600 pixels wide or high; what is long and
  // narrow is set in columns before anything is left out.
  bool fit_page = true;
  int dpi = 96;  // of PNG
  // For all of it together, about: the text and two tries of Graphviz. A busy machine may need more than that.
  std::chrono::seconds timeout{8};
  // .html, after backward(): computes the root again from the same inputs, without chance. Gradients of parameters are
  // then checked by finite differences, up to 64 numbers of each in at most 5 s. Afterwards parameters, running
  // statistics, .grad and generators are as they were, and a graph that was kept (retain_graph) can run again.
  std::function<Tensor()> recompute = {};
};

}  // namespace xgrad::viz
