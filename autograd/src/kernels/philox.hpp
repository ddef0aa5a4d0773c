// Bulk random numbers on raw memory. Element i depends on (seed, offset, i) only.
#pragma once

#include <cstdint>

#include <xgrad/random.hpp>

namespace xgrad::detail {

void fill_uniform(Generator& g, float* out, std::int64_t n, double low, double high);   // 24 random bits
void fill_uniform(Generator& g, double* out, std::int64_t n, double low, double high);  // 53 random bits
void fill_normal(Generator& g, float* out, std::int64_t n, double mean, double stddev);
void fill_normal(Generator& g, double* out, std::int64_t n, double mean, double stddev);
void fill_bernoulli(Generator& g, std::uint8_t* out, std::int64_t n, double p);
void fill_randint(Generator& g, std::int64_t* out, std::int64_t n, std::int64_t low, std::int64_t high);
void fill_randperm(Generator& g, std::int64_t* out, std::int64_t n);

}  // namespace xgrad::detail
