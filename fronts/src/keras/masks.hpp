// Masks: which steps of a sequence count. A mask (N, steps) of bool belongs to a tensor (N, steps, ...) as long as a
// call of a model lasts.
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::keras {

// A call of a model. Calls inside of it have its masks.
class MaskScope {
 public:
  MaskScope();
  ~MaskScope();
  MaskScope(const MaskScope&) = delete;
  MaskScope& operator=(const MaskScope&) = delete;

 private:
  bool outermost_;
};

// Undefined: every step counts.
Tensor mask_of(const Tensor& x);
// ValueError of `layer` outside of a call: what reads the mask would not find it.
void set_mask(const char* layer, const Tensor& x, const Tensor& mask, const Location& at);

// y is made of x, step by step.
void pass_mask(const Tensor& x, const Tensor& y);
// y is made of values of one shape, element by element: a step counts where it does in one of them, all of which have
// masks.
void pass_common_mask(const std::vector<Tensor>& values, const Tensor& y);
// y is the values side by side along a dimension; of those without a mask every step counts.
void pass_joined_mask(const std::vector<Tensor>& values, int dim, const Tensor& y);

// The rows (rows, ...) of x (N, steps, ...) that count.
Tensor rows_that_count(const Tensor& x, const Tensor& mask);
// x where it counts, zeros elsewhere.
Tensor zeros_where_masked(const Tensor& x, const Tensor& mask, const Location& at);

// The steps that count, in the front of each sequence, and the way back.
class PackedSteps {
 public:
  explicit PackedSteps(const Tensor& mask);
  // Behind the steps that count stand copies of the first one.
  Tensor pack(const Tensor& x, const Location& at) const;
  // Results of packed steps where the steps were; a step that does not count has that of the last one before it that
  // does, or zeros.
  Tensor unpack(const Tensor& y, const Location& at) const;

 private:
  Tensor from_, to_, any_;  // (N, steps, 1)
};

}  // namespace xgrad::keras
