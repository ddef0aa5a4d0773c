// The one driver of all elementwise kernels: broadcasting, strides, types and threads are dealt with here, so that a
// kernel is a pure function over n contiguous elements.
//
// An operand that walks memory in the order of the result is handed over directly. Any other is gathered into a tile
// that stays in the first-level cache; a number that is the same everywhere fills its tile once. A kernel that goes
// over rows by itself is given all of it as it lies, where rows are contiguous or one number each.
#include <algorithm>
#include <cstring>
#include <utility>

#include <xgrad/detail/tiles.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/blocked.hpp"
#include "core/broadcast.hpp"
#include "core/elementwise_loop.hpp"
#include "core/held.hpp"
#include "core/profile/spans.hpp"
#include "core/row_tiles.hpp"
#include "core/scratch.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kTile = 2048, kLeastTile = 64;
constexpr std::int64_t kRoom = 24 << 10;                        // bytes for gathered tiles
constexpr int kMaxOperands = kMaxManyInputs + kMaxManyOutputs;  // inputs, then outputs
static_assert(kLeastTile * 8 * kMaxOperands <= kRoom);

// A kernel with one output or with several.
struct Kernel {
  TileFn one;
  ManyTilesFn many;
  const void* f;
  double ns_per_element;
  RowsFn rows = nullptr;  // of one with one output, if it has that form
  void operator()(std::int64_t n, void* const* out, const void* const* in) const {
    one ? one(f, n, out[0], in) : many(f, n, out, in);
  }
};

struct TileOperand {
  char* data;
  int item;
  bool linear;                     // element i of the result is at data + i * item
  bool constant;                   // one element for all
  bool same_rows;                  // each row of the last dimension is the same
  std::int64_t place;              // of its tile, in bytes
  std::int64_t strides[kMaxRank];  // bytes, per collapsed dimension
};

// The result's index space, in the order of its memory, with neighbouring dimensions merged wherever all operands allow
// it.
struct Plan {
  int rank = 0, operands = 0, inputs = 0;
  int order[kMaxRank];  // the dimensions of the result, its largest steps first
  std::int64_t total = 0;
  std::int64_t room = kTile;  // elements of the largest tile
  std::int64_t bytes = 0;     // of all tiles that are gathered
  std::int64_t sizes[kMaxRank];
  TileOperand op[kMaxOperands];

  void add(const Tensor& t, const Shape& shape) {
    const TensorImpl& i = impl(t);
    TileOperand& o = op[operands++];
    o.data = i.memory();
    o.item = item_size(i.dtype);
    for (int j = 0; j < shape.rank(); ++j) o.strides[j] = broadcast_stride(i, shape.rank(), order[j]);
  }

  explicit Plan(const Tensor& result) {
    const TensorImpl& i = impl(result);
    for (int d = 0; d < i.shape.rank(); ++d) {
      int at = d;
      for (; at > 0 && i.strides[order[at - 1]] < i.strides[d]; --at) order[at] = order[at - 1];
      order[at] = d;
    }
  }

  void collapse(const Shape& shape) {
    total = shape.numel();
    int r = 0;
    for (int d = 0; d < shape.rank(); ++d) {
      const std::int64_t size = shape[order[d]];
      if (size == 1) continue;
      bool merge = r > 0;
      for (int k = 0; k < operands && merge; ++k) merge = op[k].strides[r - 1] == op[k].strides[d] * size;
      if (merge) {
        sizes[r - 1] *= size;
        for (int k = 0; k < operands; ++k) op[k].strides[r - 1] = op[k].strides[d];
        continue;
      }
      sizes[r] = size;
      for (int k = 0; k < operands; ++k) op[k].strides[r] = op[k].strides[d];
      ++r;
    }
    rank = r;
    for (int k = 0; k < operands; ++k) {
      TileOperand& o = op[k];
      o.linear = o.constant = o.same_rows = true;
      std::int64_t step = o.item;
      for (int d = rank - 1; d >= 0; --d) {
        o.linear &= o.strides[d] == step;
        o.constant &= o.strides[d] == 0;
        o.same_rows &= d == rank - 1 || o.strides[d] == 0;
        step *= sizes[d];
      }
      if (rank == 0) o.constant = false;
    }
    share_room();
  }

