// Rows of the operations that change their tensor, on a copy of the input, directly and through views.
#include <xgrad/autograd.hpp>
#include <xgrad/saved_tensors_hooks.hpp>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

Tensor copy_of(const Tensor& x) { return x * 1; }

void add_assignments(Table& t) {
  t.add("copy_", [](auto& x) { return copy_of(x[0]).copy_(x[1]); })
      .on({{3, 4}, {3, 4}})
      .on({{3, 4}, {4}})
      .on({{3, 4}, {}})
      .on({{0, 2}, {2}})
      .integers(Integers::same)
      .bad(Wrong::shape, "shape (3) does not fit into (2)", [] { copy_of(leaf({2})).copy_(leaf({3})); })
      .after(1)
      .bad(Wrong::autograd, "leaf that requires grad", [] { leaf({2}).copy_(zeros({2})); });
  t.add("fill_", [](auto& x) { return copy_of(x[0]).fill_(2); })
      .on({{3, 4}})
      .on({{}})
      .on({{0}})
      .integers(Integers::same)
      .bad(Wrong::autograd, "leaf that requires grad", [] { leaf({2}).fill_(1); })
      .bad(Wrong::autograd, "expanded view", [] { copy_of(leaf({})).expand({3}).fill_(1); })
      .after(2);
  t.add("zero_", [](auto& x) { return copy_of(x[0]).zero_(); })
      .on({{3, 4}})
      .on({{}})
      .integers(Integers::same)
      .bad(Wrong::autograd, "leaf that requires grad", [] { leaf({2}).zero_(); });
  // Writing to a piece of a result on the tape.
  t.add("copy_slices",
        [](auto& x) {
          Tensor y = copy_of(x[0]);
          y.select(0, 1).mul_(x[1]);
          return y * x[0];
        })
      .covers({"copy_slices", "as_strided"})
      .integers(Integers::same)
      .on({{3, 4}, {4}})
      .on({{3, 4}, {}})
      .on({{3, 4}, {3}},
          [](auto& x) {
            Tensor y = copy_of(x[0]);
            Tensor v = y.transpose(0, 1).slice(0, 1, 4, 2);
            v.copy_(x[1]);
            v.add_(v);
            return Tensors{y, v * y.sum()};
          })
      .on({{4}, {2}}, [](auto& x) {
        Tensor y = copy_of(x[0]), a = y.narrow(0, 0, 2), b = y.view({2, 2})[1];
        a.add_(x[1]);
        b.mul_(a);
        y.div_(2);
        return Tensors{a, b, y};
      });
  // A leaf that hooks on saved tensors packed, read by a derivative that is recorded: d(w x)/dw.
  t.add("unpacked",
        [](auto& x) {
          if (!grad_enabled() || !x[0].requires_grad()) return x[0] * 1;
          const auto same = [](const Tensor& saved) { return saved; };
          const SavedTensorsHooks hooks(same, same);
          const Tensor w = ones(x[0].shape(), {x[0].dtype(), true}), y = w * x[0];
          if (!y.requires_grad()) return x[0] * 1;
          return grad({y}, {w}, {ones_like(y)}, {.create_graph = true})[0];
        })
      .integers(Integers::same)
      .on({{3, 4}})
      .on({{}});
}

