#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/ops.hpp>

#include "shared_parameter.hpp"

namespace xgrad::nn {

namespace {

// A standard normal table with zeros at padding_idx.
Tensor first_table(std::int64_t rows, std::int64_t size, const EmbeddingOptions& options, Location at) {
  if (rows < 0 || size < 0)
    ErrorReport("Embedding", fmt::format("sizes must not be negative, got ({}, {})", rows, size), at).value_error();
  if (options.padding_idx && (*options.padding_idx < -rows || *options.padding_idx >= rows))
    ErrorReport("Embedding", fmt::format("padding_idx {} out of range for {} rows", *options.padding_idx, rows), at)
        .index_error();
  const NoGradGuard off;
  Tensor table = randn({rows, size});
  if (options.padding_idx) {
    const std::int64_t row = *options.padding_idx;
    table.select(0, row < 0 ? row + rows : row).zero_();
  }
  return table;
}

}  // namespace

Embedding::Embedding(Tensor table, EmbeddingOptions options, bool requires_grad, const Location& at)
    : Layer(fmt::format("Embedding({}, {})", table.size(0), table.size(1))), options_(std::move(options)) {
  weight = register_parameter("weight", std::move(table), requires_grad, at);
}

Embedding::Embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingOptions options, Location at)
    : Embedding(first_table(num_embeddings, embedding_dim, options, at), options, true, at) {}

Embedding Embedding::from_pretrained(const Tensor& table, bool freeze, EmbeddingOptions options, Location at) {
  require_floating("Embedding", table, at);
  require_rank("Embedding", table, 2, at);
  return Embedding(table.detach(), options, !freeze, at);
}

Embedding Embedding::from_weight(const Tensor& table, EmbeddingOptions options, Location at) {
  require_floating("Embedding", table, at);
  require_rank("Embedding", table, 2, at);
  return Embedding(table, options, stays_trainable(table), at);
}

Tensor Embedding::forward(const Tensor& x, Location at) const { return embedding(x, weight, options_, at); }

EmbeddingBag::EmbeddingBag(std::int64_t num_embeddings, std::int64_t embedding_dim, EmbeddingBagOptions options,
                           Location at)
    : Layer(fmt::format("EmbeddingBag({}, {})", num_embeddings, embedding_dim)), options_(std::move(options)) {
  const EmbeddingOptions table{.padding_idx = options_.padding_idx};
  weight = register_parameter("weight", first_table(num_embeddings, embedding_dim, table, at));
}

Tensor EmbeddingBag::forward(const Tensor& x, const Tensor& offsets, const Tensor& per_sample_weights,
                             Location at) const {
  EmbeddingBagOptions o = options_;
  o.offsets = offsets;
  o.per_sample_weights = per_sample_weights;
  return embedding_bag(x, weight, o, at);
}
Tensor EmbeddingBag::forward(const Tensor& x, Location at) const { return forward(x, Tensor(), Tensor(), at); }

}  // namespace xgrad::nn
