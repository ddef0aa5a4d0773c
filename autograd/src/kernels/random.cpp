// No multiplication and addition may be fused here: one CPU has the instruction, another has not, and the bits must be
// the same. (Exact products, by powers of two, are the same either way.)
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "kernels/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/philox.hpp"

// One group is 16 counters, 64 words. Word w of all 16 counters, then the next word: groups fill whole vectors.
namespace xgrad {
namespace {

constexpr std::int64_t kGroup = 16;

typedef std::uint64_t Long8 __attribute__((vector_size(64)));
typedef std::int32_t Int8 __attribute__((vector_size(32)));
typedef std::uint32_t Uint8 __attribute__((vector_size(32)));
typedef std::uint32_t Uint16 __attribute__((vector_size(64)));
using Float = Vec<float>;
using Double = Vec<double>;
using vec::Int16;

// Eight counters, each word in the low half of a 64-bit lane, where a product of 32-bit numbers finds it.
XGRAD_INLINE void philox_rounds(std::uint64_t seed, Long8 c[4]) {
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  const Long8 low = Long8{} + 0xffffffffull;
  for (int round = 0; round < 10; ++round) {
    const Long8 p0 = (c[0] & low) * std::uint64_t{detail::kPhiloxM0};
    const Long8 p1 = (c[2] & low) * std::uint64_t{detail::kPhiloxM1};
    c[0] = (p1 >> 32) ^ c[1] ^ std::uint64_t{k0};
    c[2] = (p0 >> 32) ^ c[3] ^ std::uint64_t{k1};
    c[1] = p1;  // the high halves are garbage from here on; nobody looks at them
    c[3] = p0;
    k0 += detail::kPhiloxW0;
    k1 += detail::kPhiloxW1;
  }
}

// The 64 words of the counters first .. first + 15. Stored as whole vectors: loads wait for stores of half the size.
XGRAD_INLINE void philox_group(std::uint64_t seed, std::uint64_t first, std::uint32_t* words) {
  const Long8 counter = Long8{0, 1, 2, 3, 4, 5, 6, 7} + first, next = counter + 8ull;
  Long8 c[4] = {counter, counter >> 32, Long8{}, Long8{}}, d[4] = {next, next >> 32, Long8{}, Long8{}};
  philox_rounds(seed, c);
  philox_rounds(seed, d);
  for (int w = 0; w < 4; ++w) {
    const Uint8 x = __builtin_convertvector(c[w], Uint8), y = __builtin_convertvector(d[w], Uint8);
    const Uint16 both = __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    std::memcpy(words + 16 * w, &both, 64);
  }
}

// std::bit_cast is not always inlined, and its calling convention would differ between the versions of a kernel.
template <class To, class From>
XGRAD_INLINE To as(From v) {
  return __builtin_bit_cast(To, v);
}
XGRAD_INLINE Float as_float(Int16 v) { return as<Float::native>(v); }

// All lanes x, for numbers known at run time only: GCC 12 builds Vec(x) of those lane by lane, in 16 instructions.
XGRAD_INLINE Float splat(float x) {
  typedef float Quarter __attribute__((vector_size(16)));
  const Quarter q = x - Quarter{};
  return __builtin_shufflevector(q, q, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
XGRAD_INLINE Double splat(double x) {
  typedef double Quarter __attribute__((vector_size(16)));
  const Quarter q = x - Quarter{};
  return __builtin_shufflevector(q, q, 0, 0, 0, 0, 0, 0, 0, 0);
}

XGRAD_INLINE Int16 ints(const std::uint32_t* words) {
  Int16 v;
  std::memcpy(&v, words, 64);
  return v;
}

// log of x in (0, 1]: Cephes' polynomial on the mantissa in [sqrt(1/2), sqrt(2)).
XGRAD_INLINE Float log_unit(Float x) {
  const Int16 i = as<Int16>(x.v);
  const Int16 e = (i - 0x3f3504f3) >> 23;
  const Float m = as_float(i - (e << 23)) - 1.f;
  const Float z = m * m;
  Float p = 7.0376836292e-2f;
  for (float q : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                  2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f})
    p = p * m + splat(q);
  const Float fe = vec::to_float(e);
  p = p * m * z - fe * 2.12194440e-4f - z * 0.5f;
  return fe * 0.693359375f + (m + p);
}

// The same in double: log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172.
XGRAD_INLINE Double log_unit(Double x) {
  const auto i = as<VecTraits<double>::mask>(x.v);
  const auto e = (i - 0x3fe6a09e667f3bcdll) >> 52;
  const Double m = as<VecTraits<double>::native>(i - (e << 52));
  const Double s = (m - 1.0) / (m + 1.0), z = s * s;
  Double p = 1.0 / 23;
  for (int k = 21; k >= 3; k -= 2) p = p * z + splat(1.0 / k);
  // A small integer to double by its place among the bits of 1.5 * 2^52.
  const Double fe = as<VecTraits<double>::native>(e + 0x4338000000000000ll) - Double(6755399441055744.0).v;
  const Double two_s = s + s;
  return fe * 6.93147180369123816490e-01 + (two_s + (two_s * (z * p) + fe * 1.90821492927058770002e-10));
}

// Box-Muller: the first 32-bit word gives the radius, the second the angle, in quarter turns from its top bits and the
// rest within an eighth of a turn, without any rounding.
XGRAD_INLINE void normal_pair(Int16 a, Int16 b, Float& x, Float& y) {
  const Float u = vec::to_float((a >> 1) & 0x7fffffff) * 0x1p-31f + 0x1p-32f;  // (0, 1]
  const Float r = sqrt(log_unit(u) * -2.f);
  const Int16 k = ((b >> 29) + 1) >> 1;  // (b + 2^29) / 2^30 rounded down, without overflow
  const Float t = vec::to_float((b << 2) >> 2) * static_cast<float>(6.283185307179586 / 4294967296.0), z = t * t;
  Float s = Float(-1.9515295891e-4f) * z + 8.3321608736e-3f;
  s = (s * z - 1.6666654611e-1f) * z * t + t;
  Float c = Float(2.443315711809948e-5f) * z - 1.388731625493765e-3f;
  c = (c * z + 4.166664568298827e-2f) * (z * z) - z * 0.5f + 1.f;
  const Mask<float> odd{(k & 1) != 0};
  const Float sine = where(odd, c, s), cosine = where(odd, s, c);
  x = r * as_float(as<Int16>(cosine.v) ^ (((k + 1) & 2) << 30));
  y = r * as_float(as<Int16>(sine.v) ^ ((k & 2) << 30));
}

// 53 random bits as a number in [0, 1).
XGRAD_INLINE Double unit(const std::uint32_t* high, const std::uint32_t* low) {
  Uint8 a, b;
  std::memcpy(&a, high, 32);
  std::memcpy(&b, low, 32);
  const Int8 top = (Int8)(a >> 5), rest = (Int8)(b >> 6);
  const Double t = __builtin_convertvector(top, Double::native), l = __builtin_convertvector(rest, Double::native);
  return (t * 67108864.0 + l) * 0x1p-53;  // exact
}

// -a where bit 1 of `sign` is set.
XGRAD_INLINE Double flip(Double a, VecTraits<double>::mask sign) {
  return as<VecTraits<double>::native>(as<VecTraits<double>::mask>(a.v) ^ (sign << 62));
}

// Taylor series to t^17: the angle is at most an eighth of a turn.
XGRAD_INLINE void normal_pair(Double u, Double v, Double& x, Double& y) {
  const Double r = sqrt(log_unit(1.0 - u) * -2.0);
  const Double q4 = v * 4.0 + 6755399441055744.0;  // rounded to quarter turns
  const auto k = as<VecTraits<double>::mask>(q4.v);
  const Double t = (v - (q4 - 6755399441055744.0) * 0.25) * 6.283185307179586477, z = t * t;
  Double s = 1.0 / 355687428096000, c = 1.0 / 20922789888000;  // 1/17!, 1/16!
  for (double f :
       {-1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6})
    s = s * z + splat(f);
  for (double f : {-1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5})
    c = c * z + splat(f);
  s = s * z * t + t;
  c = c * z + 1.0;
  const Mask<double> odd{(k & 1) != 0};
  const Double sine = where(odd, c, s), cosine = where(odd, s, c);
  x = r * flip(cosine, ((k + 1) & 2));
  y = r * flip(sine, k & 2);
}

// ---- laws: one group of words to elements ----
struct UniformFloat {
  static constexpr int size = 64;
  float low, range, below;
  XGRAD_INLINE void operator()(const std::uint32_t* w, float* out) const {
    for (int i = 0; i < 64; i += 16) {
      const Float u = vec::to_float((ints(w + i) >> 8) & 0xffffff) * 0x1p-24f;
      const Float v = u * splat(range) + splat(low), top = splat(below);
      where(v > top, top, v).store(out + i);
    }
  }
};

struct UniformDouble {
  static constexpr int size = 32;
  double low, range, below;
  XGRAD_INLINE void operator()(const std::uint32_t* w, double* out) const {
    for (int i = 0; i < 32; i += 8) {
      const std::uint32_t* p = w + (i & 16) * 2 + (i & 8);
      const Double v = unit(p, p + 16) * splat(range) + splat(low), top = splat(below);
      where(v > top, top, v).store(out + i);
    }
  }
};

struct NormalFloat {
  static constexpr int size = 64;
  float mean, stddev;
  XGRAD_INLINE void operator()(const std::uint32_t* w, float* out) const {
    for (int i = 0; i < 64; i += 32) {
      Float x, y;
      normal_pair(ints(w + i), ints(w + i + 16), x, y);
      (x * splat(stddev) + splat(mean)).store(out + i);
      (y * splat(stddev) + splat(mean)).store(out + i + 16);
    }
  }
};

struct NormalDouble {
  static constexpr int size = 32;
  double mean, stddev;
  XGRAD_INLINE void operator()(const std::uint32_t* w, double* out) const {
    for (int i = 0; i < 16; i += 8) {
      Double x, y;
      normal_pair(unit(w + i, w + 16 + i), unit(w + 32 + i, w + 48 + i), x, y);
      (x * splat(stddev) + splat(mean)).store(out + i);
      (y * splat(stddev) + splat(mean)).store(out + 16 + i);
    }
  }
};

struct Bernoulli {
  static constexpr int size = 64;
  std::uint32_t limit;
  XGRAD_INLINE void operator()(const std::uint32_t* w, std::uint8_t* out) const {
    for (int i = 0; i < 64; ++i) out[i] = w[i] < limit;
  }
};

struct Words {
  static constexpr int size = 64;
  XGRAD_INLINE void operator()(const std::uint32_t* w, std::uint32_t* out) const { std::memcpy(out, w, 256); }
};

// Groups [begin, end) of n elements.
template <class Law, class T>
XGRAD_CLONES void generate_groups(Law law, std::uint64_t seed, std::uint64_t first, std::int64_t begin,
                                  std::int64_t end, T* out, std::int64_t n) {
  alignas(64) std::uint32_t words[64];
  for (std::int64_t g = begin; g < end; ++g) {
    philox_group(seed, first + static_cast<std::uint64_t>(g * kGroup), words);
    const std::int64_t at = g * Law::size;
    if (n - at >= Law::size) {
      law(words, out + at);
    } else {
      T last[Law::size];
      law(words, last);
      std::copy_n(last, n - at, out + at);
    }
  }
}

template <class Law, class T>
void generate(const Generator& generator, T* out, std::int64_t n, double ns_per_group, const Law& law) {
  if (n <= 0) return;
  const std::int64_t groups = (n + Law::size - 1) / Law::size;
  const Generator::Range r = generator.reserve(static_cast<std::uint64_t>(groups * kGroup));
  detail::parallel_for(groups, detail::grain_for(ns_per_group), [&](std::int64_t begin, std::int64_t end) {
    generate_groups(law, r.seed, r.first, begin, end, out, n);
  });
}

__extension__ typedef unsigned __int128 Wide;

// Numbers below `span` from 32-bit words (two of them when span is larger), without bias: Lemire's multiplication; a
// word that would favour some values is drawn again from the same counter in another stream.
struct Below {
  std::uint64_t seed, first;

  std::uint64_t again(std::int64_t element, int per_group, std::uint32_t attempt) const {
    const std::int64_t group = element / per_group, lane = element % 16, pair = element % per_group / 16;
    const std::uint64_t counter = first + static_cast<std::uint64_t>(group * kGroup + lane);
    const auto w =
        Generator::philox({static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), attempt, 0},
                          {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    if (per_group == 64) return w[static_cast<std::size_t>(pair)];
    return std::uint64_t{w[static_cast<std::size_t>(2 * pair)]} << 32 | w[static_cast<std::size_t>(2 * pair + 1)];
  }

  std::uint64_t narrow(std::uint32_t word, std::uint32_t span, std::int64_t element) const {
    std::uint64_t m = std::uint64_t{word} * span;
    if (static_cast<std::uint32_t>(m) < span) [[unlikely]] {
      const std::uint32_t reject = (0u - span) % span;
      for (std::uint32_t attempt = 1; static_cast<std::uint32_t>(m) < reject; ++attempt)
        m = again(element, 64, attempt) * span;
    }
    return m >> 32;
  }

  std::uint64_t wide(std::uint64_t word, std::uint64_t span, std::int64_t element) const {
    Wide m = static_cast<Wide>(word) * span;
    if (static_cast<std::uint64_t>(m) < span) [[unlikely]] {
      const std::uint64_t reject = (0 - span) % span;
      for (std::uint32_t attempt = 1; static_cast<std::uint64_t>(m) < reject; ++attempt)
        m = static_cast<Wide>(again(element, 32, attempt)) * span;
    }
    return static_cast<std::uint64_t>(m >> 64);
  }
};

}  // namespace

namespace detail {

void fill_uniform(const Generator& g, float* out, std::int64_t n, double low, double high) {
  const float lo = static_cast<float>(low), hi = static_cast<float>(high);
  // Rounding must not reach the open end.
  generate(g, out, n, 40, UniformFloat{lo, hi - lo, hi > lo ? std::nextafter(hi, lo) : hi});
}

void fill_uniform(const Generator& g, double* out, std::int64_t n, double low, double high) {
  generate(g, out, n, 40, UniformDouble{low, high - low, high > low ? std::nextafter(high, low) : high});
}

void fill_normal(const Generator& g, float* out, std::int64_t n, double mean, double stddev) {
  generate(g, out, n, 100, NormalFloat{static_cast<float>(mean), static_cast<float>(stddev)});
}

void fill_normal(const Generator& g, double* out, std::int64_t n, double mean, double stddev) {
  generate(g, out, n, 100, NormalDouble{mean, stddev});
}

namespace {

// Without a limit: certain.
std::optional<Bernoulli> bernoulli_law(double p) {
  const double limit = std::nearbyint(p * 4294967296.0);
  if (limit >= 4294967296.0) return {};
  return Bernoulli{limit > 0 ? static_cast<std::uint32_t>(limit) : 0u};
}

}  // namespace

void fill_bernoulli(const Generator& g, std::uint8_t* out, std::int64_t n, double p) {
  if (n <= 0) return;
  if (const auto law = bernoulli_law(p)) return generate(g, out, n, 40, *law);
  reserve_bernoulli(g, n);  // the numbers that follow must not depend on p
  std::memset(out, 1, static_cast<std::size_t>(n));
}

Generator::Range reserve_bernoulli(const Generator& g, std::int64_t n) {
  return g.reserve(static_cast<std::uint64_t>((n + Bernoulli::size - 1) / Bernoulli::size * kGroup));
}

void bernoulli_at(const Generator::Range& r, std::int64_t begin, std::uint8_t* out, std::int64_t n, double p) {
  constexpr std::int64_t kSize = Bernoulli::size;
  const auto law = bernoulli_law(p);
  if (!law) return static_cast<void>(std::memset(out, 1, static_cast<std::size_t>(n)));
  std::int64_t group = begin / kSize;
  const auto counter = [&] { return r.first + static_cast<std::uint64_t>(group * kGroup); };
  if (const std::int64_t skip = begin % kSize; skip > 0) {
    std::uint8_t first[kSize];
    generate_groups(*law, r.seed, counter(), 0, 1, first, kSize);
    const std::int64_t count = std::min(n, kSize - skip);
    std::copy_n(first + skip, count, out);
    out += count;
    n -= count;
    ++group;
  }
  generate_groups(*law, r.seed, counter(), 0, (n + kSize - 1) / kSize, out, n);
}

void fill_randint(const Generator& g, std::int64_t* out, std::int64_t n, std::int64_t low, std::int64_t high) {
  if (n <= 0) return;
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const bool is_narrow = span <= std::numeric_limits<std::uint32_t>::max();
  const int per_group = is_narrow ? 64 : 32;
  const std::int64_t groups = (n + per_group - 1) / per_group;
  const Generator::Range r = g.reserve(static_cast<std::uint64_t>(groups * kGroup));
  const Below below{r.seed, r.first};
  parallel_for(groups, 30, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t w[64];
    for (std::int64_t group = begin; group < end; ++group) {
      generate_groups(Words{}, r.seed, r.first + static_cast<std::uint64_t>(group * kGroup), 0, 1, w, 64);
      const std::int64_t at = group * per_group, count = std::min<std::int64_t>(per_group, n - at);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t pair = (i / 16) * 32 + i % 16;
        const std::uint64_t x = is_narrow ? below.narrow(w[i], static_cast<std::uint32_t>(span), at + i)
                                          : below.wide(std::uint64_t{w[pair]} << 32 | w[pair + 16], span, at + i);
        out[at + i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + x);
      }
    }
  });
}

void fill_randperm(const Generator& g, std::int64_t* out, std::int64_t n) {
  if (n <= 0) return;
  std::iota(out, out + n, std::int64_t{0});
  const bool is_narrow = n <= std::numeric_limits<std::uint32_t>::max();
  const int per_group = is_narrow ? 64 : 32;
  const std::int64_t groups = (n + per_group - 1) / per_group;
  const Generator::Range r = g.reserve(static_cast<std::uint64_t>(groups * kGroup));
  const Below below{r.seed, r.first};
  std::uint32_t w[64];
  // Fisher-Yates from the end; element i of the stream decides what stays at place n - 1 - i.
  for (std::int64_t group = 0; group < groups; ++group) {
    generate_groups(Words{}, r.seed, r.first + static_cast<std::uint64_t>(group * kGroup), 0, 1, w, 64);
    const std::int64_t at = group * per_group, count = std::min<std::int64_t>(per_group, n - at);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t last = n - 1 - (at + i), pair = (i / 16) * 32 + i % 16;
      const std::uint64_t span = static_cast<std::uint64_t>(last) + 1;
      const std::uint64_t x = is_narrow ? below.narrow(w[i], static_cast<std::uint32_t>(span), at + i)
                                        : below.wide(std::uint64_t{w[pair]} << 32 | w[pair + 16], span, at + i);
      std::swap(out[last], out[x]);
    }
  }
}

}  // namespace detail
}  // namespace xgrad
