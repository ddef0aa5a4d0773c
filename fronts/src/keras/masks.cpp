#include "keras/masks.hpp"

#include <utility>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::keras {
namespace {

// Keeps the tensors, so that an address stands for one tensor.
using Masks = std::vector<std::pair<Tensor, Tensor>>;
thread_local Masks* open_masks = nullptr;

// index (N, steps, 1) for every element of x (N, steps, features).
Tensor gather_steps(const Tensor& x, const Tensor& index, const Location& at) {
  return gather(x, 1, expand(index, {x.size(0), x.size(1), x.size(2)}), at);
}

}  // namespace

MaskScope::MaskScope() : outermost_(open_masks == nullptr) {
  if (outermost_) open_masks = new Masks;
}
MaskScope::~MaskScope() {
  if (outermost_) delete std::exchange(open_masks, nullptr);
}

Tensor mask_of(const Tensor& x) {
  if (open_masks)
    for (auto entry = open_masks->rbegin(); entry != open_masks->rend(); ++entry)
      if (entry->first.id() == x.id()) return entry->second;
  return {};
}

void set_mask(const char* layer, const Tensor& x, const Tensor& mask, const Location& at) {
  if (!open_masks)
    ErrorReport(layer, "a mask is known in a call of the model alone, not in one of its modules", at)
        .help("call model(x), predict, evaluate or fit; net() is without masks")
        .value_error();
  open_masks->emplace_back(x, mask);
}

void pass_mask(const Tensor& x, const Tensor& y) {
  if (const Tensor mask = mask_of(x); mask.defined()) open_masks->emplace_back(y, mask);
}

void pass_common_mask(const std::vector<Tensor>& values, const Tensor& y) {
  Tensor common;
  for (const Tensor& x : values) {
    const Tensor mask = mask_of(x);
    if (!mask.defined()) return;
    common = common.defined() ? logical_or(common, mask) : mask;
  }
  if (common.defined()) open_masks->emplace_back(y, common);
}

void pass_joined_mask(const std::vector<Tensor>& values, int dim, const Tensor& y) {
  std::vector<Tensor> masks;
  bool some = false;
  for (const Tensor& x : values) {
    const Tensor mask = mask_of(x);
    some |= mask.defined();
    masks.push_back(mask.defined() || x.dim() < 2 ? mask : ones({x.size(0), x.size(1)}, kBool));
  }
  if (!some) return;
  if (dim == 1) {
    open_masks->emplace_back(y, cat(masks, 1));
    return;
  }
  Tensor any = masks[0];
  for (std::size_t i = 1; i < masks.size(); ++i) any = logical_or(any, masks[i]);
  open_masks->emplace_back(y, any);
}

Tensor rows_that_count(const Tensor& x, const Tensor& mask) {
  return index_select(x.flatten(0, 1), 0, nonzero(mask.flatten()).flatten());
}

Tensor zeros_where_masked(const Tensor& x, const Tensor& mask, const Location& at) {
  Tensor wide = mask;
  while (wide.dim() < x.dim()) wide = wide.unsqueeze(-1);
  return where(wide, x, Scalar(0.0), at);
}

PackedSteps::PackedSteps(const Tensor& mask) {
  const Tensor count = cumsum(mask.to(kInt64), 1);
  const Tensor first = argsort(mask.to(kUInt8), 1, true);  // (equals keep their order)
  const Tensor here = arange(mask.size(1)) < count.slice(1, mask.size(1) - 1, mask.size(1));
  from_ = where(here, first, first.slice(1, 0, 1)).unsqueeze(-1);
  to_ = clamp_min(count - 1, 0).unsqueeze(-1);
  any_ = (count > 0).unsqueeze(-1);
}
Tensor PackedSteps::pack(const Tensor& x, const Location& at) const { return gather_steps(x, from_, at); }
Tensor PackedSteps::unpack(const Tensor& y, const Location& at) const {
  return where(any_, gather_steps(y, to_, at), Scalar(0.0), at);
}

}  // namespace xgrad::keras