  // Whether rows are contiguous in all operands, or one number in an input.
  bool fits_rows() const {
    if (rank == 0) return false;
    for (int k = 0; k < operands; ++k)
      if (op[k].strides[rank - 1] != op[k].item && (k >= inputs || !is_number(op[k]))) return false;
    return true;
  }
  bool is_number(const TileOperand& o) const { return o.strides[rank - 1] == 0; }

 private:
  void share_room() {
    std::int64_t item = 0;
    for (int k = 0; k < operands; ++k)
      if (op[k].data && !op[k].linear) item += op[k].item;
    while (item * room > kRoom) room /= 2;
    const std::int64_t needed = std::min(room, (total + 63) / 64 * 64);
    for (int k = 0; k < operands; ++k) {
      op[k].place = bytes;
      if (op[k].data && !op[k].linear) bytes += needed * op[k].item;
    }
  }
};

template <class T>
XGRAD_CLONES void fill_row(T* to, std::int64_t n, T value) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = value;
}

template <class T>
void copy_run(char* to, std::int64_t to_stride, const char* from, std::int64_t from_stride, std::int64_t n) {
  if (to_stride == sizeof(T) && from_stride == sizeof(T)) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    return;
  }
  if (to_stride == sizeof(T) && from_stride == 0) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return fill_row(reinterpret_cast<T*>(to), n, value);
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

// How the result is cut into tiles: several whole rows of the last dimension, or a part of one row, so that an operand
// that is contiguous along rows is handed over directly and one that is the same in all rows fills its tile once.
struct Cut {
  std::int64_t rows, row, tile;  // rows, elements in one, elements in a tile
  std::int64_t per_row;          // tiles in a row; 0: a tile has several rows
  std::int64_t rows_of_tile;     // where it has
  std::int64_t tiles;
  bool by_rows;  // by a kernel that goes over rows by itself

  Cut(const Kernel& k, const Plan& p) {
    constexpr std::int64_t kLongRow = 8;  // faster alone than beside others in a tile
    const std::int64_t room = p.room;
    row = p.rank > 0 ? p.sizes[p.rank - 1] : 1;
    rows = p.total / row;
    by_rows = k.rows && row >= kLongRow && p.fits_rows();
    per_row = row > room / 2 || by_rows ? (row + room - 1) / room : 0;
    rows_of_tile = room / row;
    tile = per_row > 0 ? room : rows_of_tile * row;
    tiles = per_row > 0 ? rows * per_row : (p.total + tile - 1) / tile;
  }
  std::int64_t begin(std::int64_t i) const { return per_row > 0 ? i / per_row * row + i % per_row * tile : i * tile; }
  std::int64_t count(std::int64_t i) const {
    return per_row > 0 ? std::min(tile, row - i % per_row * tile) : std::min(tile, rows * row - i * tile);
  }
};

// One tile after the other: where each begins, as an index in each dimension.
struct Place {
  std::int64_t begin, count;
  std::int64_t index[kMaxRank];

  Place(const Plan& p, const Cut& cut, std::int64_t tile) : begin(cut.begin(tile)), count(cut.count(tile)) {
    std::int64_t rest = begin;
    for (int d = p.rank - 1; d > 0; --d) {
      index[d] = rest % p.sizes[d];
      rest /= p.sizes[d];
    }
    index[0] = rest;
  }
  void step(const Plan& p, const Cut& cut) {
    begin += count;
    if (begin == p.total) return;
    const int last = p.rank - 1;
    cut.per_row > 0 ? index[last] += count : index[last - 1] += cut.rows_of_tile;
    for (int d = last; d > 0; --d) {
      if (index[d] < p.sizes[d]) continue;
      if (index[d] < 2 * p.sizes[d]) {  // mostly: without a division
        ++index[d - 1];
        index[d] -= p.sizes[d];
        continue;
      }
      index[d - 1] += index[d] / p.sizes[d];
      index[d] %= p.sizes[d];
    }
    count = std::min(cut.tile, (cut.per_row > 0 ? cut.row - index[last] : cut.rows * cut.row - begin));
  }
  char* of(const Plan& p, const TileOperand& o) const {
    char* at = o.data;
    for (int d = 0; d < p.rank; ++d) at += index[d] * o.strides[d];
    return at;
  }
};

