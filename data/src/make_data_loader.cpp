#include <algorithm>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/make_data_loader.hpp>
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
  constexpr const char* kName = "pad_sequences";
  if (sequences.empty()) ErrorReport(kName, "there are no sequences", at).value_error();
  for (const Tensor& s : sequences) {
    require_defined(kName, s, at);
    require_same_dtype(kName, sequences[0], s, at);
    bool fits = s.dim() > 0 && s.dim() == sequences[0].dim();
    for (int d = 1; fits && d < s.dim(); ++d) fits = s.size(d) == sequences[0].size(d);
    if (!fits)
      ErrorReport(kName, "sequences differ in more than their length, the first dimension", at)
          .operand("first", sequences[0])
          .operand("other", s)
          .shape_error();
  }
  const NoGradGuard off;
  const auto count = static_cast<std::int64_t>(sequences.size());
  std::int64_t longest = 0;
  for (const Tensor& s : sequences) longest = std::max(longest, s.size(0));
  Shape shape = sequences[0].shape();
  shape[0] = count;
  Shape padded{count, longest};
  for (int d = 1; d < shape.rank(); ++d) padded.push_back(shape[d]);
  Tensor all = full(padded, o.padding_value, {sequences[0].dtype()});
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor& s = sequences[static_cast<std::size_t>(i)];
    all.select(0, i).slice(0, 0, s.size(0)).copy_(s);
  }
  return o.batch_first ? all : all.transpose(0, 1).contiguous();
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
