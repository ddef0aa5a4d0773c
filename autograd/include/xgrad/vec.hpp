// Vec<T, Bytes>: a vector register of floats or doubles in the compiler's own generic-vector form, so kernels and
// user formulas are written once, without intrinsics, and a portable build still runs at native speed.
//
//   run_simd([&](auto bytes) {                       // bytes: 64, 32 or 16, the widest registers of this CPU
//     using V = Vec<float, bytes>;
//     for (std::int64_t i = 0; i + V::lanes <= n; i += V::lanes) exp(V::load(x + i)).store(y + i);
//   });
//
// run_simd compiles its body once per instruction set and inlines into it whatever the body calls, lambdas of the user
// included. Kernels must not hand a Vec to a function the compiler cannot see. The maths functions are in
// <xgrad/simd/elementary.hpp>, included at the end, for vectors and for plain numbers alike.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <xgrad/simd/scalar.hpp>

// XGRAD_INLINED is for lambdas. Vector code lives in registers and is inlined into kernels that check what they read
// and write; the compiler's checks of each reference and scope on the way there find nothing and multiply its time.
#if defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define XGRAD_INLINED __attribute__((always_inline, no_sanitize("address", "null", "alignment")))
#elif defined(__clang__)
#define XGRAD_INLINED __attribute__((always_inline, no_sanitize("null", "alignment")))
#else
#define XGRAD_INLINED __attribute__((always_inline))
#endif
#define XGRAD_INLINE inline XGRAD_INLINED
#if defined(__clang__)
#define XGRAD_WHOLE __attribute__((flatten, noinline))
#else
// GCC does not flatten a clone of the function, which ipa-sra makes when part of the body's captures goes unused.
#define XGRAD_WHOLE __attribute__((flatten, noinline, noclone))
#endif

#if defined(__SANITIZE_THREAD__)
#define XGRAD_NO_IFUNC 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XGRAD_NO_IFUNC 1
#endif
#endif

// For plain loops only (no Vec; static functions of a source file): one version per CPU generation, chosen by the
// loader. Needs ifunc, which musl, macOS and ThreadSanitizer do not have, and GCC: Clang's attribute refuses templates,
// so there these loops are for the CPU of the command line (XGRAD_NATIVE helps). Code with Vec uses run_simd.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(__AVX2__) && !defined(__clang__) && \
    !defined(XGRAD_NO_IFUNC) && !defined(XGRAD_NO_CLONES)
#define XGRAD_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), flatten))
#else
#define XGRAD_CLONES __attribute__((flatten))
#endif

// The instruction sets run_simd chooses from. Lists of features add to the flags of the command line, so that anything
// compiled with those flags can still be inlined; `arch=` would not.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && defined(__FMA__)
#define XGRAD_BASE_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define XGRAD_BASE_BYTES 32
#else
#define XGRAD_BASE_BYTES 16
#endif
// GCC's address and undefined-behaviour checks on every reference make the wide versions very slow to compile.
#if defined(__x86_64__) && !defined(XGRAD_NO_CLONES) && !defined(__SANITIZE_ADDRESS__)
#define XGRAD_MAX_BYTES 64
#else
#define XGRAD_MAX_BYTES XGRAD_BASE_BYTES
#endif
#if XGRAD_BASE_BYTES >= 32
#define XGRAD_TARGET_32
#else
#define XGRAD_TARGET_32 __attribute__((target("avx2,fma")))
#endif
#if XGRAD_BASE_BYTES >= 64
#define XGRAD_TARGET_64
#elif defined(__clang__)
#define XGRAD_TARGET_64 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#else
#define XGRAD_TARGET_64 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")))
#endif
#if XGRAD_MAX_BYTES >= 64 && !defined(__clang__)
#define XGRAD_K_MASKS 1
#else
#define XGRAD_K_MASKS 0
#endif

