#include "explorer/chain.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/detail/collect_last.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/factory.hpp>

#include "explorer/math.hpp"
#include "explorer/run_again.hpp"

namespace xgrad::viz {
namespace {

constexpr std::size_t kMostOutputs = 256, kMostEntries = std::size_t{1} << 18;  // of a Jacobian
constexpr std::chrono::seconds kTimeForJacobians{5};

using Output = std::pair<std::int64_t, std::uint32_t>;

std::size_t numel_of(const Shape& s) { return static_cast<std::size_t>(s.numel()); }

class ChainBuilder {
 public:
  ChainBuilder(const Recorded& recorded, std::size_t first) : graph_(recorded.graph), first_(first), again_(recorded) {}

  Chain build() {
    const auto r = static_cast<std::size_t>(graph_.root);
    const tape::OpNode& last = graph_.nodes[r];
    chain_.ran_here = !graph_.backward_ran;
    Tensor seed = recorded_grad(r, graph_.root_output);
    if (!seed.defined()) seed = ones(last.shapes[graph_.root_output], last.dtypes[graph_.root_output]);
    chain_.grads[{graph_.root, graph_.root_output}] = chain_.seed = seed;
    for (std::size_t i = r + 1; i-- > first_;) step(i);
    find_outside();
    return std::move(chain_);
  }

 private:
  Tensor recorded_grad(std::size_t i, std::uint32_t k) const {
    const std::vector<Tensor>& grads = graph_.nodes[i].grads;
    return k < grads.size() ? grads[k] : Tensor();
  }

  // All outputs of an operation whose gradients arrived; what was recorded was seen behind hooks, and so is right.
  void receive(ChainStep& s) {
    s.incoming.resize(graph_.nodes[s.op].shapes.size());
    s.outside.resize(s.incoming.size());
    for (std::uint32_t k = 0; k < s.incoming.size(); ++k) {
      Tensor& own = chain_.grads[{static_cast<std::int64_t>(s.op), k}];
      if (const Tensor seen = recorded_grad(s.op, k); seen.defined()) {
        s.outside[k] = unexplained(seen, own);
        own = seen;
      }
      s.incoming[k] = own;
      if (!own.defined()) chain_.grads.erase({static_cast<std::int64_t>(s.op), k});
    }
  }
  // Undefined when it is rounding.
  static Tensor unexplained(const Tensor& seen, const Tensor& own) {
    if (!own.defined()) return seen;
    const std::vector<double> a = seen.to_vector<double>(), b = own.to_vector<double>();
    double most = 0, apart = 0;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
      if (!std::isfinite(a[i]) || !std::isfinite(b[i])) continue;
      most = std::max({most, std::fabs(a[i]), std::fabs(b[i])});
      apart = std::max(apart, std::fabs(a[i] - b[i]));
    }
    return apart > 1e-4 * most ? seen - own : Tensor();
  }
  void find_outside() {
    for (const ChainStep& s : chain_.steps)
      for (const Term& t : s.terms) {
        const tape::Input& in = graph_.nodes[s.op].inputs[t.position];
        if (in.node >= 0 || !in.source || !in.source->grad.defined() || in.source->grad_of_several ||
            in.source->grad_overwritten || chain_.leaf_outside.contains(in.leaf.id()))
          continue;
        chain_.leaf_outside[in.leaf.id()] = unexplained(in.source->grad, chain_.leaf_grads[in.leaf.id()]);
      }
  }

  void step(std::size_t i) {
    ChainStep s;
    s.op = i;
    receive(s);
    if (std::ranges::none_of(s.incoming, &Tensor::defined)) return;
    try {
      const std::vector<Tensor> sent = again_.run(i, s.incoming);
      for (std::size_t k = 0; k < sent.size(); ++k)
        if (sent[k].defined() && graph_.nodes[i].inputs[k].node != tape::kLeftOut) add_term(s, k, sent[k]);
      differentiate(s);
    } catch (const std::exception& e) {  // also of a user's function; shown in the place of the derivative
      s.problem = e.what();
    } catch (...) {
      s.problem = "the backward function threw what is no std::exception";
    }
    chain_.steps.push_back(std::move(s));
  }

