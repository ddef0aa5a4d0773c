// Samplers: which examples an epoch has, in which order.
//
//   data::DataLoader loader(set, {.batch_size = 32, .sampler = data::WeightedRandomSampler(weights, 1000)});
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::data {

class XGRAD_API Sampler {
 public:
  virtual ~Sampler();
  // The numbers of the examples of one epoch; each call is a new one.
  virtual std::vector<std::int64_t> indices() = 0;
  virtual std::int64_t size() const = 0;  // how many they are
};

// A sampler moved in, or a shared one, or none.
class SamplerPart {
 public:
  SamplerPart() = default;
  template <std::derived_from<Sampler> S>
  SamplerPart(S s) : sampler(std::make_shared<S>(std::move(s))) {}  // NOLINT
  template <std::derived_from<Sampler> S>
  SamplerPart(std::shared_ptr<S> s) : sampler(std::move(s)) {}  // NOLINT
  std::shared_ptr<Sampler> sampler;
};

// 0, 1, ... n - 1.
class XGRAD_API SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(std::int64_t n, Location at = Location::current());
  std::vector<std::int64_t> indices() override;
  std::int64_t size() const override { return n_; }

 private:
  std::int64_t n_;
};

struct RandomSamplerOptions {
  ByName by_name = ByName();
  bool replacement = false;
  std::int64_t num_samples = 0;             // 0: n. More than n without replacement: one permutation after the other
  std::optional<Generator> generator = {};  // left out: the default one; here and below
};
class XGRAD_API RandomSampler : public Sampler {
 public:
  explicit RandomSampler(std::int64_t n, RandomSamplerOptions options = {}, Location at = Location::current());
  std::vector<std::int64_t> indices() override;
  std::int64_t size() const override { return options_.num_samples ? options_.num_samples : n_; }

 private:
  std::int64_t n_;
  RandomSamplerOptions options_;
};

// The given numbers in a random order.
class XGRAD_API SubsetRandomSampler : public Sampler {
 public:
  explicit SubsetRandomSampler(std::vector<std::int64_t> indices, const std::optional<Generator>& generator = {});
  std::vector<std::int64_t> indices() override;
  std::int64_t size() const override { return static_cast<std::int64_t>(indices_.size()); }

 private:
  std::vector<std::int64_t> indices_;
  std::optional<Generator> generator_;
};

struct WeightedRandomSamplerOptions {
  ByName by_name = ByName();
  bool replacement = true;
  std::optional<Generator> generator = {};
};
// Example i with a probability in proportion to weights[i], which need not add up to 1. ValueError: weights that are
// negative or not finite, none above 0, or without replacement fewer of these than num_samples.
class XGRAD_API WeightedRandomSampler : public Sampler {
 public:
  WeightedRandomSampler(std::vector<double> weights, std::int64_t num_samples,
                        WeightedRandomSamplerOptions options = {}, Location at = Location::current());
  std::vector<std::int64_t> indices() override;
  std::int64_t size() const override { return num_samples_; }

 private:
  std::vector<double> weights_;
  std::int64_t num_samples_;
  WeightedRandomSamplerOptions options_;
};

struct DistributedSamplerOptions {
  ByName by_name = ByName();
  std::int64_t num_replicas = 1, rank = 0;  // processes, and which of them this one is
  bool shuffle = true;
  std::uint64_t seed = 0;  // the same in all processes
  bool drop_last = false;  // leave examples out, instead of repeating some, when they do not divide evenly
};
// The part of one of several processes: in a common order, by seed and epoch, every num_replicas-th example from the
// rank-th on. All processes get equally many. Kept as a std::shared_ptr it can be told the epoch while a loader uses
// it.
class XGRAD_API DistributedSampler : public Sampler {
 public:
  DistributedSampler(std::int64_t n, DistributedSamplerOptions options, Location at = Location::current());
  void set_epoch(std::int64_t epoch) { epoch_ = epoch; }
  std::vector<std::int64_t> indices() override;
  std::int64_t size() const override;

 private:
  std::int64_t n_, epoch_ = 0;
  DistributedSamplerOptions options_;
};

// Whole batches of numbers: consecutive ones of a sampler, or those of a derived class.
class XGRAD_API BatchSampler {
 public:
  BatchSampler(SamplerPart sampler, std::int64_t batch_size, bool drop_last = false, Location at = Location::current());
  virtual ~BatchSampler();
  virtual std::vector<std::vector<std::int64_t>> batches();
  virtual std::int64_t size() const;  // how many batches they are

 protected:
  BatchSampler() = default;  // for classes that override both

 private:
  SamplerPart sampler_;
  std::int64_t batch_size_ = 1;
  bool drop_last_ = false;
};

class BatchSamplerPart {
 public:
  BatchSamplerPart() = default;
  template <std::derived_from<BatchSampler> S>
  BatchSamplerPart(S s) : sampler(std::make_shared<S>(std::move(s))) {}  // NOLINT
  template <std::derived_from<BatchSampler> S>
  BatchSamplerPart(std::shared_ptr<S> s) : sampler(std::move(s)) {}  // NOLINT
  std::shared_ptr<BatchSampler> sampler;
};

}  // namespace xgrad::data
