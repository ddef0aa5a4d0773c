// The chain rule of a recorded graph, step by step: what each operation receives, its local derivatives, what it sends.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/tape.hpp>

#include "explorer/local_derivative.hpp"
#include "picture.hpp"

namespace xgrad::viz {

// One input of one operation: incoming gradient times local derivative.
struct Term {
  std::size_t position = 0;  // among the inputs
  Tensor sent;
  Tensor so_far, total;   // of the gradient of what the input is, before and after this use
  int use = 1, uses = 1;  // this one, counted in the order of the backward pass, of all
  std::optional<LocalDerivative> local;
  bool elementwise = false;  // of one that is too large for `local`: each number of the result from that at its place
};

struct ChainStep {
  std::size_t op = 0;
  std::vector<Tensor> incoming;  // by output; undefined where none arrived
  std::vector<Tensor> outside;   // by output: the part of it that the terms do not explain, see Chain::leaf_outside
  std::vector<Term> terms;
  std::string problem;  // why the operation could not be run again
  // Inputs of which the results are the sum: y = sum of J_k x_k. Empty when that does not hold.
  std::vector<std::size_t> linear_in;
};

struct Chain {
  std::vector<ChainStep> steps;                                    // in the order of the backward pass
  std::map<std::pair<std::int64_t, std::uint32_t>, Tensor> grads;  // of results
  std::map<const void*, Tensor> leaf_grads;                        // by Tensor::id()
  // Of leaves, likewise: what a hook changed, or what other results of the same backward pass sent. Undefined: nothing.
  std::map<const void*, Tensor> leaf_outside;
  Tensor seed;              // the gradient of the root that backward() began with
  bool ran_here = false;    // the gradients are not those of a backward pass of the program, but computed for the page
  bool incomplete = false;  // there was no time for all local derivatives
};

// first: operations before this one are not looked at.
Chain build_chain(const Recorded& recorded, std::size_t first);

}  // namespace xgrad::viz
