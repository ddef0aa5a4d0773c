#include "explorer/local_derivative.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace xgrad::viz {
namespace {

// How a tensor may be seen as matrices.
struct Matrices {
  std::size_t batches, rows, columns;
};

std::size_t count_of(const Shape& s, int first, int last) {
  std::size_t n = 1;
  for (int d = first; d < last; ++d) n *= static_cast<std::size_t>(s[d]);
  return n;
}
std::vector<Matrices> seen_as_matrices(const Shape& s) {
  const int r = s.rank();
  if (r == 0) return {{1, 1, 1}};
  if (r == 1) return {{1, 1, count_of(s, 0, 1)}, {1, count_of(s, 0, 1), 1}};
  std::vector<Matrices> all{{1, count_of(s, 0, r - 1), count_of(s, r - 1, r)}};
  if (r > 2) all.push_back({count_of(s, 0, r - 2), count_of(s, r - 2, r - 1), count_of(s, r - 1, r)});
  return all;
}

class JacobianReader {
 public:
  JacobianReader(const Jacobian& j, const std::vector<std::vector<double>>& operands) : j_(j), operands_(operands) {
    double most = 0;
    for (const double v : j.numbers)
      if (std::isfinite(v)) most = std::max(most, std::fabs(v));
    small_ = 1e-6 * most;
  }

  LocalDerivative read(std::optional<Product> expected) {
    if (expected)
      if (auto d = product(expected); d && is_operand(*d)) return *d;
    find_single();
    if (all_zero_) return {};
    if (auto d = diagonal()) return *d;
    if (auto d = product(); d && is_operand(*d)) return *d;
    if (auto d = picked(); d && d->factors.empty()) return *d;
    if (auto d = spread(); d && d->factors.empty()) return *d;
    if (auto d = product()) return *d;
    if (auto d = picked()) return *d;
    if (auto d = spread()) return *d;
    if (j_.numbers.size() <= kFewNumbers && std::ranges::count(j_.numbers, 0.0) * 2 < std::ssize(j_.numbers))
      return row_product();
    return general();
  }

  // As it is for other data, with these numbers; none where they do not fit.
  std::optional<LocalDerivative> read_as(const LocalDerivative& other) const {
    if (other.form == Form::zero || other.form == Form::same || other.form == Form::scaled) return {};
    LocalDerivative d = other;
    std::vector<char> seen(j_.numbers.size());
    const auto take = [&](std::size_t o, std::size_t i) {
      seen[o * j_.n + i] = 1;
      return j_(o, i);
    };
    if (d.form == Form::product && d.product != Product::row) {
      auto again = product(d.product, true);
      if (!again || again->batches != d.batches || again->rows != d.rows || again->columns != d.columns) return {};
      return again;
    }
    if (d.form == Form::product) {
      d.matrix = j_.numbers;
      return d;
    }
    d.factors.clear();
    if (d.form == Form::diagonal)
      for (std::size_t i = 0; i < j_.n; ++i) d.factors.push_back(take(i, i));
    const bool by_input = d.form == Form::spread;
    for (std::size_t k = 0; k < d.index.size(); ++k) {
      const auto at = static_cast<std::size_t>(d.index[k]);
      d.factors.push_back(d.index[k] < 0 ? 0 : by_input ? take(at, k) : take(k, at));
    }
    for (LocalDerivative::Entry& e : d.entries) e.value = take(e.out, e.in);
    for (std::size_t k = 0; k < seen.size(); ++k)
      if (!seen[k] && j_.numbers[k] != 0 && !std::isnan(j_.numbers[k])) return {};
    return d;
  }

 private:
  bool is_operand(const LocalDerivative& d) const {
    return std::ranges::any_of(operands_,
                               [&](const auto& v) { return matrix_is(d, v, false) || matrix_is(d, v, true); });
  }

  static constexpr std::size_t kFewNumbers = 1024;  // that are shown as one matrix

  bool equal(double a, double b) const {
    return a == b || std::fabs(a - b) <= small_ || (std::isnan(a) && std::isnan(b));
  }

  // The only entry of each row and of each column that is not zero.
  void find_single() {
    in_row_.assign(j_.m, -1);
    in_column_.assign(j_.n, -1);
    for (std::size_t o = 0; o < j_.m; ++o)
      for (std::size_t i = 0; i < j_.n; ++i) {
        if (j_(o, i) == 0) continue;
        all_zero_ = false;
        one_per_row_ &= in_row_[o] < 0;
        one_per_column_ &= in_column_[i] < 0;
        in_row_[o] = static_cast<std::int64_t>(i);
        in_column_[i] = static_cast<std::int64_t>(o);
      }
  }

