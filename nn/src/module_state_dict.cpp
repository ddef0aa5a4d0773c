// Finding parts by path; saving and loading by name.
#include <numeric>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops/factory.hpp>

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

}  // namespace

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

namespace {

// How many parts of the names are the same, from the end: "encoder.fc.weight" and "fc.weight" share two.
std::size_t shared_parts(std::string_view a, std::string_view b) {
  for (std::size_t parts = 0;; ++parts) {
    const std::size_t i = a.rfind('.'), j = b.rfind('.');
    if (a.substr(i + 1) != b.substr(j + 1)) return parts;  // npos + 1 is 0: the whole name
    if (i == a.npos || j == b.npos) return parts + 1;
    a = a.substr(0, i);
    b = b.substr(0, j);
  }
}

// One guess: a key that was given and one that is missing, of the same shape.
struct Guess {
  std::size_t given, missing, parts, changes;
};

// Which missing key each unexpected one stands for: of the same shape, with as much of the end of the name in common as
// possible, else nearly the same name; none twice.
std::vector<std::pair<std::string, std::string>> pairs_of(const NamedTensors& unexpected, const NamedTensors& missing) {
  std::vector<Guess> guesses;
  for (std::size_t u = 0; u < unexpected.size(); ++u)
    for (std::size_t m = 0; m < missing.size(); ++m) {
      const auto& [given, value] = unexpected[u];
      const auto& [name, target] = missing[m];
      if (!value.defined() || !(value.shape() == target.shape())) continue;
      const Guess g{u, m, shared_parts(given, name), distance(given, name)};
      if (g.parts > 0 || g.changes <= 1 + given.size() / 6) guesses.push_back(g);  // or a letter or two
    }
  std::ranges::stable_sort(guesses, [](const Guess& a, const Guess& b) {
    return a.parts != b.parts ? a.parts > b.parts : a.changes < b.changes;
  });
  std::vector<std::string> found(unexpected.size());
  std::vector<bool> taken(missing.size());
  for (const Guess& g : guesses) {
    if (!found[g.given].empty() || taken[g.missing]) continue;
    found[g.given] = missing[g.missing].first;
    taken[g.missing] = true;
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t u = 0; u < unexpected.size(); ++u)
    if (!found[u].empty()) pairs.emplace_back(unexpected[u].first, found[u]);
  return pairs;
}

// A checkpoint holds more than the state of a module, under prefixes (train/checkpoint.hpp).
std::string checkpoint_hint(const NamedTensors& unexpected, const NamedTensors& missing) {
  constexpr std::string_view prefix = "model.";
  std::unordered_set<std::string_view> names;
  for (const auto& [key, t] : missing) names.insert(key);
  constexpr std::string_view parts[] = {prefix, "optimizer.", "scheduler.", "loader.", "rng.", "extra."};
  const auto of_checkpoint = [&](const auto& entry) {
    return std::ranges::any_of(parts, [&](std::string_view part) { return entry.first.starts_with(part); });
  };
  const auto of_model = [&](const auto& entry) {
    return entry.first.starts_with(prefix) && names.contains(std::string_view(entry.first).substr(prefix.size()));
  };
  if (!std::ranges::all_of(unexpected, of_checkpoint) || std::ranges::none_of(unexpected, of_model)) return "";
  return "a file of save_checkpoint is loaded with train::load_checkpoint(path, {.model = net}); else remove 'model.' "
         "from the keys";
}

std::string suggestions(const NamedTensors& unexpected, const NamedTensors& missing) {
  if (const std::string hint = checkpoint_hint(unexpected, missing); !hint.empty()) return hint;
  constexpr std::size_t kMostKeys = 300, kMostShown = 8;
  if (unexpected.size() > kMostKeys || missing.size() > kMostKeys) return "";
  const auto pairs = pairs_of(unexpected, missing);
  // A prefix that all keys carry is the usual reason: say it once.
  if (!pairs.empty() && pairs.size() == unexpected.size() && unexpected.size() == missing.size()) {
    const auto prefix_of = [](const std::string& a, const std::string& b) {
      return a.ends_with(b) ? a.substr(0, a.size() - b.size()) : "";
    };
    const std::string prefix = prefix_of(pairs[0].first, pairs[0].second);
    if (!prefix.empty() &&
        std::ranges::all_of(pairs, [&](const auto& p) { return prefix_of(p.first, p.second) == prefix; }))
      return fmt::format("all keys begin with '{}': remove it", prefix);
  }
  std::vector<std::string> shown;
  for (const auto& [given, name] : pairs)
    if (shown.size() < kMostShown) shown.push_back(fmt::format("'{}' for '{}'", given, name));
  return shown.empty() ? "" : fmt::format("renamed? {}", fmt::join(shown, ", "));
}

[[noreturn]] void not_found(const char* op, const std::string& path, const std::string& where, const std::string& name,
                            const std::vector<std::string>& names, const Location& at) {
  ErrorReport error(op, fmt::format("no '{}'", path), at);
  error.line(where.empty() ? "the module has" : fmt::format("'{}' has", where),
             names.empty() ? "no such entries" : fmt::format("{}", fmt::join(names, ", ")));
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
  std::shared_ptr<State> here = state_;
  std::string walked;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    std::vector<std::string> names;
    std::shared_ptr<State> next;
    for (const auto& [key, child] : here->children) {
      names.push_back(key);
      if (key == name) next = child;
    }
    if (!next) not_found("get_submodule", path, walked, name, names, at);
    here = std::move(next);
    walked = path.substr(0, end);
    begin = end + 1;
  }
  return Module(std::move(here));
}

