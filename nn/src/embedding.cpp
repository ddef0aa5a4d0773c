#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/ops.hpp>

#include "option_text.hpp"
#include "shared_parameter.hpp"

namespace xgrad::nn {

namespace {

void check_norm(const EmbeddingOptions& options, const Location& at) {
  const OptionCheck check("Embedding", at);
  if (options.max_norm) check.positive("max_norm", *options.max_norm);
  if (!(options.norm_type > 0)) check.fail(fmt::format("norm_type must be positive, got {}", options.norm_type));
}

// Of both layers.
template <class Options>
std::string label_of(const char* name, std::int64_t rows, std::int64_t size, const Options& o) {
  OptionText t;
  t.add("padding_idx", o.padding_idx, std::nullopt).add("max_norm", o.max_norm, std::nullopt);
  t.add("norm_type", o.norm_type, 2).add("scale_grad_by_freq", o.scale_grad_by_freq, false);
  if constexpr (requires { o.mode; })
    t.add("mode", o.mode, BagMode::mean).add("include_last_offset", o.include_last_offset, false);
  return fmt::format("{}({}, {}{})", name, rows, size, t.text());
}

// A standard normal table with zeros at padding_idx.
Tensor first_table(std::int64_t rows, std::int64_t size, const EmbeddingOptions& options, Location at) {
  if (rows < 0 || size < 0)
    ErrorReport("Embedding", fmt::format("sizes must not be negative, got ({}, {})", rows, size), at).value_error();
  if (options.padding_idx && (*options.padding_idx < -rows || *options.padding_idx >= rows))
    ErrorReport("Embedding", fmt::format("padding_idx {} out of range for {} rows", *options.padding_idx, rows), at)
        .index_error();
  check_norm(options, at);
  const detail::CallSite site(at);
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
    : Layer(label_of("Embedding", table.size(0), table.size(1), options)), options_(std::move(options)) {
  weight = register_parameter("weight", std::move(table), requires_grad, at);
}

Embedding::Embedding(Size num_embeddings, Size embedding_dim, EmbeddingOptions options, Location at)
    : Embedding(first_table(num_embeddings, embedding_dim, options, at), options, true, at) {}

Embedding Embedding::from_pretrained(const Tensor& table, bool freeze, EmbeddingOptions options, Location at) {
  require_floating("Embedding", table, at);
  require_rank("Embedding", table, 2, at);
  check_norm(options, at);
  return Embedding(table.detach(), options, !freeze, at);
}

Embedding Embedding::from_weight(const Tensor& table, EmbeddingOptions options, Location at) {
  require_floating("Embedding", table, at);
  require_rank("Embedding", table, 2, at);
  check_norm(options, at);
  return Embedding(table, options, stays_trainable(table), at);
}

Tensor Embedding::forward(const Tensor& x, Location at) const { return embedding(x, weight, options_, at); }

EmbeddingBag::EmbeddingBag(Size num_embeddings, Size embedding_dim, EmbeddingBagOptions options, Location at)
    : Layer(label_of("EmbeddingBag", num_embeddings, embedding_dim, options)), options_(std::move(options)) {
  for (const auto& [name, t] :
       {std::pair<const char*, const Tensor&>("offsets", options_.offsets),
        std::pair<const char*, const Tensor&>("per_sample_weights", options_.per_sample_weights)})
    if (t.defined())
      ErrorReport("EmbeddingBag", fmt::format("{} belong to a call, not to the layer", name), at)
          .operand(name, t)
          .help("bag(x, offsets, per_sample_weights)")
          .value_error();
  const EmbeddingOptions table{
      .padding_idx = options_.padding_idx, .max_norm = options_.max_norm, .norm_type = options_.norm_type};
  weight = register_parameter("weight", first_table(num_embeddings, embedding_dim, table, at));
}

Tensor EmbeddingBag::operator()(const Tensor& x, Location at) const { return call(at, x); }

Tensor EmbeddingBag::operator()(const Tensor& x, const Tensor& offsets, const Tensor& per_sample_weights,
                                Location at) const {
  return call(at, x, offsets, per_sample_weights);
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
