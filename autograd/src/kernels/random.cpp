#include "kernels/philox.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include <xgrad/vec.hpp>

#include "kernels/parallel.hpp"

// Compiled without fused multiply-add (see autograd/CMakeLists.txt): the bits must not depend on the CPU.

namespace xgrad {
namespace {

constexpr std::uint32_t kM0 = 0xD2511F53u, kM1 = 0xCD9E8D57u, kW0 = 0x9E3779B9u, kW1 = 0xBB67AE85u;

// L blocks at once, so that the rounds vectorise.
template <int L>
XGRAD_INLINE void philox_blocks(std::uint64_t first, std::uint64_t seed, std::uint32_t out[4][L]) {
  std::uint32_t c0[L], c1[L], c2[L] = {}, c3[L] = {};
  for (int l = 0; l < L; ++l) {
    c0[l] = static_cast<std::uint32_t>(first + static_cast<std::uint64_t>(l));
    c1[l] = static_cast<std::uint32_t>((first + static_cast<std::uint64_t>(l)) >> 32);
  }
  std::uint32_t k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int l = 0; l < L; ++l) {
      const std::uint64_t p0 = std::uint64_t{kM0} * c0[l], p1 = std::uint64_t{kM1} * c2[l];
      const std::uint32_t a = static_cast<std::uint32_t>(p1 >> 32) ^ c1[l] ^ k0;
      const std::uint32_t b = static_cast<std::uint32_t>(p0 >> 32) ^ c3[l] ^ k1;
      c1[l] = static_cast<std::uint32_t>(p1);
      c3[l] = static_cast<std::uint32_t>(p0);
      c0[l] = a;
      c2[l] = b;
    }
    k0 += kW0;
    k1 += kW1;
  }
  for (int l = 0; l < L; ++l) {
    out[0][l] = c0[l];
    out[1][l] = c1[l];
    out[2][l] = c2[l];
    out[3][l] = c3[l];
  }
}

constexpr int kLanes = 16;

// Words of blocks [begin, end) in order, 4 per block; end - begin is a multiple of kLanes except at the very end.
XGRAD_CLONES void philox_words(std::uint64_t seed, std::uint64_t first, std::int64_t begin, std::int64_t end,
                               std::uint32_t* words) {
  std::uint32_t x[4][kLanes];
  for (std::int64_t b = begin; b < end; b += kLanes) {
    philox_blocks<kLanes>(first + static_cast<std::uint64_t>(b), seed, x);
    for (int l = 0; l < kLanes; ++l)
      for (int w = 0; w < 4; ++w) words[(b - begin + l) * 4 + w] = x[w][l];
  }
}

// Calls make(words, out, count) for pieces of the output; `per_block` elements come from one block of four words.
template <class T, class F>
void generate(Generator& g, T* out, std::int64_t n, int per_block, F make) {
  const std::int64_t blocks = (n + per_block - 1) / per_block;
  const Generator::Range r = g.reserve(static_cast<std::uint64_t>(blocks));
  constexpr std::int64_t kPiece = 256;  // blocks
  const std::int64_t pieces = (blocks + kPiece - 1) / kPiece;
  detail::parallel_for(pieces, 4, [&](std::int64_t from, std::int64_t to) {
    alignas(64) std::uint32_t words[kPiece * 4];
    for (std::int64_t p = from; p < to; ++p) {
      philox_words(r.seed, r.first, p * kPiece, (p + 1) * kPiece, words);
      const std::int64_t at = p * kPiece * per_block;
      make(words, out + at, std::min(kPiece * per_block, n - at));
    }
  });
}

// 53 random bits from two words, in [0, 1).
XGRAD_INLINE double unit(std::uint32_t a, std::uint32_t b) {
  return static_cast<double>((std::uint64_t{a} >> 5) * 67108864u + (b >> 6)) * 0x1p-53;
}

XGRAD_CLONES void uniform_floats(const std::uint32_t* w, float* out, std::int64_t n, float low, float range, float below) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float v = static_cast<float>(static_cast<std::int32_t>(w[i] >> 8)) * 0x1p-24f * range + low;
    out[i] = v > below ? below : v;
  }
}

// Box-Muller: two normals from two words (24 and 24 bits; the radius never sees 0).
XGRAD_CLONES void normal_floats(const std::uint32_t* w, float* out, std::int64_t n, float mean, float stddev) {
  using V = Vec<float>;
  for (std::int64_t i = 0; i < n; i += 32) {
    V u, a;
    for (int l = 0; l < 16; ++l) {
      u.v[l] = (static_cast<float>(static_cast<std::int32_t>(w[i + 2 * l] >> 8)) + 1.f) * 0x1p-24f;
      a.v[l] = static_cast<float>(static_cast<std::int32_t>(w[i + 2 * l + 1] >> 8)) * 0x1p-24f * 6.28318530717958648f;
    }
    const V r = sqrt(log(u) * -2.f) * stddev;
    float pair[32];
    (r * cos(a) + mean).store(pair);
    (r * sin(a) + mean).store(pair + 16);
    const std::int64_t count = std::min<std::int64_t>(32, n - i);
    for (std::int64_t j = 0; j < count; ++j) out[i + j] = pair[(j & 1) * 16 + j / 2];
  }
}

