// A model that goes through a file.
#include <cstdio>

#include <xgrad/onnx.hpp>
#include <xgrad/xgrad.hpp>

int main() {
  using namespace xgrad;
  const nn::Sequential net(nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 2));
  const Tensor x = rand({2, 3});
  onnx::save(net, x, "consumer.onnx");
  const bool same = allclose(onnx::load("consumer.onnx")(x), net(x), 1e-5, 1e-6);
  std::printf("onnx: %s\n", same ? "equal" : "different");
  return same ? 0 : 1;
}
