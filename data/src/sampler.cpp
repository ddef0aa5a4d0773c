#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/sampler.hpp>
#include <xgrad/ops/draws.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/sampling.hpp>

#include "refuse.hpp"

namespace xgrad::data {
namespace {

using Order = std::vector<std::int64_t>;

void require_positive(const char* sampler, const char* what, std::int64_t n, const Location& at) {
  if (n < 1) refuse(sampler, fmt::format("{} must be positive, got {}", what, n), at);
}

Order counted(std::int64_t n) {
  Order order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}
Order permuted(std::int64_t n, const std::optional<Generator>& generator) {
  return randperm(n, {.generator = generator}).to_vector<std::int64_t>();
}

}  // namespace

Sampler::~Sampler() = default;

SequentialSampler::SequentialSampler(std::int64_t n, Location at) : n_(n) {
  require_positive("SequentialSampler", "the number of examples", n, at);
}
Order SequentialSampler::indices() { return counted(n_); }

RandomSampler::RandomSampler(std::int64_t n, RandomSamplerOptions options, Location at)
    : n_(n), options_(std::move(options)) {
  require_positive("RandomSampler", "the number of examples", n, at);
  if (options_.num_samples < 0)
    refuse("RandomSampler", fmt::format("num_samples must be >= 0, got {}", options_.num_samples), at);
}
Order RandomSampler::indices() {
  const std::int64_t wanted = size();
  if (options_.replacement)
    return randint(0, n_, {wanted}, {.generator = options_.generator}).to_vector<std::int64_t>();
  Order order;
  while (std::ssize(order) < wanted) {
    const Order next = permuted(n_, options_.generator);
    order.insert(order.end(), next.begin(), next.begin() + std::min(n_, wanted - std::ssize(order)));
  }
  return order;
}

SubsetRandomSampler::SubsetRandomSampler(Order indices, const std::optional<Generator>& generator)
    : indices_(std::move(indices)), generator_(generator) {}
Order SubsetRandomSampler::indices() {
  Order order;
  for (const std::int64_t i : permuted(size(), generator_)) order.push_back(indices_[static_cast<std::size_t>(i)]);
  return order;
}

WeightedRandomSampler::WeightedRandomSampler(std::vector<double> weights, std::int64_t num_samples,
                                             WeightedRandomSamplerOptions options, Location at)
    : weights_(std::move(weights)), num_samples_(num_samples), options_(std::move(options)) {
  constexpr const char* kName = "WeightedRandomSampler";
  require_positive(kName, "num_samples", num_samples, at);
  for (std::size_t i = 0; i < weights_.size(); ++i)
    if (!(weights_[i] >= 0) || std::isinf(weights_[i]))
      refuse(kName, fmt::format("weight {} is {}, not a finite number >= 0", i, weights_[i]), at);
  const auto possible = std::ranges::count_if(weights_, [](double w) { return w > 0; });
  if (possible == 0) refuse(kName, "no weight is above 0", at);
  if (!options_.replacement && possible < num_samples)
    refuse(kName, fmt::format("{} samples without replacement, but {} weights above 0", num_samples, possible), at);
}
Order WeightedRandomSampler::indices() {
  const Tensor weights = from_vector(weights_);
  const Generator& g = xgrad::detail::generator_or_default(options_.generator);
  return multinomial(weights, num_samples_, options_.replacement, g).to_vector<std::int64_t>();
}

DistributedSampler::DistributedSampler(std::int64_t n, DistributedSamplerOptions options, Location at)
    : n_(n), options_(options) {
  constexpr const char* kName = "DistributedSampler";
  require_positive(kName, "the number of examples", n, at);
  require_positive(kName, "num_replicas", options.num_replicas, at);
  if (options.rank < 0 || options.rank >= options.num_replicas)
    refuse(kName, fmt::format("rank {} of {} replicas", options.rank, options.num_replicas), at);
  if (size() == 0) refuse(kName, fmt::format("{} examples for {} replicas", n, options.num_replicas), at);
}
std::int64_t DistributedSampler::size() const {
  return options_.drop_last ? n_ / options_.num_replicas : (n_ - 1) / options_.num_replicas + 1;
}
Order DistributedSampler::indices() {
  const Order all =
      options_.shuffle ? permuted(n_, Generator(options_.seed + static_cast<std::uint64_t>(epoch_))) : counted(n_);
  Order mine;
  for (std::int64_t i = 0; i < size(); ++i)  // beyond the last one it begins again
    mine.push_back(all[static_cast<std::size_t>((options_.rank + i * options_.num_replicas) % n_)]);
  return mine;
}

BatchSampler::BatchSampler(SamplerPart sampler, std::int64_t batch_size, bool drop_last, Location at)
    : sampler_(std::move(sampler)), batch_size_(batch_size), drop_last_(drop_last) {
  require_positive("BatchSampler", "batch_size", batch_size, at);
  if (!sampler_.sampler) refuse("BatchSampler", "there is no sampler", at);
}
BatchSampler::~BatchSampler() = default;

std::int64_t BatchSampler::size() const {
  const std::int64_t n = sampler_.sampler->size();
  return n / batch_size_ + (!drop_last_ && n % batch_size_ != 0);
}
std::vector<Order> BatchSampler::batches() {
  const Order all = sampler_.sampler->indices();
  std::vector<Order> out;
  for (std::int64_t begin = 0; begin < std::ssize(all); begin += batch_size_) {
    const std::int64_t end = std::min(begin + batch_size_, std::int64_t{std::ssize(all)});
    if (drop_last_ && end - begin < batch_size_) break;
    out.emplace_back(all.begin() + begin, all.begin() + end);
  }
  return out;
}

}  // namespace xgrad::data
