// What the xgrad workloads share. ../torch/torch_common.hpp is its twin.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

#include "../synth.hpp"

using synth::field;
using synth::Register;
using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;

inline Tensor uniform_tensor(const xgrad::Shape& shape, std::uint64_t seed, float lo = -1, float hi = 1) {
  Tensor t = xgrad::empty(shape);
  synth::uniform(t.mutable_data<float>(), static_cast<std::size_t>(t.numel()), seed, lo, hi);
  return t;
}

// Parameter i, in the order of parameters(): matrices and kernels U(-b, b) with b = sqrt(size(0) / numel) from stream
// 1000 + i; vectors 0 when called bias, else (the scale of a norm) 1.
inline void init(nn::Module& m) {
  xgrad::NoGradGuard no_grad;
  std::uint64_t i = 0;
  for (auto& [name, parameter] : m.named_parameters()) {
    Tensor p = parameter;
    if (p.dim() >= 2) {
      const float b = std::sqrt(static_cast<float>(p.size(0)) / static_cast<float>(p.numel()));
      Tensor values = xgrad::empty(p.shape());  // a pointer to a parameter would bind a MemoryBudget's hands
      synth::uniform(values.mutable_data<float>(), static_cast<std::size_t>(p.numel()), 1000 + i, -b, b);
      p.copy_(values);
    } else {
      p.fill_(name.find("bias") != std::string::npos ? 0.f : 1.f);
    }
    ++i;
  }
}

// n batches of a classification problem; a sample has shape dims.
struct Batches {
  std::vector<Tensor> x, y;
  Batches(std::int64_t n, std::int64_t batch, const std::vector<std::int64_t>& dims, std::int64_t classes) {
    std::int64_t dim = 1;
    for (std::int64_t d : dims) dim *= d;
    Tensor all_x = xgrad::empty({n * batch, dim}), all_y = xgrad::empty({n * batch}, {xgrad::kInt64});
    synth::classification(all_x.mutable_data<float>(), all_y.mutable_data<std::int64_t>(),
                          static_cast<std::size_t>(n * batch), static_cast<std::size_t>(dim),
                          static_cast<std::size_t>(classes), 7);
    std::vector<std::int64_t> shape{batch};
    shape.insert(shape.end(), dims.begin(), dims.end());
    for (std::int64_t i = 0; i < n; ++i) {
      x.push_back(all_x.slice(0, i * batch, (i + 1) * batch).reshape(shape).clone());
      y.push_back(all_y.slice(0, i * batch, (i + 1) * batch).clone());
    }
  }
};

// Times one optimizer step; loss(k) builds the graph of batch k. The losses are those of step 1 and step `check`.
template <class Optimizer, class Loss>
void train(const std::string& name, int threads, Optimizer& opt, Loss loss, double batch, double flop, int check = 20) {
  std::size_t k = 0;
  double first = 0, last = 0;
  auto step = [&](bool read) {
    opt.zero_grad();
    Tensor l = loss(k++);
    l.backward();
    opt.step();
    if (read) last = l.template item<float>();
  };
  step(true);
  first = last;
  for (int i = 1; i < check; ++i) step(true);
  synth::report(name, threads, synth::measure([&] { step(false); }), batch, first, last, flop);
}
