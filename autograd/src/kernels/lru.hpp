// A bounded cache that forgets what was used longest ago. Not thread-safe: kernels keep one per thread, so that a hit
// costs no lock and what is found (a primitive with its argument list) is not shared while it runs.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace xgrad::detail {

template <class Key, class Value, class Hash = std::hash<Key>>
class LruCache {
 public:
  explicit LruCache(std::size_t capacity) : capacity_(capacity) {}

  // The value of key, made by make() when it is not there. Valid until `capacity` other keys have been used.
  template <class Make>
  Value& get(const Key& key, const Make& make) {
    if (!order_.empty() && order_.front().first == key) return order_.front().second;
    if (auto it = where_.find(key); it != where_.end()) {
      order_.splice(order_.begin(), order_, it->second);
      return order_.front().second;
    }
    order_.emplace_front(key, make());
    try {
      where_.emplace(key, order_.begin());
    } catch (...) {
      order_.pop_front();
      throw;
    }
    if (order_.size() > capacity_) {
      where_.erase(order_.back().first);
      order_.pop_back();
    }
    return order_.front().second;
  }

  std::size_t size() const { return order_.size(); }
  void clear() {
    where_.clear();
    order_.clear();
  }

 private:
  using Entry = std::pair<Key, Value>;
  std::size_t capacity_;
  std::list<Entry> order_;  // most recently used first
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> where_;
};

}  // namespace xgrad::detail
