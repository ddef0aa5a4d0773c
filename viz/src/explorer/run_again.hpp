// Backward functions by their place in a graph whose operations come from several: the program's, and those that layers
// were unfolded into.
#pragma once

#include <memory>
#include <vector>

#include <xgrad/backward_again.hpp>

#include "picture.hpp"

namespace xgrad::viz {

class RunAgain {
 public:
  explicit RunAgain(const Recorded& recorded) : origins_(recorded.origins) {
    roots_.push_back(std::make_unique<tape::BackwardAgain>(recorded.root));
    for (const Tensor& root : origins_.others) roots_.push_back(std::make_unique<tape::BackwardAgain>(root));
    left_out_ = roots_[0]->size() - origins_.collected;
  }
  std::vector<Tensor> run(std::size_t i, const std::vector<Tensor>& grads,
                          const tape::BackwardAgain::Others& others = {}) const {
    const Origins::At at = origins_.at(i);
    return roots_[at.root]->run(at.number + (at.root == 0 ? left_out_ : 0), grads, others);
  }

 private:
  const Origins& origins_;
  std::vector<std::unique_ptr<tape::BackwardAgain>> roots_;
  std::size_t left_out_ = 0;  // operations of the program that were recorded before those of the graph
};

}  // namespace xgrad::viz
