// What registering a hook returns: the handle that takes it away again.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/export.hpp>

namespace xgrad {

namespace detail {
// Hooks that a tensor, a node of the tape or a module keeps.
class XGRAD_API HookOwner {
 public:
  virtual ~HookOwner();
  virtual void remove(std::uint64_t key) noexcept = 0;
};
XGRAD_API std::uint64_t next_hook_key() noexcept;

// A hook that returns nothing, and so keeps what it looked at.
template <class F, class... A>
concept ReturnsNothing = std::invocable<F&, A...> && std::is_void_v<std::invoke_result_t<F&, A...>>;
// It as a Hook, a std::function, that returns an undefined tensor or an empty list.
template <class Hook, class F>
Hook without_result(F fn) {
  if constexpr (!std::is_empty_v<F> && std::is_constructible_v<bool, F&>)
    if (!fn) return {};
  return [fn = std::move(fn)](const auto&... a) mutable {
    fn(a...);
    return typename Hook::result_type();
  };
}

template <class F>
class HookList;
}  // namespace detail

// auto h = x.register_hook(f); ... h.remove(); Copies of a handle mean the same hook. The handle does not keep alive
// what the hook is registered with, and does not remove the hook when it ends.
class XGRAD_API HookHandle {
 public:
  HookHandle() noexcept = default;  // of no hook
  // Takes the hook away; a hook may do that to itself. Again, or after its owner is gone: does nothing.
  void remove() const noexcept;
  std::uint64_t id() const noexcept { return key_; }  // different for all hooks of the program; 0: of no hook

 private:
  template <class F>
  friend class detail::HookList;
  HookHandle(std::weak_ptr<detail::HookOwner> owner, std::uint64_t key) : owner_(std::move(owner)), key_(key) {}

  std::weak_ptr<detail::HookOwner> owner_;
  std::uint64_t key_ = 0;
};

namespace detail {

// Hooks in the order in which they were registered. A copy of the list has hooks of its own, without handles.
template <class F>
class HookList {
 public:
  HookList() = default;
  HookList(const HookList& o) : kept_(o.copy()) {}
  HookList(HookList&&) noexcept = default;
  HookList& operator=(const HookList& o) {
    kept_ = o.copy();
    return *this;
  }
  HookList& operator=(HookList&&) noexcept = default;
  ~HookList() = default;

  HookHandle add(F hook) {
    if (!kept_) kept_ = std::make_shared<Kept>();
    const std::uint64_t key = next_hook_key();
    kept_->hooks.emplace_back(key, std::move(hook));
    return HookHandle(kept_, key);
  }
  bool empty() const { return !kept_ || kept_->hooks.empty(); }
  // Copies, to be run: a hook may remove itself or register others.
  std::vector<F> all() const {
    std::vector<F> list;
    if (kept_)
      for (const auto& [key, hook] : kept_->hooks) list.push_back(hook);
    return list;
  }
  void clear() noexcept { kept_.reset(); }

 private:
  struct Kept final : HookOwner {
    std::vector<std::pair<std::uint64_t, F>> hooks;
    void remove(std::uint64_t key) noexcept override {
      for (std::size_t i = 0; i < hooks.size(); ++i) {
        if (hooks[i].first != key) continue;
        const F gone = std::move(hooks[i].second);  // goes last: what it holds may look at the list
        hooks.erase(hooks.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
    }
  };
  std::shared_ptr<Kept> copy() const {
    if (!kept_) return nullptr;
    auto own = std::make_shared<Kept>();
    own->hooks = kept_->hooks;
    return own;
  }

  std::shared_ptr<Kept> kept_;
};

}  // namespace detail
}  // namespace xgrad
