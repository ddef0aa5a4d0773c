#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <xgrad/autograd.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/train/summary.hpp>

#include "table.hpp"

namespace xgrad::train {

std::ostream& operator<<(std::ostream& os, const Summary& s) { return os << s.text; }

}  // namespace xgrad::train

namespace xgrad::train::detail {
namespace {

struct Row {
  std::string layer, shape = "--";
  std::int64_t parameters = 0, mult_adds = 0;
  bool partial = false;  // there is more to the multiply-adds than was counted
};

std::string thousands(std::int64_t n) {
  std::string s = std::to_string(n);
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(s.size()) - 3; i > 0; i -= 3)
    s.insert(static_cast<std::size_t>(i), ",");
  return s;
}

// Multiply-adds of one call. Each value that a layer computes costs as many as its weight has entries for it: the
// output values of a linear layer or convolution, weight (out, ...); the input values of a transposed convolution,
// weight (in, ...); every step of a recurrent layer, all its matrices. A table of rows is only looked up.
std::int64_t mult_adds_of(const nn::Module& m, const Tensor& input, const Tensor& output) {
  const std::string& label = m.label();
  if (label.starts_with("Embedding")) return 0;
  const std::int64_t steps = input.dim() > 0 && input.size(-1) > 0 ? input.numel() / input.size(-1) : 0;
  std::int64_t sum = 0;
  for (const auto& [name, p] : m.named_parameters(false)) {
    if (!name.starts_with("weight") || p.dim() < 2 || p.size(0) == 0) continue;
    if (name != "weight")
      sum += steps * p.numel();
    else
      sum += (label.starts_with("ConvTranspose") ? input : output).numel() * (p.numel() / p.size(0));
  }
  return sum;
}

// Whether mult_adds_of knows all that a module does with matrices of its own. What attention costs depends on its keys.
bool is_counted(const nn::Module& m) {
  if (m.label().starts_with("Embedding")) return true;
  if (m.label().starts_with("MultiheadAttention")) return false;
  return std::ranges::all_of(m.named_parameters(false), [](const auto& named) {
    return named.second.dim() < 2 || named.first.starts_with("weight") || named.first.starts_with("bias");
  });
}

// The children of a module; of a Sequential all parts, functions too, which have no name but their position.
std::vector<std::pair<std::string, nn::Module>> parts_of(const nn::Module& m) {
  const auto children = m.named_children();
  const auto* parts = m.as<nn::Sequential>();
  if (!parts) return children;
  std::vector<std::pair<std::string, nn::Module>> all;
  for (const nn::AnyModule& part : *parts) {
    const auto child = std::ranges::find_if(children, [&](const auto& c) { return c.second.is_same(part); });
    all.emplace_back(child != children.end() ? child->first : std::to_string(all.size()), part);
  }
  return all;
}

struct Builder {
  std::vector<Row> rows;
  std::vector<HookHandle> hooks;
  std::map<std::size_t, int> numbers;  // per depth

  void add(nn::Module m, const std::string& name, std::size_t depth, const std::string& indent, bool last) {
    const std::size_t at = rows.size();
    Row r;
    const std::string label = m.label().empty() ? "Module" : m.label();
    r.layer = depth == 0
                  ? label
                  : fmt::format("{}{}{}: {} {}-{}", indent, last ? "└─" : "├─", name, label, depth, ++numbers[depth]);
    for (const Tensor& p : m.parameters(false)) r.parameters += p.numel();
    rows.push_back(std::move(r));
    hooks.push_back(m.register_forward_hook([this, at](const nn::Module& self, const Tensor& x, const Tensor& y) {
      rows[at].shape = to_string(y.shape());
      rows[at].mult_adds += mult_adds_of(self, x, y);
      rows[at].partial |= !is_counted(self);
      return Tensor();
    }));
    const auto children = parts_of(m);
    const std::string deeper = depth == 0 ? "" : indent + (last ? "  " : "│ ");
    for (std::size_t i = 0; i < children.size(); ++i)
      add(children[i].second, children[i].first, depth + 1, deeper, i + 1 == children.size());
  }
  ~Builder() {
    for (const HookHandle& h : hooks) h.remove();
  }
};

// Puts the mode of every module back: a part may be frozen in evaluation mode while the rest trains.
class Modes {
 public:
  explicit Modes(const nn::Module& m) {
    for (auto& [name, part] : m.named_modules()) before_.emplace_back(part, part.is_training());
  }
  ~Modes() {
    for (auto& [part, on] : before_) part.train(on);  // parents first, so that the parts have the last word
  }
  Modes(const Modes&) = delete;
  Modes& operator=(const Modes&) = delete;

