#pragma once

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/size.hpp>

namespace xgrad::nn {

// A table of num_embeddings learnt rows: int64 indices of any shape -> their shape + (embedding_dim). Parameter weight
// (num_embeddings, embedding_dim), at first standard normal with zeros at padding_idx, which is not learnt.
// IndexError for an index that is no row.
class XGRAD_API Embedding final : public Layer<Embedding> {
 public:
  Embedding(const Embedding&) = default;
  Embedding(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit Embedding(...) = delete;                  // options by name: nn::Embedding(100, 16, {.padding_idx = 0})
  Embedding(Size num_embeddings, Size embedding_dim, EmbeddingOptions options = {}, Location at = Location::current());
  // With a given table; `freeze` leaves it as it is.
  static Embedding from_pretrained(const Tensor& table, bool freeze = true, EmbeddingOptions options = {},
                                   Location at = Location::current());
  // With a table that another module has, too; see nn::Linear::from_weight.
  static Embedding from_weight(const Tensor& table, EmbeddingOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight;

 private:
  Embedding(Tensor table, EmbeddingOptions options, bool requires_grad, const Location& at);
  EmbeddingOptions options_;
};

// Sums, means or maxima of rows; offsets and per_sample_weights are given with the call, bag(x, offsets, weights): as
// options of the layer they are a ValueError.
class XGRAD_API EmbeddingBag final : public Layer<EmbeddingBag> {
 public:
  EmbeddingBag(const EmbeddingBag&) = default;
  EmbeddingBag(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit EmbeddingBag(...) = delete;  // options by name: nn::EmbeddingBag(100, 16, {.padding_idx = 0})
  EmbeddingBag(Size num_embeddings, Size embedding_dim, EmbeddingBagOptions options = {},
               Location at = Location::current());
  Tensor operator()(const Tensor& x, Location at = Location::current()) const;
  Tensor operator()(const Tensor& x, const Tensor& offsets, const Tensor& per_sample_weights = Tensor(),
                    Location at = Location::current()) const;
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
  Tensor forward(const Tensor& x, const Tensor& offsets, const Tensor& per_sample_weights, Location at) const;

  Parameter weight;

 private:
  EmbeddingBagOptions options_;
};

}  // namespace xgrad::nn
