// Lab 6: a convolution.
// Fill the places with todo(); README.md beside this file tells what belongs there.
#pragma once

#include <cstddef>

#include "engine.hpp"
#include "todo.hpp"

// Element (n, c, i, j) of an array of four dimensions.
inline double& at(Array& a, int n, int c, int i, int j) {
  return a.data[static_cast<std::size_t>(((n * a.shape[1] + c) * a.shape[2] + i) * a.shape[3] + j)];
}
inline double at(const Array& a, int n, int c, int i, int j) {
  return a.data[static_cast<std::size_t>(((n * a.shape[1] + c) * a.shape[2] + i) * a.shape[3] + j)];
}

// How many places a kernel of size k has on n pixels with padding on both sides: (n + 2 padding - k) / stride + 1.
inline int places(int n, int k, int stride, int padding) {
  // TODO
  course::todo("places: the formula above");
}

// Calls f(n, o, c, i, j, u, v, row, column) for each product of the sum
//   y[n, o, i, j] = b[o] + Σ over c, u, v of w[o, c, u, v] x[n, c, row, column],
//   row = i stride + u - padding,  column = j stride + v - padding,
// leaving out those with row or column outside of the picture. y is the shape of the result, x that of the picture.
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F f) {
  // TODO
  course::todo("for_each_product: seven loops, and a test whether row and column are inside");
}

// x (m, channels, height, width), w (outputs, channels, k, l), b (outputs) -> y (m, outputs, places, places).
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  // TODO
  course::todo("conv_forward: the bias everywhere, then every product is added to y");
}

// ∂L/∂x, in the shape of x; g = ∂L/∂y.
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  // TODO
  course::todo("conv_grad_x: every product again; what goes where now?");
}

// ∂L/∂w, in the shape of w.
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  // TODO
  course::todo("conv_grad_w: the same, with the other factor");
}

// ∂L/∂b, one number for each output.
inline Array conv_grad_b(const Array& g) {
  // TODO
  course::todo("conv_grad_b: each bias was added in many places");
}

// The four of them as one operation of the engine.
inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b},
              [x, w, b, stride, padding](const Array& g) {
                accumulate(x, conv_grad_x(g, x->value, w->value, stride, padding));
                accumulate(w, conv_grad_w(g, x->value, w->value, stride, padding));
                accumulate(b, conv_grad_b(g));
              });
}
