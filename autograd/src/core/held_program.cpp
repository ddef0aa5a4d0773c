#include "core/held_program.hpp"

#include <algorithm>
#include <cstring>

namespace xgrad::detail {
namespace {

constexpr std::int64_t kLongestTile = 1024, kShortestTile = 64;  // elements of a tile
constexpr std::int64_t kBufferRoom = 32 << 10;                   // bytes for buffers, on the stack of any thread
static_assert(Program::kMostSteps * kShortestTile * 8 <= kBufferRoom);

}  // namespace

// A buffer is free again after the last step that reads it; a result is never put over an operand of its own step.
void Program::place_buffers() {
  std::vector<std::size_t> last(steps.size(), 0);
  std::vector<int> free;
  for (std::size_t i = 0; i < steps.size(); ++i)
    for (int j = 0; j < steps[i].n_in; ++j)
      if (steps[i].in[j] < 0) last[static_cast<std::size_t>(~steps[i].in[j])] = i;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Step& s = steps[i];
    ns_ += s.ns;
    item_ = std::max(item_, static_cast<int>(item_size(s.dtype)));
    if (s.stored < 0) {
      if (free.empty()) free.push_back(buffers_++);
      s.buffer = free.back();
      free.pop_back();
    }
    for (int j = 0; j < s.n_in; ++j) {
      if (s.in[j] >= 0) continue;
      const auto from = static_cast<std::size_t>(~s.in[j]);
      if (last[from] != i || steps[from].stored >= 0) continue;
      free.push_back(steps[from].buffer);
      last[from] = 0;  // it may be read twice
    }
  }
  tile_ = kLongestTile;
  while (tile_ > kShortestTile && buffers_ * item_ * tile_ > kBufferRoom) tile_ /= 2;
}

void Program::run_steps(std::int64_t n, void* const* out, const void* const* in) const {
  alignas(64) char room[kBufferRoom];
  char* results_at[kMostSteps];
  for (std::int64_t begin = 0; begin < n; begin += tile_) {
    const std::int64_t count = std::min(tile_, n - begin);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& s = steps[i];
      const void* from[kMaxTileInputs];
      for (int j = 0; j < s.n_in; ++j) {
        const int k = s.in[j];
        from[j] = k < 0 ? results_at[~k]
                        : static_cast<const char*>(in[k]) +
                              begin * item_size(impl(operands[static_cast<std::size_t>(k)]).dtype);
      }
      results_at[i] = s.stored < 0 ? room + s.buffer * tile_ * item_
                                   : static_cast<char*>(out[s.stored]) + begin * item_size(s.dtype);
      s.fn(s.f, count, results_at[i], from);
    }
  }
}

void Program::run_tile(const void* program, std::int64_t n, void* const* out, const void* const* in) {
  static_cast<const Program*>(program)->run_steps(n, out, in);
}

void Program::run() {
  const Tensor* in[kMostOperands];
  for (std::size_t j = 0; j < operands.size(); ++j) in[j] = &operands[j];
  run_many_tiles({&run_tile, this, ns_}, results.data(), static_cast<int>(results.size()), in,
                 static_cast<int>(operands.size()));
}

bool Program::runs_in_parts() const {
  std::int64_t numbers = 0;
  for (const Tensor& t : operands) {
    if (impl(t).numel == 1)
      ++numbers;
    else if (!impl(t).contiguous || impl(t).numel != numel)
      return false;
  }
  return numbers * kShortestTile * 8 <= kRoomOfParts;
}

namespace {

template <class T>
void repeat_number(char* to, std::int64_t n, const char* number) {
  T v;
  std::memcpy(&v, number, sizeof v);
  for (std::int64_t i = 0; i < n; ++i) std::memcpy(to + i * static_cast<std::int64_t>(sizeof v), &v, sizeof v);
}

void repeat_number(int item, char* to, std::int64_t n, const char* number) {
  if (item == 1) return repeat_number<std::uint8_t>(to, n, number);
  item == 4 ? repeat_number<std::uint32_t>(to, n, number) : repeat_number<std::uint64_t>(to, n, number);
}

bool stands_for_all(const Tensor& t, std::int64_t numel) { return impl(t).numel == 1 && numel != 1; }

}  // namespace

ProgramParts::ProgramParts(const Program& p) : program_(p), longest_(kLongestTile) {
  std::int64_t bytes = 0;
  for (const Tensor& t : p.operands)
    if (stands_for_all(t, p.numel)) bytes += item_size(impl(t).dtype);
  while (bytes * longest_ > Program::kRoomOfParts) longest_ /= 2;
  char* place = room_;
  for (std::size_t j = 0; j < p.operands.size(); ++j) {
    const TensorImpl& t = impl(p.operands[j]);
    from_[j] = t.memory();
    if (!stands_for_all(p.operands[j], p.numel)) continue;
    repeat_number(item_size(t.dtype), place, longest_, t.memory());
    from_[j] = place;
    place += item_size(t.dtype) * longest_;
  }
}

void ProgramParts::run(std::int64_t begin, std::int64_t n, void* out) const {
  const Program& p = program_;
  for (std::int64_t done = 0; done < n; done += longest_) {
    const std::int64_t first = begin + done, count = std::min(longest_, n - done);
    const void* in[Program::kMostOperands];
    for (std::size_t j = 0; j < p.operands.size(); ++j) {
      const bool number = stands_for_all(p.operands[j], p.numel);
      in[j] = from_[j] + (number ? 0 : first * item_size(impl(p.operands[j]).dtype));
    }
    void* to[Program::kMostStored + 1];
    for (std::size_t j = 0; j < p.results.size(); ++j)
      to[j] = impl(p.results[j]).memory() + first * item_size(impl(p.results[j]).dtype);
    to[p.results.size()] = static_cast<char*>(out) + done * item_size(p.steps.back().dtype);
    p.run_steps(count, to, in);
  }
}

}  // namespace xgrad::detail
