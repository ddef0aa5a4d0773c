// Products over chosen dimensions, composed of permutations and batched matrix products.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/diagonal.hpp>
#include <xgrad/ops/einsum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad {

using detail::impl;

// ---- einsum ----
namespace {

// A dimension: a letter, or one of those that "..." stands for, counted from the last: -1, -2, ...
using Label = int;
using Labels = std::vector<Label>;

bool has(const Labels& list, Label l) { return std::find(list.begin(), list.end(), l) != list.end(); }

class Equation {
 public:
  Equation(const std::string& text, const std::vector<Tensor>& operands, const Location& at)
      : text_(text), operands_(operands), at_(at) {
    const std::size_t arrow = text.find("->");
    read_inputs(text.substr(0, arrow));
    if (arrow == std::string::npos)
      make_output();
    else
      read_output(text.substr(arrow + 2));
    require_sizes();
  }
  const std::vector<Labels>& inputs() const { return inputs_; }
  const Labels& output() const { return output_; }

 private:
  [[noreturn]] void refuse(const std::string& rule) const {
    ErrorReport report("einsum", rule, at_);
    report.line("equation", '"' + text_ + '"');
    for (const Tensor& t : operands_) report.operand("operand", t);
    report.value_error();
  }

  // One operand or the result; `ellipsis` dimensions stand for "...". Says whether it occurs.
  bool read(const std::string& part, int ellipsis, Labels& labels) const {
    bool dots = false;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const char c = part[i];
      if (c == ' ') continue;
      if (std::isalpha(static_cast<unsigned char>(c))) {
        labels.push_back(c);
        continue;
      }
      if (part.compare(i, 3, "...") != 0)
        refuse(fmt::format("'{}' is neither a letter nor \"...\", \",\" or \"->\"", c));
      if (dots) refuse("\"...\" occurs twice in one operand");
      dots = true;
      i += 2;
      for (int d = ellipsis; d > 0; --d) labels.push_back(-d);
    }
    return dots;
  }

  void read_inputs(const std::string& left) {
    std::vector<std::string> parts(1);
    for (const char c : left)
      if (c == ',')
        parts.emplace_back();
      else
        parts.back() += c;
    if (parts.size() != operands_.size())
      refuse(fmt::format("the equation has {} operands, {} were given", parts.size(), operands_.size()));
    for (std::size_t k = 0; k < parts.size(); ++k) {
      Labels named;
      const bool dots = read(parts[k], 0, named);
      const int rank = impl(operands_[k]).shape.rank(), beyond = rank - static_cast<int>(named.size());
      if (beyond < 0 || (beyond > 0 && !dots))
        refuse(fmt::format("operand {} has {} dimensions and {} letters", k + 1, rank, named.size()));
      Labels labels;
      read(parts[k], beyond, labels);
      inputs_.push_back(labels);
      ellipsis_ = std::max(ellipsis_, beyond);
    }
  }

  void make_output() {
    for (int d = ellipsis_; d > 0; --d) output_.push_back(-d);
    std::map<Label, int> count;
    for (const Labels& l : inputs_)
      for (const Label label : l)
        if (label > 0) ++count[label];
    for (const auto& [label, n] : count)
      if (n == 1) output_.push_back(label);
  }

  void read_output(const std::string& right) {
    read(right, ellipsis_, output_);
    for (std::size_t i = 0; i < output_.size(); ++i) {
      const Label label = output_[i];
      if (std::count(output_.begin(), output_.end(), label) > 1)
        refuse(fmt::format("the result has '{}' twice", static_cast<char>(label)));
      if (label > 0 && std::none_of(inputs_.begin(), inputs_.end(), [&](const Labels& l) { return has(l, label); }))
        refuse(fmt::format("the result has '{}', which no operand has", static_cast<char>(label)));
    }
  }

