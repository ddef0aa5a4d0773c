// Random numbers: Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011). Number i of a call depends on the seed, the calls before, and i alone, so results are
// the same for every thread count and CPU.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <xgrad/export.hpp>

namespace xgrad {

// A handle: copies draw from one sequence, so that a generator can be kept in options, loaders and distributions;
// clone() begins a sequence of its own at the same place. Every method may be called from several threads.
class XGRAD_API Generator {
 public:
  explicit Generator(std::uint64_t seed = 0);
  // There is no moving, which would leave a generator of nothing behind.
  Generator(const Generator&) = default;
  Generator& operator=(const Generator&) = default;
  Generator manual_seed(std::uint64_t seed) const;  // itself, begun anew
  std::uint64_t seed() const;
  Generator clone() const;
  // Whether both are handles of one sequence.
  bool operator==(const Generator& other) const { return state_ == other.state_; }

  // {seed, offset}: all there is to it. For checkpoints.
  std::array<std::uint64_t, 2> get_state() const;
  void set_state(std::array<std::uint64_t, 2> state) const;

  // Reserves `blocks` consecutive counters (four 32-bit words each); thread-safe.
  struct Range {
    std::uint64_t seed, first;
  };
  Range reserve(std::uint64_t blocks) const;

  // One block: four words from a 128-bit counter and a 64-bit key.
  static std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The generator that rand, randn, dropout, shuffling ... draw from; shared by all threads.
XGRAD_API Generator& default_generator();
// Restarts it. The seed at program start is 0.
XGRAD_API void manual_seed(std::uint64_t seed);

namespace detail {
inline const Generator& generator_or_default(const std::optional<Generator>& g) { return g ? *g : default_generator(); }
}  // namespace detail

}  // namespace xgrad
