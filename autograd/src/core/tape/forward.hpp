// Forward mode: tangents of tensors, and the levels they belong to. A level is one direction of differentiation; levels
// are nested, and a tangent of an inner level may have tangents of its own, of the levels around it.
//
// Tangents are made where operations are recorded. With y = f(x), the backward function of f gives u -> u J, which is
// linear in u: differentiating <u J, t> by u gives J t, whatever u is. So every operation that has a gradient has a
// tangent. The graph of that is small and gone at once. While the tangents of a level are computed, that level and
// those inside of it do not count, and what is computed gets the tangents of the levels around it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <xgrad/record.hpp>

#include "core/tensor_impl.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {

// What a forward_ad::DualLevel began. It belongs to the thread that did.
struct DualLevelState {
  std::thread::id thread = std::this_thread::get_id();
  int depth = 1;  // 1: the outermost
  std::atomic<bool> alive{true};
  // Weak references to the tensors whose tangent is on the tape, or has tangents. They lose it where the level ends:
  // it may hold the tensor that has it.
  mutable std::vector<TensorImpl*> duals;
  ~DualLevelState();
};

std::shared_ptr<DualLevelState> begin_level();
void end_level(DualLevelState& level) noexcept;
// The innermost level that counts; null: there is none.
std::shared_ptr<const DualLevelState> current_level();
std::shared_ptr<const DualLevelState> level_at(int depth);

// While it lives, only levels up to `most` count.
class LevelsUpTo {
 public:
  explicit LevelsUpTo(int most) noexcept;
  ~LevelsUpTo();
  LevelsUpTo(const LevelsUpTo&) = delete;
  LevelsUpTo& operator=(const LevelsUpTo&) = delete;

 private:
  int previous_;
};
// All levels of this thread, again.
constexpr int kAllLevels = 1 << 30;

// The tangent of t at a level, undefined when it has none.
Tensor tangent_at(const TensorImpl& t, int depth);
// Undefined: none any more.
void set_tangent(TensorImpl& t, const std::shared_ptr<const DualLevelState>& level, Tensor value);
// Those of t that count.
std::vector<Tangent> counting_tangents(const TensorImpl& t);
// In the place of t's tangents those of `source`, as far as they count.
void take_tangents(TensorImpl& t, const TensorImpl& source);
void drop_tangents(TensorImpl& t) noexcept;
void drop_tangents_of(const DualLevelState& level) noexcept;
// t is about to get this tangent.
void note_dual(TensorImpl& t, const Tangent& d);
// make_alias() with them.
Tensor make_alias_with_tangents(const Tensor& x);

// One recorded operation, as record_node() is given it.
struct RecordedCall {
  const TensorRefs& inputs;
  const TensorRefs& saved;
  const OpInfo& op;
  std::span<Tensor> outputs;
  const void* closure;
  const Location& at;
};
// Gives the outputs the tangents that follow from those of the inputs. node: of the call on the tape, null when it is
// not. AutogradError, naming the operation, when its backward function cannot be differentiated.
void push_tangents(const RecordedCall& call, Node* node);
// Whether the backward function that runs is only differentiated by the gradient that it is given.
bool transposes() noexcept;

// A node of a call that is not on the tape, without edges.
struct BareNode {
  explicit BareNode(const RecordedCall& call);
  ~BareNode();
  BareNode(const BareNode&) = delete;
  BareNode& operator=(const BareNode&) = delete;
  Node* node;
};

}  // namespace xgrad::detail