namespace xgrad::simd {

// ---- run_simd ----
namespace vec {

template <int Bytes>
using Width = std::integral_constant<int, Bytes>;

// Widest registers this CPU and operating system offer to run_simd.
inline int max_bytes() {
#if XGRAD_MAX_BYTES > XGRAD_BASE_BYTES
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return 64;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 32;
#endif
  return XGRAD_BASE_BYTES;
}

// The body comes by value: its captures can then stay in registers.
template <class Body>
XGRAD_WHOLE void run_base(Body body) {
  body(Width<XGRAD_BASE_BYTES>{});
}
#if XGRAD_MAX_BYTES > XGRAD_BASE_BYTES
template <class Body>
XGRAD_TARGET_64 XGRAD_WHOLE void run_64(Body body) {
  body(Width<64>{});
}
#if XGRAD_BASE_BYTES < 32
template <class Body>
XGRAD_TARGET_32 XGRAD_WHOLE void run_32(Body body) {
  body(Width<32>{});
}
#endif
#endif

}  // namespace vec

// Calls body(std::integral_constant<int, bytes>) compiled for the widest registers of this CPU, or for at most `limit`
// bytes (tests). Costs about 1 ns. Capture by value where possible: what is captured by reference is read again after
// every store. Lane counts differ between CPUs; a reduction that shall not must keep the same number of partial sums.
template <class Body>
inline void run_simd(const Body& body, int limit = 64) {
#if XGRAD_MAX_BYTES > XGRAD_BASE_BYTES
  const int widest = vec::max_bytes();
  if (widest >= 64 && limit >= 64) return vec::run_64(body);
#if XGRAD_BASE_BYTES < 32
  if (widest >= 32 && limit >= 32) return vec::run_32(body);
#endif
#endif
  (void)limit;
  vec::run_base(body);
}

// ---- types ----
namespace vec {

inline constexpr int kPortable = 0;

template <class T, int Bytes>
struct Native {
  static constexpr int size = Bytes == kPortable ? 64 : Bytes;
  static constexpr int lanes = size / static_cast<int>(sizeof(T));
  using integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef T native __attribute__((vector_size(size)));
  typedef integer mask __attribute__((vector_size(size)));
};

}  // namespace vec

// One truth value per lane: all bits set or none.
//
// Mask and Vec have copy constructors of their own so that they are always passed in memory: code for different
// instruction sets then agrees on calls the compiler did not inline (-O0).
template <vec::Floating T, int Bytes = vec::kPortable>
struct Mask {
  using native = typename vec::Native<T, Bytes>::mask;
  native v;

  XGRAD_INLINE Mask() : v{} {}
  XGRAD_INLINE Mask(const native& n) : v(n) {}                                                           // NOLINT
  XGRAD_INLINE Mask(bool b) : v(-static_cast<typename vec::Native<T, Bytes>::integer>(b) - native{}) {}  // NOLINT
  XGRAD_INLINE Mask(const Mask& o) : v(o.v) {}
  XGRAD_INLINE Mask& operator=(const Mask& o) {
    v = o.v;
    return *this;
  }
  XGRAD_INLINE bool operator[](int i) const { return v[i] != 0; }
  explicit operator bool() const = delete;  // one truth for each element: where(x > 0, a, b), not if or ?:

  XGRAD_INLINE friend Mask operator&(const Mask& a, const Mask& b) { return Mask(a.v & b.v); }
  XGRAD_INLINE friend Mask operator|(const Mask& a, const Mask& b) { return Mask(a.v | b.v); }
  XGRAD_INLINE friend Mask operator^(const Mask& a, const Mask& b) { return Mask(a.v ^ b.v); }
  XGRAD_INLINE friend Mask operator&&(const Mask& a, const Mask& b) { return Mask(a.v & b.v); }
  XGRAD_INLINE friend Mask operator||(const Mask& a, const Mask& b) { return Mask(a.v | b.v); }
  XGRAD_INLINE friend Mask operator!(const Mask& a) { return Mask(~a.v); }
};

#if XGRAD_K_MASKS
// AVX-512 has a bit per lane in registers of their own. GCC cannot see that from code outside an AVX-512 function: it
// splits combined comparisons of 64-byte vectors into single lanes, so here they are spelled out. Each of these
// functions is inlined by run_simd.
template <vec::Floating T>
struct Mask<T, 64> {
  using native = std::conditional_t<sizeof(T) == 4, std::uint16_t, std::uint8_t>;
  native v;

