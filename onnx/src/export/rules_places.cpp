// Elements by their places: scattered, on diagonals, in windows, by masks.
#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/ops.hpp>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

using Sizes = std::vector<DynamicSize>;
using Dims = std::vector<std::int64_t>;

Dims in_order(std::int64_t rank) {
  Dims order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}
std::int64_t fixed_size(Op& op, std::int64_t dim) {
  const DynamicSize n = op.size_in(0, dim);
  if (!n.fixed()) op.refuse("its places follow a dynamic axis");
  return n.factor;
}
std::string transposed(Op& op, const std::string& x, const Dims& order) {
  return std::ranges::is_sorted(order) ? x : op.emit("Transpose", {x}, {{"perm", order}});
}
// The first elements, up to `end`, or those from `start` on.
std::string cut(Op& op, const std::string& x, std::int64_t dim, std::int64_t start, std::int64_t end) {
  return op.emit("Slice", {x, op.list({start}), op.list({end}), op.list({dim})});
}

// ---- written to given places ----
std::string scattered(Op& op, const std::string& x, std::int64_t dim, const std::string& index,
                      const std::string& source, const char* reduction) {
  return op.emit("ScatterElements", {x, index, source}, {{"axis", dim}, {"reduction", std::string(reduction)}});
}
void scatter(Op& op) {
  const bool by_value = op.given("value");
  const std::string index = op.in(by_value ? 1 : 2);
  const std::string source =
      by_value ? op.emit("Expand", {op.number("value", op.dtype()), op.sizes(op.sizes_in(1))}) : op.in(1);
  if (op.rank_in(0) == 0) return op.set_result(source);
  op.set_result(scattered(op, op.in(0), op.i("dim"), index, source, "none"));
}
void scatter_add(Op& op) {
  if (op.rank_in(0) == 0) return op.finish("Add", {op.in(0), op.in(1)});
  op.set_result(scattered(op, op.in(0), op.i("dim"), op.in(2), op.in(1), "add"));
}
void scatter_reduce(Op& op) {
  const std::string reduce = op.text("reduce");
  if (reduce != "prod") op.refuse(fmt::format("ONNX scatters with {} from operator set 18 on", reduce));
  if (op.rank_in(0) == 0) return op.finish("Mul", {op.in(0), op.in(1)});
  op.set_result(scattered(op, op.in(0), op.i("dim"), op.in(2), op.in(1), "mul"));
}

// Of a list of places along dim: as many for each element of a row.
std::string places_of_rows(Op& op, const std::string& list, std::int64_t dim, const std::string& sizes,
                           std::int64_t rank) {
  Dims column(static_cast<std::size_t>(rank), 1);
  column[static_cast<std::size_t>(dim)] = -1;
  return op.emit("Expand", {op.emit("Reshape", {list, op.list(column)}), sizes});
}
void rows(Op& op, const char* reduction) {
  const std::int64_t dim = op.i("dim"), rank = op.rank_in(0);
  if (rank == 0 || op.rank_in(1) != rank) op.refuse("of a tensor without dimensions");
  const std::string places = places_of_rows(op, op.in(2), dim, op.sizes(op.sizes_in(1)), rank);
  op.set_result(scattered(op, op.in(0), dim, places, op.in(1), reduction));
}
void index_add(Op& op) { rows(op, "add"); }
void index_copy(Op& op) { rows(op, "none"); }

void select_scatter(Op& op) {
  const std::int64_t dim = op.i("dim");
  Sizes sizes = op.sizes_in(1);
  sizes.insert(sizes.begin() + dim, DynamicSize{});
  const std::string source = op.emit("Unsqueeze", {op.in(1), op.list({dim})});
  const std::string places = places_of_rows(op, op.list({op.i("index")}), dim, op.sizes(sizes), op.rank_in(0));
  op.set_result(scattered(op, op.in(0), dim, places, source, "none"));
}
void slice_scatter(Op& op) {
  const std::int64_t dim = op.i("dim"), start = op.i("start"), step = op.i("step");
  const DynamicSize n = op.size_in(1, dim);
  if (!n.fixed()) op.refuse("its number of places follows a dynamic axis");
  Dims list;
  for (std::int64_t k = 0; k < n.factor; ++k) list.push_back(start + k * step);
  const std::string places = places_of_rows(op, op.list(list), dim, op.sizes(op.sizes_in(1)), op.rank_in(0));
  op.set_result(scattered(op, op.in(0), dim, places, op.in(1), "none"));
}

