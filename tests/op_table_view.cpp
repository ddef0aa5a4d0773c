// Rows of <xgrad/ops/view.hpp>, and of the copies and casts of Tensor.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_reshapes(Table& t) {
  t.add("view",
        [](auto& x) {
          return view(x[0], {4, 3});
        })
      .on({{3, 4}})
      .on({{3, 4}},
          [](auto& x) {
            return x[0].view({2, -1, 2});
          })
      .on({{}},
          [](auto& x) {
            return view(x[0], {1, 1});
          })
      .on({{2, 0}},
          [](auto& x) {
            return view(x[0], {0, 5});
          })
      .on(
          {{300, 401}},
          [](auto& x) {
            return view(x[0], {401, 300});
          },
          Size::large)
      .strict_strides()
      .integers(Integers::same)
      .bad(Wrong::shape, "6 elements do not fit shape (4, 2) of 8",
           [] {
             view(leaf({2, 3}), {4, 2});
           })
      .bad(Wrong::shape, "use reshape",
           [] {
             view(leaf({2, 3}).t(), {6});
           })
      .after(1);
  t.add("reshape",
        [](auto& x) {
          return reshape(x[0], {4, 3});
        })
      .on({{3, 4}})
      .on({{2, 3, 2}},
          [](auto& x) {
            return reshape(transpose(x[0], 0, 2), {-1, 3});
          })
      .on({{1}}, [](auto& x) { return x[0].reshape({}); })
      .on({{2, 0}}, [](auto& x) { return reshape(x[0], {0}); })
      .on(
          {{300, 401}}, [](auto& x) { return reshape(x[0].t(), {-1}); }, Size::large)
      .integers(Integers::same)
      .bad(Wrong::shape, "6 elements do not fit shape (4, 2) of 8",
           [] {
             reshape(leaf({2, 3}), {4, 2});
           })
      .bad(Wrong::shape, "only one size may be -1",
           [] {
             reshape(leaf({2, 3}), {-1, -1});
           })
      .bad(Wrong::shape, "negative size -2",
           [] {
             reshape(leaf({2, 3}), {-2, 3});
           })
      .bad(Wrong::shape, "-1 is ambiguous for 0 elements",
           [] {
             reshape(leaf({0}), {0, -1});
           })
      .bad(Wrong::shape, "do not fit", [] {
        reshape(leaf({2, 3}), {4, -1});
      });
  t.add("flatten", [](auto& x) { return flatten(x[0]); })
      .on({{2, 3, 2}})
      .on({{}})
      .on({{2, 0, 3}})
      .on({{2, 3, 2}}, [](auto& x) { return x[0].flatten(1); })
      .on({{2, 3, 2, 2}}, [](auto& x) { return flatten(x[0], -3, -2); })
      .on({{2, 3, 2}}, [](auto& x) { return flatten(transpose(x[0], 0, 1)); })
      .integers(Integers::same)
      .bad(Wrong::index, "dim 3 out of range [-2, 1]",
           [] {
             flatten(leaf({2, 3}), 3);
           })
      .bad(Wrong::value, "comes after end_dim", [] {
        flatten(leaf({2, 3}), 1, 0);
      });
  t.add("squeeze", [](auto& x) { return squeeze(x[0]); })
      .on({{1, 3, 1, 2}})
      .on({{3}})
      .on({{1, 1}})
      .on({{1, 0}})
      .on({{2, 1, 3}}, [](auto& x) { return squeeze(x[0], 1); })
      .on({{2, 1, 3}}, [](auto& x) { return x[0].squeeze(-1); })
      .on({{}}, [](auto& x) { return squeeze(x[0], 0); })
      .integers(Integers::same)
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        squeeze(leaf({1, 3}), 2);
      });
  t.add("unsqueeze", [](auto& x) { return unsqueeze(x[0], 1); })
      .on({{2, 3}})
      .on({{}}, [](auto& x) { return unsqueeze(x[0], 0); })
      .on({{2, 0}}, [](auto& x) { return x[0].unsqueeze(-1); })
      .integers(Integers::same)
      .bad(Wrong::index, "dim 3 out of range [-3, 2]", [] {
        unsqueeze(leaf({2, 3}), 3);
      });
}

