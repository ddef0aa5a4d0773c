// Bulk random numbers on raw memory, over several threads. Element i depends on (seed, offset, i) only: the same bits
// for any number of threads and on every CPU.
#pragma once

#include <cstdint>

#include <xgrad/random.hpp>

namespace xgrad::detail {

// [low, high), also after rounding; low when low == high.
void fill_uniform(const Generator& g, float* out, std::int64_t n, double low, double high);   // 24 random bits
void fill_uniform(const Generator& g, double* out, std::int64_t n, double low, double high);  // 53 random bits
// Box-Muller; the largest values are at 6.7 (float) and 8.6 (double) standard deviations.
void fill_normal(const Generator& g, float* out, std::int64_t n, double mean, double stddev);
void fill_normal(const Generator& g, double* out, std::int64_t n, double mean, double stddev);
// 1 with probability p (to 32 bits), else 0.
void fill_bernoulli(const Generator& g, std::uint8_t* out, std::int64_t n, double p);
// The same in parts, on the calling thread: what a call for n elements draws, and the elements [begin, begin + n) of
// it.
Generator::Range reserve_bernoulli(const Generator& g, std::int64_t n);
void bernoulli_at(const Generator::Range& r, std::int64_t begin, std::uint8_t* out, std::int64_t n, double p);
// [low, high), every value equally likely.
void fill_randint(const Generator& g, std::int64_t* out, std::int64_t n, std::int64_t low, std::int64_t high);
// A permutation of 0 .. n-1, every one equally likely.
void fill_randperm(const Generator& g, std::int64_t* out, std::int64_t n);

}  // namespace xgrad::detail
