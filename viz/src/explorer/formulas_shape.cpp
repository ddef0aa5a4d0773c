// What moves numbers without changing them: views, pieces, joins.
#include <algorithm>

#include <fmt/format.h>

#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

using List = std::vector<std::int64_t>;

// Of two dimensions, a matrix transposed; else which dimensions.
bool swaps_last_two(const Arguments& x) {
  const auto rank = static_cast<std::int64_t>(x.in.size());
  if (rank < 2) return true;
  if (x.op->known_op == "transpose") {
    const auto [first, second] = std::minmax({x.told<std::int64_t>("dim0", 0), x.told<std::int64_t>("dim1", 0)});
    return first == rank - 2 && second == rank - 1;
  }
  List swapped(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < swapped.size(); ++i) swapped[i] = static_cast<std::int64_t>(i);
  std::swap(swapped[swapped.size() - 2], swapped.back());
  return x.told<List>("dims", {}) == swapped;
}
std::string turned(const Arguments& x) {
  if (swaps_last_two(x)) return transposed(x.a[0]);
  List dims = x.told<List>("dims", {});
  if (dims.empty()) dims = {x.told<std::int64_t>("dim0", 0), x.told<std::int64_t>("dim1", 0)};
  return applied(indexed(mi(x.op->known_op), mn(fmt::format("{}", fmt::join(dims, ", ")))), x.a[0]);
}

std::string selected(const Arguments& x) {
  return indexed(x.a[0], mtext(fmt::format("dim {}: {}", x.dim(), x.told<std::int64_t>("index", 0))));
}
std::string piece(const Arguments& x) {
  const std::int64_t start = x.told<std::int64_t>("start", 0), end = x.told<std::int64_t>("end", 0),
                     step = x.told<std::int64_t>("step", 1);
  const std::int64_t last = end > start ? start + (end - start - 1) / step * step : start;
  std::string range = end <= start    ? "none"
                      : last == start ? std::to_string(start)
                                      : fmt::format("{} to {}", start, last);
  if (step != 1) range += fmt::format(", every {}", step);
  return indexed(x.a[0], mtext(fmt::format("dim {}: {}", x.dim(), range)));
}
OpFormula with_shape(const char* name) {
  return {[name](const Arguments& x) {
            const Shape& s = x.op->shape;
            const std::string to = s.empty() ? "scalar" : fmt::format("{}", fmt::join(s, "×"));
            return applied(indexed(mi(name), mtext(to)), x.a[0]);
          },
          nullptr};
}
OpFormula joined(const char* name) {
  return {[name](const Arguments& x) {
            std::string list;
            for (const std::string& a : x.a)
              if (!a.empty()) list += (list.empty() ? "" : mo(",")) + a;
            return applied(indexed(mi(name), mtext(dims_text({x.dim()}))), list);
          },
          nullptr};
}

}  // namespace

void add_shape_formulas(OpFormulas& all) {
  for (const char* name : {"reshape", "view", "flatten", "unflatten", "expand", "repeat", "squeeze", "unsqueeze"})
    all[name] = with_shape(name);
  for (const char* name : {"cat", "stack", "hstack", "vstack", "dstack", "column_stack"}) all[name] = joined(name);
  for (const char* name : {"slice", "narrow"}) all[name] = {piece, nullptr};
  for (const char* name : {"transpose", "permute"}) all[name] = {turned, nullptr};
  all["select"] = {selected, nullptr};
  all["to"] = {[](const Arguments& x) { return x.a[0]; }, constant("1")};
}

}  // namespace xgrad::viz
