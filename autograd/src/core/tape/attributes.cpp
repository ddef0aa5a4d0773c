#include "core/tape/attributes.hpp"

#include <mutex>
#include <unordered_map>

#include "core/tape/node.hpp"

namespace xgrad::detail {
namespace {

struct Known {
  std::mutex mutex;
  std::unordered_map<BackwardFn, AttributesReader> readers;
};
Known& known() {
  static Known all;
  return all;
}

}  // namespace

std::size_t key_of(std::initializer_list<std::int64_t> numbers) {
  std::size_t key = 1;
  for (const std::int64_t n : numbers)
    key ^= static_cast<std::size_t>(n) + 0x9e3779b97f4a7c15 + (key << 6) + (key >> 2);
  return key;
}

bool know_attributes(BackwardFn backward, AttributesReader read) {
  const std::lock_guard lock(known().mutex);
  known().readers.emplace(backward, read);
  return true;
}

std::size_t attributes_of(Node& n) {
  const std::lock_guard lock(known().mutex);
  const auto found = known().readers.find(n.op.backward);
  return found == known().readers.end() ? 0 : found->second(n.closure());
}

}  // namespace xgrad::detail