  void require_sizes() const {
    std::map<Label, std::int64_t> sizes;
    for (std::size_t k = 0; k < inputs_.size(); ++k)
      for (std::size_t i = 0; i < inputs_[k].size(); ++i) {
        const std::int64_t n = impl(operands_[k]).shape[static_cast<int>(i)];
        std::int64_t& known = sizes.try_emplace(inputs_[k][i], 1).first->second;
        if (n != 1 && known != 1 && n != known) {
          const Label label = inputs_[k][i];
          const std::string of = label > 0 ? fmt::format("'{}'", static_cast<char>(label)) : "a dimension of \"...\"";
          ErrorReport report("einsum", fmt::format("{} has size {} and {}", of, known, n), at_);
          report.line("equation", '"' + text_ + '"');
          for (const Tensor& t : operands_) report.operand("operand", t);
          report.shape_error();
        }
        if (n != 1) known = n;
      }
  }

  std::string text_;
  const std::vector<Tensor>& operands_;
  Location at_;
  std::vector<Labels> inputs_;
  Labels output_;
  int ellipsis_ = 0;
};

// A tensor with a label for each of its dimensions.
struct Labelled {
  Tensor tensor;
  Labels labels;
};

// The sum in the type of x, where sum() would widen integers.
Tensor sum_as_is(const Tensor& x, const Shape& dims, const Location& at) {
  const Tensor y = sum(x, dims, false, at);
  return y.dtype() == x.dtype() ? y : y.to(x.dtype(), at);
}

// Dimensions a label has twice become their diagonal.
Labelled without_repeats(Labelled x, const Location& at) {
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    const auto again = std::find(x.labels.begin() + static_cast<std::ptrdiff_t>(i) + 1, x.labels.end(), x.labels[i]);
    if (again == x.labels.end()) continue;
    const auto j = again - x.labels.begin();
    std::int64_t a = x.tensor.size(static_cast<std::int64_t>(i)), b = x.tensor.size(j);
    Shape order, wide;  // both to the end
    Labels labels;
    for (std::size_t d = 0; d < x.labels.size(); ++d)
      if (d != i && static_cast<std::ptrdiff_t>(d) != j) {
        order.push_back(static_cast<std::int64_t>(d));
        wide.push_back(x.tensor.size(static_cast<std::int64_t>(d)));
        labels.push_back(x.labels[d]);
      }
    order.push_back(static_cast<std::int64_t>(i));
    order.push_back(j);
    const std::int64_t n = std::max(a, b) == 1 ? 1 : a == 1 ? b : a;
    wide.push_back(n);
    wide.push_back(n);
    labels.push_back(x.labels[i]);
    const Tensor square = expand(permute(x.tensor, order, at), wide, at);
    return without_repeats({diagonal(square, 0, -2, -1, at), labels}, at);
  }
  return x;
}

// Sums over dimensions that `keep` does not want.
template <class Keep>
Labelled summed(Labelled x, Keep keep, const Location& at) {
  Shape dims;
  Labels labels;
  for (std::size_t d = 0; d < x.labels.size(); ++d)
    if (keep(x.labels[d]))
      labels.push_back(x.labels[d]);
    else
      dims.push_back(static_cast<std::int64_t>(d));
  if (dims.rank() == 0) return x;
  return {sum_as_is(x.tensor, dims, at), labels};
}

// x as (batch, rows, columns), with the labels of each group in the order given; 1 where it lacks one.
Tensor grouped(const Labelled& x, const Labels& batch, const Labels& rows, const Labels& columns,
               const std::map<Label, std::int64_t>& sizes, const Location& at) {
  Shape order, expanded;
  std::int64_t count[3] = {1, 1, 1};
  int g = 0;
  for (const Labels* group : {&batch, &rows, &columns}) {
    for (const Label l : *group) {
      const auto found = std::find(x.labels.begin(), x.labels.end(), l);
      order.push_back(found - x.labels.begin());
      expanded.push_back(sizes.at(l));
      count[g] *= sizes.at(l);
    }
    ++g;
  }
  return reshape(expand(permute(x.tensor, order, at), expanded, at), {count[0], count[1], count[2]}, at);
}

