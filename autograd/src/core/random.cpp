#include <algorithm>
#include <mutex>

#include <xgrad/random.hpp>

#include "core/change_log.hpp"
#include "core/draw_log.hpp"
#include "core/philox.hpp"

namespace xgrad {

struct Generator::State {
  std::mutex mutex;
  std::uint64_t seed, offset;
};

Generator::Generator(std::uint64_t seed) : state_(new State{{}, seed, 0}) {}

Generator Generator::manual_seed(std::uint64_t seed) const {
  set_state({seed, 0});
  return *this;
}

std::uint64_t Generator::seed() const { return get_state()[0]; }

Generator Generator::clone() const {
  Generator other;
  other.set_state(get_state());
  return other;
}

std::array<std::uint64_t, 2> Generator::get_state() const {
  const std::lock_guard lock(state_->mutex);
  return {state_->seed, state_->offset};
}

void Generator::set_state(std::array<std::uint64_t, 2> state) const {
  if (detail::is_any_state_kept()) [[unlikely]]
    detail::note_drawn(*this);
  const std::lock_guard lock(state_->mutex);
  state_->seed = state[0];
  state_->offset = state[1];
}

namespace detail {
namespace {

thread_local std::vector<GeneratorStates*> logs;
constinit thread_local bool logging = false;  // whether there are any

void note_draw(const Generator& g) {
  for (GeneratorStates* states : logs)
    if (std::ranges::none_of(*states, [&](const auto& known) { return known.first == g; }))
      states->emplace_back(g, g.get_state());
}

}  // namespace

void begin_draw_log(GeneratorStates& states) {
  logs.push_back(&states);
  logging = true;
}
void end_draw_log() noexcept {
  logs.pop_back();
  logging = !logs.empty();
}

GeneratorsAt::GeneratorsAt(const GeneratorStates& states) {
  for (const auto& [g, state] : states) now_.emplace_back(g, g.get_state());
  for (const auto& [g, state] : states) g.set_state(state);
}
GeneratorsAt::~GeneratorsAt() {
  for (const auto& [g, state] : now_) g.set_state(state);
}

}  // namespace detail

Generator::Range Generator::reserve(std::uint64_t blocks) const {
  if (detail::logging) detail::note_draw(*this);
  if (detail::is_any_state_kept()) [[unlikely]]
    detail::note_drawn(*this);
  const std::lock_guard lock(state_->mutex);
  const Range r{state_->seed, state_->offset};
  state_->offset += blocks;
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
