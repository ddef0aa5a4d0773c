#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <xgrad/optim/swa_lr.hpp>

namespace xgrad::optim {

SWALR::SWALR(Optimizer& optimizer, PerGroup swa_lr, SWALROptions options, Location at)
    : LRScheduler(optimizer, "SWALR", at),
      swa_lrs_(std::move(swa_lr.values)),
      anneal_epochs_(options.anneal_epochs),
      cosine_(options.anneal_strategy == Anneal::cos) {
  const std::size_t groups = optimizer.num_groups();
  if (swa_lrs_.size() == 1) swa_lrs_.assign(groups, swa_lrs_[0]);
  if (swa_lrs_.size() != groups)
    invalid(fmt::format("swa_lr has {} values for {} groups", swa_lrs_.size(), groups), at);
  for (const double lr : swa_lrs_)
    if (!(lr >= 0)) invalid(fmt::format("swa_lr must be >= 0, got {}", lr), at);
  if (anneal_epochs_ < 0) invalid(fmt::format("anneal_epochs must be >= 0, got {}", anneal_epochs_), at);
  start(at);
}

// How far the rates have gone, from 0 to 1.
double SWALR::way(std::int64_t epoch) const {
  const double t = static_cast<double>(epoch) / static_cast<double>(std::max<std::int64_t>(1, anneal_epochs_));
  const double part = std::clamp(t, 0.0, 1.0);
  return cosine_ ? (1 - std::cos(std::numbers::pi * part)) / 2 : part;
}

// As PyTorch does: where the rate began follows from the one of the epoch before.
std::vector<double> SWALR::get_lr() {
  const std::int64_t epoch = anneal_epochs_ == 0 ? std::max<std::int64_t>(1, last_epoch_) : last_epoch_;
  const double before = way(epoch - 1), now = way(epoch);
  std::vector<double> out;
  for (std::size_t g = 0; g < swa_lrs_.size(); ++g) {
    const double swa = swa_lrs_[g];
    const double began = before == 1 ? swa : (optimizer().lr(g) - before * swa) / (1 - before);
    out.push_back(std::max(0.0, swa * now + began * (1 - now)));
  }
  return out;
}

std::vector<double> SWALR::get_closed_form_lr() {
  const double now = anneal_epochs_ == 0 ? 1 : way(last_epoch_);
  std::vector<double> out;
  for (std::size_t g = 0; g < swa_lrs_.size(); ++g) out.push_back(swa_lrs_[g] * now + base_lrs_[g] * (1 - now));
  return out;
}

std::vector<StateField> SWALR::fields() {
  return {{"swa_lr", &swa_lrs_}, {"anneal_epochs", &anneal_epochs_}, {"cosine", &cosine_}};
}

}  // namespace xgrad::optim
