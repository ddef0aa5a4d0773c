// The training script of README.md (examples/readme.cpp) as it reads in libtorch, which has no picture to draw.
// compile_time.sh compiles both; this one is never run.
#include <cstdio>

#include <torch/torch.h>

namespace nn = torch::nn;
using torch::Tensor;

int main() {
  torch::manual_seed(0);
  Tensor x = torch::rand({1000, 2}) * 2 - 1;
  Tensor y = (torch::square(x).sum(1) < 0.5).to(torch::kInt64);

  nn::Sequential net(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 2));
  torch::optim::Adam opt(net->parameters(), torch::optim::AdamOptions(1e-2));
  Tensor loss;
  for (int epoch = 0; epoch <= 200; ++epoch) {
    opt.zero_grad();
    loss = nn::functional::cross_entropy(net->forward(x), y);
    loss.backward();
    opt.step();
    if (epoch % 50 == 0) std::printf("epoch %3d  loss %.4f\n", epoch, loss.item<double>());
  }
  torch::save(net, "readme.pt");
}