// ---- indices ----
void one_hot(Op& op) {
  const std::string off_on = op.list({0, 1});
  op.finish("OneHot", {op.in(0, kInt64), op.list({op.i("num_classes")}), off_on});
}
// Negative ones count from the end; as a list.
void wrap_index(Op& op) {
  const std::string all = op.emit("Reshape", {op.in(0, kInt64), op.list({-1})});
  const std::string size = op.sizes({op.size_option("size")});
  op.finish("Where", {op.emit("Less", {all, op.whole(0)}), op.emit("Add", {all, size}), all});
}

// ---- masks ----
// Element k of the source goes where the mask holds for the (k + 1)-th time: that is what a running count says.
void masked_scatter(Op& op) {
  if (op.shape_in(1).numel() == 0) op.refuse("an empty source");
  const std::string sizes = op.sizes(op.sizes_out()), all = op.list({-1});
  const std::string mask = op.emit("Expand", {op.in(2), sizes});
  const std::string count = op.emit("CumSum", {op.cast(op.emit("Reshape", {mask, all}), kInt64), op.whole(0)});
  const std::string places = op.emit("Max", {op.emit("Sub", {count, op.whole(1)}), op.whole(0)});
  const std::string taken = op.emit("Gather", {op.emit("Reshape", {op.in(1), all}), places});
  const std::string source = op.emit("Reshape", {taken, sizes}, {{"allowzero", std::int64_t{1}}});
  op.finish("Where", {mask, source, op.in(0)});
}

// ---- diagonals ----
struct Plane {
  std::int64_t offset, dim1, dim2;
  explicit Plane(Op& op) : offset(op.i("offset")), dim1(op.i("dim1")), dim2(op.i("dim2")) {}
  // All other dimensions, then these.
  Dims last(std::int64_t rank) const {
    Dims order;
    for (std::int64_t d = 0; d < rank; ++d)
      if (d != dim1 && d != dim2) order.push_back(d);
    order.insert(order.end(), {dim1, dim2});
    return order;
  }
  // The order that puts the last two back.
  Dims back(std::int64_t rank) const {
    const Dims order = last(rank);
    Dims inverse(order.size());
    for (std::size_t k = 0; k < order.size(); ++k)
      inverse[static_cast<std::size_t>(order[k])] = static_cast<std::int64_t>(k);
    return inverse;
  }
};

void diagonal(Op& op) {
  const Plane p(op);
  const std::int64_t rows = fixed_size(op, p.dim1), columns = fixed_size(op, p.dim2);
  Sizes sizes;
  const Dims order = p.last(op.rank_in(0));
  for (const std::int64_t d : order) sizes.push_back(op.size_in(0, d));
  Sizes flat(sizes.begin(), sizes.end() - 2);
  flat.push_back({rows * columns, {}});
  Dims places;
  const std::int64_t length = op.shape()[op.shape().rank() - 1];
  for (std::int64_t k = 0; k < length; ++k)
    places.push_back((k + std::max<std::int64_t>(-p.offset, 0)) * columns + k + std::max<std::int64_t>(p.offset, 0));
  const std::string all = op.reshaped(transposed(op, op.in(0), order), sizes, flat);
  op.finish("Gather", {all, op.list(places)}, {{"axis", static_cast<std::int64_t>(flat.size()) - 1}});
}
// A square of side n: where its diagonal is.
std::string on_diagonal(Op& op, std::int64_t rows, std::int64_t columns, std::int64_t offset) {
  const Tensor all = ones({rows, columns}, TensorOptions{kInt32});
  return op.constant(triu(tril(all, offset), offset).to(kBool));
}
// v at the columns of its diagonal, as (..., 1, columns).
std::string as_rows(Op& op, const std::string& v, std::int64_t rank, std::int64_t length, std::int64_t columns,
                    std::int64_t offset) {
  const std::int64_t before = std::max<std::int64_t>(offset, 0), behind = columns - before - length;
  Dims pads(static_cast<std::size_t>(2 * rank), 0);
  pads[static_cast<std::size_t>(rank) - 1] = before;
  pads.back() = behind;
  const std::string zero = op.number(0);
  const std::string wide = before == 0 && behind == 0 ? v : op.emit("Pad", {v, op.list(pads), zero});
  return op.emit("Unsqueeze", {wide, op.list({-2})});
}
void diag_embed(Op& op) {
  const Plane p(op);
  const std::int64_t rank = op.rank_in(0), length = fixed_size(op, rank - 1), n = op.shape()[p.dim1];
  const std::string row = as_rows(op, op.in(0), rank, length, n, p.offset);
  const std::string square = op.emit("Where", {on_diagonal(op, n, n, p.offset), row, op.number(0)});
  op.set_result(transposed(op, square, p.back(rank + 1)));
}
void diagonal_scatter(Op& op) {
  const Plane p(op);
  const std::int64_t rank = op.rank_in(0), rows = fixed_size(op, p.dim1), columns = fixed_size(op, p.dim2);
  const std::int64_t length = op.shape_in(1)[op.rank_in(1) - 1];
  const std::string row = as_rows(op, op.in(1), rank - 1, length, columns, p.offset);
  const std::string x = transposed(op, op.in(0), p.last(rank));
  const std::string y = op.emit("Where", {on_diagonal(op, rows, columns, p.offset), row, x});
  op.set_result(transposed(op, y, p.back(rank)));
}
void block_diag(Op& op) {
  Names bands;
  std::int64_t left = 0;
  for (std::size_t i = 0; i < op.count(); ++i) {
    if (!op.is_fixed(i)) op.refuse("its sizes follow a dynamic axis");
    const std::int64_t columns = op.shape_in(i)[1], right = op.shape()[1] - left - columns;
    bands.push_back(op.emit("Pad", {op.in(i, op.dtype()), op.list({0, left, 0, right}), op.number(0)}));
    left += columns;
  }
  op.finish("Concat", bands, {{"axis", std::int64_t{0}}});
}

