// Rows of <xgrad/ops/softmax.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_shares(Table& t) {
  const auto add = [&t](const char* name, auto f) -> Row& {
    return t.add(name, [f](auto& x) { return f(x[0], -1); })
        .on({{3, 4}})
        .on({{}})
        .on({{1}})
        .on({{0, 3}})
        .on({{2, 0}})
        .on({{2, 3, 2}}, [f](auto& x) { return f(x[0], 1); })
        .on({{3, 4}}, [f](auto& x) { return f(x[0], 0); })
        .on({{5, 37}}, Size::medium)
        .on(
            {{37, 5}}, [f](auto& x) { return f(x[0], 0); }, Size::medium)
        .on({{300, 401}}, Size::large)
        .on(
            {{300, 401}}, [f](auto& x) { return f(x[0], 0); }, Size::large)
        .bad_by(Wrong::index, "dim -3 out of range [-2, 1]",
                [f] {
                  f(leaf({2, 3}), -3);
                })
        .bad_by(Wrong::dtype, "needs a floating tensor", [f] {
          f(tensor({1, 2}), 0);
        });
  };
  add("softmax", [](const Tensor& x, std::int64_t dim) { return softmax(x, dim); })
      .example("no overflow", {f64({1000, 1000})}, {f64({0.5, 0.5})})
      .example("-inf is 0", {f64({-kInf, 1})}, {f64({0, 1})});
  add("log_softmax", [](const Tensor& x, std::int64_t dim) {
    return log_softmax(x, dim);
  }).example("no overflow", {f64({1000, 0})}, {f64({0, -1000})});
  t.add("softmax", [](auto& x) { return softmin(x[0], 1); })
      .covers({"softmin"})
      .on({{{3, 4}}})
      .bad(Wrong::index, "dim 2 out of range", [] {
        softmin(leaf({2, 4}), 2);
      });
}

}  // namespace

void add_softmax(Table& t) { add_shares(t); }

}  // namespace xgrad::test