void add_permutations(Table& t) {
  t.add("transpose", [](auto& x) { return transpose(x[0], 0, 1); })
      .on({{2, 3}})
      .on({{2, 3, 4}}, [](auto& x) { return x[0].transpose(-1, 0); })
      .on({{2, 3}}, [](auto& x) { return x[0].t(); })
      .on({{3}}, [](auto& x) { return x[0].t(); })
      .on({{}}, [](auto& x) { return transpose(x[0], 0, -1); })
      .on({{0, 2}})
      .integers(Integers::same)
      .covers({"transpose", "t"})
      .bad(Wrong::index, "dim 2 out of range [-2, 1]",
           [] {
             transpose(leaf({2, 3}), 0, 2);
           })
      .bad(Wrong::shape, "needs rank 2 or less, got 3", [] {
        leaf({2, 3, 4}).t();
      });
  t.add("permute",
        [](auto& x) {
          return permute(x[0], {2, 0, 1});
        })
      .on({{2, 3, 4}})
      .on({{2, 3}},
          [](auto& x) {
            return x[0].permute({-1, 0});
          })
      .on({{}}, [](auto& x) { return permute(x[0], {}); })
      .on({{2, 0, 3}})
      .integers(Integers::same)
      .bad(Wrong::index, "not a permutation of 0..1",
           [] {
             permute(leaf({2, 3}), {0, 0});
           })
      .bad(Wrong::shape, "1 dims given for a tensor of rank 2",
           [] {
             permute(leaf({2, 3}), {0});
           })
      .bad(Wrong::index, "out of range", [] {
        permute(leaf({2, 3}), {0, 2});
      });
  t.add("expand",
        [](auto& x) {
          return expand(x[0], {2, 3, 4});
        })
      .on({{3, 1}})
      .on({{3, 4}})
      .on({{}},
          [](auto& x) {
            return x[0].expand({2, 2});
          })
      .on({{2, 1}},
          [](auto& x) {
            return expand(x[0], {-1, 3});
          })
      .on({{1, 2}},
          [](auto& x) {
            return expand(x[0], {0, 2});
          })
      .integers(Integers::same)
      .bad(Wrong::shape, "dimension 0 has size 2, only size 1 expands",
           [] {
             expand(leaf({2, 3}), {4, 3});
           })
      .bad(Wrong::shape, "1 sizes given for a tensor of rank 2",
           [] {
             expand(leaf({2, 3}), {3});
           })
      .bad(Wrong::shape, "-1 keeps the size of an existing dimension, but dimension 0 is new", [] {
        expand(leaf({2}), {-1, 2});
      });
}

void add_copies(Table& t) {
  t.add("clone", [](auto& x) { return x[0].clone(); }).unary(uniform(-2, 2)).integers(Integers::same);
  t.add("contiguous", [](auto& x) { return x[0].transpose(0, 1).contiguous(); })
      .on({{2, 3}})
      .on({{2, 3, 2}})
      .on({{300, 401}}, Size::large)
      .integers(Integers::same);
  t.add("to", [](auto& x) { return x[0].to(x[0].dtype() == kFloat64 ? kFloat32 : kFloat64).to(x[0].dtype()); })
      .on({{3, 4}}, Size::medium)  // the values are exact in float32, but a difference quotient is not
      .on({{0}}, Size::medium)
      .on({{}}, Size::medium)
      .integers(Integers::same);
}