  void add_term(ChainStep& s, std::size_t k, const Tensor& sent) {
    const tape::Input& in = graph_.nodes[s.op].inputs[k];
    Tensor& slot = in.node >= 0 ? chain_.grads[{in.node, in.output}] : chain_.leaf_grads[in.leaf.id()];
    Term t;
    t.position = k;
    t.sent = sent;
    t.so_far = slot;
    slot = slot.defined() ? slot + sent : sent;
    t.total = slot;
    s.terms.push_back(std::move(t));
  }

  // ---- local derivatives, a seed for each number of the results ----
  void differentiate(ChainStep& s) {
    const tape::OpNode& op = graph_.nodes[s.op];
    std::size_t m = 0;
    for (std::size_t k = 0; k < s.incoming.size(); ++k)
      if (s.incoming[k].defined()) m += numel_of(op.shapes[k]);
    if (m == 0 || s.terms.empty()) return;
    if (m > kMostOutputs) return try_elementwise(s);
    if (std::chrono::steady_clock::now() - start_ > kTimeForJacobians) {
      chain_.incomplete = true;
      return;
    }
    std::vector<Jacobian> all(s.terms.size());
    for (std::size_t t = 0; t < all.size(); ++t) {
      all[t].in = s.terms[t].sent.shape();
      all[t].m = m;
      all[t].n = numel_of(all[t].in);
    }
    run_seeds(s, op, all, {});
    const auto others = for_other_data(s, op, all);
    std::vector<std::vector<double>> operands;
    for (const std::vector<tape::Input>* list : {&op.inputs, &op.data})
      for (const tape::Input& in : *list)
        if (const Tensor x = value_of(in); x.defined()) operands.push_back(x.detach().to_vector<double>());
    for (std::size_t t = 0; t < all.size(); ++t)
      if (!all[t].numbers.empty())
        s.terms[t].local = structure_of(all[t], others[t], operands, expected_product(op, s.terms[t].position));
    find_linear(s, all);
  }

  // ---- what holds whatever the data ----
  // Numbers without a pattern, above 0 or of both signs, for every floating tensor that an operation saved.
  class OtherData {
   public:
    explicit OtherData(bool signs) : signs_(signs) {}
    Tensor operator()(const Tensor& saved) {
      if (numel_of(saved.shape()) > kMostEntries) return saved;
      Tensor& made = made_[saved.id()];
      if (!made.defined()) made = from_vector(numbers(numel_of(saved.shape())), saved.shape()).to(saved.dtype());
      return made;
    }
    std::vector<double> numbers(std::size_t n) {
      std::vector<double> v(n);
      for (std::size_t i = 0; i < n; ++i) {
        phase_ = std::fmod(phase_ + 0.6180339887498949, 1);  // the golden ratio: no two are equal soon
        v[i] = (0.5 + phase_) * (signs_ && i % 2 ? -1 : 1);
      }
      return v;
    }

   private:
    bool signs_;
    double phase_ = 0;
    std::map<const void*, Tensor> made_;
  };

  // By term; empty where the operation does not take other data.
  std::vector<std::vector<Jacobian>> for_other_data(const ChainStep& s, const tape::OpNode& op,
                                                    const std::vector<Jacobian>& all) {
    std::vector<std::vector<Jacobian>> others(all.size());
    if (!op.of_library) return others;  // a program's formula may take its numbers for indices
    for (const bool signs : {true, false}) {
      if (std::chrono::steady_clock::now() - start_ > kTimeForJacobians / 2) break;
      std::vector<Jacobian> more(all);
      for (Jacobian& j : more) j.numbers.clear();
      try {
        OtherData data(signs);
        run_seeds(s, op, more, [&](const Tensor& saved) { return data(saved); });
      } catch (const std::exception&) {
        continue;  // a formula that checks its data
      }
      for (std::size_t t = 0; t < more.size(); ++t) others[t].push_back(std::move(more[t]));
    }
    return others;
  }