// Multiplies a 64-bit random number into [0, span); the bias is below 2^-64 * span.
std::int64_t scale_to(std::uint64_t r, std::uint64_t span) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>((static_cast<Wide>(r) * span) >> 64));
}

}  // namespace

void Generator::manual_seed(std::uint64_t seed) {
  std::lock_guard lock(mutex_);
  seed_ = seed;
  offset_ = 0;
}
std::uint64_t Generator::seed() const {
  std::lock_guard lock(mutex_);
  return seed_;
}
std::array<std::uint64_t, 2> Generator::get_state() const {
  std::lock_guard lock(mutex_);
  return {seed_, offset_};
}
void Generator::set_state(std::array<std::uint64_t, 2> state) {
  std::lock_guard lock(mutex_);
  seed_ = state[0];
  offset_ = state[1];
}
Generator::Range Generator::reserve(std::uint64_t blocks) {
  std::lock_guard lock(mutex_);
  const Range r{seed_, offset_};
  offset_ += blocks;
  return r;
}

std::array<std::uint32_t, 4> Generator::philox(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kM0} * c[0], p1 = std::uint64_t{kM1} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += kW0;
    k[1] += kW1;
  }
  return c;
}

Generator& default_generator() {
  static Generator* g = new Generator(0);  // never destroyed: static objects may still draw from it
  return *g;
}
void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

namespace detail {

void fill_uniform(Generator& g, float* out, std::int64_t n, double low, double high) {
  const float lo = static_cast<float>(low), hi = static_cast<float>(high);
  const float below = hi > lo ? std::nextafter(hi, lo) : hi;  // rounding must not reach the open end
  generate(g, out, n, 4, [=](const std::uint32_t* w, float* o, std::int64_t m) { uniform_floats(w, o, m, lo, hi - lo, below); });
}

void fill_uniform(Generator& g, double* out, std::int64_t n, double low, double high) {
  const double below = high > low ? std::nextafter(high, low) : high;
  generate(g, out, n, 2, [=](const std::uint32_t* w, double* o, std::int64_t m) {
    for (std::int64_t i = 0; i < m; ++i) o[i] = std::min(unit(w[2 * i], w[2 * i + 1]) * (high - low) + low, below);
  });
}

void fill_normal(Generator& g, float* out, std::int64_t n, double mean, double stddev) {
  generate(g, out, n, 4, [=](const std::uint32_t* w, float* o, std::int64_t m) {
    normal_floats(w, o, m, static_cast<float>(mean), static_cast<float>(stddev));
  });
}

void fill_normal(Generator& g, double* out, std::int64_t n, double mean, double stddev) {
  generate(g, out, n, 2, [=](const std::uint32_t* w, double* o, std::int64_t m) {
    for (std::int64_t i = 0; i < m; i += 2) {
      const double r = std::sqrt(-2 * std::log(unit(w[2 * i], w[2 * i + 1]) + 0x1p-53)) * stddev;
      const double a = 6.283185307179586477 * unit(w[2 * i + 2], w[2 * i + 3]);
      o[i] = r * std::cos(a) + mean;
      if (i + 1 < m) o[i + 1] = r * std::sin(a) + mean;
    }
  });
}

void fill_bernoulli(Generator& g, std::uint8_t* out, std::int64_t n, double p) {
  const std::uint64_t limit = static_cast<std::uint64_t>(std::ceil(p * 4294967296.0));
  generate(g, out, n, 4, [=](const std::uint32_t* w, std::uint8_t* o, std::int64_t m) {
    for (std::int64_t i = 0; i < m; ++i) o[i] = w[i] < limit;
  });
}

void fill_randint(Generator& g, std::int64_t* out, std::int64_t n, std::int64_t low, std::int64_t high) {
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  generate(g, out, n, 2, [=](const std::uint32_t* w, std::int64_t* o, std::int64_t m) {
    for (std::int64_t i = 0; i < m; ++i) o[i] = low + scale_to(std::uint64_t{w[2 * i]} << 32 | w[2 * i + 1], span);
  });
}

void fill_randperm(Generator& g, std::int64_t* out, std::int64_t n) {
  std::iota(out, out + n, std::int64_t{0});
  constexpr std::int64_t kChunk = 1024;
  std::int64_t draw[kChunk];  // Fisher-Yates, from the end
  for (std::int64_t i = n - 1; i > 0; i -= kChunk) {
    const std::int64_t m = std::min(kChunk, i);
    fill_randint(g, draw, m, 0, INT64_MAX);
    for (std::int64_t j = 0; j < m; ++j)
      std::swap(out[i - j], out[scale_to(static_cast<std::uint64_t>(draw[j]) << 1, static_cast<std::uint64_t>(i - j + 1))]);
  }
}

}  // namespace detail
}  // namespace xgrad
