// Random numbers: Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). Number i of a call depends on the seed, the calls before, and i alone, so results are
// the same for every thread count and CPU.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include <xgrad/export.hpp>

namespace xgrad {

class XGRAD_API Generator {
 public:
  explicit Generator(std::uint64_t seed = 0) : seed_(seed) {}
  Generator(const Generator&) = delete;             // it has one sequence: auto& g = default_generator()
  Generator& operator=(const Generator&) = delete;  // a.set_state(b.get_state())
  void manual_seed(std::uint64_t seed);
  std::uint64_t seed() const;

  // {seed, offset}: all there is to it. For checkpoints.
  std::array<std::uint64_t, 2> get_state() const;
  void set_state(std::array<std::uint64_t, 2> state);

  // Reserves `blocks` consecutive counters (four 32-bit words each); thread-safe.
  struct Range {
    std::uint64_t seed, first;
  };
  Range reserve(std::uint64_t blocks);

  // One block: four words from a 128-bit counter and a 64-bit key.
  static std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

 private:
  mutable std::mutex mutex_;
  std::uint64_t seed_, offset_ = 0;
};

// The generator that rand, randn, dropout, shuffling ... draw from; shared by all threads.
XGRAD_API Generator& default_generator();
// Restarts it. The seed at program start is 0.
XGRAD_API void manual_seed(std::uint64_t seed);

}  // namespace xgrad
