// The training script of README.md, as it stands there.
#include <cstdio>

#include <xgrad/xgrad.hpp>

namespace nn = xgrad::nn;
using xgrad::Tensor;

int main() {
  xgrad::manual_seed(0);
  Tensor x = xgrad::rand({1000, 2}) * 2 - 1;                // points in a square,
  Tensor y = (square(x).sum({1}) < 0.5).to(xgrad::kInt64);  // inside a circle or not
  x.set_name("x"), y.set_name("y");                         // for pictures and messages

  nn::Sequential net(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 2));
  xgrad::optim::Adam opt(net.parameters(), {.lr = 1e-2});
  for (int epoch = 0; epoch <= 200; ++epoch) {
    opt.zero_grad();
    Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    if (epoch == 0) xgrad::viz::save(loss, "net.svg");  // the graph and its gradients, as a picture
    opt.step();
    if (epoch % 50 == 0) std::printf("epoch %3d  loss %.4f\n", epoch, loss.item());
  }
  xgrad::save_safetensors(net.state_dict(), "net.safetensors");
}
