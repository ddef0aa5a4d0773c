// Views and the tape. A view shares the memory of its base; when an in-place change moves the base to a new node, the
// view belongs to a piece of that node's result, which is recorded when the view is used next.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Whether the base of this view moved to a new node since the view was put on one.
inline bool is_stale_view(const TensorImpl& t) { return t.base && t.base->history != t.view_history; }

// Whether t carries a tangent that counts here, see <core/tape/forward.hpp>.
[[gnu::cold]] bool shows_tangent(const TensorImpl& t);

// Whether a gradient can flow into x. Records nothing: a stale view takes one when its base does.
inline bool requires_grad(const Tensor& x) {
  const TensorImpl& t = impl(x);
  if (is_stale_view(t)) [[unlikely]]
    return t.requires_grad || t.base->grad_fn || t.base->requires_grad;
  return t.grad_fn || t.requires_grad;
}
// Whether an operation on x must be ready to be differentiated: for a gradient, or for the tangent of x.
inline bool wants_grad(const Tensor& x) {
  const TensorImpl& t = impl(x);
  if (is_stale_view(t)) [[unlikely]]
    return requires_grad(x) || (t.base->has_tangent && shows_tangent(*t.base));
  return t.grad_fn || t.requires_grad || (t.has_tangent && shows_tangent(t));
}

// Records the piece of the base that a stale view is, and puts the view on that node.
void refresh_view(TensorImpl& t);
// The node that x is a result of, null for a leaf. Refreshes a stale view first: TensorImpl::grad_fn says where it was.
inline Node* current_node(const Tensor& x) {
  TensorImpl& t = impl(x);
  if (is_stale_view(t)) [[unlikely]]
    refresh_view(t);
  return t.grad_fn;
}

// A piece of a base: both geometries in the memory of the base, whose own elements need not be contiguous.
struct ViewPiece {
  Shape shape, strides;
  std::int64_t offset;  // relative to the base's first element
  Shape base_shape, base_strides;
};
ViewPiece piece_of(const TensorImpl& base, const TensorImpl& t);
// The piece of `base`, and zeros of the base's shape with v added at the piece: differentiable operations, each the
// derivative of the other.
Tensor as_strided(const Tensor& base, const ViewPiece& piece, const Location& at);
Tensor as_strided_scatter(const Tensor& v, const ViewPiece& piece, const Location& at);

// Puts t on the node of `source`: first what may run out of memory (and the name), then the change itself.
void ready_to_link(const TensorImpl& t, const Tensor& source);
void relink(TensorImpl& t, const Tensor& source) noexcept;

}  // namespace xgrad::detail
