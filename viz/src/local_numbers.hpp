#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "explorer/run_again.hpp"
#include "picture.hpp"

namespace xgrad::viz {

// Local derivatives that are one number, from the operation's own backward function. They are kept: a graph is drawn
// several times until it fits a page.
class LocalNumbers {
 public:
  explicit LocalNumbers(const Recorded& recorded) : recorded_(recorded) {}

  // Of a result of one number by an input of one number. NaN: of an operation of the program, which is not run behind
  // its back, and of one whose saved tensors are gone.
  double of(const PicNode& operation, std::size_t position);

 private:
  std::vector<double> run(std::size_t op, std::uint32_t output);

  const Recorded& recorded_;
  std::optional<RunAgain> again_;
  std::map<std::pair<std::int64_t, std::uint32_t>, std::vector<double>> known_;  // by position
};

}  // namespace xgrad::viz