// x y, summed over the labels that neither the result nor a later operand has.
template <class Keep>
Labelled product(Labelled x, Labelled y, Keep keep, const Location& at) {
  x = summed(
      x, [&](Label l) { return keep(l) || has(y.labels, l); }, at);
  y = summed(
      y, [&](Label l) { return keep(l) || has(x.labels, l); }, at);
  Labels batch, rows, columns, inner;
  std::map<Label, std::int64_t> sizes;
  for (const Labelled* t : {&x, &y})
    for (std::size_t d = 0; d < t->labels.size(); ++d) {
      std::int64_t& n = sizes.try_emplace(t->labels[d], 1).first->second;
      if (const std::int64_t size = t->tensor.size(static_cast<std::int64_t>(d)); size != 1) n = size;
    }
  for (const Label l : x.labels) (!has(y.labels, l) ? rows : keep(l) ? batch : inner).push_back(l);
  for (const Label l : y.labels)
    if (!has(x.labels, l)) columns.push_back(l);
  const Tensor z = matmul(grouped(x, batch, rows, inner, sizes, at), grouped(y, batch, inner, columns, sizes, at), at);
  Labelled out;
  Shape shape;
  for (const Labels* group : {&batch, &rows, &columns})
    for (const Label l : *group) {
      shape.push_back(sizes.at(l));
      out.labels.push_back(l);
    }
  out.tensor = reshape(z, shape, at);
  return out;
}

// "..." of an operand with fewer dimensions than the result has: of size 1 there.
Tensor in_order(const Labelled& x, const Labels& output, const Location& at) {
  Shape order;
  for (const Label l : output)
    if (has(x.labels, l)) order.push_back(std::find(x.labels.begin(), x.labels.end(), l) - x.labels.begin());
  Tensor y = permute(x.tensor, order, at);
  for (std::size_t d = 0; d < output.size(); ++d)
    if (!has(x.labels, output[d])) y = unsqueeze(y, static_cast<std::int64_t>(d), at);
  return y;
}

// Sums of products of truth values are not defined, as in PyTorch.
void require_numbers(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  if (impl(x).dtype != DType::boolean) return;
  ErrorReport(op, "is not defined for bool; cast first", at).operand("left", x).operand("right", y).dtype_error();
}

}  // namespace

Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands, Location at) {
  if (operands.empty()) ErrorReport("einsum", "no operands were given", at).value_error();
  for (const Tensor& t : operands) require_defined("einsum", t, at);
  for (const Tensor& t : operands) require_same_dtype("einsum", operands[0], t, at);
  if (operands.size() > 1) require_numbers("einsum", operands[0], operands[1], at);
  const Equation e(equation, operands, at);
  Labelled result = without_repeats({operands[0], e.inputs()[0]}, at);
  for (std::size_t k = 1; k < operands.size(); ++k) {
    const auto keep = [&](Label l) {
      if (has(e.output(), l)) return true;
      for (std::size_t later = k + 1; later < operands.size(); ++later)
        if (has(e.inputs()[later], l)) return true;
      return false;
    };
    result = product(result, without_repeats({operands[k], e.inputs()[k]}, at), keep, at);
  }
  result = summed(
      result, [&](Label l) { return has(e.output(), l); }, at);
  return in_order(result, e.output(), at);
}

