#include "explorer/page_json.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/ops/arithmetic.hpp>

#include "explorer/math.hpp"
#include "explorer/operand.hpp"
#include "explorer/places.hpp"
#include "explorer/tensor_json.hpp"
#include "heatmap.hpp"

namespace xgrad::viz {
namespace {

using nlohmann::json;

const char* name_of(Kind k) {
  static constexpr const char* kNames[] = {"data",   "parameter", "ghost",  "frozen", "operation",
                                           "output", "result",    "module", "kept",   "stub"};
  return kNames[static_cast<int>(k)];
}

class Writer {
 public:
  Writer(const PageData& page, const Detail& detail)
      : page_(page), p_(page.picture), detail_(detail), places_(page.picture, page.graph) {
    find_gradients();
    for (const ChainStep& s : page.chain.steps)
      for (std::uint32_t k = 0; k < s.outside.size(); ++k)
        if (s.outside[k].defined()) changed_.emplace(static_cast<std::int64_t>(s.op), k);
  }

  std::string text() {
    json out{{"schema", "xgrad.explorer/1"}, {"title", page_.title},
             {"sub", page_.subtitle},        {"rankdir", page_.layouts.across ? "LR" : "TB"},
             {"backward", p_.backward_ran},  {"left_out", p_.left_out},
             {"notes", page_.notes}};
    if (!page_.checks.empty()) out["checked"] = true;
    if (!page_.unchecked.empty()) out["unchecked"] = page_.unchecked;
    out["loss"] = is_plain_seed(page_.chain.seed) ? symbol_math(p_, root_node()) : objective_math();
    out["nodes"] = json::array();
    for (std::size_t i = 0; i < p_.nodes.size(); ++i) out["nodes"].push_back(node(static_cast<int>(i)));
    out["edges"] = json::array();
    for (const PicEdge& e : p_.edges) out["edges"].push_back({id(e.from), id(e.to), e.backward || sent_along(e)});
    out["modules"] = modules();
    out["steps"] = steps();
    out["layouts"] = json::array();
    for (const PageLayout& l : page_.layouts.all) out["layouts"].push_back(layout(l));
    out["first"] = box_ids(page_.layouts.first);
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
  }

 private:
  static std::string id(int node) { return fmt::format("n{}", node); }
  static std::string box_id(int box) { return fmt::format("m{}", box); }
  const PicNode& at(int i) const { return p_.nodes[static_cast<std::size_t>(i)]; }
  static json box_ids(const std::set<int>& boxes) {
    json all = json::array();
    for (const int b : boxes) all.push_back(box_id(b));
    return all;
  }
  // Gradients by node: those of the chain, which knows them without a recorder too; a leaf has the sum of its last use.
  void find_gradients() {
    for (const auto& [output, g] : page_.chain.grads)
      if (const int n = places_.result(output.first, output.second); n >= 0) grads_[n] = g;
    for (const ChainStep& s : page_.chain.steps)
      for (const Term& t : s.terms) {
        const int from = places_.whole(places_.input(places_.node_of(s.op), t.position));
        if (from < 0) continue;
        uses_[from] = t.uses;
        if (!at(from).grad.defined() || at(from).op >= 0) grads_[from] = t.total;
      }
    for (std::size_t i = 0; i < p_.nodes.size(); ++i)
      if (p_.nodes[i].grad.defined() && p_.nodes[i].kind != Kind::ghost) grads_[static_cast<int>(i)] = p_.nodes[i].grad;
  }
  Tensor grad_of(int i) const {
    const auto found = grads_.find(i);
    return found == grads_.end() ? Tensor() : found->second;
  }
  bool sent_along(const PicEdge& e) const { return grads_.contains(places_.whole(e.from)) && takes_gradient(e.from); }
  bool takes_gradient(int i) const {
    const Kind k = at(i).kind == Kind::ghost ? at(i).ghost_of : at(i).kind;
    return k != Kind::data && k != Kind::frozen && k != Kind::stub;
  }

