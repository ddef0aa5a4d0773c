#include <mutex>
#include <unordered_set>

#include <xgrad/check.hpp>
#include <xgrad/custom/elementwise_op.hpp>
#include <xgrad/record.hpp>

#include "core/overlap.hpp"
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

const char* backward_name(const char* name) { return intern(std::string(name) + "_backward"); }

Tensor custom_output(const char* name, const Tensor* const* in, int n_in, const Location& at) {
  for (int j = 0; j < n_in; ++j) {
    require_defined(name, *in[j], at);
    require_floating(name, *in[j], at);
  }
  for (int j = 1; j < n_in; ++j) require_same_dtype(name, *in[0], *in[j], at);
  Shape shape = impl(*in[0]).shape;
  for (int j = 1; j < n_in; ++j)
    if (!(impl(*in[j]).shape == shape)) shape = broadcast_shapes(name, shape, impl(*in[j]).shape, at);
  return tile_output(in, n_in, impl(*in[0]).dtype);
}

Tensor uninitialised_like(const Tensor& t) {
  const Tensor* list[] = {&t};
  return tile_output(list, 1, impl(t).dtype);
}

Tensor gradient_room(const Tensor& g) { return is_sole_owner(g) ? g : uninitialised_like(g); }

Grads times_partials(const Saved& s, const Tensor& g, std::size_t n) {
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
  const bool wide = g.dtype() == DType::float64;
  run_many_tiles({wide ? &multiply_all<double> : &multiply_all<float>, &count, 0.2}, out, count, list, count + 1);
  return grads;
}

}  // namespace xgrad::detail
