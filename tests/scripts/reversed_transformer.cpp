// A Transformer translates numbers into the same digits from right to left: 99 % of the numbers right that it has never
// seen, each written digit by digit.
#include <cstdio>

#include <xgrad/xgrad.hpp>

using namespace xgrad;  // NOLINT
namespace F = nn::functional;
constexpr std::int64_t kDigits = 10, kBegin = 10, kLength = 7, kWidth = 32;

struct Translator : nn::Layer<Translator> {
  nn::Embedding digits = register_module("digits", nn::Embedding(kDigits + 1, kWidth));
  nn::Embedding places = register_module("places", nn::Embedding(kLength, kWidth));
  nn::Transformer transformer = register_module("transformer", nn::Transformer({.d_model = kWidth,
                                                                                .nhead = 4,
                                                                                .num_encoder_layers = 1,
                                                                                .num_decoder_layers = 1,
                                                                                .dim_feedforward = 2 * kWidth,
                                                                                .dropout = 0,
                                                                                .batch_first = true}));
  nn::Linear head = register_module("head", nn::Linear(kWidth, kDigits));

  Tensor embed(const Tensor& x) const { return digits(x) + places(arange(x.size(1))); }
  // (N, S), (N, T) -> (N, T, 10): scores of the digit behind each of target
  Tensor forward(const Tensor& source, const Tensor& target) const {
    return head(transformer(embed(source), embed(target), {.tgt_is_causal = true}));
  }
};

int main() {
  manual_seed(3);
  Translator net;
  optim::Adam opt(net.parameters(), {.lr = 3e-3});
  optim::OneCycleLR rate(opt, 3e-3, {.total_steps = 700});
  const Tensor begin = full({64, 1}, kBegin, {kInt64});
  for (int step = 0; step < 700; ++step) {
    const Tensor source = randint(kDigits, {64, kLength}), wanted = flip(source, {1});
    const Tensor scores = net(source, cat({begin, wanted.slice(1, 0, kLength - 1)}, 1));
    const Tensor loss = F::cross_entropy(scores.reshape({-1, kDigits}), wanted.flatten());
    opt.zero_grad();
    loss.backward();
    opt.step();
    rate.step();
    if (step % 100 == 99) std::printf("step %d loss %.4f\n", step + 1, loss.item());
  }
  net.eval();
  const NoGradGuard off;
  const Tensor source = randint(kDigits, {1000, kLength}), wanted = flip(source, {1});
  Tensor out = full({1000, 1}, kBegin, {kInt64});
  for (std::int64_t i = 0; i < kLength; ++i) out = cat({out, net(source, out).select(1, -1).argmax(1).unsqueeze(1)}, 1);
  const double right = all(out.slice(1, 1) == wanted, 1).to(kFloat32).mean().item();
  std::printf("%.1f %% of 1000 numbers right\n", 100 * right);
  return right >= 0.99 ? 0 : 1;
}