  json node(int i) const {
    const PicNode& n = at(i);
    const BoxSize size = node_size(n), map = map_size(n.shape);
    json out{{"id", id(i)},
             {"kind", name_of(n.kind)},
             {"title", n.title},
             {"shape", shape_json(n.shape)},
             {"dtype", short_name(n.dtype)},
             {"size", {number_json(size.width), number_json(size.height)}},
             {"map", {number_json(map.width), number_json(map.height)}}};
    if (n.kind != Kind::ghost) out["math"] = symbol_math(p_, i);
    if (const std::string delta = delta_math(n); !delta.empty()) out["delta"] = delta;
    if (!n.symbol.empty()) out["symbol"] = n.symbol;
    if (n.layer) out["layer"] = n.layer;
    if (!n.name.empty()) out["name"] = n.name;
    if (!n.number.empty()) out["number"] = n.number;
    if (!n.told.empty()) out["told"] = n.told;
    if (!n.known_op.empty() && n.kind != Kind::ghost) out["known"] = n.known_op;
    if (n.box >= 0) out["module"] = box_id(n.box);
    if (!n.saves.empty()) out["saved"] = n.saves;
    if (!n.source.empty()) out["source"] = n.source;
    if (!n.notes.empty()) out["notes"] = n.notes;
    if (n.main_line) out["main"] = true;
    if (n.kind == Kind::ghost) {
      out["of"] = id(n.original);
      return out;
    }
    if (n.op >= 0) out["op"] = n.op;
    out["value"] = tensor_json(n.value, detail_.most_numbers);
    out["grad"] = tensor_json(grad_of(i), detail_.most_numbers);
    if (const auto found = uses_.find(i); found != uses_.end()) out["uses"] = found->second;
    if (const auto found = page_.checks.find(i); found != page_.checks.end())
      out["check"] = {{"error", number_json(found->second.error)},
                      {"ok", found->second.agrees},
                      {"points", found->second.points},
                      {"kinks", found->second.kinks}};
    return out;
  }

  json modules() const {
    json all = json::array();
    for (std::size_t b = 0; b < p_.boxes.size(); ++b) {
      const PicBox& x = p_.boxes[b];
      if (x.members < 2) continue;
      json m{{"id", box_id(static_cast<int>(b))}, {"path", x.id}, {"label", x.label}, {"members", x.members}};
      if (x.parent >= 0) m["parent"] = box_id(x.parent);
      if (x.fold) m["fold"] = true;
      const BoxSize size = folder_size(x);
      if (const auto found = page_.strips.find(static_cast<int>(b)); found != page_.strips.end())
        m["strip"] = numbers_json(found->second);
      m["size"] = {number_json(size.width), number_json(size.height)};
      all.push_back(std::move(m));
    }
    return all;
  }
  // ---- steps ----
  json steps() {
    json all = json::array();
    all.push_back({{"phase", "start"}, {"text", start_words()}});
    std::map<std::size_t, const ChainStep*> of;
    for (const ChainStep& s : page_.chain.steps) of[s.op] = &s;
    for (int i = 0; i < static_cast<int>(p_.nodes.size()); ++i)
      if (at(i).op >= 0 && at(i).kind != Kind::ghost && places_.node_of(static_cast<std::size_t>(at(i).op)) == i)
        all.push_back(forward(i, of));
    bool seeded = false;
    for (const ChainStep& s : page_.chain.steps) {
      const int n = places_.node_of(s.op);
      if (n < 0) continue;
      if (!std::exchange(seeded, true)) all.push_back(seed());
      all.push_back(backward(n, s));
    }
    all.push_back({{"phase", "end"}, {"text", end_words()}});
    return all;
  }
  json seed() const {
    const Tensor& g = page_.chain.seed;
    json s{{"phase", "seed"}, {"node", id(root_node())}, {"text", seed_words(g)}};
    if (g.numel() == 1) s["seed"] = short_number(g.item<double>());
    return s;
  }
  int root_node() const { return places_.result(page_.graph.root, page_.graph.root_output); }

