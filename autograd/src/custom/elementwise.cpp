#include <mutex>
#include <unordered_set>
#include <xgrad/check.hpp>
#include <xgrad/custom/elementwise.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

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
  return make_tensor(shape, impl(*in[0]).dtype, at);
}

Tensor uninitialised_like(const Tensor& t) { return make_tensor(impl(t).shape, impl(t).dtype); }

}  // namespace xgrad::detail
