// The element of a given rank among many, without moving them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include <xgrad/vec.hpp>

#include "kernels/lanes.hpp"

namespace xgrad::detail {

// Unsigned numbers in the order of the elements, NaNs last; equal elements (0 and -0) have one.
template <class T>
struct RankKey {
  using type = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint8_t>>;
  static constexpr int bits = 8 * sizeof(T);
  static constexpr type kSign = static_cast<type>(type{1} << (bits - 1));

  XGRAD_INLINE static type of(T v) {
    if constexpr (std::is_floating_point_v<T>) v += T(0);
    type u;
    std::memcpy(&u, &v, sizeof u);
    if constexpr (std::is_floating_point_v<T>)
      return v != v ? static_cast<type>(-1) : u ^ (static_cast<type>(-(u >> (bits - 1))) | kSign);  // no branch
    else
      return static_cast<type>(std::is_signed_v<T> ? u ^ kSign : u);
  }
  XGRAD_INLINE static T back(type u) {
    if constexpr (std::is_floating_point_v<T>)
      u = u & kSign ? static_cast<type>(u ^ kSign) : static_cast<type>(~u);
    else if constexpr (std::is_signed_v<T>)
      u = static_cast<type>(u ^ kSign);
    T v;
    std::memcpy(&v, &u, sizeof v);
    return v;
  }
};

template <class T>
XGRAD_CLONES std::int64_t count_less(const T* x, std::int64_t n, T v) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += x[i] < v ? 1 : 0;
  return count;
}
template <class T>
XGRAD_CLONES std::int64_t count_equal(const T* x, std::int64_t n, T v) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += x[i] == v ? 1 : 0;
  return count;
}
template <class T>
XGRAD_CLONES std::int64_t count_nans([[maybe_unused]] const T* x, [[maybe_unused]] std::int64_t n) {
  std::int64_t count = 0;
  if constexpr (std::is_floating_point_v<T>)
    for (std::int64_t i = 0; i < n; ++i) count += x[i] != x[i] ? 1 : 0;
  return count;
}

// The place of the k-th element, k from 0, that f finds; f(first, count) is how many of a part it finds.
template <class F>
std::int64_t kth_place(std::int64_t n, std::int64_t k, const F& f) {
  constexpr std::int64_t kPart = 256;
  for (std::int64_t i = 0; i < n; i += kPart) {
    const std::int64_t some = std::min(kPart, n - i), found = f(i, some);
    if (k >= found) {
      k -= found;
      continue;
    }
    for (std::int64_t j = i;; ++j)
      if (f(j, 1) > 0 && k-- == 0) return j;
  }
  return n - 1;
}

// The k-th smallest of n elements, of which more than k are numbers: digit by digit from the highest, of the elements
// that have the digits before.
template <class T>
class RankSelect {
  using Key = RankKey<T>;
  using U = typename Key::type;
  static constexpr int kDigit = 11;
  static constexpr std::int64_t kSlots = 1 << kDigit, kFew = 4096;

 public:
  T operator()(const T* x, std::int64_t n, std::int64_t k) {
    if (n <= kFew) return of_few(x, n, k);
    const auto element = [x](std::int64_t i) XGRAD_INLINED { return Key::of(x[i]); };
    int shift = std::max(0, Key::bits - kDigit);
    U prefix = take_digit(element, n, shift, k);
    std::int64_t left = slots_[prefix];
    if (left > room_size_) {
      room_ = std::make_unique<U[]>(static_cast<std::size_t>(left + 1));
      room_size_ = left;
    }
    U* keys = room_.get();
    keep(element, n, shift, prefix, keys);
    const auto kept = [keys](std::int64_t i) XGRAD_INLINED { return keys[i]; };
    while (shift > 0 && left > kFew) {
      shift = std::max(0, shift - kDigit);
      prefix = take_digit(kept, left, shift, k);
      keep(kept, left, shift, prefix, keys);
      left = slots_[prefix & (kSlots - 1)];
    }
    if (shift > 0) std::nth_element(keys, keys + k, keys + left);
    return Key::back(keys[shift > 0 ? k : 0]);
  }

 private:
  T of_few(const T* x, std::int64_t n, std::int64_t k) {
    T numbers[kFew];
    std::int64_t have = 0;
    for (std::int64_t i = 0; i < n; ++i)
      if (!not_a_number(x[i])) numbers[have++] = x[i];
    std::nth_element(numbers, numbers + k, numbers + have);
    return numbers[k];
  }

  // Counts the digits above `shift` of keys that have those before in common. Returns all digits of the k-th key down
  // to this one; k becomes its rank among the keys that have them.
  template <class F>
  U take_digit(const F& key, std::int64_t n, int shift, std::int64_t& k) {
    std::fill_n(slots_, kSlots, 0);
    for (std::int64_t i = 0; i < n; ++i) ++slots_[static_cast<U>(key(i) >> shift) & (kSlots - 1)];
    std::int64_t digit = 0;
    while (k >= slots_[digit]) k -= slots_[digit++];
    return static_cast<U>((static_cast<U>(key(0) >> shift) & ~(kSlots - 1)) | digit);
  }
  // The keys that begin with `prefix`; room for one more.
  template <class F>
  static void keep(const F& key, std::int64_t n, int shift, U prefix, U* to) {
    for (std::int64_t i = 0; i < n; ++i) {
      const U u = key(i);
      *to = u;
      to += static_cast<U>(u >> shift) == prefix ? 1 : 0;
    }
  }

  std::int64_t slots_[kSlots];
  std::unique_ptr<U[]> room_;
  std::int64_t room_size_ = 0;
};

}  // namespace xgrad::detail
