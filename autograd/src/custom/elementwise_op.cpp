#include <algorithm>
#include <mutex>
#include <unordered_set>

#include <xgrad/check.hpp>
#include <xgrad/custom/elementwise_op.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/overlap.hpp"
#include "core/running_op.hpp"
#include "core/tape/node.hpp"
#include "core/tape/reuse.hpp"

namespace xgrad::detail {
namespace {

// in: g, then partial derivatives; out: their products.
template <class T>
void multiply_all(const void* count, std::int64_t n, void* const* out, const void* const* in) {
  const int outputs = *static_cast<const int*>(count);
  run_simd([=](auto bytes) XGRAD_INLINED {
    using V = Vec<T, bytes>;
    for (std::int64_t i = 0; i < n; i += V::lanes) {
      const Cursor<V> c(i, n);
      const V g = c.load(in[0]);
      for (int j = 0; j < outputs; ++j) c.store(out[j], g * c.load(in[j + 1]));
    }
  });
}

}  // namespace

const char* intern(const std::string& text) {
  static std::mutex mutex;
  static auto& names = *new std::unordered_set<std::string>;  // never destroyed: nodes may outlive static objects
  std::lock_guard lock(mutex);
  return names.insert(text).first->c_str();
}

const char* backward_name(const Saved& s) { return intern(std::string(Node::of(s)->op.name) + "_backward"); }
Location place_of(const Saved& s) { return Node::of(s)->at; }

namespace {

// The named checks, for inputs that do not pass all of them.
[[gnu::cold, gnu::noinline]] void check_inputs(const char* name, const Tensor* const* in, int n_in,
                                               const Location& at) {
  for (int j = 0; j < n_in; ++j) {
    require_defined(name, *in[j], at);
    require_floating(name, *in[j], at);
  }
  for (int j = 1; j < n_in; ++j) require_same_dtype(name, *in[0], *in[j], at);
}

}  // namespace

Tensor custom_output(const char* name, const Tensor* const* in, int n_in, const Location& at) {
  note_op(name, at);
  for (int j = 0; j < n_in; ++j)
    if (!in[j]->defined() || !is_floating(impl(*in[j]).dtype) || impl(*in[j]).dtype != impl(*in[0]).dtype) [[unlikely]]
      check_inputs(name, in, n_in, at);
  Shape shape = impl(*in[0]).shape;
  for (int j = 1; j < n_in; ++j)
    if (!(impl(*in[j]).shape == shape)) shape = broadcast_shapes(name, shape, impl(*in[j]).shape, at);
  return tile_output(in, n_in, impl(*in[0]).dtype);
}

Tensor uninitialised_like(const Tensor& t) {
  const Tensor* list[] = {&t};
  return tile_output(list, 1, impl(t).dtype);
}

namespace {

// Memory for a gradient made from g, which is not read afterwards: g's own when nobody else can see it.
Tensor gradient_room(const Tensor& g) { return is_sole_owner(g) ? g : uninitialised_like(g); }

// Longer arrays are worth more than one of a few threads, and a tensor for each partial derivative costs little there.
constexpr std::int64_t kTogether = 2048;

// Undefined gradients, to be filled in, without memory from the heap for up to four.
Grads grads_for(std::size_t n) {
  const Tensor none;
  switch (n) {
    case 1:
      return {none};
    case 2:
      return {none, none};
    case 3:
      return {none, none, none};
    case 4:
      return {none, none, none, none};
    default:
      return std::vector<Tensor>(n);
  }
}

ManyTilesFn multiply_fn(DType dtype) { return dtype == DType::float64 ? &multiply_all<double> : &multiply_all<float>; }

// The partial derivatives stand behind one another in `all`.
Grads times_together(const Saved& s, const Tensor& gradient, std::size_t n, std::uint32_t together, const Tensor& all) {
  Grads grads = grads_for(n);
  bool write_over = is_sole_owner(gradient);
  for (std::size_t j = 0; j < n; ++j) {
    (void)s[j];  // notices an input that was overwritten, as if it were read
    if (s.needs(j) && (together >> j & 1))
      grads[j] = std::exchange(write_over, false) ? gradient : make_tensor(impl(gradient).shape, impl(gradient).dtype);
  }
  const Tensor g = contiguous_copy(gradient);
  const std::int64_t bytes = impl(g).numel * item_size(impl(g).dtype);
  const char* partial = impl(all).memory();
  const void* in[kMaxCustomInputs + 1] = {impl(g).memory()};
  void* out[kMaxCustomInputs];
  int count = 0;
  for (std::size_t j = 0; j < n; ++j) {
    if (!(together >> j & 1)) continue;
    if (grads[j].defined()) {
      in[count + 1] = partial;
      out[count++] = impl(grads[j]).memory();
    }
    partial += bytes;
  }
  if (count > 0) multiply_fn(impl(g).dtype)(&count, impl(g).numel, out, in);
  return grads;
}

}  // namespace

Tensor run_partials_together(const ManyTilesKernel& k, Tensor& value, const bool* wanted, const Tensor* const* in,
                             int n_in) {
  const TensorImpl& y = impl(value);
  if (y.numel > kTogether || !y.has_memory()) return Tensor();
  for (int j = 0; j < n_in; ++j)
    if (!impl(*in[j]).contiguous || impl(*in[j]).numel != y.numel) return Tensor();
  const std::int64_t count = std::count(wanted, wanted + n_in, true);
  Tensor all = make_tensor({count, y.numel}, y.dtype);
  const void* from[kMaxCustomInputs];
  void* to[kMaxCustomInputs + 1] = {y.memory()};
  char* place = impl(all).memory();
  for (int j = 0; j < n_in; ++j) {
    from[j] = impl(*in[j]).memory();
    to[j + 1] = wanted[j] ? place : nullptr;
    if (wanted[j]) place += y.numel * item_size(y.dtype);
  }
  if (y.numel > 0) k.fn(k.f, y.numel, to, from);
  return all;
}

Grads run_gradients(const ManyTilesKernel& k, const Saved& s, const Tensor& g, std::size_t n) {
  Grads grads = grads_for(n);
  Tensor in[kMaxCustomInputs], out[kMaxCustomInputs];
  const Tensor* list[kMaxCustomInputs + 1] = {&g};
  const void* from[kMaxCustomInputs + 1];
  void* to[kMaxCustomInputs] = {};
  const std::int64_t numel = impl(g).numel;
  const auto is_plain = [numel](const TensorImpl& t) { return t.contiguous && t.numel == numel && t.has_memory(); };
  bool plain = numel > 0 && numel <= kTogether && is_plain(impl(g)), shares = false;
  for (std::size_t j = 0; j < n; ++j) {
    in[j] = s[j];
    list[j + 1] = &in[j];
    plain = plain && is_plain(impl(in[j]));
    if (s.needs(j)) grads[j] = std::exchange(shares, true) ? uninitialised_like(g) : gradient_room(g);
  }
  if (!plain) {
    for (std::size_t j = 0; j < n; ++j) out[j] = grads[j];
    run_many_tiles(k, out, static_cast<int>(n), list, static_cast<int>(n) + 1);
    return grads;
  }
  from[0] = impl(g).memory();
  for (std::size_t j = 0; j < n; ++j) {
    from[j + 1] = impl(in[j]).memory();
    to[j] = grads[j].defined() ? impl(grads[j]).memory() : nullptr;
  }
  k.fn(k.f, numel, to, from);
  return grads;
}

Grads times_partials(const Saved& s, const Tensor& g, std::size_t n, std::uint32_t together) {
  if (together) return times_together(s, g, n, together, s[n]);
  std::vector<Tensor> grads(n);
  Tensor in[kMaxCustomInputs], out[kMaxCustomInputs];
  const Tensor* list[kMaxCustomInputs + 1] = {&g};
  int count = 0;
  for (std::size_t j = 0; j < n; ++j) {
    (void)s[j];  // notices an input that was overwritten, as if it were read
    if (!s.needs(j)) continue;
    in[count] = s[n + j];
    out[count] = grads[j] = count == 0 ? gradient_room(g) : uninitialised_like(g);
    list[count + 1] = &in[count];
    ++count;
  }
  run_many_tiles({multiply_fn(g.dtype()), &count, 0.2}, out, count, list, count + 1);
  return grads;
}

}  // namespace xgrad::detail
