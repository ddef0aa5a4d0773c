// What fit and evaluate go through: samples with targets, and how much each counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <xgrad/data/loader.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::keras {

struct Samples {
  std::vector<Tensor> x, y;  // of each input and each output
  Tensor weight;             // undefined when all count as 1
  std::int64_t size() const { return x[0].size(0); }
  Samples slice(std::int64_t begin, std::int64_t end) const;
  Samples at(const Tensor& numbers) const;
};

// One sample, to see what becomes of it.
Tensor sample_of_zeros(const Shape& shape, bool indices);
// The shape of the one sample in y, which a layer made. ShapeError: y is not (1, ...).
Shape sample_shape(const std::string& layer, const Tensor& y, const Location& at);
// sample_weight as float32. ShapeError: of another number of samples; ValueError: not finite.
Tensor checked_weights(const char* op, const Tensor& x, const Tensor& weight, const Location& at);
// The weight of each sample's class, 1 for classes that are not named. y: (n), (n, 1) or one-hot rows. ShapeError,
// ValueError: targets that are no classes.
Tensor weights_of_classes(const Tensor& y, const std::map<std::int64_t, double>& weights, const Location& at);

// Batches of samples; which ones depends on how many there are alone.
class Batches {
 public:
  Batches(const Samples& samples, std::int64_t batch_size, bool shuffle, const Location& at);
  std::int64_t size() const { return loader_.size(); }
  // f(Samples) for each.
  template <class F>
  void each(const F& f) const {
    for (const data::Example& batch : loader_) f(samples_.at(batch.data));
  }

 private:
  Samples samples_;
  data::DataLoader loader_;  // of the numbers of the samples
};

}  // namespace xgrad::keras