// ---- moved and cut into windows ----
// What stands behind goes to the front, in each dimension. Shifts are told modulo the size: a shift of -1 is size - 1.
void roll(Op& op) {
  const auto shifts_of = [](const Step& s) {
    const auto* all = s.attributes.find("shifts") ? std::get_if<Dims>(s.attributes.find("shifts")) : nullptr;
    return all ? *all : Dims{};
  };
  const Dims shifts = shifts_of(op.step());
  if (static_cast<std::int64_t>(shifts.size()) != op.rank_in(0)) op.refuse("its shifts are not told");
  std::string x = op.in(0);
  for (std::int64_t d = 0; d < op.rank_in(0); ++d) {
    const auto k = static_cast<std::size_t>(d);
    if (shifts[k] == 0) continue;
    const auto from_front = [&](const Step& s) { return s.operands[0].shape[d] - shifts_of(s)[k]; };
    const auto others = op.others();
    std::int64_t at = -shifts[k];  // from the end
    if (std::ranges::any_of(others, [&](const Step* s) { return shifts_of(*s)[k] != shifts[k]; })) {
      at = from_front(op.step());
      if (std::ranges::any_of(others, [&](const Step* s) { return from_front(*s) != at; }))
        op.refuse("its shifts follow a dynamic axis");
    }
    x = op.emit("Concat", {cut(op, x, d, at, kEnd), cut(op, x, d, 0, at)}, {{"axis", d}});
  }
  op.set_result(x);
}

// Places start + k step + j dilation, as a table of k and j; or the other way round.
Tensor window_table(std::int64_t count, std::int64_t step, std::int64_t size, std::int64_t dilation) {
  const Tensor begin = mul(arange(Scalar(count)), Scalar(step)), inside = mul(arange(Scalar(size)), Scalar(dilation));
  return add(begin.reshape({-1, 1}), inside.reshape({1, -1}));
}
void unfold(Op& op) {
  const std::int64_t rank = op.rank_in(0), size = op.i("size");
  if (rank == 0) op.refuse("of a tensor without dimensions");
  const std::int64_t dim = op.i("dimension");
  (void)fixed_size(op, dim);
  const Tensor table = window_table(op.shape()[dim], op.i("step"), size, 1);
  const std::string windows = op.emit("Gather", {op.in(0), op.constant(table)}, {{"axis", dim}});
  Dims order = in_order(rank + 1);
  order.erase(order.begin() + dim + 1);
  order.push_back(dim + 1);
  op.set_result(transposed(op, windows, order));
}