  // J g = d g with the same d for two seeds without a pattern: J is a diagonal, whose numbers need not be written out.
  void try_elementwise(ChainStep& s) {
    const tape::OpNode& op = graph_.nodes[s.op];
    if (op.shapes.size() != 1 || !s.incoming[0].defined()) return;
    OtherData data(false);
    std::vector<std::vector<double>> seeds;
    std::vector<std::vector<Tensor>> sent;
    for (int k = 0; k < 2; ++k) {
      seeds.push_back(data.numbers(numel_of(op.shapes[0])));
      sent.push_back(again_.run(s.op, {from_vector(seeds[k], op.shapes[0]).to(op.dtypes[0])}));
    }
    for (Term& t : s.terms) {
      if (!(t.sent.shape() == op.shapes[0]) || !sent[0][t.position].defined()) continue;
      const std::vector<double> a = sent[0][t.position].to_vector<double>(),
                                b = sent[1][t.position].to_vector<double>();
      std::size_t i = 0;
      while (i < a.size() && same_ratio(a[i] / seeds[0][i], b[i] / seeds[1][i])) ++i;
      t.elementwise = i == a.size();
      if (t.elementwise) t.local = constant(s, t, seeds[0], a);
    }
  }
  // One factor for all numbers, here and for other data; none else.
  std::optional<LocalDerivative> constant(const ChainStep& s, Term& t, const std::vector<double>& seed,
                                          const std::vector<double>& sent) const {
    const tape::OpNode& op = graph_.nodes[s.op];
    const double factor = sent[0] / seed[0];
    for (const bool signs : {false, true}) {
      OtherData data(signs);
      const auto others = [&](const Tensor& saved) { return signs ? data(saved) : saved; };
      const Tensor again = again_.run(s.op, {from_vector(seed, op.shapes[0]).to(op.dtypes[0])}, others)[t.position];
      const std::vector<double> v = again.to_vector<double>();
      for (std::size_t i = 0; i < v.size(); ++i)
        if (!(std::fabs(v[i] / seed[i] - factor) <= 1e-5 * std::fabs(factor))) return {};
    }
    t.elementwise = false;
    LocalDerivative d;
    d.form = std::fabs(factor - 1) <= 1e-5 ? Form::same : Form::scaled;
    d.factor = factor;
    return d;
  }
  static bool same_ratio(double a, double b) {
    return std::fabs(a - b) <= 1e-4 * std::fabs(a) || !std::isfinite(a) || !std::isfinite(b);
  }

  void run_seeds(const ChainStep& s, const tape::OpNode& op, std::vector<Jacobian>& all,
                 const tape::BackwardAgain::Others& others) {
    int outputs = 0;
    for (std::size_t k = 0; k < s.incoming.size(); ++k) {
      if (!s.incoming[k].defined()) continue;
      ++outputs;
      for (Jacobian& j : all) j.out = outputs == 1 ? op.shapes[k] : Shape{static_cast<std::int64_t>(j.m)};
      for (std::size_t o = 0; o < numel_of(op.shapes[k]); ++o) {
        std::vector<double> one(numel_of(op.shapes[k]));
        one[o] = 1;
        std::vector<Tensor> seeds(s.incoming.size());
        seeds[k] = from_vector(one, op.shapes[k]).to(op.dtypes[k]);
        const std::vector<Tensor> row = again_.run(s.op, seeds, others);
        for (std::size_t t = 0; t < all.size(); ++t) append_row(all[t], row[s.terms[t].position]);
      }
    }
  }
  static void append_row(Jacobian& j, const Tensor& row) {
    if (j.n == 0 || j.m * j.n > kMostEntries) return;
    if (!row.defined()) {
      j.numbers.resize(j.numbers.size() + j.n);
      return;
    }
    const std::vector<double> numbers = row.to_vector<double>();
    j.numbers.insert(j.numbers.end(), numbers.begin(), numbers.end());
  }

