#include "core/tape/recorder.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include <xgrad/record.hpp>
#include <xgrad/tape.hpp>

#include "core/blocked.hpp"
#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"

namespace xgrad::detail {
namespace {

// The copies of leaves and data that nodes hold. The node holds the original's block as well, so that an address is not
// taken for another tensor's.
struct Copy {
  std::uint32_t version;
  std::weak_ptr<const Tensor> copy;
};
using Copies = std::unordered_map<const TensorImpl*, Copy>;
Copies& copies() {
  thread_local Copies all;
  return all;
}

std::shared_ptr<const Tensor> shared_copy(const Tensor& t) {
  Copies& all = copies();
  const std::uint32_t version = impl(t).storage->version;
  const auto known = all.find(handle(t));
  if (known != all.end() && known->second.version == version)
    if (auto copy = known->second.copy.lock()) return copy;
  constexpr std::size_t kMany = 1024;  // inputs of steps long gone
  if (all.size() > kMany) std::erase_if(all, [](const auto& entry) { return entry.second.copy.expired(); });
  auto copy = std::make_shared<const Tensor>(copy_of(t));
  all[handle(t)] = {version, copy};
  return copy;
}

bool same_elements(const Tensor& a, const Tensor& b) {
  if (a.is_same(b)) return true;
  const TensorImpl &x = impl(a), &y = impl(b);
  if (x.storage != y.storage || !(x.shape == y.shape) || !(x.strides == y.strides)) return false;
  return !x.has_memory() || !y.has_memory() || x.memory() == y.memory();
}

std::int32_t index_of(const Tensor& t, const TensorRefs& inputs, const TensorRefs& data) {
  const std::size_t n = inputs.size();
  for (std::size_t i = 0; i < n + data.size(); ++i) {
    const Tensor& read = i < n ? inputs[i] : data[i - n];
    if (read.defined() && same_elements(read, t)) return static_cast<std::int32_t>(i);
  }
  return -1;
}

}  // namespace

Tensor copy_of(const Tensor& t) {
  const TensorImpl& i = impl(t);
  if (const BlockedRef from = blocked_form(t); from && from.layout() == blocked_layout(i.shape, from.layout().block)) {
    Tensor copy = make_blocked_tensor(i.shape, i.dtype, from.layout().block);
    const BlockedRef to = blocked_form(copy);
    std::memcpy(to.data<float>(), from.data<float>(), static_cast<std::size_t>(from.layout().numel()) * sizeof(float));
    return copy;
  }
  Tensor copy = make_tensor(i.shape, i.dtype);
  copy_raw(copy, t);
  return copy;
}

Tensor PassLeaves::of(const TensorImpl* leaf) const {
  const auto found = std::ranges::find(gradients, leaf, &std::pair<const TensorImpl*, Tensor>::first);
  return found == gradients.end() ? Tensor() : found->second;
}

Recorded::~Recorded() {
  for (const auto& [output, t] : plain) release_weak(t);
}

SeenPass* Recorded::in_pass(std::uint32_t pass) {
  const auto found = std::ranges::find(passes, pass, &SeenPass::pass);
  return found == passes.end() ? nullptr : &*found;
}

std::shared_ptr<Recorded> keep_for_pictures(Node& n, std::span<const Tensor> outputs, const TensorRefs& inputs,
                                            const TensorRefs& data, const TensorRefs& saved) {
  auto seen = std::make_shared<Recorded>();
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    seen->values.push_back(copy_of(outputs[k]));
    if (is_floating(outputs[k].dtype())) continue;
    seen->plain.emplace_back(static_cast<std::uint32_t>(k), handle(outputs[k]));
    retain_weak(handle(outputs[k]));
  }
  seen->read.resize(inputs.size() + data.size());
  for (std::size_t i = 0; i < seen->read.size(); ++i) {
    const Tensor& t = i < inputs.size() ? inputs[i] : data[i - inputs.size()];
    if (t.defined() && !n.all_edges()[i].node()) seen->read[i] = shared_copy(t);
  }
  for (std::size_t i = 0; i < saved.size(); ++i) {
    if (!saved[i].defined()) continue;
    SeenSaved& s = seen->saved.emplace_back();
    s.slot = static_cast<std::uint32_t>(i);
    s.own = n.saved()[i].own_output;
    if (s.own < 0) s.read = index_of(saved[i], inputs, data);
    if (s.own < 0 && s.read < 0) s.other = make_alias(saved[i]);
  }
  return seen;
}

void keep_written(const Tensor& output, TensorImpl& t) noexcept {
  const NodeExtra& x = *impl(output).grad_fn->extra;
  if (!x.recorded) return;
  Tensor& value = x.recorded->values[impl(output).output_nr];
  try {
    value = copy_of(share(&t));
  } catch (const OutOfMemoryError&) {  // the operation itself is done: the picture goes without this value
    value = Tensor();
  }
}

void forget_read() noexcept { copies().clear(); }

}  // namespace xgrad::detail

namespace xgrad {

TapeRecorder::TapeRecorder() : previous_(detail::keep_values(true)) {}
TapeRecorder::~TapeRecorder() {
  detail::keep_values(previous_);
  if (!previous_) detail::forget_read();
}

}  // namespace xgrad
