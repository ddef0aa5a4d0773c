// memory_budget [THREADS]: ResNet-20, batches of 64, one training step within a part of the memory that it takes
// without a limit (MemoryBudget). By turns, several rounds; a line for each part: the medians of time and their ratio,
// the peak.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "xgrad/resnet20.hpp"

namespace {

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  xgrad::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  double products = 0;
  nn::Sequential net = make_resnet20(products);
  const Batches b(1, 64, {3, 32, 32}, 10);
  optim::SGD opt(net.parameters(), {.lr = 1e-3, .momentum = 0.9});
  const auto step = [&] {
    opt.zero_grad();
    xgrad::cross_entropy(net(b.x[0]), b.y[0]).backward();
    opt.step();
  };
  step();
  const std::int64_t held = xgrad::memory_stats().live_bytes;
  xgrad::MemoryBudgetReport free_run;
  {
    const xgrad::MemoryBudget all(std::int64_t{1} << 40);
    step();
    free_run = all.report();
  }
  constexpr double kParts[] = {1, 0.75, 0.5, 0.4, 0.3};
  std::vector<double> seconds[std::size(kParts)];
  xgrad::MemoryBudgetReport report[std::size(kParts)];
  for (int round = 0; round < 15; ++round)
    for (std::size_t k = 0; k < std::size(kParts); ++k) {
      const auto start = std::chrono::steady_clock::now();
      if (kParts[k] == 1) {
        step();
      } else {
        const xgrad::MemoryBudget budget(static_cast<std::int64_t>(static_cast<double>(free_run.peak) * kParts[k]));
        step();
        report[k] = budget.report();
      }
      seconds[k].push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  std::printf("before a step %.1f MB, at most %.1f MB within it\n", double(held) / 1e6, double(free_run.peak) / 1e6);
  for (std::size_t k = 0; k < std::size(kParts); ++k)
    std::printf("%3.0f %% of the memory: %7.2f ms, %.2f times; peak %6.1f MB, %lld values computed again\n",
                100 * kParts[k], 1e3 * median(seconds[k]), median(seconds[k]) / median(seconds[0]),
                double(k ? report[k].peak : free_run.peak) / 1e6, static_cast<long long>(report[k].recomputed));
}
