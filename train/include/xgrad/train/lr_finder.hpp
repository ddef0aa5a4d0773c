// The learning-rate range test: raise the rate from batch to batch and see where the loss falls fastest.
//
//   train::LRFinder finder(net, opt);
//   finder.range_test([&] { auto& [x, y] = *batches++; return cross_entropy(net(x), y); });
//   finder.plot().save("rates.svg");
//   opt.set_lr(finder.suggestion());
#pragma once

#include <functional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::train {

struct LRFinderOptions {
  ByName by_name = ByName();
  double start_lr = 1e-7, end_lr = 10;
  std::int64_t num_iter = 100;
  double smooth_f = 0.05;  // weight of what came before in the smoothed loss, below 1; 0: as it is
  double diverge_th = 5;   // stop when the smoothed loss is this many times the lowest
};

// Smith 2017, section 3.3, with exponential steps. PyTorch has none; names as in torch-lr-finder.
class XGRAD_API LRFinder {
 public:
  LRFinder(nn::Module model, optim::Optimizer& optimizer) : model_(std::move(model)), optimizer_(&optimizer) {}

  // num_iter optimizer steps with rates from start_lr to end_lr, of all groups; `loss` computes the loss of the next
  // batch. Afterwards, and when something throws, model, optimizer and the default generator are as before. ValueError:
  // options out of range, a first loss that is not finite.
  void range_test(const std::function<Tensor()>& loss, const LRFinderOptions& options = {},
                  Location at = Location::current());

  const std::vector<double>& lrs() const { return lrs_; }
  const std::vector<double>& losses() const { return losses_; }  // smoothed
  // The rate where the smoothed loss falls fastest over the logarithm of the rate. ValueError: it never falls, or there
  // was no test.
  double suggestion(Location at = Location::current()) const;
  // Loss over rate, with the suggestion marked where there is one.
  viz::Plot plot(Location at = Location::current()) const;

 private:
  void raise_rates(const std::function<Tensor()>& loss, const LRFinderOptions& options, const Location& at);
  std::ptrdiff_t steepest() const;
  nn::Module model_;
  optim::Optimizer* optimizer_;
  std::vector<double> lrs_, losses_;
};

}  // namespace xgrad::train
