#include <array>
#include <bit>
#include <charconv>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/random.hpp>
#include <xgrad/train/checkpoint.hpp>

namespace xgrad::train {
namespace {

constexpr const char* kFormat = "xgrad-checkpoint";
constexpr const char* kVersion = "1";

void append(NamedTensors& all, const std::string& prefix, const NamedTensors& part) {
  for (const auto& [key, t] : part) all.emplace_back(prefix + key, t);
}

NamedTensors part_of(const NamedTensors& all, const std::string& prefix) {
  NamedTensors part;
  for (const auto& [key, t] : all)
    if (key.starts_with(prefix)) part.emplace_back(key.substr(prefix.size()), t);
  return part;
}

// 64 bits each, whatever their sign as integers.
Tensor generator_state() {
  const std::array<std::uint64_t, 2> s = default_generator().get_state();
  return from_vector(std::vector<std::int64_t>{std::bit_cast<std::int64_t>(s[0]), std::bit_cast<std::int64_t>(s[1])});
}

[[noreturn]] void refuse(const std::string& path, const std::string& rule, const std::string& help,
                         const Location& at) {
  ErrorReport error("load_checkpoint", fmt::format("{}: {}", path, rule), at);
  if (!help.empty()) error.help(help);
  error.io_error();
}

// What the file holds, checked as far as it can be without the parts.
struct Contents {
  NamedTensors model, optimizer, scheduler, loader, rng;
  std::array<std::uint64_t, 2> generator{};
  LoadedCheckpoint rest;
};

std::int64_t take_epoch(Metadata& metadata, const std::string& path, const Location& at) {
  const auto found = metadata.find("epoch");
  if (found == metadata.end()) refuse(path, "its metadata has no epoch", "", at);
  const std::string text = found->second;
  std::int64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc() || end != text.data() + text.size())
    refuse(path, fmt::format("its epoch is '{}', not a number", text), "", at);
  return epoch;
}

Contents read(const std::string& path, const Location& at) {
  SafetensorsContents file = read_safetensors(path, at);
  Metadata& meta = file.metadata;
  if (!meta.contains("format") || meta["format"] != kFormat)
    refuse(path, "not a checkpoint of save_checkpoint",
           "for plain weights: module.load_state_dict(load_safetensors(path))", at);
  if (meta["version"] != kVersion)
    refuse(path, fmt::format("checkpoint version '{}', this library reads {}", meta["version"], kVersion), "", at);
  Contents c{part_of(file.tensors, "model."),
             part_of(file.tensors, "optimizer."),
             part_of(file.tensors, "scheduler."),
             part_of(file.tensors, "loader."),
             part_of(file.tensors, "rng."),
             {},
             {}};
  c.rest.epoch = take_epoch(meta, path, at);
  c.rest.extra = part_of(file.tensors, "extra.");
  for (const auto& [key, text] : meta)
    if (key.starts_with("extra.")) c.rest.metadata.emplace(key.substr(6), text);
  if (!c.rng.empty()) {
    const Tensor& s = c.rng[0].second;
    if (c.rng.size() != 1 || c.rng[0].first != "default" || s.dtype() != kInt64 || !(s.shape() == Shape{2}))
      refuse(path, "the state of the generator is damaged", "", at);
    const std::vector<std::int64_t> v = s.to_vector<std::int64_t>();
    c.generator = {std::bit_cast<std::uint64_t>(v[0]), std::bit_cast<std::uint64_t>(v[1])};
  }
  return c;
}

}  // namespace

void save_checkpoint(const std::string& path, const Checkpoint& c, Location at) {
  const xgrad::detail::CallSite site(at);
  NamedTensors all;
  Metadata metadata{{"format", kFormat}, {"version", kVersion}, {"epoch", std::to_string(c.epoch)}};
  if (c.model) append(all, "model.", c.model->state_dict());
  if (c.optimizer) append(all, "optimizer.", c.optimizer->state_dict());
  if (c.scheduler) append(all, "scheduler.", c.scheduler->state_dict());
  if (c.loader) append(all, "loader.", c.loader->state_dict());
  append(all, "extra.", c.extra);
  if (c.rng) all.emplace_back("rng.default", generator_state());
  for (const auto& [key, text] : c.metadata) metadata.emplace("extra." + key, text);
  save_safetensors(all, path, metadata, at);
}

LoadedCheckpoint load_checkpoint(const std::string& path, const Checkpoint& into, Location at) {
  const xgrad::detail::CallSite site(at);
  Contents c = read(path, at);
  // A model without parameters has no entries, and fits.
  if (into.model && c.model.empty() && !into.model->state_dict().empty()) refuse(path, "no model in it", "", at);
  if (into.optimizer && c.optimizer.empty()) refuse(path, "no optimizer in it", "", at);
  if (into.scheduler && c.scheduler.empty()) refuse(path, "no scheduler in it", "", at);
  if (into.loader && c.loader.empty()) refuse(path, "no loader in it", "", at);
  // All parts check and allocate before the first changes. The optimizer comes first of those that change: it alone may
  // still throw, before it has changed anything.
  std::vector<std::function<void()>> take_over;
  if (into.optimizer) take_over.push_back(into.optimizer->prepare_state_dict(c.optimizer, at));
  if (into.scheduler) take_over.push_back(into.scheduler->prepare_state_dict(c.scheduler, at));
  if (into.loader) take_over.push_back(into.loader->prepare_state_dict(c.loader, at));
  if (into.model) take_over.push_back(nn::Module(*into.model).prepare_state_dict(c.model, true, at));
  for (const auto& part : take_over) part();
  if (into.rng && !c.rng.empty()) default_generator().set_state(c.generator);
  return std::move(c.rest);
}

std::ostream& operator<<(std::ostream& os, const LoadedCheckpoint& c) {
  return os << "epoch=" << c.epoch << ",\nextra=" << c.extra << ",\nmetadata=" << c.metadata;
}

}  // namespace xgrad::train
