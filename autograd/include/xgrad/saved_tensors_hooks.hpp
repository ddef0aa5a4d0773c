// Saved-tensor hooks: what the tape saves for the backward pass, kept in another form: in a file, in half the size, or
// not at all and computed again (<xgrad/checkpoint.hpp> is built on them).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <xgrad/tensor.hpp>

namespace xgrad {

namespace detail {

// The hooks of one guard. pack gets the tensor as it was saved, and the operation that saved it.
struct SavedHooks {
  std::function<std::shared_ptr<void>(const Tensor&, const char* op, const Location& at)> pack;
  std::function<Tensor(const std::shared_ptr<void>&)> unpack;
};

// While alive on this thread, operations that are recorded save by these hooks. The newest scope counts.
class XGRAD_API SavedHooksScope {
 public:
  SavedHooksScope(std::shared_ptr<const SavedHooks> hooks, const Location& at);
  ~SavedHooksScope();
  SavedHooksScope(const SavedHooksScope&) = delete;
  SavedHooksScope& operator=(const SavedHooksScope&) = delete;
  const std::shared_ptr<const SavedHooks>& hooks() const { return hooks_; }

 private:
  std::shared_ptr<const SavedHooks> hooks_;
  SavedHooksScope* below_;
};

}  // namespace detail

// While alive on this thread, pack(x) makes of every tensor that an operation saves for its backward pass an object of
// any type, which the tape keeps instead; unpack(object) makes the tensor again when the pass reads it, once for each
// node and pass. Of several guards the innermost counts. Leaves and parameters are packed as well.
// pack gets x off the tape and must not change it; both run with nothing recorded. What they throw leaves the
// operation, or the backward pass, without effect. ShapeError and DTypeError: unpack gave a tensor of another shape or
// type than was packed. Changes of x in place after it was packed are not noticed.
class SavedTensorsHooks {
 public:
  template <class Pack, class Unpack>
  [[nodiscard("a guard without a name ends at once")]] SavedTensorsHooks(Pack pack, Unpack unpack,
                                                                         Location at = Location::current())
      : scope_(erased(std::move(pack), std::move(unpack)), at) {}

 private:
  template <class Pack, class Unpack>
  static std::shared_ptr<const detail::SavedHooks> erased(Pack pack, Unpack unpack) {
    static_assert(std::is_invocable_v<Pack&, const Tensor&>, "xgrad: pack takes a const Tensor&");
    using Object = std::remove_cvref_t<std::invoke_result_t<Pack&, const Tensor&>>;
    static_assert(!std::is_void_v<Object>, "xgrad: pack returns what the tape is to keep");
    static_assert(std::is_invocable_r_v<Tensor, Unpack&, const Object&>,
                  "xgrad: unpack takes what pack returned, by value or const reference, and returns a Tensor");
    return std::make_shared<const detail::SavedHooks>(detail::SavedHooks{
        [pack = std::move(pack)](const Tensor& x, const char*, const Location&) mutable -> std::shared_ptr<void> {
          return std::make_shared<Object>(pack(x.detach()));
        },
        [unpack = std::move(unpack)](const std::shared_ptr<void>& kept) mutable -> Tensor {
          return unpack(std::as_const(*static_cast<Object*>(kept.get())));
        }});
  }

  detail::SavedHooksScope scope_;
};

// While alive on this thread, a SavedTensorsHooks (and checkpoint()) throws AutogradError with this message: around
// code that they do not fit. AutogradError as well when hooks are there already.
class XGRAD_API DisableSavedTensorsHooks {
 public:
  [[nodiscard("a guard without a name ends at once")]] explicit DisableSavedTensorsHooks(
      std::string message, Location at = Location::current());
  ~DisableSavedTensorsHooks();
  DisableSavedTensorsHooks(const DisableSavedTensorsHooks&) = delete;
  DisableSavedTensorsHooks& operator=(const DisableSavedTensorsHooks&) = delete;

 private:
  std::string message_;
  const std::string* before_;
};

}  // namespace xgrad
