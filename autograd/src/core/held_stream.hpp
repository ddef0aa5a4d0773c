// What is held back, handed to a reduction part by part: nothing of it is stored.
#pragma once

#include <cstdint>
#include <memory>

#include "core/held.hpp"
#include "core/held_program.hpp"

namespace xgrad::detail {

class HeldStream {
 public:
  // Empty where x is not held back, or has to be stored. While it lives, other threads cannot compute what is held
  // here.
  explicit HeldStream(const Tensor& x);
  ~HeldStream();
  HeldStream(const HeldStream&) = delete;
  HeldStream& operator=(const HeldStream&) = delete;
  explicit operator bool() const { return state_ != nullptr; }
  // All elements must be asked for, each once, through parts of it.
  const Program& program() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace xgrad::detail
