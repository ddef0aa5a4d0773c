// Derivatives of functions. Each begins with tensors of its own in the place of the inputs, on which f is recorded.
#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/forward_ad.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/forward.hpp"
#include "core/tape/views.hpp"

namespace xgrad::detail {

void wrong_count_of_inputs(std::size_t takes, std::size_t given) {
  ErrorReport("functional", fmt::format("the function takes {} tensors, and {} are given", takes, given),
              user_line(Location::current()))
      .value_error();
}

namespace {

// One call of one of the functions.
class Request {
 public:
  Request(const char* op, const ListFunction& f, const List& x, const FunctionalOptions& options, const Location& at)
      : op_(op), f_(f), options_(options), at_(at), site_(at) {
    if (x.empty()) ErrorReport(op, "there is no input to differentiate by", at).value_error();
    for (const Tensor& t : x) {
      require_defined(op, t, at);
      require_floating(op, t, at);
    }
    for (const Tensor& t : x) {
      current_node(t);  // gives a view of what was changed its tangent
      const bool joined = options.create_graph && requires_grad(t);
      inputs_.push_back(joined ? view(t, impl(t).shape) : make_alias_with_tangents(t));
    }
  }

  const List& inputs() const { return inputs_; }
  void require_grad() {
    for (Tensor& t : inputs_)
      if (!requires_grad(t)) t.requires_grad_();
  }

  List run(const List& x) const {
    List y = f_(x);
    if (y.empty()) ErrorReport(op_, "the function returned no tensor", at_).value_error();
    for (std::size_t k = 0; k < y.size(); ++k) {
      if (!y[k].defined())
        ErrorReport(op_, fmt::format("the function returned an undefined tensor as output {}", k), at_).value_error();
      if (!is_floating(impl(y[k]).dtype))
        ErrorReport(op_, fmt::format("output {} of the function is {}, which has no derivative", k, name(y[k].dtype())),
                    at_)
            .operand("output", y[k])
            .dtype_error();
    }
    return y;
  }
  List run_for_number(const List& x) const {
    List y = run(x);
    if (y.size() != 1 || impl(y[0]).numel != 1)
      ErrorReport(
          op_,
          y.size() != 1
              ? fmt::format("the function gives {} tensors; second derivatives are of a single number", y.size())
              : "the function gives more than a single number, which second derivatives are of",
          at_)
          .operand("output", y[0])
          .help("reduce it first, e.g. sum() or mean()")
          .shape_error();
    return y;
  }

  // v in the form of `of`, whose parts are called `part`s.
  void check_direction(const List& v, const List& of, const char* part) const {
    if (v.size() != of.size())
      ErrorReport(op_, fmt::format("v has {} tensors for {} {}s", v.size(), of.size(), part), at_).value_error();
    for (std::size_t i = 0; i < v.size(); ++i) {
      require_defined(op_, v[i], at_);
      const auto report = [&](const std::string& rule) {
        return ErrorReport(op_, rule, at_).operand(part, of[i]).operand("v", v[i]);
      };
      if (impl(v[i]).shape != impl(of[i]).shape)
        report(
            fmt::format("v of {} {} has shape {}, which is not that of the {}", part, i, to_string(v[i].shape()), part))
            .shape_error();
      if (impl(v[i]).dtype != impl(of[i]).dtype)
        report(fmt::format("v of {} {} is {}, which is not the type of the {}", part, i, name(v[i].dtype()), part))
            .dtype_error();
    }
  }
  // The same, where v may be left out.
  List direction(const List& v, const List& of, const char* part) const {
    if (!v.empty()) {
      check_direction(v, of, part);
      return v;
    }
    if (of.size() != 1 || impl(of[0]).numel != 1)
      ErrorReport(op_, fmt::format("v is needed: only for a single {} of one element it can be left out", part), at_)
          .operand(part, of[0])
          .value_error();
    Tensor one = make_tensor(impl(of[0]).shape, impl(of[0]).dtype);
    fill_raw(one, Scalar(1));
    return {one};
  }

  // Gradients of <seeds, y> by x; zeros, or an error, where there is none.
  List gradients(const List& y, const List& x, const List& seeds, bool create_graph, bool retain_graph,
                 const char* what) const {
    List roots, used, g(x.size());
    for (std::size_t k = 0; k < y.size(); ++k) {
      if (!requires_grad(y[k])) {
        if (options_.strict) independent(what, k, {});
        continue;
      }
      roots.push_back(y[k]);
      used.push_back(seeds[k]);
    }
    if (!roots.empty())
      g = grad(roots, x, used, {.retain_graph = retain_graph, .create_graph = create_graph, .allow_unused = true}, at_);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (g[i].defined()) continue;
      if (options_.strict) independent(what, y.size() == 1 ? std::optional<std::size_t>(0) : std::nullopt, i);
      g[i] = zeros_raw(impl(x[i]).shape, impl(x[i]).dtype);
    }
    return g;
  }
  [[noreturn]] void independent(const char* what, std::optional<std::size_t> k, std::optional<std::size_t> i) const {
    ErrorReport(op_,
                fmt::format("{} of the function does not depend on {}",
                            k ? fmt::format("{} {}", what, *k) : fmt::format("the {}s", what),
                            i ? fmt::format("input {}", *i) : std::string("the inputs")),
                at_)
        .help("without .strict = true the derivative is zero")
        .autograd_error();
  }

  // What the caller gets.
  Tensor result(const Tensor& t) const { return options_.create_graph ? t : make_alias_with_tangents(t); }
  List results(List list) const {
    for (Tensor& t : list) t = result(t);
    return list;
  }

  const char* op() const { return op_; }
  const FunctionalOptions& options() const { return options_; }
  const Location& at() const { return at_; }

