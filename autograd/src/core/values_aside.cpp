#include <xgrad/detail/values_aside.hpp>

#include "core/rematerialize.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {
namespace {

void give_memory_of(const Tensor& source, Tensor& leaf) {
  TensorImpl& t = impl(leaf);
  const TensorImpl& from = impl(source);
  keep_values_of(*from.storage);
  before_change_of(t);
  from.storage->refs.fetch_add(1, std::memory_order_relaxed);
  t.storage->release();
  t.storage = from.storage;
  t.place(from.has_memory() ? from.memory() : nullptr);
  t.strides = from.strides;
  t.contiguous = from.contiguous;
}

}  // namespace

ValuesAside::ValuesAside(const Tensor& leaf) : leaf_(leaf) {
  if (impl(leaf_).grad_fn || impl(leaf_).base) return;
  Tensor kept = leaf_.detach();
  const Tensor copy = kept.clone();
  // No version that the leaf itself will reach: what a graph saves meanwhile is never taken for values of later.
  impl(copy).storage->version = impl(leaf_).storage->version | 1u << 31;
  give_memory_of(copy, leaf_);
  kept_ = std::move(kept);
}

ValuesAside::~ValuesAside() {
  if (kept_.defined()) give_memory_of(kept_, leaf_);
}

}  // namespace xgrad::detail