  // Equal factors are one factor; those of places that are empty do not count.
  void gather(LocalDerivative& d, std::vector<double> factors) const {
    std::optional<double> first;
    bool same = true;
    for (std::size_t k = 0; k < factors.size(); ++k) {
      if (d.index[k] < 0) continue;
      if (!first) first = factors[k];
      same &= equal(*first, factors[k]);
    }
    if (same)
      d.factor = first.value_or(0);
    else
      d.factors = std::move(factors);
  }

  std::optional<LocalDerivative> diagonal() const {
    if (j_.m != j_.n || !one_per_row_) return {};
    for (std::size_t i = 0; i < j_.n; ++i)
      if (in_row_[i] >= 0 && in_row_[i] != static_cast<std::int64_t>(i)) return {};
    LocalDerivative d;
    std::vector<double> factors;
    for (std::size_t i = 0; i < j_.n; ++i) factors.push_back(j_(i, i));
    const bool same = std::ranges::all_of(factors, [&](double f) { return equal(f, factors[0]); });
    d.form = !same || j_.n == 1 ? Form::diagonal : Form::scaled;
    if (same && equal(factors[0], 1)) d.form = Form::same;
    if (d.form == Form::scaled) d.factor = factors[0];
    if (d.form == Form::diagonal) d.factors = std::move(factors);
    return d;
  }
  std::optional<LocalDerivative> picked() const {
    if (!one_per_row_) return {};
    LocalDerivative d;
    d.form = Form::picked;
    d.index = in_row_;
    std::vector<double> factors;
    for (std::size_t o = 0; o < j_.m; ++o)
      factors.push_back(in_row_[o] < 0 ? 0 : j_(o, static_cast<std::size_t>(in_row_[o])));
    gather(d, std::move(factors));
    return d;
  }
  std::optional<LocalDerivative> spread() const {
    if (!one_per_column_) return {};
    LocalDerivative d;
    d.form = Form::spread;
    d.index = in_column_;
    std::vector<double> factors;
    for (std::size_t i = 0; i < j_.n; ++i)
      factors.push_back(in_column_[i] < 0 ? 0 : j_(static_cast<std::size_t>(in_column_[i]), i));
    gather(d, std::move(factors));
    return d;
  }

  // ---- products with a matrix: J is the matrix where two indices agree, and zero elsewhere ----
  // like: also with NaN in the place of a zero, which is what an operand that is not finite makes of it.
  std::optional<LocalDerivative> product(std::optional<Product> only = {}, bool like = false) const {
    for (const Matrices& g : seen_as_matrices(j_.out))
      for (const Matrices& x : seen_as_matrices(j_.in)) {
        if (g.batches != x.batches) continue;
        for (const Product p : {Product::g_k, Product::gt_k, Product::kt_g, Product::kt_gt})
          if (!only || *only == p)
            if (auto d = as_product(p, g, x, only ? 1 : 2, like)) return d;
      }
    return {};
  }
  std::optional<LocalDerivative> as_product(Product p, const Matrices& g, const Matrices& x, std::size_t least,
                                            bool like) const {
    // The index of G and that of dL/dx that agree; the other two are those of K.
    const bool g_row = p == Product::g_k || p == Product::kt_gt, x_row = p == Product::g_k || p == Product::gt_k;
    const std::size_t shared = g_row ? g.rows : g.columns;
    if (shared < least || shared != (x_row ? x.rows : x.columns)) return {};
    LocalDerivative d;
    d.form = Form::product;
    d.product = p;
    d.batches = g.batches;
    d.rows = g_row ? g.columns : g.rows;
    d.columns = x_row ? x.columns : x.rows;
    const auto at = [](const Matrices& t, bool by_row, std::size_t b, std::size_t same, std::size_t other) {
      return (b * t.rows + (by_row ? same : other)) * t.columns + (by_row ? other : same);
    };
    for (std::size_t b = 0; b < d.batches; ++b)
      for (std::size_t r = 0; r < d.rows; ++r)
        for (std::size_t c = 0; c < d.columns; ++c)
          d.matrix.push_back(j_(at(g, g_row, b, 0, r), at(x, x_row, b, 0, c)));
    for (std::size_t b = 0; b < d.batches; ++b)
      for (std::size_t s = 0; s < shared; ++s)
        for (std::size_t r = 0; r < d.rows; ++r) {
          const std::size_t o = at(g, g_row, b, s, r);
          for (std::size_t b2 = 0; b2 < d.batches; ++b2)
            for (std::size_t s2 = 0; s2 < shared; ++s2)
              for (std::size_t c = 0; c < d.columns; ++c) {
                const double k = b == b2 && s == s2 ? d.matrix[(b * d.rows + r) * d.columns + c] : 0;
                const double here = j_(o, at(x, x_row, b2, s2, c));
                if (!equal(here, k) && !(like && std::isnan(here))) return {};
              }
        }
    return d;
  }
  LocalDerivative row_product() const {
    LocalDerivative d;
    d.form = Form::product;
    d.product = Product::row;
    d.rows = j_.m;
    d.columns = j_.n;
    d.matrix = j_.numbers;
    return d;
  }