  XGRAD_INLINE Mask() : v(0) {}
  XGRAD_INLINE Mask(bool b) : v(static_cast<native>(b ? -1 : 0)) {}  // NOLINT
  XGRAD_INLINE static Mask of(int bits) {
    Mask m;
    m.v = static_cast<native>(bits);
    return m;
  }
  XGRAD_INLINE bool operator[](int i) const { return ((v >> i) & 1) != 0; }
  explicit operator bool() const = delete;  // one truth for each element: where(x > 0, a, b), not if or ?:

  XGRAD_INLINE friend Mask operator&(const Mask& a, const Mask& b) { return of(a.v & b.v); }
  XGRAD_INLINE friend Mask operator|(const Mask& a, const Mask& b) { return of(a.v | b.v); }
  XGRAD_INLINE friend Mask operator^(const Mask& a, const Mask& b) { return of(a.v ^ b.v); }
  XGRAD_INLINE friend Mask operator&&(const Mask& a, const Mask& b) { return of(a.v & b.v); }
  XGRAD_INLINE friend Mask operator||(const Mask& a, const Mask& b) { return of(a.v | b.v); }
  XGRAD_INLINE friend Mask operator!(const Mask& a) { return of(~a.v); }
};
#endif

namespace vec {

enum class Order { less, less_equal, equal, not_equal };

template <Order order, class T, int B>
XGRAD_INLINE void compare_into(const typename Native<T, B>::native& a, const typename Native<T, B>::native& b,
                               Mask<T, B>& r) {
  if constexpr (order == Order::less)
    r.v = a < b;
  else if constexpr (order == Order::less_equal)
    r.v = a <= b;
  else if constexpr (order == Order::equal)
    r.v = a == b;
  else
    r.v = a != b;
}
template <class T, int B>
XGRAD_INLINE void select_into(const Mask<T, B>& m, const typename Native<T, B>::native& a,
                              const typename Native<T, B>::native& b, typename Native<T, B>::native& r) {
  r = m.v ? a : b;
}
#if XGRAD_K_MASKS
// The instruction's code for an ordered, quiet comparison (not_equal: unordered counts as different).
constexpr int code(Order o) { return o == Order::less ? 17 : o == Order::less_equal ? 18 : o == Order::equal ? 0 : 4; }
template <Order order>
XGRAD_TARGET_64 inline void compare_into(const Native<float, 64>::native& a, const Native<float, 64>::native& b,
                                         Mask<float, 64>& r) {
  constexpr int c = code(order);
  r.v = static_cast<std::uint16_t>(__builtin_ia32_cmpps512_mask(a, b, c, static_cast<std::int16_t>(-1), 4));
}
template <Order order>
XGRAD_TARGET_64 inline void compare_into(const Native<double, 64>::native& a, const Native<double, 64>::native& b,
                                         Mask<double, 64>& r) {
  constexpr int c = code(order);
  r.v = static_cast<std::uint8_t>(__builtin_ia32_cmppd512_mask(a, b, c, static_cast<std::int8_t>(-1), 4));
}
XGRAD_TARGET_64 inline void select_into(const Mask<float, 64>& m, const Native<float, 64>::native& a,
                                        const Native<float, 64>::native& b, Native<float, 64>::native& r) {
  r = __builtin_ia32_blendmps_512_mask(b, a, m.v);
}
XGRAD_TARGET_64 inline void select_into(const Mask<double, 64>& m, const Native<double, 64>::native& a,
                                        const Native<double, 64>::native& b, Native<double, 64>::native& r) {
  r = __builtin_ia32_blendmpd_512_mask(b, a, m.v);
}
// The first n lanes from or to memory. By way of an array it would be a call of memcpy, and a wait for its bytes.
XGRAD_TARGET_64 inline void load_first(const float* p, int n, Native<float, 64>::native& r) {
  r = __builtin_ia32_loadups512_mask(p, r, static_cast<std::int16_t>((1u << n) - 1));
}
XGRAD_TARGET_64 inline void load_first(const double* p, int n, Native<double, 64>::native& r) {
  r = __builtin_ia32_loadupd512_mask(p, r, static_cast<std::int8_t>((1u << n) - 1));
}
XGRAD_TARGET_64 inline void store_first(float* p, int n, const Native<float, 64>::native& v) {
  __builtin_ia32_storeups512_mask(p, v, static_cast<std::int16_t>((1u << n) - 1));
}
XGRAD_TARGET_64 inline void store_first(double* p, int n, const Native<double, 64>::native& v) {
  __builtin_ia32_storeupd512_mask(p, v, static_cast<std::int8_t>((1u << n) - 1));
}
#endif

// Lanes as integers; has a copy constructor for the same reason.
template <class T, int Bytes>
struct Bits {
  typename Native<T, Bytes>::mask v;
  XGRAD_INLINE explicit Bits(const typename Native<T, Bytes>::mask& n) : v(n) {}
  XGRAD_INLINE Bits(const Bits& o) : v(o.v) {}
};

}  // namespace vec

// Vec<T, bytes> belongs in run_simd. Vec<T> is 64 bytes for any function: GCC splits it into the registers there are,
// well for + - * /, into single numbers for comparisons and `where` unless the target has AVX-512.
template <vec::Floating T, int Bytes = vec::kPortable>
struct Vec {
  using value_type = T;
  using native = typename vec::Native<T, Bytes>::native;
  using integer = typename vec::Native<T, Bytes>::mask;  // as many integers of the same size
  using mask = Mask<T, Bytes>;
  static constexpr int bytes = vec::Native<T, Bytes>::size;
  static constexpr int lanes = bytes / static_cast<int>(sizeof(T));
  native v;