// ---- tensordot and its like ----
namespace {

[[noreturn, gnu::cold]] void refuse(const char* op, const std::string& rule, const Tensor& x, const Tensor& y,
                                    const Location& at) {
  ErrorReport(op, rule, at).operand("left", x).operand("right", y).shape_error();
}

void require_one_type(const char* op, const Tensor& x, const Tensor& y, const Location& at) {
  require_defined(op, x, at);
  require_defined(op, y, at);
  require_same_dtype(op, x, y, at);
}

// Two factors of these ranks that fit: matrices, vectors (rank 1) or batches of matrices.
void require_factors(const char* op, const Tensor& x, int rank_x, const Tensor& y, int rank_y, const Location& at) {
  require_rank(op, x, rank_x, at);
  require_rank(op, y, rank_y, at);
  require_one_type(op, x, y, at);
  require_numbers(op, x, y, at);
  const Shape &a = impl(x).shape, &b = impl(y).shape;
  if (rank_x == 3 && a[0] != b[0]) refuse(op, fmt::format("batch sizes differ ({} and {})", a[0], b[0]), x, y, at);
  const std::int64_t rows = b[rank_y == 3 ? 1 : 0];
  if (rank_x > 1 && a.back() != rows)
    refuse(op, fmt::format("inner sizes differ ({} and {})", a.back(), rows), x, y, at);
}

// Dimensions not listed, then those listed (or the other way round).
Shape order_of(const Tensor& x, const std::vector<int>& listed, bool listed_last) {
  Shape order;
  for (int pass = 0; pass < 2; ++pass) {
    if ((pass == 1) == listed_last) {
      for (const int d : listed) order.push_back(d);
    } else {
      for (int d = 0; d < impl(x).shape.rank(); ++d)
        if (std::find(listed.begin(), listed.end(), d) == listed.end()) order.push_back(d);
    }
  }
  return order;
}

std::vector<int> wrapped(const Shape& dims, const Tensor& x, const Location& at) {
  std::vector<int> out;
  for (int i = 0; i < dims.rank(); ++i) {
    const int d = wrap_dim("tensordot", dims[i], x, at);
    if (std::find(out.begin(), out.end(), d) != out.end())
      ErrorReport("tensordot", fmt::format("dimension {} is given twice", d), at).operand("operand", x).index_error();
    out.push_back(d);
  }
  return out;
}

}  // namespace

Tensor tensordot(const Tensor& x, const Tensor& y, const Shape& dims_x, const Shape& dims_y, Location at) {
  require_one_type("tensordot", x, y, at);
  require_numbers("tensordot", x, y, at);
  if (dims_x.rank() != dims_y.rank())
    ErrorReport("tensordot", fmt::format("{} dimensions of x are paired with {} of y", dims_x.rank(), dims_y.rank()),
                at)
        .value_error();
  const std::vector<int> a = wrapped(dims_x, x, at), b = wrapped(dims_y, y, at);
  std::int64_t inner = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::int64_t n = impl(x).shape[a[i]], m = impl(y).shape[b[i]];
    if (n != m)
      refuse("tensordot", fmt::format("dimension {} of x has size {}, dimension {} of y {}", a[i], n, b[i], m), x, y,
             at);
    inner *= n;
  }
  const Tensor left = permute(x, order_of(x, a, true), at), right = permute(y, order_of(y, b, false), at);
  Shape shape;
  std::int64_t rows = 1, columns = 1;
  for (int d = 0; d + static_cast<int>(a.size()) < impl(left).shape.rank(); ++d) {
    shape.push_back(impl(left).shape[d]);
    rows *= impl(left).shape[d];
  }
  for (int d = static_cast<int>(b.size()); d < impl(right).shape.rank(); ++d) {
    shape.push_back(impl(right).shape[d]);
    columns *= impl(right).shape[d];
  }
  return reshape(matmul(reshape(left, {rows, inner}, at), reshape(right, {inner, columns}, at), at), shape, at);
}

Tensor tensordot(const Tensor& x, const Tensor& y, std::int64_t dims, Location at) {
  require_one_type("tensordot", x, y, at);
  if (dims < 0 || dims > x.dim() || dims > y.dim())
    ErrorReport("tensordot", fmt::format("dims must be from 0 to the smaller rank, got {}", dims), at)
        .operand("left", x)
        .operand("right", y)
        .value_error();
  Shape last, first;
  for (std::int64_t d = 0; d < dims; ++d) {
    last.push_back(x.dim() - dims + d);
    first.push_back(d);
  }
  return tensordot(x, y, last, first, at);
}

Tensor inner(const Tensor& x, const Tensor& y, Location at) {
  require_one_type("inner", x, y, at);
  if (x.dim() == 0 || y.dim() == 0) return mul(x, y, at);
  require_numbers("inner", x, y, at);
  if (x.size(-1) != y.size(-1))
    refuse("inner", fmt::format("the last sizes differ ({} and {})", x.size(-1), y.size(-1)), x, y, at);
  return tensordot(x, y, {-1}, {-1}, at);
}

