// An epoch of a data loader over 60,000 images of 784 numbers, shuffled, batches of 128.
#include "torch_common.hpp"

namespace {

constexpr int64_t kExamples = 60000, kPixels = 784;

struct Digits {
  Tensor x = uniform_tensor({kExamples, kPixels}, 71), y = torch::arange(kExamples) % 10;
};
// Gives one example at a time; the loader stacks them.
struct Examples : torch::data::Dataset<Examples> {
  Digits d;
  torch::data::Example<> get(size_t i) override { return {d.x[static_cast<int64_t>(i)], d.y[static_cast<int64_t>(i)]}; }
  torch::optional<size_t> size() const override { return kExamples; }
};
// Gives whole batches.
struct BatchOfExamples : torch::data::BatchDataset<BatchOfExamples, torch::data::Example<>, at::ArrayRef<size_t>> {
  Digits d;
  torch::data::Example<> get_batch(at::ArrayRef<size_t> i) override {
    Tensor rows = torch::from_blob(const_cast<size_t*>(i.data()), {static_cast<int64_t>(i.size())}, torch::kInt64);
    return {d.x.index_select(0, rows), d.y.index_select(0, rows)};
  }
  torch::optional<size_t> size() const override { return kExamples; }
};

// The values that must agree: how many examples an epoch has, and the sum over them of pixel 0, 100, ... times
// (label + 1), which no order changes.
template <class Dataset>
void epochs(const std::string& name, int threads, Dataset dataset, size_t workers) {
  auto loader = torch::data::make_data_loader<torch::data::samplers::RandomSampler>(
      std::move(dataset), torch::data::DataLoaderOptions().batch_size(128).workers(workers));
  double seen = 0, sum = 0;
  for (auto& batch : *loader) {
    const float* x = batch.data.template data_ptr<float>();
    const int64_t* y = batch.target.template data_ptr<int64_t>();
    const int64_t n = batch.data.size(0);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < kPixels; j += 100)
        sum += static_cast<double>(x[i * kPixels + j] * static_cast<float>(y[i] + 1));
    seen += static_cast<double>(n);
  }
  double used = 0;
  const synth::Timing t = synth::measure(
      [&] {
        for (auto& batch : *loader) used += static_cast<double>(batch.data.template data_ptr<float>()[0]);
      },
      5, 0.3);
  if (std::isnan(used)) std::abort();  // keeps the reads
  // Reads and writes each image once.
  synth::report(name, threads, t, kExamples, seen, sum, 0, 8.0 * kExamples * kPixels);
}

Register r1("dataloader_example", [](const std::string& name, int threads) {
  epochs(name, threads, Examples().map(torch::data::transforms::Stack<>()), 0);
});
Register r2("dataloader_example_2workers", [](const std::string& name, int threads) {
  epochs(name, threads, Examples().map(torch::data::transforms::Stack<>()), 2);
});
Register r3("dataloader_batch",
            [](const std::string& name, int threads) { epochs(name, threads, BatchOfExamples(), 0); });

}  // namespace
