#include <xgrad/random.hpp>

#include "core/philox.hpp"

namespace xgrad {

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
    const std::uint64_t p0 = std::uint64_t{detail::kPhiloxM0} * c[0], p1 = std::uint64_t{detail::kPhiloxM1} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += detail::kPhiloxW0;
    k[1] += detail::kPhiloxW1;
  }
  return c;
}

Generator& default_generator() {
  static Generator* g = new Generator(0);  // never destroyed: static objects may still draw from it
  return *g;
}

void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace xgrad