  XGRAD_INLINE Vec() : v{} {}
  XGRAD_INLINE Vec(const native& n) : v(n) {}  // NOLINT
  template <vec::Number S>
  XGRAD_INLINE Vec(S s) {  // NOLINT: numbers mix with vectors
    if (__builtin_constant_p(s)) {
      v = static_cast<T>(s) - native{};
      return;
    }
    T t[lanes];  // GCC would insert a variable lane by lane
    for (int i = 0; i < lanes; ++i) t[i] = static_cast<T>(s);
    std::memcpy(&v, t, bytes);
  }
  XGRAD_INLINE Vec(const Vec& o) : v(o.v) {}
  XGRAD_INLINE Vec& operator=(const Vec& o) {
    v = o.v;
    return *this;
  }

  XGRAD_INLINE static Vec load(const T* p) {
    Vec r;
    std::memcpy(&r.v, p, bytes);
    return r;
  }
  // The first n lanes, 0 <= n <= lanes; the rest are `fill`.
  XGRAD_INLINE static Vec load(const T* p, int n, T fill = T(0)) {
    T t[lanes];
    for (int i = 0; i < lanes; ++i) t[i] = fill;
#if XGRAD_K_MASKS
    if constexpr (Bytes == 64) {
      Vec r = load(t);
      vec::load_first(p, n, r.v);
      return r;
    }
#endif
    if (n > 0) std::memcpy(t, p, static_cast<std::size_t>(n) * sizeof(T));
    return load(t);
  }
  XGRAD_INLINE void store(T* p) const { std::memcpy(p, &v, bytes); }
  XGRAD_INLINE void store(T* p, int n) const {
#if XGRAD_K_MASKS
    if constexpr (Bytes == 64) return vec::store_first(p, n, v);
#endif
    T t[lanes];
    store(t);
    if (n > 0) std::memcpy(p, t, static_cast<std::size_t>(n) * sizeof(T));
  }
  XGRAD_INLINE T operator[](int i) const { return v[i]; }
  // Functions are no members.
  void abs() const = delete;            // abs(x)
  void exp() const = delete;            // exp(x)
  void log() const = delete;            // log(x)
  void sqrt() const = delete;           // sqrt(x)
  void square() const = delete;         // square(x)
  void pow(vec::Number auto) = delete;  // pow(x, 2)
  void tanh() const = delete;           // tanh(x)
  void sigmoid() const = delete;        // sigmoid(x)
  XGRAD_INLINE vec::Bits<T, Bytes> bits() const { return vec::Bits<T, Bytes>((integer)v); }
  XGRAD_INLINE static Vec from_bits(const integer& i) { return Vec((native)i); }

