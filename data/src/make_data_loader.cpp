#include <algorithm>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/make_data_loader.hpp>
#include <xgrad/detail/pad_sequences.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/view.hpp>

namespace xgrad::data {

Tensor detail::stack_all(const std::vector<Tensor>& parts) {
  const NoGradGuard off;
  return stack(parts);
}
Tensor detail::numbers(const std::vector<std::int64_t>& values) { return from_vector(values); }
Tensor detail::numbers(const std::vector<double>& values) { return from_vector(values); }

Tensor pad_sequences(const std::vector<Tensor>& sequences, const PadCollateOptions& o, Location at) {
  const NoGradGuard off;
  return xgrad::detail::pad_sequences("pad_sequences", sequences, {o.batch_first, false, o.padding_value}, at);
}

PaddedBatch PadCollate::operator()(std::vector<Tensor> sequences) const {
  std::vector<std::int64_t> lengths;
  for (const Tensor& s : sequences) lengths.push_back(s.defined() && s.dim() > 0 ? s.size(0) : 0);
  return {pad_sequences(sequences, options_), from_vector(lengths), Tensor()};
}

PaddedBatch PadCollate::operator()(std::vector<Example> examples) const {
  std::vector<Tensor> data, target;
  for (Example& e : examples) {
    data.push_back(std::move(e.data));
    if (e.target.defined()) target.push_back(std::move(e.target));
  }
  if (!target.empty() && target.size() != data.size())
    ErrorReport("PadCollate", "some examples have a target and some have none", Location::current()).value_error();
  PaddedBatch batch = (*this)(std::move(data));
  if (!target.empty()) batch.target = detail::stack_all(target);
  return batch;
}

void detail::require_stream_options(const DataLoaderOptions& o, const Location& at) {
  const auto refuse = [&](const std::string& rule) { ErrorReport("DataLoader", rule, at).value_error(); };
  if (o.batch_size < 1) refuse(fmt::format("batch_size must be positive, got {}", o.batch_size));
  if (o.shuffle || o.sampler.sampler || o.batch_sampler.sampler)
    refuse("an IterableDataset has an order of its own: no shuffle, no sampler");
  if (o.workers != 0 || o.prefetch != 0) refuse("an IterableDataset is read by the thread that asks: no workers");
}

}  // namespace xgrad::data