  // ---- the rest ----
  LocalDerivative general() const {
    LocalDerivative d;
    d.form = Form::general;
    for (std::size_t o = 0; o < j_.m; ++o)
      for (std::size_t i = 0; i < j_.n; ++i)
        if (j_(o, i) != 0) d.entries.push_back({o, i, j_(o, i)});
    if (j_.out.rank() == j_.in.rank())
      for (int k = 0; k < j_.out.rank(); ++k)
        if (j_.out[k] == j_.in[k] && j_.out[k] > 1 && agrees(d, k)) d.agree.push_back(k);
    return d;
  }
  bool agrees(const LocalDerivative& d, int dimension) const {
    const int rank = j_.out.rank();
    const std::size_t size = static_cast<std::size_t>(j_.out[dimension]);
    const std::size_t out_step = count_of(j_.out, dimension + 1, rank), in_step = count_of(j_.in, dimension + 1, rank);
    return std::ranges::all_of(
        d.entries, [&](const LocalDerivative::Entry& e) { return e.out / out_step % size == e.in / in_step % size; });
  }

  const Jacobian& j_;
  const std::vector<std::vector<double>>& operands_;
  double small_ = 0;
  bool all_zero_ = true, one_per_row_ = true, one_per_column_ = true;
  std::vector<std::int64_t> in_row_, in_column_;
};

}  // namespace

LocalDerivative structure_of(const Jacobian& j, const std::vector<std::vector<double>>& operands,
                             std::optional<Product> expected) {
  return JacobianReader(j, operands).read(expected);
}

LocalDerivative structure_of(const Jacobian& j, const std::vector<Jacobian>& others,
                             const std::vector<std::vector<double>>& operands, std::optional<Product> expected) {
  LocalDerivative here = structure_of(j, operands, expected);
  if (expected && here.form == Form::product && here.product == *expected) return here;
  const auto finite = [](const Jacobian& k) {
    return std::ranges::all_of(k.numbers, [](double v) { return std::isfinite(v); });
  };
  // A sum of all of them has every structure that all have, and nothing is equal or zero in it that is so by chance.
  constexpr double kShares[] = {0.71, 1.13};
  Jacobian sum = j;
  if (!finite(j)) sum.numbers.assign(j.numbers.size(), 0);
  bool differ = false;
  for (std::size_t k = 0; k < others.size(); ++k) {
    if (others[k].numbers.size() != j.numbers.size() || !finite(others[k])) continue;
    for (std::size_t i = 0; i < j.numbers.size(); ++i) {
      const double v = others[k].numbers[i];
      sum.numbers[i] += kShares[k % 2] * v;
      differ |= !(std::fabs(v - j.numbers[i]) <= 1e-6 * std::fabs(v));
    }
  }
  if (!differ) return here;
  const LocalDerivative rule = JacobianReader(sum, {}).read({});
  // Which numbers are picked may itself depend on the data, as for max().
  if (rule.form == Form::general && (here.form == Form::picked || here.form == Form::spread)) return here;
  if (auto d = JacobianReader(j, operands).read_as(rule)) return *d;
  return here;
}

bool matrix_is(const LocalDerivative& d, const std::vector<double>& numbers, bool turned) {
  if (d.matrix.size() != numbers.size()) return false;
  const std::size_t block = d.rows * d.columns;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t first = i / block * block, r = i % block / d.columns, c = i % d.columns;
    const double x = turned ? numbers[first + c * d.rows + r] : numbers[i];
    if (std::isnan(d.matrix[i]) && std::isnan(x)) continue;
    if (!(std::fabs(d.matrix[i] - x) <= 1e-6 * std::fabs(x))) return false;
  }
  return true;
}

const char* name_of(Form f) {
  static constexpr const char* kNames[] = {"zero",   "same",   "scaled",  "diagonal",
                                           "picked", "spread", "product", "general"};
  return kNames[static_cast<int>(f)];
}
const char* name_of(Product p) {
  static constexpr const char* kNames[] = {"g_k", "gt_k", "kt_g", "kt_gt", "row"};
  return kNames[static_cast<int>(p)];
}

}  // namespace xgrad::viz
