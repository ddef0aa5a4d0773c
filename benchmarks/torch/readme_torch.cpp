// The training script of README.md (examples/readme.cpp) as it reads in libtorch. compile_time.sh compiles both; this
// one is never run.
#include <torch/torch.h>

#include <cstdio>

int main() {
  torch::manual_seed(0);
  torch::Tensor x = torch::rand({1000, 2}) * 2 - 1;
  torch::Tensor y = (x.pow(2).sum(1) < 0.5).to(torch::kInt64);

  torch::nn::Sequential net(torch::nn::Linear(2, 16), torch::nn::Tanh(), torch::nn::Linear(16, 2));
  torch::optim::Adam opt(net->parameters(), torch::optim::AdamOptions(1e-2));
  for (int epoch = 0; epoch < 200; ++epoch) {
    opt.zero_grad();
    torch::Tensor loss = torch::nn::functional::cross_entropy(net->forward(x), y);
    loss.backward();
    opt.step();
    if (epoch % 20 == 0) std::printf("epoch %3d  loss %.4f\n", epoch, loss.item<double>());
  }
  torch::save(net, "net.pt");
}
