// The one driver of all elementwise kernels: broadcasting, strides, types and threads are dealt with here, so that a
// kernel is a pure function over n contiguous elements.
//
// An operand that walks memory in the order of the result is handed over directly. Any other is gathered into a tile
// that stays in the first-level cache; a number that is the same everywhere fills its tile once.
#include <algorithm>
#include <cstring>
#include <xgrad/custom/tiles.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/parallel.hpp>

#include "core/blocked.hpp"
#include "core/elementwise_loop.hpp"
#include "core/node.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kTile = 1024, kSmallTile = 256;  // the small one for many operands
constexpr int kFewOperands = kMaxTileInputs + 1;
constexpr int kMaxOperands = kMaxManyInputs + kMaxManyOutputs;  // inputs, then outputs

// A kernel with one output or with several.
struct Kernel {
  TileFn one;
  ManyTilesFn many;
  const void* f;
  double ns_per_element;
  void operator()(std::int64_t n, void* const* out, const void* const* in) const {
    one ? one(f, n, out[0], in) : many(f, n, out, in);
  }
};

struct Operand {
  char* data;
  int item;
  bool linear;                     // element i of the result is at data + i * item
  bool constant;                   // one element for all
  std::int64_t strides[kMaxRank];  // bytes, per collapsed dimension
};

// The result's index space with neighbouring dimensions merged wherever all operands allow it.
struct Plan {
  int rank = 0, operands = 0, inputs = 0;
  std::int64_t total = 0;
  std::int64_t sizes[kMaxRank];
  Operand op[kMaxOperands];

  void add(const Tensor& t, const Shape& shape) {
    const TensorImpl& i = impl(t);
    Operand& o = op[operands++];
    o.data = i.memory();
    o.item = item_size(i.dtype);
    const int lead = shape.rank() - i.shape.rank();
    for (int d = 0; d < shape.rank(); ++d)
      o.strides[d] = d < lead || i.shape[d - lead] == 1 ? 0 : i.strides[d - lead] * o.item;
  }

  void collapse(const Shape& shape) {
    total = shape.numel();
    int r = 0;
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == 1) continue;
      bool merge = r > 0;
      for (int k = 0; k < operands && merge; ++k) merge = op[k].strides[r - 1] == op[k].strides[d] * shape[d];
      if (merge) {
        sizes[r - 1] *= shape[d];
        for (int k = 0; k < operands; ++k) op[k].strides[r - 1] = op[k].strides[d];
        continue;
      }
      sizes[r] = shape[d];
      for (int k = 0; k < operands; ++k) op[k].strides[r] = op[k].strides[d];
      ++r;
    }
    rank = r;
    for (int k = 0; k < operands; ++k) {
      Operand& o = op[k];
      o.linear = o.constant = true;
      std::int64_t step = o.item;
      for (int d = rank - 1; d >= 0; --d) {
        o.linear &= o.strides[d] == step;
        o.constant &= o.strides[d] == 0;
        step *= sizes[d];
      }
      if (rank == 0) o.constant = false;
    }
  }
};

template <class T>
void copy_run(char* to, std::int64_t to_stride, const char* from, std::int64_t from_stride, std::int64_t n) {
  if (to_stride == sizeof(T) && from_stride == sizeof(T)) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) std::memcpy(to + i * to_stride, from + i * from_stride, sizeof(T));
}

void copy_items(int item, char* to, std::int64_t to_stride, const char* from, std::int64_t from_stride,
                std::int64_t n) {
  switch (item) {
    case 1:
      return copy_run<std::uint8_t>(to, to_stride, from, from_stride, n);
    case 4:
      return copy_run<std::uint32_t>(to, to_stride, from, from_stride, n);
    default:
      return copy_run<std::uint64_t>(to, to_stride, from, from_stride, n);
  }
}

// Calls f(pointer, stride, offset in the tile, count) for each run along the last dimension of elements [begin, end).
template <class F>
void for_runs(const Plan& p, const Operand& o, std::int64_t begin, std::int64_t end, F&& f) {
  std::int64_t index[kMaxRank];
  std::int64_t rest = begin;
  char* at = o.data;
  for (int d = p.rank - 1; d >= 0; --d) {
    index[d] = rest % p.sizes[d];
    rest /= p.sizes[d];
    at += index[d] * o.strides[d];
  }
  const int last = p.rank - 1;
  for (std::int64_t i = begin; i < end;) {
    const std::int64_t n = std::min(p.sizes[last] - index[last], end - i);
    f(at, o.strides[last], i - begin, n);
    i += n;
    at += n * o.strides[last];
    index[last] += n;
    for (int d = last; d > 0 && index[d] == p.sizes[d]; --d) {
      at += o.strides[d - 1] - index[d] * o.strides[d];
      index[d] = 0;
      ++index[d - 1];
    }
  }
}

