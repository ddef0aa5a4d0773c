// Modes of modules.
#pragma once

#include <xgrad/nn/module.hpp>

namespace xgrad::keras {

// Evaluation while alive; then the mode from before, whatever is thrown.
class Evaluating {
 public:
  explicit Evaluating(const nn::Module& net) : net_(net), was_training_(net.is_training()) { net_.eval(); }
  ~Evaluating() { net_.train(was_training_); }
  Evaluating(const Evaluating&) = delete;
  Evaluating& operator=(const Evaluating&) = delete;

 private:
  nn::Module net_;
  bool was_training_;
};

}  // namespace xgrad::keras