// Calls f(pointer, stride, offset in the tile, count) for each run along the last dimension.
template <class F>
void for_runs(const Plan& p, const TileOperand& o, const Place& place, F&& f) {
  std::int64_t index[kMaxRank];
  std::copy_n(place.index, p.rank, index);
  char* at = place.of(p, o);
  const int last = p.rank - 1;
  for (std::int64_t i = 0; i < place.count;) {
    const std::int64_t n = std::min(p.sizes[last] - index[last], place.count - i);
    f(at, o.strides[last], i, n);
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

// The operand's own memory, where the tile is contiguous there; else null.
char* own_memory(const Plan& p, const TileOperand& o, const Cut& cut, const Place& place) {
  if (o.linear) return o.data + place.begin * o.item;
  return cut.per_row > 0 && o.strides[p.rank - 1] == o.item ? place.of(p, o) : nullptr;
}

// The tile of an input: its own memory where possible, else gathered into `buffer`, unless that was filled before.
// `column`: the element that it was filled with, where it is one for a whole row.
const void* input_tile(const Plan& p, const TileOperand& o, const Cut& cut, const Place& place, char* buffer,
                       const char*& column) {
  if (char* own = own_memory(p, o, cut, place)) return own;
  if (o.constant || (o.same_rows && cut.per_row == 0)) return buffer;
  if (cut.per_row > 0) {
    const char* from = place.of(p, o);
    const std::int64_t stride = o.strides[p.rank - 1];
    if (stride != 0)
      copy_items(o.item, buffer, o.item, from, stride, place.count);
    else if (std::exchange(column, from) != from)
      copy_items(o.item, buffer, o.item, from, 0, std::min(cut.tile, cut.row));
    return buffer;
  }
  for_runs(p, o, place, [&](char* from, std::int64_t stride, std::int64_t offset, std::int64_t n) {
    copy_items(o.item, buffer + offset * o.item, o.item, from, stride, n);
  });
  return buffer;
}

// Fills the tiles that are the same everywhere.
void fill_once(const Plan& p, const TileOperand& o, const Cut& cut, char* buffer) {
  if (o.linear) return;
  if (o.constant) return copy_items(o.item, buffer, o.item, o.data, 0, std::min(cut.tile, p.total));
  if (!o.same_rows || cut.per_row > 0) return;
  for (std::int64_t i = 0; i < std::min(cut.tile, p.total); i += cut.row)
    copy_items(o.item, buffer + i * o.item, o.item, o.data, o.strides[p.rank - 1], cut.row);
}

// Rows as they lie, several at once where they are short: what operands point to goes on by their strides.
void run_rows(const Kernel& k, const Plan& p, const Cut& cut, std::int64_t first, std::int64_t last) {
  const int down = p.rank - 2;
  while (first < last) {
    const Place place(p, cut, first);
    const bool whole = cut.per_row == 1 && down >= 0;
    Rows r{whole ? std::min(last - first, p.sizes[down] - place.index[down]) : 1, place.count, {}, {}};
    const auto operand = [&](const TileOperand& o) {
      return Rows::Operand{place.of(p, o), down < 0 ? 0 : o.strides[down], p.is_number(o)};
    };
    for (int j = 0; j < p.inputs; ++j) r.in[j] = operand(p.op[j]);
    r.out = operand(p.op[p.inputs]);
    k.rows(k.f, r);
    first += r.rows;
  }
}

// room: memory for the tiles that are gathered.
void run_gathered(const Kernel& k, const Plan& p, const Cut& cut, std::int64_t first, std::int64_t last, char* room) {
  const auto buffer = [&](int operand) { return room + p.op[operand].place; };
  const void* in[kMaxManyInputs];
  void* out[kMaxManyOutputs];
  const char* columns[kMaxManyInputs] = {};
  for (int j = 0; j < p.inputs; ++j) fill_once(p, p.op[j], cut, buffer(j));
  for (Place place(p, cut, first); first < last; ++first, place.step(p, cut)) {
    for (int j = 0; j < p.inputs; ++j) in[j] = input_tile(p, p.op[j], cut, place, buffer(j), columns[j]);
    for (int j = p.inputs; j < p.operands; ++j) {
      const TileOperand& o = p.op[j];
      char* own = o.data ? own_memory(p, o, cut, place) : nullptr;
      out[j - p.inputs] = !o.data ? nullptr : own ? own : buffer(j);
    }
    k(place.count, out, in);
    for (int j = p.inputs; j < p.operands; ++j) {
      const TileOperand& o = p.op[j];
      if (!o.data || own_memory(p, o, cut, place)) continue;
      for_runs(p, o, place, [&](char* to, std::int64_t stride, std::int64_t offset, std::int64_t n) {
        copy_items(o.item, to, stride, buffer(j) + offset * o.item, o.item, n);
      });
    }
  }
}

void run_range(const Kernel& k, const Plan& p, const Cut& cut, std::int64_t first, std::int64_t last) {
  if (cut.by_rows) return run_rows(k, p, cut, first, last);
  with_scratch<kRoom>(static_cast<std::size_t>(p.bytes),
                      [&](char* room) { run_gathered(k, p, cut, first, last, room); });
}

// An operand that is contiguous in another order than the result is laid out first: reading it in squares is many times
// faster than element by element.
bool is_turned(const Tensor& t, const Tensor& result) {
  constexpr std::int64_t kWorthwhile = 4096;
  const TensorImpl &i = impl(t), &r = impl(result);
  if (i.contiguous || i.numel < kWorthwhile || i.shape != r.shape) return false;
  bool turned = false;
  for (int d = 0; d < r.shape.rank(); ++d) {
    if (r.shape[d] == 1) continue;
    if (r.strides[d] == 1 && i.strides[d] <= 1) return false;
    turned |= r.strides[d] != 1 && i.strides[d] == 1;
  }
  return turned;
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
  if (static_cast<double>(numel) * k.ns_per_element < kThreadNs) return range(0, numel);
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
  for (int j = 0; j < n_in; ++j)  // before other threads ask
    if (is_held(*in[j])) [[unlikely]]
      impl(*in[j]).memory();
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
  Plan p(*first);
  Tensor laid_out[kMaxManyInputs];
  for (int j = 0; j < n_in; ++j) {
    if (is_turned(*in[j], *first)) laid_out[j] = contiguous_copy(*in[j]);
    p.add(laid_out[j].defined() ? laid_out[j] : *in[j], shape);
  }
  p.inputs = n_in;
  for (int j = 0; j < n_out; ++j) {
    p.add(out[j].defined() ? out[j] : *first, shape);
    if (!out[j].defined()) p.op[p.operands - 1].data = nullptr;
  }
  p.collapse(shape);
  const Cut cut(k, p);
  const std::int64_t longest = std::min(cut.tile, cut.per_row > 0 ? cut.row : p.total);
  const double tile_ns = k.ns_per_element * static_cast<double>(longest);
  parallel_for(cut.tiles, grain_for(tile_ns),
               [&](std::int64_t first, std::int64_t last) { run_range(k, p, cut, first, last); });
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
  if (is_made_later(out)) [[unlikely]] {
    if (hold_back(k, nullptr, out, in, n_in)) return;
    impl(out).memory();
  }
  run_kernel({k.fn, nullptr, k.f, k.ns_per_element}, &out, 1, in, n_in);
  if (is_profiled()) [[unlikely]]
    span_goes_on(false);
}

void run_row_tiles(const RowKernel& k, Tensor& out, const Tensor* const* in, int n_in) {
  if (is_made_later(out)) [[unlikely]] {
    if (hold_back(k.plain, k.rows, out, in, n_in)) return;
    impl(out).memory();
  }
  run_kernel({k.plain.fn, nullptr, k.plain.f, k.plain.ns_per_element, k.rows}, &out, 1, in, n_in);
  if (is_profiled()) [[unlikely]]
    span_goes_on(false);
}

void run_many_tiles(const ManyTilesKernel& k, const Tensor* out, int n_out, const Tensor* const* in, int n_in) {
  for (int j = 0; j < n_out; ++j)
    if (out[j].defined() && is_made_later(out[j])) [[unlikely]]
      impl(out[j]).memory();
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
  std::int64_t largest = 0;
  for (int j = 0; j < n_in; ++j) {
    plain &= impl(*in[j]).has_memory();
    largest = std::max(largest, impl(*in[j]).numel);
  }
  if (largest >= least_held.load(std::memory_order_relaxed)) [[unlikely]]
    if (Tensor later = make_later(*shape, out, in, n_in); later.defined()) return later;
  if (!plain && item_size(out) == 4)
    if (const std::int64_t block = common_block(in, n_in, *shape)) return make_blocked_tensor(*shape, out, block);
  return make_tensor(*shape, out);
}

}  // namespace xgrad::detail
