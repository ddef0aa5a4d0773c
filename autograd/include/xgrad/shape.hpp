// Shape: up to eight sizes stored inline, so that a tensor's geometry never touches the heap.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include <xgrad/error.hpp>

namespace xgrad {

inline constexpr int kMaxRank = 8;

namespace detail {
// std::vector<int>, std::array<std::size_t, 2>, ...
template <class R>
concept Sizes = requires(const R& r) {
  r.begin() != r.end();
  requires std::integral<std::remove_cvref_t<decltype(*r.begin())>>;
  requires sizeof(*r.begin()) > 1;  // text and flags are no sizes
};
}  // namespace detail

// A list of at most kMaxRank integers: sizes, strides, or dimension numbers.
// Throws ShapeError when built from more.
class Shape {
 public:
  constexpr Shape() = default;
  Shape(std::initializer_list<std::int64_t> v, Location at = Location::current()) {  // NOLINT: {2, 3} is a shape
    assign(v.begin(), v.size(), at);
  }
  Shape(std::span<const std::int64_t> v, Location at = Location::current()) {  // NOLINT
    assign(v.data(), v.size(), at);
  }
  Shape(const std::vector<std::int64_t>& v, Location at = Location::current()) {  // NOLINT
    assign(v.data(), v.size(), at);
  }
  template <detail::Sizes R>
  Shape(const R& v) {  // NOLINT
    for (const auto n : v) push_back(static_cast<std::int64_t>(n));
  }
  template <std::floating_point T>
  Shape(std::initializer_list<T>) = delete;  // sizes are integers: static_cast<std::int64_t>(n)

  int rank() const { return rank_; }
  std::size_t size() const { return static_cast<std::size_t>(rank_); }
  bool empty() const { return rank_ == 0; }
  std::int64_t operator[](int i) const { return v_[static_cast<std::size_t>(i)]; }
  std::int64_t& operator[](int i) { return v_[static_cast<std::size_t>(i)]; }
  const std::int64_t* begin() const { return v_.data(); }
  const std::int64_t* end() const { return v_.data() + rank_; }
  std::int64_t* begin() { return v_.data(); }
  std::int64_t* end() { return v_.data() + rank_; }
  std::int64_t back() const { return v_[static_cast<std::size_t>(rank_ - 1)]; }

  // Throws ShapeError when full.
  void push_back(std::int64_t n, Location at = Location::current()) {
    if (rank_ == kMaxRank) too_many(kMaxRank + 1, at);
    v_[static_cast<std::size_t>(rank_++)] = n;
  }
  void insert(int at, std::int64_t n, Location where = Location::current()) {
    push_back(0, where);
    for (int i = rank_ - 1; i > at; --i) (*this)[i] = (*this)[i - 1];
    (*this)[at] = n;
  }
  void erase(int at) {
    for (int i = at; i + 1 < rank_; ++i) (*this)[i] = (*this)[i + 1];
    --rank_;
  }

  // Product of the sizes (1 for rank 0). Not checked for overflow: tensors check when they are made.
  std::int64_t numel() const {
    std::int64_t n = 1;
    for (std::int64_t s : *this) n *= s;
    return n;
  }
  // Row-major strides in elements.
  Shape contiguous_strides() const {
    Shape s = *this;
    std::int64_t step = 1;
    for (int i = rank_ - 1; i >= 0; --i) {
      s[i] = step;
      step *= (*this)[i];
    }
    return s;
  }

  std::vector<std::int64_t> vec() const { return {begin(), end()}; }
  operator std::span<const std::int64_t>() const { return {v_.data(), size()}; }  // NOLINT

  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i)
      if (a[i] != b[i]) return false;
    return true;
  }
  // A friend, so that it is not looked at for what merely converts to a Shape.
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const Shape& s);

 private:
  void assign(const std::int64_t* p, std::size_t n, const Location& at) {
    if (n > static_cast<std::size_t>(kMaxRank)) too_many(n, at);
    for (std::size_t i = 0; i < n; ++i) v_[i] = p[i];
    rank_ = static_cast<std::uint8_t>(n);
  }
  [[noreturn]] XGRAD_API static void too_many(std::size_t n, const Location& at);

  std::array<std::int64_t, kMaxRank> v_{};
  std::uint8_t rank_ = 0;
};

// "(2, 3)" as in Python; "()" for rank 0, "(3,)" is written "(3)".
XGRAD_API std::string to_string(const Shape& s);

}  // namespace xgrad
