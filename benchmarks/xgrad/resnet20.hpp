// ResNet-20 for images of 32 x 32 (He, Zhang, Ren, Sun: "Deep residual learning for image recognition", CVPR 2016).
#pragma once

#include "xgrad_common.hpp"

inline nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                       std::int64_t padding, bool bias) {
  return nn::Conv2d(in, out, kernel, {.stride = stride, .padding = padding, .bias = bias});
}

// relu(norm(conv(relu(norm(conv(x))))) + x); x goes through a 1x1 convolution where the shape changes.
struct Block : nn::Layer<Block> {
  nn::Conv2d c1, c2;
  nn::BatchNorm2d b1, b2;
  nn::Sequential shortcut;
  bool same_shape;
  Block(std::int64_t in, std::int64_t out, std::int64_t stride)
      : c1(conv(in, out, 3, stride, 1, false)),
        c2(conv(out, out, 3, 1, 1, false)),
        b1(out),
        b2(out),
        same_shape(in == out) {
    register_module("c1", c1);
    register_module("b1", b1);
    register_module("c2", c2);
    register_module("b2", b2);
    if (same_shape) return;
    shortcut.add("cs", conv(in, out, 1, stride, 0, false)).add("bs", nn::BatchNorm2d(out));
    register_module("shortcut", shortcut);
  }
  Tensor forward(const Tensor& x) const {
    Tensor y = xgrad::relu(b1(c1(x)));
    return xgrad::relu(b2(c2(y)) + (same_shape ? x : shortcut(x)));
  }
};

// products: multiplications and additions of a forward pass of one image.
inline nn::Sequential make_resnet20(double& products) {
  nn::Sequential net(conv(3, 16, 3, 1, 1, false), nn::BatchNorm2d(16), nn::ReLU());
  products = 1024.0 * 27 * 16 * 2 / 3;
  for (int stage = 0, in = 16; stage < 3; ++stage)
    for (int k = 0; k < 3; ++k) {
      const int out = 16 << stage, side = 32 >> stage;
      net.push_back(Block(in, out, stage && !k ? 2 : 1));
      products += double(side * side) * (9.0 * in * out + 9.0 * out * out + (in != out ? in * out : 0));
      in = out;
    }
  net.push_back(nn::AdaptiveAvgPool2d(1));
  net.push_back(nn::Flatten());
  net.push_back(nn::Linear(64, 10));
  init(net);
  return net;
}