  std::vector<int> inputs_of(int n) const {
    std::vector<int> in;
    const auto op = static_cast<std::size_t>(at(n).op);
    const std::size_t count = page_.graph.nodes[op].inputs.size() + page_.graph.nodes[op].data.size();
    for (std::size_t k = 0; k < count; ++k) in.push_back(places_.input(n, k));
    return in;
  }
  static json ids(const std::vector<int>& nodes) {
    json all = json::array();
    for (const int n : nodes) all.push_back(n < 0 ? json(nullptr) : json(id(n)));
    return all;
  }
  json outputs_of(std::size_t op) const {
    json outputs = json::array();
    for (std::uint32_t k = 0; k < page_.graph.nodes[op].shapes.size(); ++k)
      if (const int n = places_.result(static_cast<std::int64_t>(op), k); n >= 0) outputs.push_back(id(n));
    return outputs;
  }
  json forward(int n, const std::map<std::size_t, const ChainStep*>& of) const {
    const auto op = static_cast<std::size_t>(at(n).op);
    const std::vector<int> in = inputs_of(n);
    json s{{"phase", "forward"},
           {"node", id(n)},
           {"in", ids(in)},
           {"out", outputs_of(op)},
           {"math", formula_math(p_, n, in)},
           {"text", operation_words(p_, n, in)}};
    if (const auto found = of.find(op); found != of.end()) s["linear"] = found->second->linear_in;
    return s;
  }
  json backward(int n, const ChainStep& c) {
    json s{{"phase", "backward"}, {"node", id(n)}, {"in", ids(inputs_of(n))}, {"terms", json::array()}};
    s["text"] = backward_words(n, c);
    json incoming = json::array();
    for (std::uint32_t k = 0; k < c.incoming.size(); ++k)
      if (const int to = places_.result(static_cast<std::int64_t>(c.op), k); c.incoming[k].defined() && to >= 0)
        incoming.push_back(id(to));
    s["incoming"] = incoming;
    for (std::uint32_t k = 0; k < c.outside.size(); ++k)
      if (c.outside[k].defined()) {
        s["outside"] = tensor_json(c.outside[k], detail_.most_numbers);
        s["inside"] = tensor_json(c.incoming[k] - c.outside[k], detail_.most_numbers);
        break;
      }
    if (!c.problem.empty()) s["problem"] = c.problem;
    for (const Term& t : c.terms) s["terms"].push_back(term(n, c, t));
    return s;
  }
  std::string backward_words(int n, const ChainStep& c) const {
    std::set<std::size_t> taken;
    std::vector<std::string> targets, skipped;
    for (const Term& t : c.terms) {
      taken.insert(t.position);
      if (const int to = places_.input(n, t.position); to >= 0) targets.push_back(symbol_text(p_, to));
    }
    const std::vector<int> in = inputs_of(n);
    for (std::size_t k = 0; k < in.size(); ++k)
      if (!taken.contains(k) && in[k] >= 0) skipped.push_back(symbol_text(p_, in[k]));
    return fmt::format("Incoming gradient times local derivative, for {}.{}",
                       targets.empty() ? "no input" : enumeration(targets),
                       skipped.empty() ? "" : fmt::format(" No gradient for {}.", enumeration(skipped)));
  }
  // "a, b and c"
  static std::string enumeration(const std::vector<std::string>& names) {
    if (names.size() == 1) return names[0];
    return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
  }
  json term(int n, const ChainStep& c, const Term& t) {
    const int via = places_.input(n, t.position), to = places_.whole(via);
    json out{{"position", t.position}};
    const LocalDerivative* d = t.local ? &*t.local : nullptr;
    std::size_t m = 0;
    int from = -1;
    for (std::uint32_t k = 0; k < c.incoming.size(); ++k) {
      if (!c.incoming[k].defined()) continue;
      m += static_cast<std::size_t>(c.incoming[k].numel());
      if (from < 0) from = places_.result(static_cast<std::int64_t>(c.op), k);
    }
    const auto numbers = static_cast<std::size_t>(t.sent.numel());
    out["words"] = structure_words(t, m, page_.graph.nodes[c.op]);
    const Slope slope = slope_math(p_, n, inputs_of(n), t.position);
    out["slope"] = slope.math;
    if (to >= 0) out["to"] = id(to), out["via"] = id(via);
    const tape::Input& in = page_.graph.nodes[c.op].inputs[t.position];
    const auto outside = page_.chain.leaf_outside.find(in.node < 0 ? in.leaf.id() : nullptr);
    const bool more = t.use == t.uses && outside != page_.chain.leaf_outside.end() && outside->second.defined();
    if (more) {
      out["outside"] = tensor_json(outside->second, detail_.most_numbers);
      out["all"] = tensor_json(t.total + outside->second, detail_.most_numbers);
    }
    if (t.uses > 1 || to < 0 || more || changed_.contains({in.node, in.output})) {
      out["sent"] = tensor_json(t.sent, detail_.most_numbers);
      out["use"] = t.use;
      out["uses"] = t.uses;
      if (t.so_far.defined()) out["so_far"] = tensor_json(t.so_far, detail_.most_numbers);
      out["total"] = tensor_json(t.total, detail_.most_numbers);
    }
    out["local"] = d ? local(c, *d) : json(nullptr);
    const std::string matrix =
        matrix_math(d && d->form == Form::product ? operand_of(p_, page_.graph, places_, c.op, *d) : std::nullopt);
    if (d && d->form == Form::product) out["matrix"] = matrix;
    const std::string known = d ? "" : known_rule_math(page_.graph.nodes[c.op], t, inputs_of(n), from, to, slope);
    out["math"] = known.empty() ? chain_rule_math(d, from, to, slope, matrix, numbers) : known;
    return out;
  }