void add_more_views(Table& t) {
  t.add("expand",
        [](auto& x) {
          return broadcast_to(x[0], {2, 3});
        })
      .covers({"broadcast_to"})
      .on({{3}})
      .on({{2, 1}})
      .integers(Integers::same)
      .bad(Wrong::shape, "only size 1 expands", [] { broadcast_to(leaf({2}), {3}); });
  t.add("expand",
        [](auto& x) {
          return broadcast_tensors({x[0], x[1]});
        })
      .covers({"broadcast_tensors"})
      .on({{3}, {2, 1}})
      .integers(Integers::same)
      .bad(Wrong::shape, "broadcast", [] {
        broadcast_tensors({leaf({2}), leaf({3})});
      });
  t.add("unflatten",
        [](auto& x) {
          return unflatten(x[0], 1, {2, -1});
        })
      .on({{3, 4}})
      .on({{4, 3}},
          [](auto& x) {
            return unflatten(x[0].t(), -1, {2, 2});
          })
      .on({{}},
          [](auto& x) {
            return unflatten(x[0], 0, {1, 1});
          })
      .integers(Integers::same)
      .bad(Wrong::shape, "4 elements do not fit shape (3)",
           [] {
             unflatten(leaf({2, 4}), 1, {3});
           })
      .bad(Wrong::value, "sizes must not be empty",
           [] {
             unflatten(leaf({2, 4}), 1, {});
           })
      .bad(Wrong::index, "dim 2 out of range", [] {
        unflatten(leaf({2, 4}), 2, {2, 2});
      });
  t.add("flatten", [](auto& x) { return ravel(x[0]); })
      .covers({"ravel"})
      .on({{2, 3}})
      .on({{}})
      .integers(Integers::same);
  t.add("permute",
        [](auto& x) {
          return movedim(x[0], {0, 1}, {-1, 0});
        })
      .covers({"movedim"})
      .on({{2, 3, 4}})
      .on({{2, 3, 4}}, [](auto& x) { return movedim(x[0], 2, 0); })
      .on({{}}, [](auto& x) { return movedim(x[0], 0, 0); })
      .integers(Integers::same)
      .bad(Wrong::value, "2 dimensions to move, 1 destinations",
           [] {
             movedim(leaf({2, 3}), {0, 1}, {0});
           })
      .bad(Wrong::index, "dim 1 given twice", [] {
        movedim(leaf({2, 3}), {1, 1}, {0, 1});
      });
  t.add("permute", [](auto& x) { return moveaxis(x[0], 0, 2); })
      .covers({"moveaxis"})
      .on({{2, 3, 4}})
      .integers(Integers::same)
      .bad(Wrong::index, "out of range", [] {
        moveaxis(leaf({2, 3}), 2, 0);
      });
  t.add("transpose", [](auto& x) { return swapaxes(x[0], 0, -1); })
      .covers({"swapaxes"})
      .on({{2, 3, 4}})
      .integers(Integers::same)
      .bad(Wrong::index, "out of range", [] {
        swapaxes(leaf({2, 3}), 2, 0);
      });
  t.add("transpose", [](auto& x) { return swapdims(x[0], 0, 1); })
      .covers({"swapdims"})
      .on({{2, 3, 4}})
      .integers(Integers::same)
      .bad(Wrong::index, "out of range", [] {
        swapdims(leaf({2, 3}), 2, 0);
      });
  t.add("reshape", [](auto& x) { return atleast_1d(x[0]); }).covers({"atleast_1d"}).on({{}}).integers(Integers::same);
  t.add("unsqueeze", [](auto& x) { return atleast_2d(x[0]); })
      .covers({"atleast_2d"})
      .on({{3}})
      .integers(Integers::same);
  t.add("reshape", [](auto& x) { return atleast_3d(x[0]); }).covers({"atleast_3d"}).on({{3}}).integers(Integers::same);
  t.add("unfold", [](auto& x) { return unfold(x[0], 0, 2, 1); })
      .on({{4, 2}})
      .on({{2, 7}}, [](auto& x) { return unfold(x[0], -1, 2, 3); })
      .on({{2, 5, 3}}, [](auto& x) { return unfold(x[0], 1, 4, 1); })
      .on({{}}, [](auto& x) { return unfold(x[0], 0, 1, 1); })
      .on({{2, 2}}, [](auto& x) { return unfold(x[0], 0, 0, 1); })
      .on(
          {{300, 41}}, [](auto& x) { return unfold(x[0], 0, 5, 2); }, Size::large)
      .integers(Integers::same)
      .example("overlapping", {f64({1, 2, 3})}, {f64({{1, 2}, {2, 3}})}, {f64({1, 2, 1})})
      .bad(Wrong::shape, "windows of 4 do not fit dim 0 of size 3", [] { unfold(leaf({3}), 0, 4, 1); })
      .bad(Wrong::value, "step positive, got 2 and 0", [] { unfold(leaf({3}), 0, 2, 0); });
}

}  // namespace

void add_view(Table& t) {
  add_reshapes(t);
  add_permutations(t);
  add_copies(t);
  add_more_views(t);
}

}  // namespace xgrad::test
