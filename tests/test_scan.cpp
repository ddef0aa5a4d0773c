// scan: values, derivatives, errors, against the loop that it stands for.
#include <map>

#include <xgrad/attributes.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/graph_node.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/viz.hpp>

#include "scan_support.hpp"

namespace xgrad::test::scans {

BOOST_AUTO_TEST_SUITE(scan_results)

BOOST_AUTO_TEST_CASE(as_the_loop) {
  manual_seed(1);
  const Recurrence r;
  compare(r.cell(), r.xs, r.h0, r.all());
  compare(r.cell(), r.xs, r.h0, r.all(), true);
  compare(r.cell(), r.xs, r.h0.detach(), {r.xs, r.w, r.u, r.b});
  compare(r.cell(), r.xs.detach(), r.h0, {r.h0, r.w, r.u, r.b});
  compare(r.cell(), r.xs.detach(), r.h0.detach(), {r.w, r.b});
  const Recurrence one(1);
  compare(one.cell(), one.xs, one.h0, one.all());
  const Tensor across = parameter({2, 5, 3}).transpose(0, 1);  // neither slices nor steps lie together
  compare(r.cell(), across, r.h0, {r.w, r.h0, r.u});
  compare_twice(r.cell(), r.xs, r.h0, r.all());
}

BOOST_AUTO_TEST_CASE(derivatives_by_differences) {
  manual_seed(2);
  const Recurrence r(3);
  const auto f = [](const List& in) {
    const auto [last, ys] = scan(
        [&](const Tensor& h, const Tensor& x) {
          const Tensor next = tanh(matmul(x, in[2]) + matmul(h, in[3]) + in[4]);
          return Pair(next, next * x.sum({1}, true));
        },
        in[0], in[1]);
    return List{last, ys};
  };
  BOOST_TEST(gradcheck(f, r.all()));
  BOOST_TEST(gradgradcheck(f, r.all()));
}

BOOST_AUTO_TEST_CASE(third_derivative) {
  const Tensor xs = tensor({0.5, -0.25, 1.}, {kFloat64}).requires_grad_(),
               h0 = full({}, 0.3, {kFloat64}).requires_grad_();
  const auto cell = [](const Tensor& h, const Tensor& x) { return Pair(sin(h * x), exp(h) * x); };
  const auto third = [&](const Pair& r) {
    Tensor y = r.first + r.second.sum();
    for (int i = 0; i < 2; ++i) y = grad(y, h0, {}, {.create_graph = true})[0];
    return grad(y, {h0, xs});
  };
  const List expected = third(loop(cell, xs, h0)), found = third(scan(cell, xs, h0));
  check_near(found[0], expected[0]);
  check_near(found[1], expected[1]);
}

namespace {
struct Gates {
  Tensor h, c;
};
struct Reading {
  Tensor x;
  std::vector<Tensor> weights;
};
}  // namespace

BOOST_AUTO_TEST_CASE(structures) {
  manual_seed(4);
  const Tensor xs = parameter({4, 2}), ws = parameter({4, 2}), h = parameter({2}), c = parameter({2});
  const auto cell = [](const Gates& before, const Reading& in) {
    const Tensor c1 = before.c * in.weights[0] + in.x, h1 = tanh(c1) * before.h;
    return std::pair(Gates{h1, c1}, std::map<std::string, Tensor>{{"sum", h1 + c1}, {"cell", c1}});
  };
  auto [last, outputs] = scan(cell, Reading{xs, {ws}}, Gates{h, c});
  static_assert(std::is_same_v<decltype(last), Gates>);
  Gates s{h, c};
  List sums, cells;
  for (std::int64_t t = 0; t < 4; ++t) {
    auto [next, y] = cell(s, Reading{xs[t], {ws[t]}});
    s = next;
    sums.push_back(y["sum"]);
    cells.push_back(y["cell"]);
  }
  BOOST_TEST(same_bits(last.h, s.h));
  BOOST_TEST(same_bits(last.c, s.c));
  BOOST_TEST(same_bits(outputs["sum"], stack(sums)));
  BOOST_TEST(same_bits(outputs["cell"], stack(cells)));
  const List by{xs, ws, h, c};
  const List found = grad((last.h * last.c).sum() + outputs["sum"].square().sum(), by),
             expected = grad((s.h * s.c).sum() + stack(sums).square().sum(), by);
  for (std::size_t i = 0; i < by.size(); ++i) check_near(found[i], expected[i]);

  // A tuple of state, no output.
  const auto [state, none] = scan(
      [](const std::tuple<Tensor, Tensor>& before, const Tensor& x) {
        return std::pair(std::tuple(std::get<0>(before) + x, std::get<1>(before) * x), std::tuple<>());
      },
      xs, std::tuple(h, c));
  static_cast<void>(none);
  check_near(std::get<0>(state), h + xs.sum({0}));
  check_near(std::get<1>(state), c * xs.prod(0));
}

BOOST_AUTO_TEST_CASE(one_operation_on_the_tape) {
  manual_seed(5);
  const Recurrence r;
  const auto [h, ys] = scan(r.cell(), r.xs, r.h0);
  const auto graph = tape::collect(ys);
  BOOST_REQUIRE(graph.nodes.size() == 1);
  BOOST_TEST(graph.nodes[0].op == "scan");
  BOOST_TEST(ys.grad_fn().attributes().get<std::int64_t>("steps").value() == 5);
  BOOST_TEST(h.grad_fn_name() == std::string("scan"));
  const std::string picture = viz::to_dot(ys.sum());
  BOOST_TEST(picture.find("scan") != std::string::npos);
  BOOST_TEST(picture.find("× 5") != std::string::npos);
  BOOST_TEST(picture.find("tanh") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(steps_share_their_nodes) {
  manual_seed(6);
  const auto bytes = [](std::int64_t steps, bool by_scan) {
    const Recurrence r(steps);
    const auto cell = [&](const Tensor& h, const Tensor& x) {
      const Tensor next = tanh(matmul(x, r.w) + matmul(h, r.u) + r.b) * sigmoid(h + 1.) - h;
      return Pair(next, next.sum());
    };
    return held_bytes([&] { return (by_scan ? scan(cell, r.xs, r.h0) : loop(cell, r.xs, r.h0)).first; });
  };
  const std::int64_t scanned = bytes(300, true) - bytes(100, true), looped = bytes(300, false) - bytes(100, false);
  BOOST_TEST(scanned < looped * 6 / 10);
}

BOOST_AUTO_TEST_CASE(retained_and_freed) {
  manual_seed(10);
  const Recurrence r;
  const Tensor loss = loss_of(scan(r.cell(), r.xs, r.h0));
  const List first = grad(loss, r.all(), {}, {.retain_graph = true}), again = grad(loss, r.all());
  for (std::size_t i = 0; i < first.size(); ++i) BOOST_TEST(same_bits(first[i], again[i]));
  expect<AutogradError>({"scan", "already freed", "retain_graph"}, [&] { grad(loss, r.all()); });

  const Tensor other = loss_of(scan(r.cell(), r.xs, r.h0));
  {
    NoGradGuard off;
    Tensor u = r.u;
    u.mul_(2);
  }
  BOOST_CHECK_EXCEPTION(other.backward(), AutogradError, [](const AutogradError& e) {
    const std::string text = e.what();
    return text.find("matmul") != std::string::npos && text.find("overwritten") != std::string::npos &&
           text.find("within scan (step 4 of 5, backward)") != std::string::npos;
  });

  // Some of the results, some of the inputs.
  const Pair part = scan(r.cell(), r.xs, r.h0), whole = loop(r.cell(), r.xs, r.h0);
  check_near(grad(part.first.sum(), r.u, {}, {.retain_graph = true})[0],
             grad(whole.first.sum(), r.u, {}, {.retain_graph = true})[0]);
  check_near(grad(part.second[1].sum(), r.xs)[0], grad(whole.second[1].sum(), r.xs)[0]);
}

BOOST_AUTO_TEST_CASE(accumulates_into_grad) {
  manual_seed(12);
  const Recurrence r;
  loss_of(loop(r.cell(), r.xs, r.h0)).backward();
  const Tensor expected = (r.u.grad() * 2).detach();
  loss_of(scan(r.cell(), r.xs, r.h0)).backward();
  check_near(r.u.grad(), expected);
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const Tensor xs = parameter({3, 2}), h0 = parameter({2});
  const auto plain = [](const Tensor& h, const Tensor& x) { return Pair(h + x, h); };
  expect<ShapeError>({"scan", "single number", "called at test_scan.cpp"}, [&] { scan(plain, parameter({}), h0); });
  expect<ValueError>({"scan", "no inputs"}, [&] {
    scan([](const Tensor& h, const std::vector<Tensor>&) { return Pair(h, h); }, std::vector<Tensor>(), h0);
  });
  expect<ShapeError>({"scan", "numbers of steps", "(3, 2)", "(4, 2)"}, [&] {
    scan([](const Tensor& h, const Pair& x) { return Pair(h + x.first, x.second); }, Pair(xs, parameter({4, 2})), h0);
  });
  expect<ValueError>({"scan"}, [&] { scan(plain, xs, Tensor()); });
  int step = 0;
  expect<ShapeError>({"scan", "step 0", "state", "(2)", "(1, 2)"}, [&] {
    scan([](const Tensor& h, const Tensor& x) { return Pair((h + x).unsqueeze(0), h); }, xs, h0);
  });
  expect<ShapeError>({"scan", "step 1", "output", "(2)", "()"}, [&] {
    scan([&](const Tensor& h, const Tensor& x) { return Pair(h + x, step++ ? h.sum() : h); }, xs, h0);
  });
  expect<DTypeError>({"scan", "step 0", "state", "f64", "f32"}, [&] {
    scan([](const Tensor& h, const Tensor& x) { return Pair((h + x).to(kFloat32), h); }, xs, h0);
  });
  step = 0;
  expect<ValueError>({"scan", "step 2", "undefined"}, [&] {
    scan([&](const Tensor& h, const Tensor& x) { return Pair(h + x, step++ == 2 ? Tensor() : h); }, xs, h0);
  });
  step = 0;
  expect<ValueError>({"scan", "step 1", "2 tensors", "of 1"}, [&] {
    scan([&](const Tensor& h, const Tensor& x) { return std::pair(h + x, List(step++ ? 2u : 1u, h)); }, xs, h0);
  });
  step = 0;
  expect<ShapeError>({"matmul", "within scan (step 2 of 3)"}, [&] {
    scan(
        [&](const Tensor& h, const Tensor& x) {
          return Pair(h + x, step++ == 2 ? matmul(h, ones({3, 3}, {kFloat64})) : h);
        },
        xs, h0);
  });
  NoGradGuard off;  // the same without a tape
  step = 0;
  expect<ShapeError>({"scan", "step 1", "output"}, [&] {
    scan([&](const Tensor& h, const Tensor& x) { return Pair(h + x, step++ ? h.sum() : h); }, xs, h0);
  });
}

BOOST_AUTO_TEST_CASE(no_steps) {
  const Recurrence r(0);
  const auto [h, ys] = scan(r.cell(), r.xs, r.h0);
  BOOST_TEST((ys.shape() == Shape{0, 2, 4}));
  BOOST_TEST(same_bits(h, r.h0));
  BOOST_TEST(!ys.requires_grad());
  check_close(grad(h.sum(), r.h0)[0], std::vector<double>(8, 1.));

  nn::BatchNorm1d norm(3);
  const Tensor mean = norm.running_mean.clone();
  manual_seed(3);
  const Tensor drawn = randn({2});
  manual_seed(3);
  scan([&](const Tensor& h, const Tensor& x) { return Pair(h, norm(x) + rand({2, 3})); }, zeros({0, 2, 3}), zeros({1}));
  BOOST_TEST(same_bits(randn({2}), drawn));
  BOOST_TEST(same_bits(norm.running_mean, mean));

  const Pair empty  // no rows in a step
      = scan([](const Tensor& h, const Tensor& x) { return Pair(tanh(h + x), h * x); }, parameter({3, 0}),
             parameter({0}));
  BOOST_TEST((empty.second.shape() == Shape{3, 0}));
  loss_of(empty).backward();
}

BOOST_AUTO_TEST_CASE(without_gradients) {
  manual_seed(14);
  const Recurrence r;
  const Pair expected = loop(r.cell(), r.xs, r.h0);
  {
    NoGradGuard off;
    const Pair found = scan(r.cell(), r.xs, r.h0);
    BOOST_TEST(same_bits(found.second, expected.second));
    BOOST_TEST(!found.second.requires_grad());
  }
  const auto plain = [](const Tensor& h, const Tensor& x) { return Pair(h + x, h); };
  const Pair constant = scan(plain, ones({3, 2}), zeros({2}));
  BOOST_TEST(!constant.first.requires_grad());
  BOOST_TEST(!constant.second.requires_grad());

  // Integers among the inputs, the state and the outputs; results that take no gradient.
  const Tensor table = parameter({5, 2}), tokens = tensor({3, 0, 4}, {kInt64});
  const auto [state, ys] = scan(
      [&](const Pair& s, const Tensor& token) {
        const Tensor row = table.index_select(0, token.reshape({1})).squeeze(0);
        return std::pair(Pair(s.first + 1, s.second * row), std::tuple(token * 2, row, row.detach()));
      },
      tokens, Pair(tensor(0, {kInt64}), ones({2}, {kFloat64})));
  BOOST_TEST(state.first.item<std::int64_t>() == 3);
  BOOST_TEST((std::get<0>(ys).to_vector<std::int64_t>() == std::vector<std::int64_t>{6, 0, 8}));
  BOOST_TEST(!std::get<2>(ys).requires_grad());
  const Tensor g = grad(state.second.sum() + std::get<1>(ys).sum(), table)[0];
  const Tensor expected_g =
      grad((table[3] * table[0] * table[4]).sum() + (table[3] + table[0] + table[4]).sum(), table)[0];
  check_near(g, expected_g);
}

BOOST_AUTO_TEST_CASE(other_ways_to_differentiate) {
  manual_seed(15);
  const Recurrence r;
  const auto f = [&](bool by_scan) {
    return
        [&, by_scan](const Tensor& h) { return loss_of(by_scan ? scan(r.cell(), r.xs, h) : loop(r.cell(), r.xs, h)); };
  };
  const Tensor v = draw({2, 4});
  check_near(jvp(f(true), r.h0, v).product, jvp(f(false), r.h0, v).product);
  check_near(vjp(f(true), r.h0).product, vjp(f(false), r.h0).product);
  check_near(hvp(f(true), r.h0, v).product, hvp(f(false), r.h0, v).product);
  check_near(vhp(f(true), r.h0, v).product, vhp(f(false), r.h0, v).product);
  check_near(hessian(f(true), r.h0), hessian(f(false), r.h0));
  // A tangent of the seed, over a scan without one.
  const Tensor y = scan(r.cell(), r.xs, r.h0).second, z = loop(r.cell(), r.xs, r.h0).second;
  const Tensor seed = draw(y.shape()), along = draw(y.shape());
  const auto back = [&](const Tensor& result) {
    return jvp([&](const Tensor& g) { return grad(result, r.h0, g, {.retain_graph = true})[0]; }, seed, along).product;
  };
  check_near(back(y), back(z));
}

BOOST_AUTO_TEST_CASE(anomalies) {
  const Tensor xs = tensor({1., 1., -1., 1.}, {kFloat64}).requires_grad_();
  const Tensor h0 = full({}, 0.5, {kFloat64}).requires_grad_();
  const DetectAnomaly on;
  BOOST_CHECK_EXCEPTION(
      scan([](const Tensor& h, const Tensor& x) { return Pair(log(h * x) + 2, h); }, xs, h0), ValueError,
      [](const ValueError& e) { return std::string(e.what()).find("step 2 of 4") != std::string::npos; });
  const Tensor y = scan([](const Tensor& h, const Tensor& x) { return Pair(h * 0 + sqrt(x - x), h); }, xs, h0).first;
  BOOST_CHECK_EXCEPTION(y.backward(), ValueError, [](const ValueError& e) {
    const std::string text = e.what();
    return text.find("sqrt") != std::string::npos && text.find("step 3 of 4, backward") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace xgrad::test::scans