Tensor Module::get_parameter(const std::string& path, Location at) const {
  return find_tensor("get_parameter", get_submodule(split_path(path).first, at).state_->parameters, path, at);
}
Tensor Module::get_buffer(const std::string& path, Location at) const {
  return find_tensor("get_buffer", get_submodule(split_path(path).first, at).state_->buffers, path, at);
}

NamedTensors Module::state_dict(Location at) const {
  require_intact(at);
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
  NamedTensors missing, unexpected;
  std::vector<std::string> misfit;
  std::unordered_map<std::string, const Tensor*> given;
  for (const auto& [key, t] : state) given[key] = &t;
  std::unordered_set<std::string> known;
  for (const auto& [key, target] : mine) {
    known.insert(key);
    const auto it = given.find(key);
    if (it == given.end())
      missing.emplace_back(key, target);
    else if (!it->second->defined())
      misfit.push_back(fmt::format("{} is undefined", key));
    else if (!(it->second->shape() == target.shape()))
      misfit.push_back(fmt::format("{} {} vs {}", key, to_string(it->second->shape()), to_string(target.shape())));
    else
      copies.emplace_back(target, *it->second);
  }
  for (const auto& [key, t] : state)
    if (!known.contains(key)) unexpected.emplace_back(key, t);
  for (const auto& [key, t] : missing) report.missing.push_back(key);
  for (const auto& [key, t] : unexpected) report.unexpected.push_back(key);
  const bool keys = !report.missing.empty() || !report.unexpected.empty();
  const bool nothing_fits = copies.empty() && misfit.empty() && !mine.empty() && !state.empty();
  if ((strict && keys) || nothing_fits || !misfit.empty()) {
    ErrorReport error("load_state_dict",
                      strict || !nothing_fits ? "the state does not fit the module; nothing was loaded"
                                              : "not one key of the state is a key of the module; nothing was loaded",
                      at);
    if (!report.missing.empty()) error.line("missing:", fmt::format("{}", fmt::join(report.missing, ", ")));
    if (!report.unexpected.empty()) error.line("unexpected:", fmt::format("{}", fmt::join(report.unexpected, ", ")));
    if (!misfit.empty()) error.line("shape:", fmt::format("{} (given vs module)", fmt::join(misfit, ", ")));
    if (const std::string hint = suggestions(unexpected, missing); !hint.empty()) error.help(hint);
    error.value_error();
  }
  return report;
}

