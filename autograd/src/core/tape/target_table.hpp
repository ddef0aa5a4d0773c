// Numbers of leaves and results, for the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// A leaf, or a result as an output of its node.
struct Target {
  RefCounted* object = nullptr;
  std::uint32_t output = 0;
  bool operator==(const Target&) const = default;
};

// Targets with a number each. The engine asks for every edge to a leaf, so a look-up reads one or two places of one
// block: the table is at most half full, and a target stands in the first free place behind its own.
class TargetTable {
 public:
  bool empty() const { return used_ == 0; }
  bool contains(const Target& t) const { return find(t) != nullptr; }
  // The number of t, or null.
  const std::uint32_t* find(const Target& t) const {
    if (used_ == 0) return nullptr;
    const Entry& e = places_[place_of(places_, t)];
    return e.target.object ? &e.number : nullptr;
  }
  // Its number, `fresh` when it had none before.
  std::uint32_t number_of(const Target& t, std::size_t fresh) {
    if (2 * (used_ + 1) > places_.size()) grow();
    Entry& e = places_[place_of(places_, t)];
    if (!e.target.object) {
      e = {t, static_cast<std::uint32_t>(fresh)};
      ++used_;
    }
    return e.number;
  }

 private:
  struct Entry {
    Target target;
    std::uint32_t number = 0;
  };
  using Places = std::vector<Entry>;  // a power of two

  static std::size_t place_of(const Places& places, const Target& t) {
    const std::uint64_t key = reinterpret_cast<std::uintptr_t>(t.object) / 16 + t.output;
    const std::size_t last = places.size() - 1;
    std::size_t i = static_cast<std::size_t>(key * 0x9e3779b97f4a7c15u >> 32) & last;  // the golden ratio spreads them
    while (places[i].target.object && !(places[i].target == t)) i = (i + 1) & last;
    return i;
  }
  void grow() {
    Places larger(places_.empty() ? 16 : 2 * places_.size());
    for (const Entry& e : places_)
      if (e.target.object) larger[place_of(larger, e.target)] = e;
    places_.swap(larger);
  }

  Places places_;
  std::size_t used_ = 0;
};

}  // namespace xgrad::detail