// f(self, other) changes self.
template <class F>
Row& over_pairs(Row& row, const Values& v, F f) {
  return row.on({{3, 4}, {{3, 4}, v}}, [f](auto& x) { return f(copy_of(x[0]), x[1]); })
      .on({{3, 4}, {{4}, v}}, [f](auto& x) { return f(copy_of(x[0]), x[1]); })
      .on({{3, 4}, {{}, v}}, [f](auto& x) { return f(copy_of(x[0]), x[1]); })
      .on({{}, {{}, v}}, [f](auto& x) { return f(copy_of(x[0]), x[1]); })
      .on({{0, 2}, {{1, 2}, v}}, [f](auto& x) { return f(copy_of(x[0]), x[1]); })
      .on({{{3, 4}, v}},
          [f](auto& x) {
            Tensor y = copy_of(x[0]);
            return f(y, y);
          })
      .bad_by(Wrong::shape, "does not fit into (3)",
              [f] {
                f(copy_of(leaf({3})), leaf({2, 3}));
              })
      .after(1)
      .bad_by(Wrong::autograd, "in-place write to a leaf that requires grad", [f] { f(leaf({3}), leaf({3})); })
      .bad_by(Wrong::autograd, "view of a leaf that requires grad", [f] { f(leaf({3}).narrow(0, 0, 2), leaf({2})); })
      .after(1)
      .bad_by(Wrong::autograd, "expanded view", [f] { f(zeros({1}).expand({3}), zeros({3})); })
      .bad_by(Wrong::dtype, "cannot be stored in a int64 tensor", [f] { f(zeros({2}, {kInt64}), ones({2})); });
}

void add_changes(Table& t) {
  over_pairs(t.add("add").covers({"add_"}), uniform(-2, 2), [](Tensor a, const Tensor& b) { return a.add_(b); })
      .integers(Integers::same)
      .on({{3, 4}, {4}}, [](auto& x) { return copy_of(x[0]).add_(x[1], -1.5); })
      .on({{3, 4}}, [](auto& x) { return copy_of(x[0]) += 2; })
      .on({{3, 4}}, [](auto& x) { return copy_of(x[0]) -= 2; })
      .bad(Wrong::autograd, "leaf that requires grad", [] { leaf({2}) += 1; });
  over_pairs(t.add("sub").covers({"sub_"}), uniform(-2, 2), [](Tensor a, const Tensor& b) { return a.sub_(b); })
      .integers(Integers::same)
      .on({{3, 4}, {4}}, [](auto& x) { return copy_of(x[0]).sub_(x[1], 1.5); });
  over_pairs(t.add("mul").covers({"mul_"}), uniform(-2, 2), [](Tensor a, const Tensor& b) { return a.mul_(b); })
      .integers(Integers::same)
      .on({{3, 4}}, [](auto& x) { return copy_of(x[0]) *= 2; });
  over_pairs(t.add("div").covers({"div_"}), away_from({0}), [](Tensor a, const Tensor& b) {
    return a.div_(b);
  }).on({{3, 4}}, [](auto& x) { return copy_of(x[0]) /= 2; });
  t.add("clamp_max", [](auto& x) { return copy_of(x[0]).clamp_(x[1], x[2]); })
      .covers({"clamp_"})
      .on({{{3, 4}, away_from({-1, 0.5})}, {{4}, uniform(-1, -1)}, {{}, uniform(0.5, 0.5)}})
      .integers(Integers::same);
  t.add("div", [](auto& x) { return copy_of(x[0]).div_(x[1], Rounding::floor); })
      .covers({"div_"})
      .on({{{3, 4}, uniform(0.1, 0.9)}, {{4}, uniform(1, 1)}})
      .on({{{3, 4}, uniform(0.1, 0.9)}}, [](auto& x) { return copy_of(x[0]).div_(1, Rounding::trunc); })
      .integers(Integers::same);
  t.add("copy_", [](auto& x) { return copy_of(x[0]).fill_(x[1]); })
      .covers({"fill_"})
      .on({{3, 4}, {}})
      .integers(Integers::same)
      .bad(Wrong::shape, "rank 0", [] { copy_of(leaf({2})).fill_(leaf({1})); })
      .after(1);
  t.add("clamp", [](auto& x) { return copy_of(x[0]).clamp_(-1, 0.5); })
      .covers({"clamp_"})
      .on({{{3, 4}, away_from({-1, 0.5})}})
      .on({{{}, away_from({-1, 0.5})}})
      .bad(Wrong::autograd, "leaf that requires grad", [] { leaf({2}).clamp_(0, 1); });
}

}  // namespace

void add_inplace(Table& t) {
  add_assignments(t);
  add_changes(t);
}

}  // namespace xgrad::test
