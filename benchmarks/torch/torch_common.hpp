// What the libtorch workloads share. ../xgrad/xgrad_common.hpp is its twin.
#pragma once

#include <cmath>

#include <torch/torch.h>

#include "../synth.hpp"

using synth::field;
using synth::Register;
using torch::Tensor;
namespace nn = torch::nn;
namespace F = torch::nn::functional;

inline Tensor uniform_tensor(at::IntArrayRef shape, uint64_t seed, float lo = -1, float hi = 1) {
  Tensor t = torch::empty(shape);
  synth::uniform(t.data_ptr<float>(), static_cast<size_t>(t.numel()), seed, lo, hi);
  return t;
}

// Parameter i, in the order of parameters(): matrices and kernels U(-b, b) with b = sqrt(size(0) / numel) from stream
// 1000 + i; vectors 0 when called bias, else (the scale of a norm) 1.
inline void init(nn::Module& m) {
  torch::NoGradGuard no_grad;
  uint64_t i = 0;
  for (auto& item : m.named_parameters()) {
    Tensor p = item.value();
    if (p.dim() >= 2) {
      const float b = std::sqrt(static_cast<float>(p.size(0)) / static_cast<float>(p.numel()));
      synth::uniform(p.data_ptr<float>(), static_cast<size_t>(p.numel()), 1000 + i, -b, b);
    } else {
      p.fill_(item.key().find("bias") != std::string::npos ? 0.f : 1.f);
    }
    ++i;
  }
}

// n batches of a classification problem; a sample has shape dims.
struct Batches {
  std::vector<Tensor> x, y;
  Batches(int64_t n, int64_t batch, const std::vector<int64_t>& dims, int64_t classes) {
    int64_t dim = 1;
    for (int64_t d : dims) dim *= d;
    Tensor all_x = torch::empty({n * batch, dim}), all_y = torch::empty({n * batch}, torch::kInt64);
    synth::classification(all_x.data_ptr<float>(), all_y.data_ptr<int64_t>(), static_cast<size_t>(n * batch),
                          static_cast<size_t>(dim), static_cast<size_t>(classes), 7);
    std::vector<int64_t> shape{batch};
    shape.insert(shape.end(), dims.begin(), dims.end());
    for (int64_t i = 0; i < n; ++i) {
      x.push_back(all_x.slice(0, i * batch, (i + 1) * batch).reshape(shape).clone());
      y.push_back(all_y.slice(0, i * batch, (i + 1) * batch).clone());
    }
  }
};

// Times one optimizer step; loss(k) builds the graph of batch k. The losses are those of step 1 and step `check`.
template <class Optimizer, class Loss>
void train(const std::string& name, int threads, Optimizer& opt, Loss loss, double batch, double flop, int check = 20) {
  size_t k = 0;
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