 private:
  std::vector<std::pair<nn::Module, bool>> before_;
};

std::string table(const std::vector<Row>& rows, const Summary& s, std::int64_t bytes) {
  std::vector<std::array<std::string, 4>> cells{
      {"Layer (name: type depth-index)", "Output shape", "Parameters", "Mult-adds"}};
  const auto counted = [](std::int64_t n) { return n ? thousands(n) : std::string("--"); };
  for (const Row& r : rows)
    cells.push_back({plain(r.layer), plain(r.shape), counted(r.parameters),
                     r.partial ? r.mult_adds ? ">= " + thousands(r.mult_adds) : "?" : counted(r.mult_adds)});
  std::array<std::size_t, 4> width{20, 14, 12, 14};  // at least
  for (const auto& row : cells)
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], screen_width(row[c]));
  const auto line = [&](const std::array<std::string, 4>& row) {
    return fmt::format("{}  {}  {}  {}\n", padded(row[0], width[0], Align::left), padded(row[1], width[1], Align::left),
                       padded(row[2], width[2], Align::right), padded(row[3], width[3], Align::right));
  };
  const std::string rule(width[0] + width[1] + width[2] + width[3] + 6, '=');
  std::string t = rule + "\n" + line(cells[0]) + rule + "\n";
  for (std::size_t r = 1; r < cells.size(); ++r) t += line(cells[r]);
  t += fmt::format("{}\nParameters: {} (trainable {}), {:.3f} MB   Multiply-adds: {}{}\n{}\n", rule,
                   thousands(s.parameters), thousands(s.trainable), static_cast<double>(bytes) / 1e6,
                   s.partial ? ">= " : "", thousands(s.mult_adds), rule);
  return t;
}

// Parameters of layers that the model calls but has not registered, which no optimizer of its parameters() changes.
std::string unregistered(const nn::Module& model, const Tensor& result) {
  if (!result.defined() || !result.requires_grad()) return "";
  std::unordered_set<const void*> known;
  for (const Tensor& p : model.parameters()) known.insert(p.id());
  std::vector<std::string> found;
  for (const tape::OpNode& node : tape::collect(result).nodes)
    for (const tape::Input& in : node.inputs)
      if (in.leaf.defined() && in.source && in.source->parameter && known.insert(in.leaf.id()).second)
        found.push_back(plain(fmt::format("{} {}", in.source->name, to_string(in.source->shape))));
  return found.empty() ? "" : fmt::format("Not registered, so not trained: {}\n", fmt::join(found, ", "));
}

}  // namespace

Summary summarize(nn::Module model, const std::type_info& type, const std::function<Tensor()>& run) {
  Summary s;
  Builder b;
  b.add(model, "", 0, "", true);
  if (model.label().empty()) b.rows[0].layer = xgrad::detail::type_name(type);
  std::string strangers;
  {
    const Modes modes(model);
    model.eval();
    const Tensor y = run();
    if (y.defined()) b.rows[0].shape = to_string(y.shape());
    strangers = unregistered(model, y);
  }
  std::int64_t bytes = 0;
  for (const Tensor& p : model.parameters()) {
    s.parameters += p.numel();
    bytes += p.numel() * item_size(p.dtype());
    if (p.requires_grad()) s.trainable += p.numel();
  }
  for (const Row& r : b.rows) s.mult_adds += r.mult_adds, s.partial |= r.partial;
  s.text = table(b.rows, s, bytes) + strangers;
  return s;
}

}  // namespace xgrad::train::detail