// The tile of an input: its own memory where possible, else gathered into `buffer`.
const void* input_tile(const Plan& p, const Operand& o, std::int64_t begin, std::int64_t end, char* buffer) {
  if (o.linear) return o.data + begin * o.item;
  if (o.constant) return buffer;  // filled by the caller
  const void* direct = nullptr;
  for_runs(p, o, begin, end, [&](char* from, std::int64_t stride, std::int64_t offset, std::int64_t n) {
    if (stride == o.item && n == end - begin) {
      direct = from;
      return;
    }
    copy_items(o.item, buffer + offset * o.item, o.item, from, stride, n);
  });
  return direct ? direct : buffer;
}

void run_range(const Kernel& k, const Plan& p, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kRoom = std::max(kFewOperands * kTile, kMaxOperands * kSmallTile) * 8;
  alignas(64) char room[kRoom];
  const std::int64_t tile = p.operands <= kFewOperands ? kTile : kSmallTile;
  const auto buffer = [&](int operand) { return room + operand * tile * 8; };
  const void* in[kMaxManyInputs];
  void* out[kMaxManyOutputs];
  for (int j = 0; j < p.inputs; ++j)
    if (p.op[j].constant && !p.op[j].linear)
      copy_items(p.op[j].item, buffer(j), p.op[j].item, p.op[j].data, 0, std::min(tile, end - begin));
  for (std::int64_t i = begin; i < end; i += tile) {
    const std::int64_t stop = std::min(i + tile, end);
    for (int j = 0; j < p.inputs; ++j) in[j] = input_tile(p, p.op[j], i, stop, buffer(j));
    for (int j = p.inputs; j < p.operands; ++j) {
      const Operand& o = p.op[j];
      out[j - p.inputs] = !o.data ? nullptr : o.linear ? o.data + i * o.item : buffer(j);
    }
    k(stop - i, out, in);
    for (int j = p.inputs; j < p.operands; ++j) {
      const Operand& o = p.op[j];
      if (!o.data || o.linear) continue;
      for_runs(p, o, i, stop, [&](char* to, std::int64_t stride, std::int64_t offset, std::int64_t n) {
        copy_items(o.item, to, stride, buffer(j) + offset * o.item, o.item, n);
      });
    }
  }
}

void run_linear(const Kernel& k, std::int64_t numel, const Tensor* out, int n_out, const Tensor* const* in, int n_in) {
  auto range = [&](std::int64_t begin, std::int64_t end) {
    const void* p[kMaxManyInputs];
    void* q[kMaxManyOutputs];
    const auto at = [begin](const TensorImpl& t) { return t.memory() + begin * item_size(t.dtype); };
    for (int j = 0; j < n_in; ++j) p[j] = at(impl(*in[j]));
    for (int j = 0; j < n_out; ++j) q[j] = out[j].defined() ? at(impl(out[j])) : nullptr;
    k(end - begin, q, p);
  };
  if (static_cast<double>(numel) * k.ns_per_element < 3000) return range(0, numel);
  parallel_cost(numel, k.ns_per_element, range);
}

// Whether t can be had in the blocked form of a tensor of this shape.
bool fits_blocks(const Tensor& t, const Shape& shape) {
  return impl(t).shape == shape && item_size(impl(t).dtype) == 4;
}

// Over blocked memory, if the outputs have it and the inputs are of their shape; those in another form are copied. A
// result in blocks most likely meets a convolution next. False: it was not done.
bool run_blocked(const Kernel& k, const Tensor* out, int n_out, const Tensor* const* in, int n_in) {
  BlockedRef forms[kMaxOperands];
  const BlockedRef* first = nullptr;
  for (int j = 0; j < n_out; ++j) {
    if (!out[j].defined()) continue;
    forms[j] = blocked_form(out[j]);
    if (!forms[j] || (first && forms[j].layout() != first->layout())) return false;
    first = &forms[j];
  }
  const Shape& shape = impl(out[first - forms]).shape;
  for (int j = 0; j < n_in; ++j) {
    if (!fits_blocks(*in[j], shape)) return false;
    forms[n_out + j] = to_blocked(*in[j], first->layout());
  }
  const auto at = [&](int j, std::int64_t element) { return forms[j] ? forms[j].data<float>() + element : nullptr; };
  parallel_cost(first->layout().numel(), k.ns_per_element, [&](std::int64_t begin, std::int64_t end) {
    const void* p[kMaxManyInputs];
    void* q[kMaxManyOutputs];
    for (int j = 0; j < n_out; ++j) q[j] = at(j, begin);
    for (int j = 0; j < n_in; ++j) p[j] = at(n_out + j, begin);
    k(end - begin, q, p);
  });
  return true;
}

