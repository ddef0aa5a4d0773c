// Shape: up to eight sizes stored inline, so that a tensor's geometry never touches the heap.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <utility>
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
  Shape(const R& v, Location at = Location::current()) {  // NOLINT
    for (const auto n : v) push_back(static_cast<std::int64_t>(n), at);
  }
  template <std::floating_point T>
  Shape(std::initializer_list<T>) = delete;  // sizes are integers: static_cast<std::int64_t>(n)

  int rank() const { return rank_; }
  std::size_t size() const { return static_cast<std::size_t>(rank_); }
  bool empty() const { return rank_ == 0; }
  // The i-th number; negative counts from the end. IndexError outside.
  struct Index {
    template <std::integral I>
    constexpr Index(I i, Location where = Location::current())  // NOLINT
        : value(static_cast<std::int64_t>(i)), at(where) {}
    std::int64_t value;
    Location at;
  };
  std::int64_t operator[](Index i) const { return v_[place(i)]; }
  std::int64_t& operator[](Index i) { return v_[place(i)]; }
  const std::int64_t* begin() const { return v_.data(); }
  const std::int64_t* end() const { return v_.data() + rank_; }
  std::int64_t* begin() { return v_.data(); }
  std::int64_t* end() { return v_.data() + rank_; }
  std::int64_t back(Location at = Location::current()) const { return v_[place({-1, at})]; }

  // Throws ShapeError when full.
  void push_back(std::int64_t n, Location at = Location::current()) {
    if (rank_ == kMaxRank) too_many(kMaxRank + 1, at);
    v_[static_cast<std::size_t>(rank_++)] = n;
  }
  // Before the i-th number, 0 <= i <= size().
  void insert(std::int64_t i, std::int64_t n, Location at = Location::current()) {
    if (i < 0 || i > rank_) outside(i, at);
    push_back(n, at);
    for (auto k = static_cast<std::size_t>(rank_ - 1); k > static_cast<std::size_t>(i); --k)
      std::swap(v_[k], v_[k - 1]);
  }
  // Takes the i-th number out; negative counts from the end.
  void erase(std::int64_t i, Location at = Location::current()) {
    for (std::size_t k = place({i, at}); k + 1 < rank_; ++k) v_[k] = v_[k + 1];
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
  std::size_t place(const Index& i) const {
    if (static_cast<std::uint64_t>(i.value) < rank_) [[likely]]
      return static_cast<std::size_t>(i.value);
    if (i.value >= 0 || i.value < -rank_) outside(i.value, i.at);
    return static_cast<std::size_t>(i.value + rank_);
  }
  [[noreturn]] XGRAD_API void outside(std::int64_t i, const Location& at) const;
  [[noreturn]] XGRAD_API static void too_many(std::size_t n, const Location& at);

  std::array<std::int64_t, kMaxRank> v_{};
  std::uint8_t rank_ = 0;
};

// "(2, 3)" as in Python; "()" for rank 0, "(3,)" is written "(3)".
XGRAD_API std::string to_string(const Shape& s);

}  // namespace xgrad