Tensor kron(const Tensor& x, const Tensor& y, Location at) {
  require_defined("kron", x, at);
  require_defined("kron", y, at);
  const int rank = std::max(impl(x).shape.rank(), impl(y).shape.rank());
  if (2 * rank > kMaxRank)
    ErrorReport("kron", fmt::format("takes ranks up to {}, got {}", kMaxRank / 2, rank), at)
        .operand("left", x)
        .operand("right", y)
        .shape_error();
  Shape a, b, shape;
  for (int d = 0; d < rank; ++d) {
    const int i = d - rank + impl(x).shape.rank(), j = d - rank + impl(y).shape.rank();
    const std::int64_t n = i < 0 ? 1 : impl(x).shape[i], m = j < 0 ? 1 : impl(y).shape[j];
    a.push_back(n), a.push_back(1);
    b.push_back(1), b.push_back(m);
    shape.push_back(n * m);
  }
  return reshape(mul(reshape(x, a, at), reshape(y, b, at), at), shape, at);
}

Tensor cross(const Tensor& x, const Tensor& y, std::int64_t dim, Location at) {
  require_one_type("cross", x, y, at);
  const Shape shape = broadcast_shapes("cross", x, y, at);
  const int d = wrap_dim("cross", dim, shape.rank(), at);
  if (shape.rank() == 0 || shape[d] != 3) refuse("cross", fmt::format("dimension {} must have size 3", dim), x, y, at);
  const Tensor a = expand(x, shape, at), b = expand(y, shape, at);
  const auto part = [&](const Tensor& t, std::int64_t i) { return select(t, d, i, at); };
  const auto component = [&](std::int64_t i, std::int64_t j) {
    return sub(mul(part(a, i), part(b, j), at), mul(part(a, j), part(b, i), at), 1, at);
  };
  return stack({component(1, 2), component(2, 0), component(0, 1)}, d, at);
}

namespace linalg {

Tensor vecdot(const Tensor& x, const Tensor& y, std::int64_t dim, Location at) {
  require_one_type("vecdot", x, y, at);
  const Shape shape = broadcast_shapes("vecdot", x, y, at);
  return sum(mul(expand(x, shape, at), expand(y, shape, at), at), {dim}, false, at);
}

namespace {

// Where to split each product of matrices i..j for the fewest multiplications: dynamic programming over lengths.
std::vector<std::vector<std::size_t>> best_splits(const std::vector<double>& sizes) {
  const std::size_t n = sizes.size() - 1;
  std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
  std::vector<std::vector<std::size_t>> split(n, std::vector<std::size_t>(n, 0));
  for (std::size_t length = 2; length <= n; ++length)
    for (std::size_t i = 0; i + length <= n; ++i) {
      const std::size_t j = i + length - 1;
      cost[i][j] = std::numeric_limits<double>::infinity();
      for (std::size_t k = i; k < j; ++k) {
        const double c = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (c < cost[i][j]) {
          cost[i][j] = c;
          split[i][j] = k;
        }
      }
    }
  return split;
}

Tensor multiplied(const std::vector<Tensor>& m, const std::vector<std::vector<std::size_t>>& split, std::size_t i,
                  std::size_t j, const Location& at) {
  if (i == j) return m[i];
  const std::size_t k = split[i][j];
  return matmul(multiplied(m, split, i, k, at), multiplied(m, split, k + 1, j, at), at);
}

Tensor product_of(const char* op, const std::vector<Tensor>& matrices, const Location& at) {
  if (matrices.size() < 2)
    ErrorReport(op, fmt::format("needs at least 2 matrices, got {}", matrices.size()), at).value_error();
  std::vector<Tensor> m = matrices;
  for (std::size_t i = 0; i < m.size(); ++i) {
    require_one_type(op, m[0], m[i], at);
    const bool end = i == 0 || i + 1 == m.size();
    if (m[i].dim() != 2 && !(end && m[i].dim() == 1))
      ErrorReport(
          op, fmt::format("operand {} must be a matrix{}, got rank {}", i + 1, end ? " or a vector" : "", m[i].dim()),
          at)
          .operand("operand", m[i])
          .shape_error();
  }
  const bool row = m.front().dim() == 1, column = m.back().dim() == 1;
  if (row) m.front() = unsqueeze(m.front(), 0, at);
  if (column) m.back() = unsqueeze(m.back(), 1, at);
  std::vector<double> sizes{static_cast<double>(m[0].size(0))};
  for (std::size_t i = 0; i < m.size(); ++i) {
    if (i > 0 && m[i].size(0) != m[i - 1].size(1))
      refuse(
          op,
          fmt::format("operands {} and {} do not fit ({} columns, {} rows)", i, i + 1, m[i - 1].size(1), m[i].size(0)),
          m[i - 1], m[i], at);
    sizes.push_back(static_cast<double>(m[i].size(1)));
  }
  Tensor y = multiplied(m, best_splits(sizes), 0, m.size() - 1, at);
  if (column) y = squeeze(y, 1, at);
  if (row) y = squeeze(y, 0, at);
  return y;
}

}  // namespace

Tensor multi_dot(const std::vector<Tensor>& matrices, Location at) { return product_of("multi_dot", matrices, at); }

}  // namespace linalg