struct PatchSizes {
  Dims kernel, stride, padding, dilation, count;
  PatchSizes(Op& op, std::int64_t height, std::int64_t width)
      : kernel(op.ints("kernel_size")),
        stride(op.ints("stride")),
        padding(op.ints("padding")),
        dilation(op.ints("dilation")) {
    const Dims sizes{height, width};
    for (std::size_t i = 0; i < 2; ++i)
      count.push_back((sizes[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1);
  }
  // Rows: the places of each element of a window.
  Tensor table(std::size_t i) const {
    return transpose(window_table(count[i], stride[i], kernel[i], dilation[i]), 0, 1).contiguous();
  }
};
void im2col(Op& op) {
  const std::int64_t rank = op.rank_in(0), first = rank - 2;
  const PatchSizes p(op, fixed_size(op, first), fixed_size(op, first + 1));
  Dims pads(static_cast<std::size_t>(2 * rank), 0);
  for (std::size_t i = 0; i < 2; ++i) {
    pads[static_cast<std::size_t>(first) + i] = p.padding[i];
    pads[static_cast<std::size_t>(rank + first) + i] = p.padding[i];
  }
  const std::string padded = op.emit("Pad", {op.in(0), op.list(pads), op.number(0)});
  const std::string rows = op.emit("Gather", {padded, op.constant(p.table(0))}, {{"axis", first}});
  const std::string cells = op.emit("Gather", {rows, op.constant(p.table(1))}, {{"axis", first + 2}});
  Dims order = in_order(rank + 2);
  std::swap(order[static_cast<std::size_t>(first) + 1], order[static_cast<std::size_t>(first) + 2]);
  Sizes from = op.sizes_in(0);
  from.resize(from.size() - 2);
  for (const std::int64_t n : {p.kernel[0], p.kernel[1], p.count[0], p.count[1]}) from.push_back({n, {}});
  op.set_result(op.reshaped(transposed(op, cells, order), from, op.sizes_out()));
}
// Each column is added to the places that its window has in the padded picture.
void col2im(Op& op) {
  const std::int64_t rank = op.shape().rank(), first = rank - 2;
  for (const std::int64_t d : {first, first + 1})
    if (!op.size(d).fixed()) op.refuse("its places follow a dynamic axis");
  const std::int64_t height = op.shape()[first], width = op.shape()[first + 1];
  const PatchSizes p(op, height, width);
  const std::int64_t across = width + 2 * p.padding[1], down = height + 2 * p.padding[0];
  const Tensor row = p.table(0).reshape({p.kernel[0], 1, p.count[0], 1});
  const Tensor column = p.table(1).reshape({1, p.kernel[1], 1, p.count[1]});
  const Tensor places = add(mul(row, Scalar(across)), column).reshape({-1});
  Sizes planes = op.sizes_out();
  planes.resize(static_cast<std::size_t>(first));
  const auto with = [&](std::initializer_list<std::int64_t> more) {
    Sizes all = planes;
    for (const std::int64_t n : more) all.push_back({n, {}});
    return all;
  };
  const Sizes listed = with({places.numel()});
  const std::string source = op.reshaped(op.in(0), op.sizes_in(0), listed);
  const std::string index = places_of_rows(op, op.constant(places), first, op.sizes(listed), first + 1);
  const std::string empty =
      op.emit("ConstantOfShape", {op.sizes(with({down * across}))}, {{"value", zeros({1}, TensorOptions{op.dtype()})}});
  std::string y = scattered(op, empty, first, index, source, "add");
  y = op.reshaped(y, with({down * across}), with({down, across}));
  for (std::size_t i = 0; i < 2; ++i)
    if (const std::int64_t n = i == 0 ? height : width; p.padding[i] > 0)
      y = cut(op, y, first + static_cast<std::int64_t>(i), p.padding[i], p.padding[i] + n);
  op.set_result(y);
}

}  // namespace

std::span<const NamedRule> place_rules() {
  static const NamedRule all[] = {
      {"block_diag", block_diag},
      {"col2im", col2im},
      {"diag_embed", diag_embed},
      {"diagonal", diagonal},
      {"diagonal_scatter", diagonal_scatter},
      {"im2col", im2col},
      {"index_add", index_add},
      {"index_copy", index_copy},
      {"masked_scatter", masked_scatter},
      {"one_hot", one_hot},
      {"roll", roll},
      {"scatter", scatter},
      {"scatter_add", scatter_add},
      {"scatter_reduce", scatter_reduce},
      {"select_scatter", select_scatter},
      {"slice_scatter", slice_scatter},
      {"unfold", unfold},
      {"wrap_index", wrap_index},
  };
  return all;
}

}  // namespace xgrad::onnx
