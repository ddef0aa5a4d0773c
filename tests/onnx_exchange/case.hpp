// A case of a module, of a function, or of a function with several results.
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "models.hpp"

namespace xgrad::exchange {

using detail::append_tensors;

template <class M, std::size_t... I>
std::vector<Tensor> call(const M& net, const std::vector<Tensor>& in, std::index_sequence<I...>) {
  std::vector<Tensor> all;
  const NoGradGuard off;
  append_tensors(net(in[I]...), all);
  return all;
}

// A case of a module with N inputs. dims: for each input the dimension that is dynamic, or -1.
template <std::size_t N, class Make>
Case of(const std::string& name, const Make& make, const std::vector<Tensor>& inputs, std::vector<std::int64_t> dims) {
  return {name,
          [=](const std::string& path) {
            manual_seed(7);
            auto net = make();
            // Statistics that are not 0 and 1, and a mode that must be the same afterwards.
            for (const auto& [key, buffer] : net.named_buffers())
              if (is_floating(buffer.dtype())) {
                const NoGradGuard off;
                Tensor(buffer).add_(rand(buffer.shape()).mul_(0.5).to(buffer.dtype()));
              }
            net.train();
            onnx::SaveOptions o;
            Exported e{inputs, {}, {}, {}};
            bool dynamic = false;
            for (std::size_t i = 0; i < inputs.size(); ++i) {
              o.input_names.push_back("in" + std::to_string(i));
              const std::int64_t d = dims.empty() ? -1 : dims[i];
              if (d < 0) {
                e.other_inputs.push_back(inputs[i]);
                continue;
              }
              dynamic = true;
              o.dynamic_axes[o.input_names[i]] = {{d, "batch"}};
              e.other_inputs.push_back(cat({inputs[i].flip(Shape{d}), inputs[i]}, d));
            }
            onnx::save(net, inputs, path, o);
            if (!net.is_training()) throw ValueError("the mode was not put back");
            net.eval();
            e.outputs = call(net, inputs, std::make_index_sequence<N>());
            if (dynamic)
              e.other_outputs = call(net, e.other_inputs, std::make_index_sequence<N>());
            else
              e.other_inputs.clear();
            return e;
          },
          {}};
}

template <class F>
struct Function : nn::Layer<Function<F>> {
  explicit Function(F f) : f_(std::move(f)) {}
  Tensor forward(const Tensor& x) const { return f_(x); }

 private:
  F f_;
};
template <class F>
Case function(const std::string& name, F f, const Tensor& x) {
  return of<1>(name, [f] { return Function<F>(f); }, {x}, {});
}

// Several results from one function.
template <class F>
struct Functions : nn::Layer<Functions<F>> {
  explicit Functions(F f) : f_(std::move(f)) {}
  std::vector<Tensor> forward(const Tensor& x) const { return f_(x); }

 private:
  F f_;
};
template <class F>
Case functions(const std::string& name, F f, const Tensor& x) {
  return of<1>(name, [f] { return Functions<F>(f); }, {x}, {});
}

}  // namespace xgrad::exchange
