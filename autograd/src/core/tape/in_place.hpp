// In-place changes and the tape: the rules, and the node that the changed tensor moves to.
#pragma once

#include <vector>

#include <xgrad/record.hpp>

#include "core/tape/node.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// In-place operations. Construct (all checks happen here); on the tape, prepare(); write; finish(). Whatever may run
// out of memory comes before the first element is written, so that values and tape never disagree.
class InPlace {
 public:
  InPlace(const char* op, Tensor& self, const Location& at);
  // Whether the change must go on the tape, given the other inputs.
  bool on_tape(const TensorRefs& others) const;
  Tensor& self() { return self_; }
  const Tensor& old();  // self as it was, for the input list
  // Readies self (and the tensor it is a view of) for the node of `out`, which was just recorded and has self's shape.
  void prepare(const Tensor& out);
  // Bumps the version, and moves self to what was prepared.
  void finish() noexcept;
  // The second half of it, for values whose writing bumped the version.
  void rebase() noexcept;

 private:
  [[noreturn]] void refuse_unrecorded_view() const;
  void ready(TensorImpl& moved, const Tensor& out);
  void find_circles(const TensorImpl& moved, Node* made);

  // What a node saved of the tensor before the change, and the same values as a tensor that is not on the tape.
  struct Circle {
    SavedTensor* saved;
    Tensor apart;
  };

  const char* op_;
  Tensor& self_;
  Tensor old_, out_, piece_;       // piece_: of a view, the node of its new values, which out_ puts into the base
  std::vector<Tangent> tangents_;  // of out_
  std::vector<Circle> circles_;
  Location at_;
};

}  // namespace xgrad::detail