  XGRAD_INLINE friend Vec operator+(const Vec& a, const Vec& b) { return Vec(a.v + b.v); }
  XGRAD_INLINE friend Vec operator-(const Vec& a, const Vec& b) { return Vec(a.v - b.v); }
  XGRAD_INLINE friend Vec operator*(const Vec& a, const Vec& b) { return Vec(a.v * b.v); }
  XGRAD_INLINE friend Vec operator/(const Vec& a, const Vec& b) { return Vec(a.v / b.v); }
  XGRAD_INLINE friend Vec operator-(const Vec& a) { return Vec(-a.v); }
  XGRAD_INLINE friend Vec operator+(const Vec& a) { return a; }
  XGRAD_INLINE Vec& operator+=(const Vec& b) {
    v += b.v;
    return *this;
  }
  XGRAD_INLINE Vec& operator-=(const Vec& b) {
    v -= b.v;
    return *this;
  }
  XGRAD_INLINE Vec& operator*=(const Vec& b) {
    v *= b.v;
    return *this;
  }
  XGRAD_INLINE Vec& operator/=(const Vec& b) {
    v /= b.v;
    return *this;
  }
  XGRAD_INLINE friend mask operator<(const Vec& a, const Vec& b) { return compare<vec::Order::less>(a, b); }
  XGRAD_INLINE friend mask operator<=(const Vec& a, const Vec& b) { return compare<vec::Order::less_equal>(a, b); }
  XGRAD_INLINE friend mask operator>(const Vec& a, const Vec& b) { return compare<vec::Order::less>(b, a); }
  XGRAD_INLINE friend mask operator>=(const Vec& a, const Vec& b) { return compare<vec::Order::less_equal>(b, a); }
  XGRAD_INLINE friend mask operator==(const Vec& a, const Vec& b) { return compare<vec::Order::equal>(a, b); }
  XGRAD_INLINE friend mask operator!=(const Vec& a, const Vec& b) { return compare<vec::Order::not_equal>(a, b); }

 private:
  template <vec::Order order>
  XGRAD_INLINE static mask compare(const Vec& a, const Vec& b) {
    mask r;
    vec::compare_into<order>(a.v, b.v, r);
    return r;
  }
};

template <vec::Floating T>
using VecTraits = vec::Native<T, vec::kPortable>;

// a where the mask holds, else b; numbers may stand for a and b.
template <class T, int B>
XGRAD_INLINE Vec<T, B> where(const Mask<T, B>& m, const std::type_identity_t<Vec<T, B>>& a,
                             const std::type_identity_t<Vec<T, B>>& b) {
  Vec<T, B> r;
  vec::select_into(m, a.v, b.v, r.v);
  return r;
}

template <class T, int B>
XGRAD_INLINE bool any(const Mask<T, B>& m) {
  if constexpr (std::is_integral_v<typename Mask<T, B>::native>) {
    return m.v != 0;
  } else {
    std::uint64_t w[Vec<T, B>::bytes / 8], r = 0;
    std::memcpy(w, &m.v, sizeof w);
    for (std::uint64_t x : w) r |= x;
    return r != 0;
  }
}
template <class T, int B>
XGRAD_INLINE bool all(const Mask<T, B>& m) {
  return !any(!m);
}

}  // namespace xgrad::simd

namespace xgrad {

using simd::Mask;
using simd::run_simd;
using simd::Vec;
using simd::VecTraits;
namespace vec = simd::vec;

namespace detail {

using namespace simd;  // for plain numbers in kernels

}  // namespace detail
}  // namespace xgrad

#include <xgrad/simd/elementary.hpp>