  json local(const ChainStep& c, const LocalDerivative& d) {
    json out{{"form", name_of(d.form)}};
    const std::size_t numbers = d.factors.size() + d.index.size() + d.matrix.size() + 3 * d.entries.size();
    if (d.form == Form::product) describe_product(out, c, d);
    written_ += numbers;
    if (written_ > detail_.most_local) {
      out["cut"] = true;  // too many numbers for one file
      return out;
    }
    if (d.form == Form::scaled || ((d.form == Form::picked || d.form == Form::spread) && d.factors.empty()))
      out["c"] = number_json(d.factor);
    if (!d.factors.empty()) out["w"] = numbers_json(d.factors);
    if (!d.index.empty()) out["i"] = d.index;
    if (!d.matrix.empty()) out["k"] = numbers_json(d.matrix);
    if (d.form == Form::general) {
      json o = json::array(), i = json::array(), w = json::array();
      for (const LocalDerivative::Entry& e : d.entries)
        o.push_back(e.out), i.push_back(e.in), w.push_back(number_json(e.value));
      out["o"] = o, out["i"] = i, out["w"] = w, out["agree"] = d.agree;
    }
    return out;
  }

  // With the name of the tensor that the matrix is, where it is one of those the operation knows.
  void describe_product(json& out, const ChainStep& c, const LocalDerivative& d) const {
    out["p"] = name_of(d.product);
    out["b"] = d.batches;
    out["rows"] = d.rows;
    out["columns"] = d.columns;
    if (const auto operand = operand_of(p_, page_.graph, places_, c.op, d)) {
      out["ref"] = id(operand->node);
      out["turned"] = operand->turned;
    }
  }

  static json area(const Area& a) {
    const auto rounded = [](double v) { return number_json(std::round(v * 10) / 10); };
    return {rounded(a.x), rounded(a.y), rounded(a.width), rounded(a.height)};
  }
  static json layout(const PageLayout& l) {
    json out{{"collapsed", box_ids(l.collapsed)}, {"w", number_json(l.width)}, {"h", number_json(l.height)}};
    out["n"] = json::object(), out["b"] = json::object(), out["e"] = json::array();
    for (const auto& [name, a] : l.nodes) out["n"][name] = area(a);
    for (const auto& [name, a] : l.boxes) out["b"][name] = area(a);
    for (const PlacedEdge& e : l.edges) out["e"].push_back({e.from, e.to, e.path});
    return out;
  }

  const PageData& page_;
  const Picture& p_;
  const Detail& detail_;
  Places places_;
  std::map<int, Tensor> grads_;
  std::map<int, int> uses_;
  std::set<std::pair<std::int64_t, std::uint32_t>> changed_;  // results whose gradient is not the sum over their uses
  std::size_t written_ = 0;
};

}  // namespace

std::string page_json(const PageData& page, const Detail& detail) { return Writer(page, detail).text(); }

}  // namespace xgrad::viz
