#include <xgrad/detail/values_aside.hpp>

#include "core/change_log.hpp"
#include "core/rematerialize.hpp"

namespace xgrad::detail {
namespace {

void give_memory_of(const Tensor& source, Tensor& leaf) {
  keep_values_of(*impl(source).storage);
  before_change_of(impl(leaf));
  take_memory_of(impl(leaf), impl(source));
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
