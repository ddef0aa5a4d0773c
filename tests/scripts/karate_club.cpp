// Which side members of a club take (W. Zachary 1977), from its 78 friendships and the sides of the two leaders: a
// graph network of T. Kipf and M. Welling 2017.
#include <cstdio>

#include <xgrad/xgrad.hpp>

using namespace xgrad;  // NOLINT
namespace F = nn::functional;

// The two members of each friendship.
const Tensor ones_of =
    tensor({0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  1,  1,  1,  1,  1,  1,  1,  1,  2,  2,
            2,  2,  2,  2,  2,  2,  3,  3,  3,  4,  4,  5,  5,  5,  6,  8,  8,  8,  9,  13, 14, 14, 15, 15, 18, 18,
            19, 20, 20, 22, 22, 23, 23, 23, 23, 23, 24, 24, 24, 25, 26, 26, 27, 28, 28, 29, 29, 30, 30, 31, 31, 32});
const Tensor others =
    tensor({1,  2,  3,  4,  5,  6,  7,  8,  10, 11, 12, 13, 17, 19, 21, 31, 2,  3,  7,  13, 17, 19, 21, 30, 3,  7,
            8,  9,  13, 27, 28, 32, 7,  12, 13, 6,  10, 6,  10, 16, 16, 30, 32, 33, 33, 33, 32, 33, 32, 33, 32, 33,
            33, 32, 33, 32, 33, 25, 27, 29, 32, 33, 25, 27, 31, 31, 29, 33, 33, 31, 33, 32, 33, 32, 33, 32, 33, 33});
const Tensor side_of_the_last = tensor({9, 14, 15, 18, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33});

struct GraphConv : nn::Layer<GraphConv> {
  nn::Linear linear;
  GraphConv(int in, int out) : linear(register_module("linear", nn::Linear(in, out))) {}
  Tensor forward(const Tensor& x, const Tensor& from, const Tensor& to, const Tensor& weight) const {
    const Tensor messages = linear(x).index_select(0, from) * weight.unsqueeze(1);
    return zeros({x.size(0), messages.size(1)}).index_add(0, to, messages);
  }
};

struct Net : nn::Layer<Net> {
  GraphConv first = register_module("first", GraphConv(34, 16)), second = register_module("second", GraphConv(16, 2));
  Tensor forward(const Tensor& x, const Tensor& from, const Tensor& to, const Tensor& weight) const {
    return second(F::relu(first(x, from, to, weight)), from, to, weight);
  }
};

int main() {
  manual_seed(1);
  // Messages go both ways, and to their sender.
  const Tensor from = cat({ones_of, others, arange(34)}), to = cat({others, ones_of, arange(34)}), x = eye(34);
  Tensor degree = zeros({34}), sides = zeros({34}, kInt64);
  degree.index_put_({to}, ones({to.size(0)}), true);
  sides.index_put_({side_of_the_last}, 1);
  const Tensor weight = degree.index({from}).rsqrt() * degree.index({to}).rsqrt(), leaders = tensor({0, 33});
  Net net;
  optim::Adam opt(net.parameters(), {.lr = 0.01, .weight_decay = 5e-4});
  for (int epoch = 0; epoch < 100; ++epoch) {
    const Tensor loss = F::cross_entropy(net(x, from, to, weight).index({leaders}), sides.index({leaders}));
    opt.zero_grad();
    loss.backward();
    opt.step();
  }
  const double right = (net(x, from, to, weight).argmax(1) == sides).to(kFloat32).mean().item();
  std::printf("%.1f %% of the members are on the right side\n", 100 * right);
  return right > 0.9 && degree.sum().item() == 34 + 2 * 78 ? 0 : 1;
}
