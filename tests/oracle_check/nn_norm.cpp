// Records of modules whose sizes stand in their inputs, and that report their buffers after the call.
#include "functions.hpp"
#include "nn_calls.hpp"

namespace oracle {

namespace {

Value channels_from_input(Case& c) {
  Dict attrs = constructor_attrs(c);
  std::erase_if(attrs, [](const auto& a) { return a.first == "num_batches_tracked_before"; });
  for (auto& [name, value] : attrs)
    if (name == "momentum" && value.is_none()) {  // the cumulative average
      name = "cumulative";
      value = true;
    }
  const bool plain = c.op == "InstanceNorm1d" || c.op == "InstanceNorm2d" || c.op == "InstanceNorm3d";
  const Tensor x = c.inputs.at(0).tensor;
  const bool unbatched = plain && x.dim() == c.op[c.op.size() - 2] - '0' + 1;
  attrs.emplace_back("num_features", x.size(unbatched ? 0 : 1));
  const auto given = [&](const char* name) {
    return std::any_of(attrs.begin(), attrs.end(), [name](const auto& a) { return a.first == name; });
  };
  if (!given("affine")) attrs.emplace_back("affine", c.has("weight"));
  if (!given("track_running_stats")) attrs.emplace_back("track_running_stats", plain ? c.has("running_mean") : true);
  const AnyModule m = module_or_unsupported(c.op, {}, attrs);
  for (const auto& [name, value] : c.attrs)
    if (name == "num_batches_tracked_before")
      for (auto& [key, buffer] : m.module.named_buffers())
        if (key == "num_batches_tracked") buffer.fill_(value.scalar());
  std::vector<Tensor> outputs{run_module(c, m).tensor()};
  for (const Json& o : c.record.at("outputs"))
    for (const auto& [key, buffer] : m.module.named_buffers())
      if (o.value("name", "") == key + "_after") outputs.push_back(buffer);
  return outputs;
}

Value with_channels(Case& c) {
  Dict attrs = constructor_attrs(c);
  if (c.op == "GroupNorm") {
    attrs.emplace_back("num_channels", c.inputs.at(0).tensor.size(1));
    attrs.emplace_back("affine", c.has("weight"));
  }
  if (c.op == "LayerNorm") attrs.emplace_back("elementwise_affine", c.has("weight"));
  if (c.op == "PReLU") attrs.emplace_back("num_parameters", c.tensor("weight").numel());
  if (c.op == "Embedding") {
    attrs.emplace_back("num_embeddings", c.tensor("weight").size(0));
    attrs.emplace_back("embedding_dim", c.tensor("weight").size(1));
  }
  return run_module(c, module_or_unsupported(c.op, {}, attrs));
}

// Two inputs besides the table.
Value bags(Case& c) {
  Args args("mode? include_last_offset? padding_idx? max_norm? norm_type? scale_grad_by_freq?", {},
            constructor_attrs(c));
  const Tensor weight = c.tensor("weight");
  const xgrad::nn::EmbeddingBag m(weight.size(0), weight.size(1), embedding_bag_options(args));
  const auto optional = [&](const char* name) { return c.has(name) ? c.tensor(name) : Tensor(); };
  const AnyModule any{m, [&](const Tensor& x) { return m(x, optional("offsets"), optional("per_sample_weights")); }};
  return run_module(c, any);
}

}  // namespace

const std::map<std::string, std::function<Value(Case&)>>& norm_calls() {
  static const std::map<std::string, std::function<Value(Case&)>> table = {
      {"BatchNorm1d", channels_from_input},
      {"BatchNorm2d", channels_from_input},
      {"BatchNorm3d", channels_from_input},
      {"InstanceNorm1d", channels_from_input},
      {"InstanceNorm2d", channels_from_input},
      {"InstanceNorm3d", channels_from_input},
      {"LayerNorm", with_channels},
      {"GroupNorm", with_channels},
      {"PReLU", with_channels},
      {"Embedding", with_channels},
      {"EmbeddingBag", bags},
  };
  return table;
}

}  // namespace oracle
