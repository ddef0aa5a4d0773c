// The modules behind layers whose layout differs from nn's: images are (N, H, W, C) outside and (N, C, H, W), a view of
// the same memory, inside.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/normalization.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad::keras {

struct ConvModule : nn::Layer<ConvModule> {
  nn::Conv2d conv = nullptr;
  nn::AnyModule activation = nullptr;
  std::optional<Extents<2>> same_stride;  // padding="same"
  Extents<2> extent;                      // of a window, with its gaps
  ConvModule(nn::Conv2d conv_layer, nn::AnyModule activation_layer, std::optional<Extents<2>> stride_of_same,
             Extents<2> window);
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

struct PoolModule : nn::Layer<PoolModule> {
  Extents<2> size, stride;
  bool same, largest;
  PoolModule(Extents<2> pool_size, Extents<2> strides, bool padded, bool maximum);
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

// Norm: nn::BatchNorm1d of (N, C) and (N, T, C), nn::BatchNorm2d of (N, H, W, C).
template <class Norm>
struct BatchNormModule : nn::Layer<BatchNormModule<Norm>> {
  Norm norm = nullptr;
  explicit BatchNormModule(Norm layer)
      : nn::Layer<BatchNormModule<Norm>>("BatchNormalization"), norm(this->register_module("norm", std::move(layer))) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};
template <>
Tensor BatchNormModule<nn::BatchNorm1d>::forward(const Tensor& x, Location at) const;
template <>
Tensor BatchNormModule<nn::BatchNorm2d>::forward(const Tensor& x, Location at) const;

// x with zeros in the steps of which every feature is `value`; they have no place in its mask.
struct MaskingModule : nn::Layer<MaskingModule> {
  double value;
  explicit MaskingModule(double mask_value) : Layer("Masking"), value(mask_value) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

// The output of all steps, or of the last. Steps that a mask leaves out change nothing.
template <class RNN>
struct RecurrentModule : nn::Layer<RecurrentModule<RNN>> {
  RNN rnn = nullptr;
  bool return_sequences;
  RecurrentModule(const char* name, RNN layer, bool all_steps)
      : nn::Layer<RecurrentModule<RNN>>(name),
        rnn(this->register_module("rnn", std::move(layer))),
        return_sequences(all_steps) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

// One layer forwards and one backwards in time.
struct BidirectionalModule : nn::Layer<BidirectionalModule> {
  enum class Merge { concat, sum, mul, ave };
  nn::AnyModule forwards = nullptr, backwards = nullptr;
  Merge merge;
  BidirectionalModule(nn::AnyModule forward_layer, nn::AnyModule backward_layer, Merge how);
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  Tensor merged(const Tensor& a, const Tensor& b, const Location& at) const;
};

}  // namespace xgrad::keras
