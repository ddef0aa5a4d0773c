#include <span>

#include <xgrad/check.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/sequential.hpp>

#include "module_state.hpp"

namespace xgrad::detail {
namespace {

template <class F, class... Defaults>
Activation found(F* f, std::span<const std::tuple<F*, Defaults...>> table, const Location& at) {
  for (const auto& row : table)
    if (std::get<0>(row) == f)
      return [row](const Tensor& x, const Location& where) {
        return std::apply([&](F* g, Defaults... d) { return g(x, d..., where); }, row);
      };
  ErrorReport("Sequential", "a function takes more than a tensor, and its defaults are not known", at)
      .help("write what it is called with: [](const Tensor& x) { return softmax(x, -1); }")
      .value_error();
}

}  // namespace

Activation with_defaults(Tensor (*f)(const Tensor&, Gelu, Location), const Location& at) {
  using Row = std::tuple<Tensor (*)(const Tensor&, Gelu, Location), Gelu>;
  static const Row table[] = {{gelu, nn::GELUOptions{}.approximate}};
  return found(f, std::span<const Row>(table), at);
}

Activation with_defaults(Tensor (*f)(const Tensor&, double, Location), const Location& at) {
  using Row = std::tuple<Tensor (*)(const Tensor&, double, Location), double>;
  static const Row table[] = {
      {leaky_relu, nn::LeakyReLUOptions{}.negative_slope},
      {elu, nn::ELUOptions{}.alpha},
      {celu, nn::CELUOptions{}.alpha},
      {hardshrink, nn::HardshrinkOptions{}.lambd},
      {softshrink, nn::SoftshrinkOptions{}.lambd},
      {step, nn::StepOptions{}.at_zero},
  };
  return found(f, std::span<const Row>(table), at);
}

Activation with_defaults(Tensor (*f)(const Tensor&, double, double, Location), const Location& at) {
  using Row = std::tuple<Tensor (*)(const Tensor&, double, double, Location), double, double>;
  constexpr nn::SoftplusOptions soft;
  constexpr nn::HardtanhOptions hard;
  static const Row table[] = {{softplus, soft.beta, soft.threshold}, {hardtanh, hard.min_val, hard.max_val}};
  return found(f, std::span<const Row>(table), at);
}

Activation with_defaults(Tensor (*f)(const Tensor&, std::int64_t, Location), const Location& at) {
  using Row = std::tuple<Tensor (*)(const Tensor&, std::int64_t, Location), std::int64_t>;
  static const Row table[] = {{glu, nn::GLUOptions{}.dim}};
  return found(f, std::span<const Row>(table), at);
}

}  // namespace xgrad::detail

namespace xgrad::nn {

// Functions are not among the children.
void Sequential::exchange(std::int64_t i, AnyModule part, bool is_module, const Location& where) {
  AnyModule& place = at(i, where);
  auto& children = state_->children;
  const auto index_of = [&](const AnyModule& p) {
    return std::ranges::find_if(children, [&](const auto& c) { return c.second == p.state_; }) - children.begin();
  };
  const auto child = index_of(place);
  const bool was_module = child < std::ssize(children);
  if (was_module && is_module) {
    exchange_child(children[static_cast<std::size_t>(child)].first, part, where);
  } else if (was_module) {
    place.state_->has_parent = false;
    children.erase(children.begin() + child);
  } else if (is_module) {
    const std::string name = std::to_string(&place - parts_->data());
    add_child(name, part, where);
    // To where its position is.
    std::ptrdiff_t before = 0;
    for (const AnyModule* p = parts_->data(); p != &place; ++p) before += index_of(*p) < std::ssize(children);
    std::rotate(children.begin() + before, children.end() - 1, children.end());
  }
  place = std::move(part);
}

Tensor Sequential::forward(const Tensor& x, Location at) const {
  Tensor y = x;
  for (const AnyModule& part : *parts_) y = part.forward(y, at);
  return y;
}

}  // namespace xgrad::nn
