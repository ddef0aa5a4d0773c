// Every message names the line of the user's program, and no file of the library: tensors and gradients. Operations:
// op_table_lines.cpp; modules, training and pictures: test_error_lines_training.cpp. Each call below is a mistake.
#include <xgrad/gradcheck.hpp>
#include <xgrad/xgrad.hpp>
#include <xgrad/xtensor.hpp>

#include "error_lines.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_SUITE(error_lines)

BOOST_AUTO_TEST_CASE(an_undefined_tensor) {
  Tensor t;
  wrong([&] { t.dtype(); });
  wrong([&] { t.shape(); });
  wrong([&] { t.sizes(); });
  wrong([&] { t.strides(); });
  wrong([&] { t.dim(); });
  wrong([&] { t.numel(); });
  wrong([&] { t.size(0); });
  wrong([&] { t.stride(0); });
  wrong([&] { t.is_contiguous(); });
  wrong([&] { t.is_floating_point(); });
  wrong([&] { t.data<float>(); });
  wrong([&] { t.mutable_data<float>(); });
  wrong([&] { t.item(); });
  wrong([&] { t.item_scalar(); });
  wrong([&] { t.to_vector<float>(); });
  wrong([&] { t.requires_grad(); });
  wrong([&] { t.requires_grad_(); });
  wrong([&] { t.is_leaf(); });
  wrong([&] { t.grad(); });
  wrong([&] { t.set_grad(ones({2})); });
  wrong([&] { t.zero_grad(); });
  wrong([&] { t.backward(); });
  wrong([&] { t.retain_grad(); });
  wrong([&] { t.register_hook([](const Tensor& g) { return g; }); });
  wrong([&] { t.register_post_accumulate_grad_hook([](Tensor&) {}); });
  wrong([&] { t.retains_grad(); });
  wrong([&] { t.grad_fn(); });
  wrong([&] { t.is_inference(); });
  wrong([&] { t.detach(); });
  wrong([&] { t.grad_fn_name(); });
  wrong([&] { t.version(); });
  wrong([&] { t.set_data(ones({2})); });
  wrong([&] { t.name(); });
  wrong([&] { t.set_name("t"); });
  wrong([&] { t.to(kFloat64); });
  wrong([&] { t.clone(); });
  wrong([&] { t.contiguous(); });
  wrong([&] { t.copy_(ones({2})); });
  wrong([&] { t.fill_(1); });
  wrong([&] { t.zero_(); });
  wrong([&] { t.add_(1); });
  wrong([&] { t.add_(ones({1})); });
  wrong([&] { t.sub_(ones({1})); });
  wrong([&] { t.mul_(2); });
  wrong([&] { t.div_(2); });
  wrong([&] { t.clamp_(0, 1); });
  wrong([&] { t += 1; });
  wrong([&] { t -= 1; });
  wrong([&] { t *= 2; });
  wrong([&] { t /= 2; });
  wrong([&] { t.view({2}); });
  wrong([&] { t.reshape({2}); });
  wrong([&] { t.flatten(); });
  wrong([&] { t.squeeze(); });
  wrong([&] { t.squeeze(0); });
  wrong([&] { t.unsqueeze(0); });
  wrong([&] { t.transpose(0, 1); });
  wrong([&] { t.t(); });
  wrong([&] { t.permute({0}); });
  wrong([&] { t.expand({2}); });
  wrong([&] { t.slice(0); });
  wrong([&] { t.narrow(0, 0, 1); });
  wrong([&] { t.select(0, 0); });
  wrong([&] { t[0]; });
  wrong([&] { t.sum(); });
  wrong([&] { t.sum({0}); });
  wrong([&] { t.mean(); });
  wrong([&] { t.argmax(0); });
  wrong([&] { t + 1; });
  wrong([&] { 1 - t; });
  wrong([&] { -t; });
  wrong([&] { t == 1; });
  wrong([&] { t < 1; });
  wrong([&] { !t; });
}

BOOST_AUTO_TEST_CASE(tensors) {
  Tensor x = ones({2, 3}), leaf = ones({2}, {.requires_grad = true}), wide = ones({1, 3}).expand({2, 3});
  wrong([&] { x.size(2); });
  wrong([&] { x.stride(-3); });
  wrong([&] { ones({}).size(0); });
  wrong([&] { x.data<double>(); });
  wrong([&] { x.t().data<float>(); });
  wrong([&] { leaf.mutable_data<float>(); });
  wrong([&] { x.item(); });
  wrong([&] { x[2]; });
  wrong([&] { x[0] = ones({4}); });
  wrong([&] { x[0] += ones({4}); });
  wrong([&] {
    x.select(1, 2) = 4;
    x.select(1, 3) = 4;
  });
  wrong([&] { leaf.add_(1); });
  wrong([&] { leaf *= 2; });
  wrong([&] { wide.add_(1); });
  wrong([&] { x.add_(ones({4})); });
  wrong([&] { tensor({1, 2}).div_(2); });
  wrong([&] { tensor({1, 2}).fill_(1e300); });
  wrong([&] { tensor({1, 2}).requires_grad_(); });
  wrong([&] { (leaf * 2).requires_grad_(false); });
  wrong([&] { x.set_grad(ones({3})); });
  wrong([&] { (leaf * 2).set_data(ones({2})); });
  wrong([&] { x.retain_grad(); });
  wrong([&] { x.register_hook({}); });
  wrong([&] { leaf.register_hook({}); });
  wrong([&] { Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; });
  wrong([&] { Shape(std::vector<std::int64_t>(9, 1)); });
  wrong([&] { Shape{1, 1, 1, 1, 1, 1, 1, 1}.push_back(1); });
  wrong([&] { zeros({1, 1, 1, 1, 1, 1, 1, 1, 1}); });
  wrong([&] { x.reshape({1, 1, 1, 1, 1, 1, 1, 1, 6}); });
  wrong([&] { Extents<2>(Shape{1, 2, 3}); });
  wrong([&] { set_num_threads(0); });
}