Tensor chain_matmul(const std::vector<Tensor>& matrices, Location at) {
  return linalg::product_of("chain_matmul", matrices, at);
}

// ---- products added to a tensor ----
namespace {

Tensor added(const char* op, const Tensor& x, const Tensor& product, Scalar beta, Scalar alpha, const Location& at) {
  require_one_type(op, x, product, at);
  if (!is_floating(product.dtype()) && (beta.is_floating() || alpha.is_floating()))
    ErrorReport(op, "for integer tensors beta and alpha must be integers", at).operand("input", x).dtype_error();
  const Tensor scaled = alpha.to_double() == 1 ? product : mul(product, alpha, at);
  const Shape &from = impl(x).shape, &to = impl(product).shape;
  bool fits = from.rank() <= to.rank();
  for (int i = 1; fits && i <= from.rank(); ++i) {
    const std::int64_t n = from[from.rank() - i];
    fits = n == 1 || n == to[to.rank() - i];
  }
  if (!fits)
    ErrorReport(op, fmt::format("the tensor to add to does not broadcast to {}", to_string(to)), at)
        .operand("input", x)
        .shape_error();
  if (beta.to_double() == 0)  // on the tape with a gradient of 0
    return detail::needs_tape({x}) ? add(scaled, where(zeros({}, {.dtype = DType::boolean}), x, Scalar(0), at), 1, at)
                                   : scaled;
  return add(scaled, beta.to_double() == 1 ? x : mul(x, beta, at), 1, at);
}

}  // namespace

Tensor addmm(const Tensor& x, const Tensor& m1, const Tensor& m2, Scalar beta, Scalar alpha, Location at) {
  require_factors("addmm", m1, 2, m2, 2, at);
  return added("addmm", x, mm(m1, m2, at), beta, alpha, at);
}
Tensor addmv(const Tensor& x, const Tensor& m, const Tensor& v, Scalar beta, Scalar alpha, Location at) {
  require_factors("addmv", m, 2, v, 1, at);
  return added("addmv", x, mv(m, v, at), beta, alpha, at);
}
Tensor addr(const Tensor& x, const Tensor& v1, const Tensor& v2, Scalar beta, Scalar alpha, Location at) {
  require_factors("addr", v1, 1, v2, 1, at);
  return added("addr", x, outer(v1, v2, at), beta, alpha, at);
}
Tensor baddbmm(const Tensor& x, const Tensor& b1, const Tensor& b2, Scalar beta, Scalar alpha, Location at) {
  require_factors("baddbmm", b1, 3, b2, 3, at);
  return added("baddbmm", x, bmm(b1, b2, at), beta, alpha, at);
}
Tensor addbmm(const Tensor& x, const Tensor& b1, const Tensor& b2, Scalar beta, Scalar alpha, Location at) {
  require_factors("addbmm", b1, 3, b2, 3, at);
  return added("addbmm", x, sum_as_is(bmm(b1, b2, at), {0}, at), beta, alpha, at);
}

}  // namespace xgrad
