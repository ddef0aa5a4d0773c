#include <atomic>

#include <xgrad/hook_handle.hpp>

namespace xgrad {
namespace detail {

HookOwner::~HookOwner() = default;

std::uint64_t next_hook_key() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace detail

void HookHandle::remove() const noexcept {
  if (const auto owner = owner_.lock()) owner->remove(key_);
}

}  // namespace xgrad
