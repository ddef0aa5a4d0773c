// An epoch of a data loader over 60,000 images of 784 numbers, shuffled, batches of 128.
#include "xgrad_common.hpp"

namespace {

namespace data = xgrad::data;
constexpr std::int64_t kExamples = 60000, kPixels = 784;

Tensor labels() {
  std::vector<std::int64_t> y(kExamples);
  for (std::int64_t i = 0; i < kExamples; ++i) y[static_cast<std::size_t>(i)] = i % 10;
  return xgrad::from_vector(y);
}
struct Digits {
  Tensor x = uniform_tensor({kExamples, kPixels}, 71), y = labels();
};
// Gives one example at a time; the loader stacks them.
struct Examples {
  Digits d;
  data::Example get(std::int64_t i) const { return {d.x[i], d.y[i]}; }
  std::int64_t size() const { return kExamples; }
};

// The values that must agree: how many examples an epoch has, and the sum over them of pixel 0, 100, ... times
// (label + 1), which no order changes.
void epochs(const std::string& name, int threads, const data::DataLoader& loader) {
  double seen = 0, sum = 0;
  for (auto& [x, y] : loader) {
    const std::int64_t n = x.size(0);
    const float* px = x.data<float>();
    const std::int64_t* py = y.data<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < kPixels; j += 100)
        sum += static_cast<double>(px[i * kPixels + j] * static_cast<float>(py[i] + 1));
    seen += static_cast<double>(n);
  }
  double used = 0;
  const synth::Timing t = synth::measure(
      [&] {
        for (auto& [x, y] : loader) used += static_cast<double>(x.data<float>()[0]);
      },
      5, 0.3);
  if (std::isnan(used)) std::abort();  // keeps the reads
  // Reads and writes each image once.
  synth::report(name, threads, t, kExamples, seen, sum, 0, 8.0 * kExamples * kPixels);
}

Register r1("dataloader_example", [](const std::string& name, int threads) {
  epochs(name, threads, data::DataLoader(Examples(), {.batch_size = 128, .shuffle = true}));
});
Register r2("dataloader_example_2workers", [](const std::string& name, int threads) {
  epochs(name, threads, data::DataLoader(Examples(), {.batch_size = 128, .shuffle = true, .workers = 2}));
});
Register r3("dataloader_batch", [](const std::string& name, int threads) {
  const Digits d;
  epochs(name, threads, data::DataLoader(data::TensorDataset(d.x, d.y), {.batch_size = 128, .shuffle = true}));
});

}  // namespace
