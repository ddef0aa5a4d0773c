// state_dict of optimizers: everything is read and checked first, then taken over.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/optim/optimizer.hpp>

#include "state_fields.hpp"

namespace xgrad::optim {
namespace {

// "12.exp_avg" or "group.0.lr" taken apart.
struct Key {
  bool group = false;
  std::size_t index = 0;
  std::string what;
};
std::optional<Key> parse_key(const std::string& key) {
  Key k;
  k.group = key.starts_with("group.");
  const std::string rest = k.group ? key.substr(6) : key;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), k.index);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != '.') return std::nullopt;
  k.what.assign(end + 1, rest.data() + rest.size());
  return k;
}

std::ptrdiff_t position(const std::vector<std::string>& names, const std::string& name) {
  const auto at = std::ranges::find(names, name);
  return at == names.end() ? -1 : at - names.begin();
}

}  // namespace

NamedTensors Optimizer::state_dict() const {
  NamedTensors out;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const State& s = states_[i];
    out.emplace_back(fmt::format("{}.step", i), full({}, s.step));
    for (std::size_t b = 0; b < s.buffers.size(); ++b)
      if (s.buffers[b].defined()) out.emplace_back(fmt::format("{}.{}", i, buffer_names_[b]), s.buffers[b].clone());
    for (std::size_t n = 0; n < s.numbers.size(); ++n)
      out.emplace_back(fmt::format("{}.{}", i, number_names_[n]), full({}, s.numbers[n], {kFloat64}));
  }
  for (std::size_t g = 0; g < counts_.size(); ++g) {
    const std::string prefix = fmt::format("group.{}.", g);
    out.emplace_back(prefix + "params", full({}, static_cast<std::int64_t>(counts_[g])));
    // The fields only point at the options; saving does not change them.
    save_fields(const_cast<Optimizer*>(this)->option_fields(g), prefix, out);
    if (initial_lrs_[g] == initial_lrs_[g])
      out.emplace_back(prefix + "initial_lr", full({}, initial_lrs_[g], {kFloat64}));
  }
  for (auto& entry : shared_state()) out.push_back(std::move(entry));
  return out;
}

// A state that was read, and what is wrong with it.
struct Optimizer::Loaded {
  std::vector<State> states;
  std::vector<std::vector<StateField>> fields;
  std::vector<std::vector<std::optional<StateCopy>>> options;
  std::vector<double> initial_lrs;
  NamedTensors shared;
  std::vector<std::string> missing, unexpected, misfit;

  bool fits() const { return missing.empty() && unexpected.empty() && misfit.empty(); }
  void report(const std::string& name, const Location& at) const {
    ErrorReport error(name.c_str(), "the state does not fit the optimizer; nothing was loaded", at);
    if (!missing.empty()) error.line("missing:", fmt::format("{}", fmt::join(missing, ", ")));
    if (!unexpected.empty()) error.line("unexpected:", fmt::format("{}", fmt::join(unexpected, ", ")));
    if (!misfit.empty()) error.line("misfit:", fmt::format("{}", fmt::join(misfit, "; ")));
    error.value_error();
  }
};

namespace {

// Gives the options of a group other values while it lives, so that the optimizer can check them.
class TriedOn {
 public:
  TriedOn(const std::vector<StateField>& fields, std::vector<std::optional<StateCopy>>& values)
      : fields_(fields), values_(values) {
    exchange();
  }
  ~TriedOn() { exchange(); }
  TriedOn(const TriedOn&) = delete;
  TriedOn& operator=(const TriedOn&) = delete;

 private:
  void exchange() noexcept {
    for (std::size_t f = 0; f < fields_.size(); ++f) swap(fields_[f], *values_[f]);
  }
  const std::vector<StateField>& fields_;
  std::vector<std::optional<StateCopy>>& values_;
};

}  // namespace

