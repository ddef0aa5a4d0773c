#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/optim/scheduler.hpp>
#include <xgrad/optim/scheduler_cycle.hpp>

namespace xgrad::optim {

struct SWALROptions {
  ByName by_name = ByName();
  std::int64_t anneal_epochs = 10;
  Anneal anneal_strategy = Anneal::cos;
};
// From the rate that the optimizer has to swa_lr in anneal_epochs epochs, and then constant: for the part of a training
// whose weights are averaged (AveragedModel). One swa_lr, or one for each group. PyTorch's
// torch.optim.swa_utils.SWALR. ValueError for numbers below 0.
class XGRAD_API SWALR : public LRScheduler {
 public:
  SWALR(Optimizer& optimizer, PerGroup swa_lr, SWALROptions options = {}, Location at = Location::current());

 protected:
  std::vector<double> get_lr() override;
  std::vector<double> get_closed_form_lr() override;
  std::vector<StateField> fields() override;

 private:
  double way(std::int64_t epoch) const;
  std::vector<double> swa_lrs_;
  std::int64_t anneal_epochs_;
  bool cosine_;
};

}  // namespace xgrad::optim
