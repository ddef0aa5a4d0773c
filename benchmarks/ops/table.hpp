// The operations that ops.sh times. A row serves both libraries: table.cpp is compiled once against each.
#pragma once

#include <vector>

#include OPS_SIDE

// `inputs` says what an operation takes, a word for each tensor: KIND:DIM,DIM,... where a kind is
//   x  float32 in [-2, 2)     p  in [0.1, 2)     w  in [-0.1, 0.1)     k  as x, l  in [0, 1), neither differentiated
//   jN int64 in [0, N)        q  bool
// and a DIM is a product of numbers and of the letters below, or a quotient (n/16); `jr` is bounded by r.
// Of a size n: r is its root; b c h h an image; s features of k sequences of k steps; e matrices of d x d;
// g heads of l queries of f numbers.
struct Row {
  const char *family, *name, *inputs;
  Tensor (*run)(Inputs);
  // f: forward only; r: random, values are not compared; S: not with 4M elements; 1: one size only, that of the shapes.
  const char* flags = "";
};
const std::vector<Row>& table();