// Outputs have one shape; undefined ones are left out.
void run_kernel(const Kernel& k, const Tensor* out, int n_out, const Tensor* const* in, int n_in) {
  const Tensor* first = nullptr;
  for (int j = n_out - 1; j >= 0; --j)
    if (out[j].defined()) first = &out[j];
  if (!first || impl(*first).numel == 0) return;
  if (!impl(*first).has_memory() && run_blocked(k, out, n_out, in, n_in)) return;
  const Shape& shape = impl(*first).shape;
  const std::int64_t numel = impl(*first).numel;
  bool linear = true;
  for (int j = 0; j < n_out && linear; ++j) linear = !out[j].defined() || impl(out[j]).contiguous;
  for (int j = 0; j < n_in && linear; ++j) {
    const TensorImpl& t = impl(*in[j]);
    linear = t.contiguous && t.numel == numel;  // broadcast of equal counts only adds dimensions of size 1
  }
  if (linear) return run_linear(k, numel, out, n_out, in, n_in);
  Plan p;
  for (int j = 0; j < n_in; ++j) p.add(*in[j], shape);
  p.inputs = n_in;
  for (int j = 0; j < n_out; ++j) {
    p.add(out[j].defined() ? out[j] : *first, shape);
    if (!out[j].defined()) p.op[p.operands - 1].data = nullptr;
  }
  p.collapse(shape);
  if (static_cast<double>(p.total) * k.ns_per_element < 3000) return run_range(k, p, 0, p.total);
  parallel_cost(p.total, k.ns_per_element, [&](std::int64_t begin, std::int64_t end) { run_range(k, p, begin, end); });
}

// The block in which run_blocked() could go over these inputs; 0: it could not, or there is no reason to.
std::int64_t common_block(const Tensor* const* in, int n_in, const Shape& shape) {
  std::int64_t block = 0;
  for (int j = 0; j < n_in; ++j) {
    if (!fits_blocks(*in[j], shape)) return 0;
    if (const BlockedRef form = block == 0 ? blocked_form(*in[j]) : BlockedRef()) block = form.layout().block;
  }
  return block;
}

}  // namespace

void run_tiles(const TileKernel& k, Tensor& out, const Tensor* const* in, int n_in) {
  run_kernel({k.fn, nullptr, k.f, k.ns_per_element}, &out, 1, in, n_in);
}

void run_many_tiles(const ManyTilesKernel& k, const Tensor* out, int n_out, const Tensor* const* in, int n_in) {
  run_kernel({nullptr, k.fn, k.f, k.ns_per_element}, out, n_out, in, n_in);
}

DType tile_dtype(const Tensor* const* in, int n_in) {
  for (int j = 0; j < n_in; ++j) require_floating("elementwise", *in[j], {});
  for (int j = 1; j < n_in; ++j) require_same_dtype("elementwise", *in[0], *in[j], {});
  return impl(*in[0]).dtype;
}

Tensor tile_output(const Tensor* const* in, int n_in, DType out) {
  const Shape* shape = &impl(*in[0]).shape;
  Shape wide;
  for (int j = 1; j < n_in; ++j) {
    const Shape& s = impl(*in[j]).shape;
    if (s == *shape) continue;
    wide = broadcast_shapes("elementwise", *shape, s, {});
    shape = &wide;
  }
  bool plain = true;
  for (int j = 0; j < n_in; ++j) plain &= impl(*in[j]).has_memory();
  if (!plain && item_size(out) == 4)
    if (const std::int64_t block = common_block(in, n_in, *shape)) return make_blocked_tensor(*shape, out, block);
  return make_tensor(*shape, out);
}

bool any_wants_grad(const Tensor* const* in, int n_in) {
  for (int j = 0; j < n_in; ++j)
    if (in[j]->defined() && wants_grad(*in[j])) return true;
  return false;
}

}  // namespace xgrad::detail