 private:
  const char* op_;
  const ListFunction& f_;
  const FunctionalOptions& options_;
  const Location& at_;
  GradModeGuard on_{true};
  CallSite site_;
  List inputs_;
};

// The number r in row-major order is one, the others are zero.
Tensor unit(const Tensor& like, std::int64_t r) {
  const DType dtype = impl(like).dtype;
  Tensor e = zeros_raw(impl(like).shape, dtype);
  dispatch_floating(dtype, [&](auto zero) { data<decltype(zero)>(e)[r] = 1; });
  return e;
}

// [output][input], of outputs that were recorded from the inputs of `call`.
std::vector<List> rows(const Request& call, const List& y, const List& x, const char* what) {
  std::vector<List> result;
  for (std::size_t k = 0; k < y.size(); ++k) {
    const std::int64_t n = impl(y[k]).numel;
    std::vector<List> by_input(x.size());
    for (std::int64_t r = 0; r < n; ++r) {
      List g = call.gradients({y[k]}, x, {unit(y[k], r)}, call.options().create_graph, true, what);
      for (std::size_t i = 0; i < x.size(); ++i) by_input[i].push_back(std::move(g[i]));
    }
    result.emplace_back();
    for (std::size_t i = 0; i < x.size(); ++i) {
      Shape shape = impl(y[k]).shape;
      if (shape.rank() + impl(x[i]).shape.rank() > kMaxRank)
        ErrorReport(call.op(), fmt::format("the result would have more than {} dimensions", kMaxRank), call.at())
            .operand("output", y[k])
            .operand("input", x[i])
            .shape_error();
      for (const std::int64_t size : impl(x[i]).shape) shape.push_back(size);
      result.back().push_back(n == 0 ? zeros_raw(shape, impl(x[i]).dtype)
                                     : call.result(reshape(stack(by_input[i]), shape)));
    }
  }
  return result;
}

}  // namespace

std::vector<List> jacobian_of(const ListFunction& f, const List& x, const FunctionalOptions& options,
                              const Location& at) {
  Request call("jacobian", f, x, options, at);
  call.require_grad();
  return rows(call, call.run(call.inputs()), call.inputs(), "output");
}

std::vector<List> hessian_of(const ListFunction& f, const List& x, const FunctionalOptions& options,
                             const Location& at) {
  Request call("hessian", f, x, options, at);
  call.require_grad();
  const List y = call.run_for_number(call.inputs());
  return rows(call, call.gradients(y, call.inputs(), {unit(y[0], 0)}, true, true, "output"), call.inputs(), "gradient");
}

ListProduct vjp_of(const ListFunction& f, const List& x, const List& v, const FunctionalOptions& options,
                   const Location& at) {
  Request call("vjp", f, x, options, at);
  call.require_grad();
  const List y = call.run(call.inputs());
  const List seeds = call.direction(v, y, "output");
  List g = call.gradients(y, call.inputs(), seeds, options.create_graph, options.create_graph, "output");
  return {call.results(y), call.results(std::move(g))};
}

namespace {

// The parts of what was computed from duals; zeros, or an error, where nothing came through.
ListProduct parts(const Request& call, const List& y, const char* what) {
  ListProduct p;
  for (std::size_t k = 0; k < y.size(); ++k) {
    auto [primal, tangent] = forward_ad::unpack_dual(y[k], call.at());
    if (!tangent.defined()) {
      if (call.options().strict) call.independent(what, k, {});
      tangent = zeros_raw(impl(y[k]).shape, impl(y[k]).dtype);
    }
    p.outputs.push_back(std::move(primal));
    p.products.push_back(std::move(tangent));
  }
  return p;
}

List duals(const Request& call, const List& v) {
  List x;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const Tensor direction = call.options().create_graph ? v[i] : make_alias_with_tangents(v[i]);
    x.push_back(forward_ad::make_dual(call.inputs()[i], direction, call.at()));
  }
  return x;
}

}  // namespace

ListProduct jvp_of(const ListFunction& f, const List& x, const List& v, const FunctionalOptions& options,
                   const Location& at) {
  const Request call("jvp", f, x, options, at);
  const List direction = call.direction(v, call.inputs(), "input");
  ListProduct p;
  {
    const forward_ad::DualLevel level;
    p = parts(call, call.run(duals(call, direction)), "output");
  }
  return {call.results(std::move(p.outputs)), call.results(std::move(p.products))};
}

ListProduct hvp_of(const ListFunction& f, const List& x, const List& v, const FunctionalOptions& options,
                   const Location& at) {
  Request call("hvp", f, x, options, at);
  call.require_grad();
  const List direction = call.direction(v, call.inputs(), "input");
  List y, products;
  {
    const forward_ad::DualLevel level;
    const List inputs = duals(call, direction);
    const List value = call.run_for_number(inputs);
    const List g =
        call.gradients(value, inputs, {unit(value[0], 0)}, options.create_graph, options.create_graph, "output");
    products = parts(call, g, "gradient").products;
    y = {forward_ad::unpack_dual(value[0], at).primal};
  }
  return {call.results(std::move(y)), call.results(std::move(products))};
}

ListProduct vhp_of(const ListFunction& f, const List& x, const List& v, const FunctionalOptions& options,
                   const Location& at) {
  Request call("vhp", f, x, options, at);
  call.require_grad();
  const List direction = call.direction(v, call.inputs(), "input");
  const List y = call.run_for_number(call.inputs());
  const List g = call.gradients(y, call.inputs(), {unit(y[0], 0)}, true, true, "output");
  List products = call.gradients(g, call.inputs(), direction, options.create_graph, options.create_graph, "gradient");
  return {call.results(y), call.results(std::move(products))};
}

}  // namespace xgrad::detail