Optimizer::Loaded Optimizer::parse(const NamedTensors& state, const Location& at) const {
  auto& self = const_cast<Optimizer&>(*this);  // for the names of the fields; nothing is changed
  Loaded in;
  in.states.resize(params_.size());
  for (State& s : in.states) s.step = -1;
  in.initial_lrs.assign(counts_.size(), std::numeric_limits<double>::quiet_NaN());
  auto& fields = in.fields;
  for (std::size_t g = 0; g < counts_.size(); ++g) fields.push_back(self.option_fields(g));
  for (const auto& f : fields) in.options.emplace_back(f.size());
  std::vector<bool> counted(counts_.size());

  const auto one_number = [&](const std::string& key, const Tensor& t) {
    if (t.numel() != 1) in.misfit.push_back(fmt::format("{} has shape {}, not one number", key, to_string(t.shape())));
    return t.numel() == 1;
  };
  const auto read_param = [&](const std::string& key, const Key& k, const Tensor& t) {
    State& s = in.states[k.index];
    const std::ptrdiff_t b = position(buffer_names_, k.what), n = position(number_names_, k.what);
    if (k.what == "step") {
      if (!one_number(key, t))
        s.step = 0;
      else if ((s.step = t.item<std::int64_t>()) < 0) {
        in.misfit.push_back(fmt::format("{} is {}, not a number of steps", key, s.step));
        s.step = 0;
      }
    } else if (b >= 0) {
      const Tensor& p = params_[k.index];
      s.buffers.resize(buffer_names_.size());
      const Shape shape = buffer_shape(static_cast<std::size_t>(b), p);
      if (t.shape() == shape)
        s.buffers[static_cast<std::size_t>(b)] = t.to(p.dtype()).clone();
      else
        in.misfit.push_back(fmt::format("{} has shape {}, the parameter {}{}", key, to_string(t.shape()),
                                        to_string(p.shape()),
                                        shape == p.shape() ? "" : ", for which it is " + to_string(shape)));
    } else if (n >= 0) {
      if (!one_number(key, t)) return true;
      s.numbers.resize(number_names_.size());
      s.numbers[static_cast<std::size_t>(n)] = t.item<double>();
    } else {
      return false;
    }
    return true;
  };
  const auto read_group = [&](const std::string& key, const Key& k, const Tensor& t) {
    if (k.what == "params") {
      counted[k.index] = true;
      if (one_number(key, t) && t.item<std::int64_t>() != static_cast<std::int64_t>(counts_[k.index]))
        in.misfit.push_back(fmt::format("{} is {}, the group has {}", key, t.item<std::int64_t>(), counts_[k.index]));
      return true;
    }
    if (k.what == "initial_lr") {
      if (one_number(key, t)) in.initial_lrs[k.index] = t.item<double>();
      return true;
    }
    for (std::size_t f = 0; f < fields[k.index].size(); ++f) {
      if (fields[k.index][f].name != k.what) continue;
      StateCopy value;
      if (const std::string problem = read_field(fields[k.index][f], t, value); !problem.empty())
        in.misfit.push_back(fmt::format("{}: {}", key, problem));
      in.options[k.index][f] = value;
      return true;
    }
    return false;
  };

  for (const auto& [key, t] : state) {
    const std::optional<Key> k = parse_key(key);
    bool known = false;
    if (!t.defined())
      in.misfit.push_back(key + " is undefined"), known = true;
    else if (k && k->group && k->index < counts_.size())
      known = read_group(key, *k, t);
    else if (k && !k->group && k->index < params_.size())
      known = read_param(key, *k, t);
    if (!known) in.shared.emplace_back(key, t);
  }
  in.unexpected = self.load_shared_state(in.shared, false, at);

  for (std::size_t i = 0; i < in.states.size(); ++i) {
    const State& s = in.states[i];
    if (s.step < 0) in.missing.push_back(fmt::format("{}.step", i));
    for (std::size_t b = 0; b < buffer_names_.size(); ++b)
      if (s.step > 0 && always_[b] && (s.buffers.empty() || !s.buffers[b].defined()) && in.misfit.empty())
        in.missing.push_back(fmt::format("{}.{}", i, buffer_names_[b]));
    if (s.step > 0 && s.numbers.size() != number_names_.size())
      in.missing.push_back(fmt::format("{}.{}", i, fmt::join(number_names_, "/")));
  }
  for (std::size_t g = 0; g < counts_.size(); ++g) {
    if (!counted[g]) in.missing.push_back(fmt::format("group.{}.params", g));
    for (std::size_t f = 0; f < fields[g].size(); ++f)
      if (!in.options[g][f]) in.missing.push_back(fmt::format("group.{}.{}", g, fields[g][f].name));
  }
  if (!in.fits()) return in;

  // The options are set, checked and restored: only the optimizer knows which values it accepts.
  for (std::size_t g = 0; g < counts_.size(); ++g) {
    const TriedOn scope(fields[g], in.options[g]);
    try {
      check_options(g, at);
    } catch (const ValueError& e) {
      const std::string text = e.what();
      in.misfit.push_back(fmt::format("group.{}: {}", g, text.substr(0, text.find('\n'))));
    }
  }
  return in;
}

void Optimizer::check_state_dict(const NamedTensors& state, Location at) const {
  if (const Loaded in = parse(state, at); !in.fits()) in.report(name_, at);
}

std::function<void()> Optimizer::prepare_state_dict(const NamedTensors& state, Location at) {
  const auto in = std::make_shared<Loaded>(parse(state, at));
  if (!in->fits()) in->report(name_, at);
  return [this, in, at] {
    load_shared_state(in->shared, true, at);
    states_.swap(in->states);
    initial_lrs_.swap(in->initial_lrs);
    for (std::size_t g = 0; g < in->fields.size(); ++g)
      for (std::size_t f = 0; f < in->fields[g].size(); ++f) swap(in->fields[g][f], *in->options[g][f]);
  };
}

void Optimizer::load_state_dict(const NamedTensors& state, Location at) { prepare_state_dict(state, at)(); }

}  // namespace xgrad::optim
