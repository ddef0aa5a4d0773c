#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/detail/html_page.hpp>
#include <xgrad/train/event_file.hpp>
#include <xgrad/train/report.hpp>
#include <xgrad/viz/image_grid.hpp>

#include "report/page.hpp"
#include "report/pictures.hpp"
#include "report/run_folder.hpp"

namespace xgrad::train {

using detail::LoggedMetric;
using detail::NormHistory;
using nlohmann::ordered_json;

namespace {

// JSON has no NaN and no infinity.
ordered_json real(double v) {
  if (std::isfinite(v)) return v;
  return std::isnan(v) ? "NaN" : v > 0 ? "Inf" : "-Inf";
}

double norm_of(const Tensor& t) {
  double sum = 0;
  for (const double v : t.detach().to_vector<double>()) sum += v * v;
  return std::sqrt(sum);
}

std::string clock_text() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local)};
}

void append(NormHistory& h, std::int64_t epoch, const std::vector<std::string>& names, std::vector<double> norms) {
  h.names = names;
  if (!h.epochs.empty() && h.epochs.back() == epoch) {
    h.norms.back() = std::move(norms);
    return;
  }
  h.epochs.push_back(epoch);
  h.norms.push_back(std::move(norms));
}

}  // namespace

struct Report::State {
  State(ReportOptions o, const Location& where) : options(std::move(o)), at(where), folder(options, where) {
    if (options.tensorboard) events.emplace(folder.path(), where);
    metrics = folder.former();
    for (std::size_t i = 0; i < metrics.size(); ++i) former[key_of(metrics[i])] = i;
  }

  using Key = std::tuple<std::string, std::string, std::int64_t, std::int64_t>;
  static Key key_of(const LoggedMetric& m) { return {m.name, m.split, m.epoch, m.step}; }
  // What a run computes again, from its checkpoint on, replaces what it computed before.
  void put(LoggedMetric m) {
    const auto known = former.find(key_of(m));
    if (known == former.end())
      metrics.push_back(std::move(m));
    else
      metrics[known->second] = std::move(m);
  }

  struct Item {
    std::string section, title, svg, text;
  };
  void put(Item item) {
    const auto known =
        std::ranges::find_if(items, [&](const Item& i) { return i.section == item.section && i.title == item.title; });
    if (known == items.end())
      items.push_back(std::move(item));
    else
      *known = std::move(item);
  }

  // Writes to the event file. One that cannot be written must not end a training either: told once.
  template <class F>
  void to_events(const F& f) {
    if (!events) return;
    try {
      f(*events);
    } catch (const std::exception& e) {
      if (!std::exchange(told, true)) std::fprintf(stderr, "%s\n", e.what());
    }
  }

  std::vector<std::string> quantities() const {
    std::vector<std::string> names;
    for (const LoggedMetric& m : metrics)
      if (std::ranges::find(names, m.name) == names.end()) names.push_back(m.name);
    return names;
  }

  // What is drawn anew for each page, before what stays.
  std::vector<Item> all_items() const {
    std::vector<Item> all;
    for (const std::string& q : quantities()) all.push_back({"Learning curves", q, detail::curve_svg(q, metrics), ""});
    if (!rates.empty()) all.push_back({"Learning curves", "Learning rate", detail::rates_svg(rates), ""});
    if (!gradients.epochs.empty())
      all.push_back({"Layers", "Gradient norms", detail::norms_svg("Gradient norm of each parameter", gradients), ""});
    if (!weights.epochs.empty())
      all.push_back({"Layers", "Weight norms", detail::norms_svg("Norm of each parameter", weights), ""});
    all.insert(all.end(), items.begin(), items.end());
    return all;
  }

  ordered_json last_values() const {
    ordered_json rows = ordered_json::array();
    std::vector<std::pair<std::string, std::string>> seen;
    for (auto m = metrics.rbegin(); m != metrics.rend(); ++m) {
      if (std::ranges::find(seen, std::pair(m->name, m->split)) != seen.end()) continue;
      seen.emplace_back(m->name, m->split);
      const ordered_json row{{"name", m->name}, {"split", m->split}, {"epoch", m->epoch}, {"value", real(m->value)}};
      rows.insert(rows.begin(), row);
    }
    return rows;
  }

  std::string page() const {
    ordered_json d;
    d["title"] = options.name;
    d["running"] = running;
    d["refresh"] = options.refresh;
    d["updated"] = clock_text();
    d["run"] = folder.description();
    d["last"] = last_values();
    d["sections"] = ordered_json::array();
    for (const Item& i : all_items()) {
      auto section = std::ranges::find_if(d["sections"], [&](const auto& s) { return s["title"] == i.section; });
      if (section == d["sections"].end()) {
        d["sections"].push_back({{"title", i.section}, {"items", ordered_json::array()}});
        section = d["sections"].end() - 1;
      }
      (*section)["items"].push_back({{"title", i.title}, {"svg", i.svg}, {"text", i.text}});
    }
    const std::string json = d.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    return xgrad::detail::html_page(detail::kReportPage, options.name + ": training report", json);
  }