BOOST_AUTO_TEST_CASE(making_tensors) {
  constexpr std::int64_t huge = std::int64_t{1} << 62;
  wrong([&] { empty({-1}); });
  wrong([&] { zeros({huge, huge}); });
  wrong([&] { ones({huge / 2}); });
  wrong([&] { zeros({2}, {kInt64, true}); });
  wrong([&] { full({2}, 300, {kUInt8}); });
  wrong([&] { eye(-1); });
  wrong([&] { arange(0, 5, 0); });
  wrong([&] { linspace(0, 1, -1); });
  wrong([&] { rand({-2}); });
  wrong([&] { randn({2}, {kInt64}); });
  wrong([&] { randint(5, 5, {2}); });
  wrong([&] { randperm(-1); });
  wrong([&] { bernoulli(1.5, {2}); });
  wrong([&] { bernoulli(none); });
  wrong([&] { normal(0, -1, {2}); });
  wrong([&] { uniform(1, 0, {2}); });
  wrong([&] { empty_like(none); });
  wrong([&] { zeros_like(none); });
  wrong([&] { ones_like(none); });
  wrong([&] { full_like(none, 1); });
  wrong([&] { rand_like(none); });
  wrong([&] { randn_like(none); });
  wrong([&] { randint_like(none, 5); });
  wrong([&] { normal(none, 1); });
  wrong([&] { binomial(none, none); });
  wrong([&] { standard_gamma(none); });
  wrong([&] { gumbel_softmax(none); });
  wrong([&] { zeros({2}).random_(0); });
  wrong([&] { zeros({2}).bernoulli_(none); });
  wrong([&] { tensor({{1., 2.}, {3.}}); });
  wrong([&] { from_vector(std::vector<float>{1, 2, 3}, {2, 2}); });
  wrong([&] {
    float data[2] = {};
    from_blob(data, {-2});
  });
  wrong([&] { array<double>(ones({2})); });
}

BOOST_AUTO_TEST_CASE(gradients) {
  const Tensor x = ones({2}, {.requires_grad = true}), y = x * 2;
  wrong([&] { y.backward(); });
  wrong([&] { y.backward(ones({3})); });
  wrong([&] { ones({}).backward(); });
  wrong([&] { backward({y, y}, {ones({2})}); });
  wrong([&] { grad({y.sum()}, {ones({2})}); });
  wrong([&] { grad({y.sum()}, {none}); });
  wrong([&] { grad({y}, {x}); });
  const auto one = [](const std::vector<Tensor>& in) { return in[0] * 2; };
  wrong([&] { gradcheck(one, {ones({2})}); });
  wrong([&] { gradcheck(one, {ones({2}, {kFloat64})}); });
  wrong([&] { gradgradcheck(one, {ones({2})}); });
  const auto stepped = [](const std::vector<Tensor>& in) { return in[0].detach() * 2 + in[0]; };
  wrong([&] { gradcheck(stepped, {ones({2}, {kFloat64, true})}); });
  const DetectAnomaly guard;
  wrong([&] { log(zeros({2})); });
}

// What was changed in between is named by the line of the change.
BOOST_AUTO_TEST_CASE(values_that_were_changed) {
  const auto changed_by = [](const std::function<void(nn::Linear&)>& change, Location at = Location::current()) {
    nn::Linear fc(2, 2);
    const Tensor x = ones({1, 2}, {.requires_grad = true});
    const Tensor loss = square(fc(tanh(fc(x)))).sum();
    loss.backward({.retain_graph = true});
    change(fc);
    try {
      loss.backward();
      BOOST_ERROR(file_and_line(at) + ": nothing was thrown");
    } catch (const AutogradError& e) {
      const std::string text = e.what(), line = fmt::format("test_error_lines.cpp:{}", at.line());
      if (text.find(line) == text.npos) BOOST_ERROR(fmt::format("{} is missing in:\n{}", line, text));
      static const std::regex place(R"(([A-Za-z0-9_./]+\.[ch]pp):)");
      for (std::sregex_iterator m(text.begin(), text.end(), place), end; m != end; ++m)
        if ((*m)[1] != "test_error_lines.cpp") BOOST_ERROR(fmt::format("'{}' in:\n{}", (*m)[1].str(), text));
    }
  };
  changed_by([](nn::Linear& m) { optim::SGD(m.parameters(), {.lr = 0.1}).step(); });
  changed_by([](nn::Linear& m) { optim::SGD(m.parameters(), {.lr = 0.1, .momentum = 0.9}).step(); });
  changed_by([](nn::Linear& m) { optim::Adam(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::AdamW(m.parameters()).step([] { return ones({}); }); });
  changed_by([](nn::Linear& m) { optim::RMSprop(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Adagrad(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Adadelta(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Adamax(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::NAdam(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::RAdam(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::Rprop(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { optim::ASGD(m.parameters()).step(); });
  changed_by([](nn::Linear& m) { m.load_state_dict(nn::Linear(2, 2).state_dict()); });
  changed_by([](nn::Linear& m) { m.prepare_state_dict(nn::Linear(2, 2).state_dict())(); });
  changed_by([](nn::Linear& m) { nn::vector_to_parameters(ones({6}), m.parameters()); });
  changed_by([](nn::Linear& m) { nn::init::kaiming_uniform_(m.weight); });
}

BOOST_AUTO_TEST_SUITE_END()