// Whether copying needs no memory: values are where they are, and not those that are written.
bool copies_directly(const Tensor& to, const Tensor& from) {
  if (!to.is_contiguous() || !from.is_contiguous()) return false;
  const auto begin = [](const Tensor& t) { return reinterpret_cast<std::uintptr_t>(detail::raw_bytes(t)); };
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

// Parameters and buffers that have no shape yet get that of what is given for them, and lose it again unless keep() is
// called. ShapeError, and none gets one, when something is given that the layer cannot have.
class Module::LazyShapes {
 public:
  LazyShapes(const State& s, const NamedTensors& state, const Location& at) {
    std::vector<std::pair<Tensor, Shape>> fitting;
    std::vector<std::pair<std::string, std::string>> wrong;
    visit(s, "", [&](const std::string& path, const State& layer) {
      if (layer.lazy.empty()) return;
      std::int64_t open = open_size(layer);
      for (const auto& [name, t, wanted] : waiting(layer))
        for (const auto& [given, value] : state) {
          if (given != joined_path(path, name) || !value.defined() || without_shape(value)) continue;
          if (takes(wanted, value.shape(), open))
            fitting.emplace_back(t, value.shape());
          else
            wrong.emplace_back(given, fmt::format("{}, but {} has {}", to_string(value.shape()), layer.info->label,
                                                  text_of(wanted, open)));
        }
    });
    if (!wrong.empty()) {
      ErrorReport report("load_state_dict", "shapes that lazy layers cannot have; nothing was loaded", at);
      for (const auto& [key, text] : wrong) report.line(key, text);
      report.shape_error();
    }
    for (const auto& [t, shape] : fitting) set(t, shape);
  }
  ~LazyShapes() {
    for (auto& [t, before] : shaped_) t.set_data(before);
  }
  LazyShapes(const LazyShapes&) = delete;
  LazyShapes& operator=(const LazyShapes&) = delete;
  void keep() { shaped_.clear(); }

 private:
  struct Waiting {
    std::string name;
    Tensor tensor;
    Shape wanted;
  };
  // Calls f(name, tensor, the shape that it may have).
  template <class F>
  static void each_lazy(const State& layer, const F& f) {
    for (const NamedTensors* list : {&layer.parameters, &layer.buffers})
      for (const auto& [name, t] : *list)
        if (const auto found = layer.lazy.find(name); found != layer.lazy.end() && t.defined())
          f(name, t, found->second);
  }
  static std::vector<Waiting> waiting(const State& layer) {
    std::vector<Waiting> all;
    each_lazy(layer, [&](const std::string& name, const Tensor& t, const Shape& wanted) {
      if (without_shape(t)) all.push_back({name, t, wanted});
    });
    return all;
  }
  // The size that is open before the first call, where a tensor of the layer has it already; else kOpen.
  static std::int64_t open_size(const State& layer) {
    std::int64_t open = kOpen;
    each_lazy(layer, [&](const std::string&, const Tensor& t, const Shape& wanted) {
      if (!without_shape(t)) takes(wanted, t.shape(), open);
    });
    return open;
  }
  // Whether it is such a shape; it tells an open size.
  static bool takes(const Shape& wanted, const Shape& given, std::int64_t& open) {
    if (wanted.rank() != given.rank()) return false;
    std::int64_t told = open;
    for (int i = 0; i < wanted.rank(); ++i) {
      if (wanted[i] == kOpen && told == kOpen) told = given[i];
      if (given[i] != (wanted[i] == kOpen ? told : wanted[i])) return false;
    }
    open = told;
    return true;
  }
  static std::string text_of(const Shape& wanted, std::int64_t open) {  // "(5, any)"
    std::vector<std::string> sizes;
    for (int i = 0; i < wanted.rank(); ++i) {
      const std::int64_t n = wanted[i] == kOpen ? open : wanted[i];
      sizes.push_back(n == kOpen ? "any" : fmt::format("{}", n));
    }
    return fmt::format("({})", fmt::join(sizes, ", "));
  }
  void set(const Tensor& t, const Shape& shape) {
    const NoGradGuard off;
    shaped_.emplace_back(t, t.detach().clone());
    Tensor(t).set_data(zeros(shape, {t.dtype()}));
  }
  std::vector<std::pair<Tensor, Tensor>> shaped_;
};

LoadReport Module::load_state_dict(const NamedTensors& state, bool strict, Location at) {
  const detail::CallSite site(at);
  LazyShapes shapes(*state_, state, at);
  Copies copies;
  LoadReport report = match(state_dict(at), state, strict, copies, at);
  make_ready(copies);
  carry_out(copies);
  shapes.keep();
  return report;
}

std::function<void()> Module::prepare_state_dict(const NamedTensors& state, bool strict, Location at) {
  const auto copies = std::make_shared<Copies>();
  const detail::CallSite site(at);
  LazyShapes shapes(*state_, state, at);
  match(state_dict(at), state, strict, *copies, at);
  make_ready(*copies);
  shapes.keep();
  return [copies, at] {
    const detail::CallSite loading(at);
    carry_out(*copies);
  };
}

}  // namespace xgrad::nn