  ReportOptions options;
  Location at;
  detail::RunFolder folder;
  std::optional<SummaryWriter> events;
  std::vector<LoggedMetric> metrics;
  std::map<Key, std::size_t> former;  // rows of former runs in this folder
  std::map<std::size_t, std::vector<std::pair<double, double>>> rates;
  NormHistory gradients, weights;
  std::vector<Item> items;
  bool running = true;
  bool told = false;  // what is wrong with the event file
};

Report::Report(ReportOptions options, Location at) : state_(std::make_unique<State>(std::move(options), at)) {}
Report::~Report() {
  if (state_->running) finish();
}

const std::string& Report::folder() const { return state_->folder.path(); }
std::string Report::path() const { return folder() + "/report.html"; }

Report& Report::add(std::int64_t epoch, const std::string& split, const std::string& name, double value,
                    std::int64_t step) {
  state_->put(LoggedMetric{step, epoch, split, name, value});
  state_->to_events([&](SummaryWriter& w) {
    w.add_scalar(fmt::format("{}/{}", name, split), value, step >= 0 ? step : epoch, state_->at);
  });
  return *this;
}

Report& Report::learning_rate(std::int64_t epoch, const optim::Optimizer& opt) {
  for (std::size_t g = 0; g < opt.num_groups(); ++g) {
    state_->rates[g].emplace_back(static_cast<double>(epoch), opt.lr(g));
    state_->to_events(
        [&](SummaryWriter& w) { w.add_scalar(fmt::format("lr/group {}", g), opt.lr(g), epoch, state_->at); });
  }
  return *this;
}

Report& Report::norms(std::int64_t epoch, const nn::Module& model, Location at) {
  const NamedTensors params = model.named_parameters();
  if (params.empty()) ErrorReport(detail::kReport, "norms: the model has no parameters", at).value_error();
  std::vector<std::string> names;
  std::vector<double> weights, gradients;
  bool any_gradient = false;
  for (const auto& [name, p] : params) {
    const Tensor g = p.grad();
    names.push_back(name);
    weights.push_back(norm_of(p));
    gradients.push_back(g.defined() ? norm_of(g) : NAN);
    any_gradient |= g.defined();
    if (p.numel() > 0)
      state_->to_events(
          [&, &tag = name, &parameter = p](SummaryWriter& w) { w.add_histogram(tag, parameter, epoch, state_->at); });
  }
  append(state_->weights, epoch, names, std::move(weights));
  if (any_gradient) append(state_->gradients, epoch, names, std::move(gradients));
  state_->put(
      {"Layers", "Histograms", detail::histograms_svg(fmt::format("Parameters after epoch {}", epoch), params), ""});
  return *this;
}

Report& Report::confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names, Location at) {
  state_->put({"Predictions", "Confusion matrix", detail::confusion_svg(matrix, names, at), ""});
  return *this;
}

Report& Report::filters(const std::string& name, const Tensor& weight, Location at) {
  state_->put({"Layers", name + " filters", detail::filters_svg(name, weight, at), ""});
  return *this;
}

Report& Report::landscape(const nn::Module& model, const std::function<double()>& loss, const LandscapeOptions& options,
                          Location at) {
  state_->put({"Loss", "Loss landscape", detail::landscape_svg(model, loss, options, at), ""});
  return *this;
}

Report& Report::decision_boundary(const std::function<Tensor(const Tensor&)>& model, const Tensor& x, const Tensor& y,
                                  double threshold, const std::string& title, Location at) {
  state_->put({"Predictions", title, detail::boundary_svg({title, threshold}, model, x, y, at), ""});
  return *this;
}

Report& Report::activations(const std::vector<std::pair<std::string, Activation>>& functions, Location at) {
  state_->put({"Layers", "Activation functions", detail::activations_svg(functions, at), ""});
  return *this;
}

Report& Report::plot(const std::string& title, const viz::Plot& plot, const std::string& section) {
  state_->put({section, title, plot.svg(), ""});
  return *this;
}

Report& Report::images(const std::string& title, const std::vector<Tensor>& rows, const std::string& section,
                       Location at) {
  state_->put({section, title, viz::image_grid_svg(rows, {.title = title}, at), ""});
  return *this;
}

Report& Report::text(const std::string& title, const std::string& text, const std::string& section) {
  state_->put({section, title, "", text});
  return *this;
}

std::string Report::write() {
  try {
    state_->folder.save(state_->metrics);
    state_->to_events([&](SummaryWriter& w) { w.flush(state_->at); });
    const std::string page = state_->page();
    write_file_atomically(detail::kReport, path(), {{page.data(), page.size()}}, state_->at);
    return path();
  } catch (const std::exception& e) {  // a page that cannot be written must not end a training
    std::fprintf(stderr, "%s\n", e.what());
    return "";
  }
}

std::string Report::finish() {
  state_->running = false;
  return write();
}

}  // namespace xgrad::train
