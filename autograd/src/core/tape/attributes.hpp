// Operations whose attributes pictures compare: two convolutions with equal shapes may differ in their strides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <xgrad/record.hpp>

namespace xgrad::detail {

struct Node;

// Not 0.
std::size_t key_of(std::initializer_list<std::int64_t> numbers);

// A backward function f(attributes, saved, gradient). A is described by std::size_t attributes_key(const A&).
template <class A, class F>
struct AttributesFirst {
  A attributes;
  [[no_unique_address]] F f;
  Grads operator()(const Saved& s, const Tensor& g) const { return f(attributes, s, g); }
};

// How the closures that belong to a backward function are read.
using AttributesReader = std::size_t (*)(const void* closure);
bool know_attributes(BackwardFn backward, AttributesReader read);

// record() for such an operation.
template <class A, class F>
Tensor record_with_attributes(const char* name, const A& attributes, Tensor output, const TensorRefs& inputs,
                              const TensorRefs& saved, F f, const Location& at = Location::current()) {
  using Backward = AttributesFirst<A, F>;
  [[maybe_unused]] static const bool known = know_attributes(&call_backward<Backward>, [](const void* closure) {
    return attributes_key(static_cast<const Backward*>(closure)->attributes);
  });
  return record(name, std::move(output), inputs, saved, Backward{attributes, f}, at);
}

// 0 for an operation without any.
std::size_t attributes_of(Node& n);

}  // namespace xgrad::detail