  // ---- which inputs the result is linear in, so that its arithmetic can be written out ----
  Tensor value_of(const tape::Input& in) const {
    if (in.source) return in.source->value;
    if (in.node < 0) return Tensor();
    const std::vector<Tensor>& values = graph_.nodes[static_cast<std::size_t>(in.node)].values;
    return in.output < values.size() ? values[in.output] : Tensor();
  }

  void find_linear(ChainStep& s, const std::vector<Jacobian>& all) const {
    const tape::OpNode& op = graph_.nodes[s.op];
    constexpr std::size_t kFewTerms = 4;
    if (op.shapes.size() != 1 || op.values.empty() || !op.values[0].defined() || s.terms.size() > kFewTerms) return;
    const std::vector<double> y = op.values[0].to_vector<double>();
    std::vector<std::vector<double>> parts;  // J_k x_k
    for (std::size_t t = 0; t < all.size(); ++t) {
      const Tensor x = value_of(op.inputs[s.terms[t].position]);
      if (!x.defined() || all[t].numbers.empty() || numel_of(x.shape()) != all[t].n) return;
      parts.push_back(times(all[t], x.to_vector<double>()));
    }
    // The most inputs first: a bias of zeros is a summand too.
    for (int count = static_cast<int>(parts.size()); count > 0; --count)
      for (unsigned chosen = 1; chosen < 1u << parts.size(); ++chosen) {
        if (std::popcount(chosen) != count || !adds_up(y, parts, chosen)) continue;
        for (std::size_t t = 0; t < parts.size(); ++t)
          if (chosen >> t & 1) s.linear_in.push_back(s.terms[t].position);
        return;
      }
  }
  static std::vector<double> times(const Jacobian& j, const std::vector<double>& x) {
    std::vector<double> y(j.m);
    for (std::size_t o = 0; o < j.m; ++o)
      for (std::size_t i = 0; i < j.n; ++i)
        if (j(o, i) != 0) y[o] += j(o, i) * x[i];
    return y;
  }
  static bool adds_up(const std::vector<double>& y, const std::vector<std::vector<double>>& parts, unsigned chosen) {
    double most = 0, error = 0;
    for (std::size_t o = 0; o < y.size(); ++o) {
      double sum = 0;
      for (std::size_t t = 0; t < parts.size(); ++t)
        if (chosen >> t & 1) sum += parts[t][o];
      most = std::max(most, std::fabs(y[o]));
      error = std::max(error, std::fabs(y[o] - sum));
      if (!std::isfinite(sum) || !std::isfinite(y[o])) return false;
    }
    return error <= 1e-5 * most;
  }

  const tape::Graph& graph_;
  std::size_t first_;
  RunAgain again_;
  Chain chain_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Which use of its input each term is, of how many.
void number_uses(Chain& c, const tape::Graph& graph) {
  std::map<std::pair<const void*, Output>, std::vector<Term*>> of;
  for (ChainStep& s : c.steps)
    for (Term& t : s.terms) {
      const tape::Input& in = graph.nodes[s.op].inputs[t.position];
      const bool leaf = in.node < 0;
      of[{leaf ? in.leaf.id() : nullptr, leaf ? Output{-1, 0} : Output{in.node, in.output}}].push_back(&t);
    }
  for (auto& [what, terms] : of)
    for (std::size_t k = 0; k < terms.size(); ++k) {
      terms[k]->use = static_cast<int>(k) + 1;
      terms[k]->uses = static_cast<int>(terms.size());
    }
}

}  // namespace

Chain build_chain(const Recorded& recorded, std::size_t first) {
  const NoGradGuard off;
  Chain c = ChainBuilder(recorded, first).build();
  number_uses(c, recorded.graph);
  return c;
}

}  // namespace xgrad::viz
