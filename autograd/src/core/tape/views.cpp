#include "core/tape/views.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/record.hpp"

namespace xgrad::detail {

ViewPiece piece_of(const TensorImpl& base, const TensorImpl& t) {
  return {t.shape, t.strides, t.offset() - base.offset(), base.shape, base.strides};
}

namespace {

// Fresh memory for a base, holes included, as a 1-D tensor.
Tensor room_for(const ViewPiece& piece, DType dtype) {
  std::int64_t last = 0;
  for (int i = 0; i < piece.base_shape.rank(); ++i) last += (piece.base_shape[i] - 1) * piece.base_strides[i];
  return make_tensor({piece.base_shape.numel() == 0 ? 0 : last + 1}, dtype);
}

// Whether elements of the piece may share places beyond those of stride 0, as overlapping windows do.
bool may_overlap(const ViewPiece& piece) {
  std::array<std::pair<std::int64_t, std::int64_t>, kMaxRank> dims;
  std::size_t n = 0;
  for (int i = 0; i < piece.shape.rank(); ++i)
    if (piece.shape[i] > 1 && piece.strides[i] != 0) dims[n++] = {piece.strides[i], piece.shape[i]};
  std::sort(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(n));
  std::int64_t reach = 0;  // of the smaller steps
  for (std::size_t i = 0; i < n; ++i) {
    if (dims[i].first <= reach) return true;
    reach += dims[i].first * (dims[i].second - 1);
  }
  return false;
}

// target += v, where places may repeat: one index of a dimension at a time, until what is left does not overlap.
void add_in_pieces(const Tensor& target, const Tensor& v, const ViewPiece& piece) {
  if (!may_overlap(piece)) {
    Tensor place = target;
    return add_raw(place, v);
  }
  const auto shortest = std::min_element(piece.shape.begin(), piece.shape.end(), [](std::int64_t a, std::int64_t b) {
    return (a > 1 ? a : INT64_MAX) < (b > 1 ? b : INT64_MAX);
  });
  const std::int64_t d = shortest - piece.shape.begin();
  ViewPiece rest = piece;
  rest.shape.erase(d);
  rest.strides.erase(d);
  Shape v_strides = impl(v).strides;
  v_strides.erase(d);
  for (std::int64_t i = 0; i < piece.shape[d]; ++i)
    add_in_pieces(make_view(target, rest.shape, rest.strides, impl(target).offset() + i * piece.strides[d]),
                  make_view(v, rest.shape, v_strides, impl(v).offset() + i * impl(v).strides[d]), rest);
}

}  // namespace

Tensor as_strided(const Tensor& base, const ViewPiece& piece, const Location& at) {
  Tensor y;
  if (impl(base).strides == piece.base_strides) {
    y = make_view(base, piece.shape, piece.strides, impl(base).offset() + piece.offset);
  } else {  // a gradient, in another layout than the base
    const Tensor room = room_for(piece, impl(base).dtype);
    Tensor same = make_view(room, piece.base_shape, piece.base_strides, 0);
    copy_raw(same, base);
    y = make_view(room, piece.shape, piece.strides, piece.offset);
  }
  return detail::record_op(
      "as_strided", y, {base}, {},
      [piece](const Saved&, const Tensor& g) -> Grads { return {as_strided_scatter(g, piece, Location::current())}; },
      at);
}

// Added, not copied: a piece with stride 0 overlaps itself.
Tensor as_strided_scatter(const Tensor& v, const ViewPiece& piece, const Location& at) {
  Tensor room = room_for(piece, v.dtype());
  fill_raw(room, Scalar(0));
  Shape folded = piece.shape;
  for (int i = 0; i < folded.rank(); ++i)
    if (piece.strides[i] == 0) folded[i] = std::min<std::int64_t>(folded[i], 1);
  {
    NoGradGuard off;
    ViewPiece part = piece;
    part.shape = folded;
    add_in_pieces(make_view(room, folded, piece.strides, piece.offset), sum_to(v, folded), part);
  }
  const Tensor out = make_alias(make_view(room, piece.base_shape, piece.base_strides, 0));
  return detail::record_op(
      "as_strided_scatter", out, {v}, {},
      [piece](const Saved&, const Tensor& g) -> Grads { return {as_strided(g, piece, Location::current())}; }, at);
}

void ready_to_link(const TensorImpl& t, const Tensor& source) {
  Node* node = impl(source).grad_fn;
  if (node && t.extra && !t.extra->name.empty()) name_output(*node, impl(source).output_nr, t.extra->name);
  if (!t.retains_grad || !node) return;
  auto& retain = node->get_extra().retain;
  retain.reserve(retain.size() + 1);
}

void relink(TensorImpl& t, const Tensor& source) noexcept {
  Node* node = impl(source).grad_fn;
  if (node) retain_node(node);
  const bool retains = std::exchange(t.retains_grad, false);
  if (t.grad_fn) {
    if (retains) std::erase_if(t.grad_fn->extra->retain, [&t](const auto& r) { return r.second == &t; });
    release_node(t.grad_fn);
  }
  t.grad_fn = node;
  t.output_nr = impl(source).output_nr;
  if (!retains || !node) return;
  t.retains_grad = true;
  node->extra->retain.emplace_back(t.output_nr, &t);
}

void refresh_view(TensorImpl& t) {
  const Tensor base = share(t.base);
  GradModeGuard on(true);
  const LevelsUpTo all(kAllLevels);
  Tensor piece = as_strided(base, piece_of(*t.base, t), t.storage->changed_at);  // by the change of the base
  ready_to_link(t, piece);
  relink(t, piece);
  take_tangents(t, impl(piece));
  t.view_history = t.base->history;
  t.unrecorded_view = false;
}

}  // namespace xgrad::detail
