// Vec<T>: a 64-byte vector of floats or doubles in the compiler's own generic-vector form. Code written with it is
// lowered to SSE, AVX2 or AVX-512 by the compiler, one version per CPU, so a portable build runs at native speed.
//
// Everything here is always inlined: a function that took or returned such a vector by itself would have another
// calling convention in each version. Maths functions are in <xgrad/vec_math.hpp>, included at the end, for vectors
// and for plain numbers alike, so that one generic lambda serves both.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#define XGRAD_INLINE inline __attribute__((always_inline))

// One version of the function per CPU generation, chosen when the program loads; and everything it calls inlined into
// each version. Not available without ifunc (musl, macOS) and not usable under ThreadSanitizer.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XGRAD_NO_CLONES 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define XGRAD_NO_CLONES 1
#endif
#if !defined(XGRAD_NO_CLONES) && defined(__x86_64__) && defined(__gnu_linux__) && !defined(__AVX512F__)
#if defined(__clang__)
#define XGRAD_CLONES __attribute__((target_clones("default", "avx2", "avx512f"), flatten))
#else
#define XGRAD_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), flatten))
#endif
#else
#define XGRAD_CLONES __attribute__((flatten))
#endif

namespace xgrad {

template <class T>
struct VecTraits;
template <>
struct VecTraits<float> {
  typedef float native __attribute__((vector_size(64)));
  typedef std::int32_t mask __attribute__((vector_size(64)));
  static constexpr int lanes = 16;
};
template <>
struct VecTraits<double> {
  typedef double native __attribute__((vector_size(64)));
  typedef std::int64_t mask __attribute__((vector_size(64)));
  static constexpr int lanes = 8;
};

// One truth value per lane: all bits set or none.
template <class T>
struct Mask {
  typename VecTraits<T>::mask v;
  XGRAD_INLINE friend Mask operator&&(Mask a, Mask b) { return {a.v & b.v}; }
  XGRAD_INLINE friend Mask operator||(Mask a, Mask b) { return {a.v | b.v}; }
  XGRAD_INLINE friend Mask operator&(Mask a, Mask b) { return {a.v & b.v}; }
  XGRAD_INLINE friend Mask operator|(Mask a, Mask b) { return {a.v | b.v}; }
  XGRAD_INLINE friend Mask operator!(Mask a) { return {~a.v}; }
};

template <class T>
struct Vec {
  using value_type = T;
  using native = typename VecTraits<T>::native;
  static constexpr int lanes = VecTraits<T>::lanes;
  native v;

  Vec() = default;
  XGRAD_INLINE Vec(native n) : v(n) {}  // NOLINT
  template <class S>
    requires std::is_arithmetic_v<S>
  XGRAD_INLINE Vec(S s) : v(static_cast<T>(s) - native{}) {}  // NOLINT: numbers mix with vectors

  XGRAD_INLINE static Vec load(const T* p) {
    Vec r;
    std::memcpy(&r.v, p, 64);
    return r;
  }
  // The first n lanes; the rest are 1, a value that is harmless to divide by or take the logarithm of.
  XGRAD_INLINE static Vec load(const T* p, int n) {
    Vec r(T(1));
    std::memcpy(&r.v, p, static_cast<std::size_t>(n) * sizeof(T));
    return r;
  }
  XGRAD_INLINE void store(T* p) const { std::memcpy(p, &v, 64); }
  XGRAD_INLINE void store(T* p, int n) const { std::memcpy(p, &v, static_cast<std::size_t>(n) * sizeof(T)); }
  XGRAD_INLINE T operator[](int i) const { return v[i]; }

  XGRAD_INLINE friend Vec operator+(Vec a, Vec b) { return a.v + b.v; }
  XGRAD_INLINE friend Vec operator-(Vec a, Vec b) { return a.v - b.v; }
  XGRAD_INLINE friend Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  XGRAD_INLINE friend Vec operator/(Vec a, Vec b) { return a.v / b.v; }
  XGRAD_INLINE friend Vec operator-(Vec a) { return -a.v; }
  XGRAD_INLINE Vec& operator+=(Vec b) { v += b.v; return *this; }
  XGRAD_INLINE Vec& operator-=(Vec b) { v -= b.v; return *this; }
  XGRAD_INLINE Vec& operator*=(Vec b) { v *= b.v; return *this; }
  XGRAD_INLINE Vec& operator/=(Vec b) { v /= b.v; return *this; }
  XGRAD_INLINE friend Mask<T> operator<(Vec a, Vec b) { return {a.v < b.v}; }
  XGRAD_INLINE friend Mask<T> operator<=(Vec a, Vec b) { return {a.v <= b.v}; }
  XGRAD_INLINE friend Mask<T> operator>(Vec a, Vec b) { return {a.v > b.v}; }
  XGRAD_INLINE friend Mask<T> operator>=(Vec a, Vec b) { return {a.v >= b.v}; }
  XGRAD_INLINE friend Mask<T> operator==(Vec a, Vec b) { return {a.v == b.v}; }
  XGRAD_INLINE friend Mask<T> operator!=(Vec a, Vec b) { return {a.v != b.v}; }
};

// a where the mask holds, else b.
template <class T>
XGRAD_INLINE Vec<T> where(Mask<T> m, Vec<T> a, Vec<T> b) {
  return m.v ? a.v : b.v;
}
template <class T, class S>
  requires std::is_arithmetic_v<S>
XGRAD_INLINE Vec<T> where(Mask<T> m, Vec<T> a, S b) { return where(m, a, Vec<T>(b)); }
template <class T, class S>
  requires std::is_arithmetic_v<S>
XGRAD_INLINE Vec<T> where(Mask<T> m, S a, Vec<T> b) { return where(m, Vec<T>(a), b); }

namespace vec {
// Bits of a vector of floats as integers and back.
typedef std::int32_t Int16 __attribute__((vector_size(64)));
XGRAD_INLINE Int16 bits(Vec<float> a) { return std::bit_cast<Int16>(a.v); }
XGRAD_INLINE Vec<float> from_bits(Int16 i) { return std::bit_cast<Vec<float>::native>(i); }
XGRAD_INLINE Vec<float> to_float(Int16 i) { return __builtin_convertvector(i, Vec<float>::native); }
// f on every lane: for functions without a vector form.
template <class T, class F>
XGRAD_INLINE Vec<T> each(Vec<T> a, F f) {
  T x[Vec<T>::lanes];
  a.store(x);
  for (int i = 0; i < Vec<T>::lanes; ++i) x[i] = f(x[i]);
  return Vec<T>::load(x);
}
template <class T, class F>
XGRAD_INLINE Vec<T> each(Vec<T> a, Vec<T> b, F f) {
  T x[Vec<T>::lanes], y[Vec<T>::lanes];
  a.store(x);
  b.store(y);
  for (int i = 0; i < Vec<T>::lanes; ++i) x[i] = f(x[i], y[i]);
  return Vec<T>::load(x);
}
}  // namespace vec

}  // namespace xgrad

#include <xgrad/vec_math.hpp>
