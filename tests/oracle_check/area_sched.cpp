// sched: the learning rates of two groups, epoch by epoch.
#include <fmt/format.h>

#include "modules.hpp"
#include "record.hpp"

namespace oracle {

void check_sched(const Json& record) {
  namespace optim = xgrad::optim;
  std::vector<OptimizerGroup> groups;
  for (const Json& lr : record.at("base_lrs"))
    groups.push_back({{xgrad::zeros({1}, {.dtype = xgrad::kFloat64, .requires_grad = true})}, {{"lr", number(lr)}}});
  Dict defaults;
  if (record.contains("momentum0")) defaults.emplace_back("momentum", number(record["momentum0"]));
  const auto optimizer = make_optimizer("SGD", groups, defaults);
  const auto scheduler = make_scheduler(record.at("scheduler"), *optimizer, dict_from(record.at("attrs")));
  const Tolerance tol = tolerance(record);
  const Json& rates = record.at("lr_per_epoch");
  for (std::size_t epoch = 0; epoch < rates.size(); ++epoch) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const std::string what = fmt::format("learning rate {} of epoch {}", g, epoch);
      compare_number(optimizer->lr(g), number(rates[epoch].at(g)), tol, what);
      compare_number(scheduler->last_lr().at(g), optimizer->lr(g), {}, "last_lr");
      if (record.contains("momentum_per_epoch"))
        compare_number(optimizer->momentum(g), number(record["momentum_per_epoch"].at(epoch)), tol,
                       fmt::format("momentum of epoch {}", epoch));
    }
    if (epoch + 1 == rates.size()) break;
    optimizer->step();
    if (auto* plateau = dynamic_cast<optim::ReduceLROnPlateau*>(scheduler.get()))
      plateau->step(number(record.at("metrics").at(epoch)));
    else
      scheduler->step();
  }
}

}  // namespace oracle
