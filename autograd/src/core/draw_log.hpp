// Which generators a part of a program drew from, and where they stood before: for running it again.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <xgrad/random.hpp>

namespace xgrad::detail {

using GeneratorStates = std::vector<std::pair<Generator, std::array<std::uint64_t, 2>>>;

// Between these, the first draw of this thread from each generator is noted in `states`. They nest.
void begin_draw_log(GeneratorStates& states);
void end_draw_log() noexcept;

// Puts generators where they stood, and back when it ends.
class GeneratorsAt {
 public:
  explicit GeneratorsAt(const GeneratorStates& states);
  ~GeneratorsAt();
  GeneratorsAt(const GeneratorsAt&) = delete;
  GeneratorsAt& operator=(const GeneratorsAt&) = delete;

 private:
  GeneratorStates now_;
};

}  // namespace xgrad::detail
