// A transformer of letters learns a rhyme and writes one.
#include <cstdio>

#include <xgrad/xgrad.hpp>

using namespace xgrad;  // NOLINT
namespace F = nn::functional;
constexpr std::int64_t kLetters = 27, kContext = 24, kWidth = 48, kHeads = 4;
const std::string text =
    "twinkle twinkle little star how i wonder what you are up above the world so high like a diamond in the sky when "
    "the blazing sun is gone when he nothing shines upon then you show your little light all the night ";

struct Block : nn::Layer<Block> {
  nn::LayerNorm norm = register_module("norm", nn::LayerNorm(kWidth));
  nn::Linear qkv = register_module("qkv", nn::Linear(kWidth, 3 * kWidth));
  nn::Linear proj = register_module("proj", nn::Linear(kWidth, kWidth));
  nn::Linear up = register_module("up", nn::Linear(kWidth, 4 * kWidth));
  nn::Linear down = register_module("down", nn::Linear(4 * kWidth, kWidth));
  Tensor forward(const Tensor& x) const {
    const std::int64_t b = x.size(0), t = x.size(1), d = kWidth / kHeads;
    const Tensor parts = qkv(norm(x)).view({b, t, 3, kHeads, d}).permute({2, 0, 3, 1, 4});
    const Tensor scores = matmul(parts[0], parts[1].transpose(-2, -1)) / std::sqrt(d);
    const Tensor causal = scores.masked_fill(tril(ones({t, t})) == 0, -INFINITY);
    const Tensor h = x + proj(matmul(softmax(causal, -1), parts[2]).transpose(1, 2).reshape({b, t, kWidth}));
    return h + down(F::gelu(up(h)));
  }
};

struct GPT : nn::Layer<GPT> {
  nn::Embedding letters = register_module("letters", nn::Embedding(kLetters, kWidth));
  nn::Embedding places = register_module("places", nn::Embedding(kContext, kWidth));
  nn::Sequential blocks = register_module("blocks", nn::Sequential(Block(), Block(), nn::Linear(kWidth, kLetters)));
  Tensor forward(const Tensor& x) const { return blocks(letters(x) + places(arange(x.size(1)))); }
};

int main() {
  manual_seed(1);
  Tensor data = tensor(std::vector<int>(text.begin(), text.end())) - 'a' + 1;
  data.index_put_({data < 0}, 0);  // spaces
  GPT net;
  optim::AdamW opt(net.parameters(), {.lr = 3e-3});
  Tensor loss;
  for (int step = 0; step < 200; ++step) {
    const Tensor rows = randint(data.size(0) - kContext, {16, 1}) + arange(kContext);
    const Tensor x = data.index({rows}), y = data.index({rows + 1});
    loss = F::cross_entropy(net(x).view({-1, kLetters}), y.flatten());
    opt.zero_grad();
    loss.backward();
    opt.step();
  }
  const NoGradGuard off;
  Tensor out = data.slice(0, 0, 7).unsqueeze(0);
  for (int i = 0; i < 60; ++i) {
    const auto [top, where_top] = net(out.slice(1, -kContext)).select(1, -1).topk(3);
    out = cat({out, where_top.gather(1, multinomial(softmax(top, -1), 1))}, 1);
  }
  for (const int c : out.to_vector<int>()) std::putchar(c == 0 ? ' ' : 'a' + c - 1);
  std::printf("\nloss %.3f\n", loss.item());
  return loss.item() < 0.4 ? 0 : 1;
}
