// Finding parts by path; saving and loading by name.
#include <fmt/format.h>

#include <numeric>
#include <unordered_map>
#include <xgrad/check.hpp>

#include "module_state.hpp"

namespace xgrad::nn {
namespace {

// Single-character changes from a to b.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// The one of `names` that was probably meant: the same name under another prefix, or one nearly the same.
std::string probably(const std::string& name, const std::vector<std::string>& names) {
  for (const std::string& n : names)
    if (n.ends_with("." + name) || name.ends_with("." + n)) return n;
  std::string best;
  std::size_t least = 1 + name.size() / 6;  // a letter or two
  for (const std::string& n : names) {
    if (n.size() > name.size() + least || name.size() > n.size() + least) continue;
    if (const std::size_t d = distance(name, n); d <= least) {
      if (d == least && !best.empty()) continue;
      best = n;
      least = d;
    }
  }
  return best;
}

std::string suggestions(const std::vector<std::string>& unexpected, const std::vector<std::string>& missing) {
  // A prefix that all keys carry is the usual reason: say it once.
  if (!unexpected.empty() && unexpected.size() == missing.size()) {
    const auto cut = unexpected[0].size() >= missing[0].size() ? unexpected[0].size() - missing[0].size() : 0;
    const std::string prefix = unexpected[0].substr(0, cut);
    bool all = cut > 0;
    for (std::size_t i = 0; all && i < missing.size(); ++i)
      all = std::ranges::find(unexpected, prefix + missing[i]) != unexpected.end();
    if (all) return fmt::format("all keys begin with '{}': remove it", prefix);
  }
  std::vector<std::string> pairs;
  for (const std::string& u : unexpected) {
    if (pairs.size() == 8) break;
    if (const std::string m = probably(u, missing); !m.empty()) pairs.push_back(fmt::format("'{}' for '{}'", u, m));
  }
  return pairs.empty() ? "" : fmt::format("renamed? {}", fmt::join(pairs, ", "));
}

[[noreturn]] void not_found(const char* op, const std::string& path, const std::string& where, const std::string& name,
                            const std::vector<std::string>& names, const Location& at) {
  ErrorReport error(op, fmt::format("no '{}'", path), at);
  error.line(where.empty() ? "the module has" : fmt::format("'{}' has", where),
             names.empty() ? "nothing of the kind" : fmt::format("{}", fmt::join(names, ", ")));
  if (const std::string meant = probably(name, names); !meant.empty())
    error.help(fmt::format("did you mean '{}'?", meant));
  error.value_error();
}

// "a.b.c" -> {"a.b", "c"}.
std::pair<std::string, std::string> split_path(const std::string& path) {
  const auto dot = path.rfind('.');
  if (dot == std::string::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

Tensor find_tensor(const char* op, const NamedTensors& own, const std::string& path, const Location& at) {
  const auto [owner, name] = split_path(path);
  std::vector<std::string> names;
  for (const auto& [key, t] : own) {
    if (key == name && t.defined()) return t;
    if (t.defined()) names.push_back(key);
  }
  not_found(op, path, owner, name, names, at);
}

}  // namespace

Module Module::get_submodule(const std::string& path, Location at) const {
  Module here = *this;
  std::string walked;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    std::vector<std::string> names;
    std::shared_ptr<State> next;
    for (const auto& [key, child] : here.state_->children) {
      names.push_back(key);
      if (key == name) next = child;
    }
    if (!next) not_found("get_submodule", path, walked, name, names, at);
    here = Module(std::move(next));
    walked = path.substr(0, end);
    begin = end + 1;
  }
  return here;
}

Tensor Module::get_parameter(const std::string& path, Location at) const {
  return find_tensor("get_parameter", get_submodule(split_path(path).first, at).state_->parameters, path, at);
}
Tensor Module::get_buffer(const std::string& path, Location at) const {
  return find_tensor("get_buffer", get_submodule(split_path(path).first, at).state_->buffers, path, at);
}

NamedTensors Module::state_dict() const {
  NamedTensors out;
  visit(*state_, "", [&](const std::string& path, const State& s) {
    for (const auto& [name, t] : s.parameters)
      if (t.defined()) out.emplace_back(joined_path(path, name), t.detach());
    for (const auto& [name, t] : s.buffers)
      if (t.defined() && !s.transient.contains(name)) out.emplace_back(joined_path(path, name), t.detach());
  });
  return out;
}

namespace {

using Copies = std::vector<std::pair<Tensor, Tensor>>;  // to, from

// Pairs what a module has with what is given for it; ValueError when that does not fit.
LoadReport match(const NamedTensors& mine, const NamedTensors& state, bool strict, Copies& copies, const Location& at) {
  LoadReport report;
  std::vector<std::string> misfit;
  std::unordered_map<std::string, const Tensor*> given;
  for (const auto& [key, t] : state) given[key] = &t;
  std::unordered_set<std::string> known;
  for (const auto& [key, target] : mine) {
    known.insert(key);
    const auto it = given.find(key);
    if (it == given.end())
      report.missing.push_back(key);
    else if (!it->second->defined())
      misfit.push_back(fmt::format("{} is undefined", key));
    else if (!(it->second->shape() == target.shape()))
      misfit.push_back(fmt::format("{} {} vs {}", key, to_string(it->second->shape()), to_string(target.shape())));
    else
      copies.emplace_back(target, *it->second);
  }
  for (const auto& [key, t] : state)
    if (!known.contains(key)) report.unexpected.push_back(key);
  const bool keys = !report.missing.empty() || !report.unexpected.empty();
  if ((strict && keys) || !misfit.empty()) {
    ErrorReport error("load_state_dict", "the state does not fit the module; nothing was loaded", at);
    if (!report.missing.empty()) error.line("missing:", fmt::format("{}", fmt::join(report.missing, ", ")));
    if (!report.unexpected.empty()) error.line("unexpected:", fmt::format("{}", fmt::join(report.unexpected, ", ")));
    if (!misfit.empty()) error.line("shape:", fmt::format("{} (given vs module)", fmt::join(misfit, ", ")));
    if (const std::string hint = suggestions(report.unexpected, report.missing); !hint.empty()) error.help(hint);
    error.value_error();
  }
  return report;
}

// The elements of a contiguous tensor, laid out in memory.
const void* elements(const Tensor& t) {
  switch (t.dtype()) {
    case DType::float64: return t.data<double>();
    case DType::int64: return t.data<std::int64_t>();
    case DType::int32: return t.data<std::int32_t>();
    case DType::uint8: return t.data<std::uint8_t>();
    case DType::boolean: return t.data<bool>();
    default: return t.data<float>();
  }
}

// Whether copying needs no memory: values are where they are, and not those that are written.
bool copies_directly(const Tensor& to, const Tensor& from) {
  if (!to.is_contiguous() || !from.is_contiguous()) return false;
  const auto begin = [](const Tensor& t) { return reinterpret_cast<std::uintptr_t>(elements(t)); };
  const auto end = [&](const Tensor& t) {
    return begin(t) + static_cast<std::uintptr_t>(t.numel()) * static_cast<std::uintptr_t>(item_size(t.dtype()));
  };
  return end(to) <= begin(from) || end(from) <= begin(to) || begin(to) == begin(from);
}

void make_ready(Copies& copies) {
  const NoGradGuard off;
  for (auto& [to, from] : copies)
    if (!copies_directly(to, from)) from = from.clone();
}

void carry_out(Copies& copies) {
  const NoGradGuard off;
  for (auto& [to, from] : copies) to.copy_(from);
}

}  // namespace

LoadReport Module::load_state_dict(const NamedTensors& state, bool strict, Location at) {
  Copies copies;
  LoadReport report = match(state_dict(), state, strict, copies, at);
  make_ready(copies);
  carry_out(copies);
  return report;
}

std::function<void()> Module::prepare_state_dict(const NamedTensors& state, bool strict, Location at) {
  const auto copies = std::make_shared<Copies>();
  match(state_dict(), state, strict, *copies, at);
  make_ready(*copies);
  return [copies] { carry_out(*copies); };
}

}  // namespace xgrad::nn
