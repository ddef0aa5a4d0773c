// A tiny GPT: letters in, the probabilities of the next letter out, by attention to what came before.
//
//   attention(Q, K, V) = softmax(Q K^T / sqrt(d) + mask) V           mask: -inf for what comes later
//   x = x + attention(norm(x))        x = x + MLP(norm(x))           twice; then norm and a linear layer
//
// The text is the rhyme "The house that Jack built" (printed 1755), which every verse repeats and extends by two lines.
// The last verse is kept for the test: nearly all of it stood in the text before, in this order.
//
// expect: parameters < 100000
// expect: loss_at_the_start > 3
// expect: train_loss < 1
// expect: test_loss < 1.5
// expect: attention_to_the_future == 0
// expect: rows_of_attention_off_1 < 1e-5
#include <sstream>

#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

constexpr int kContext = 96, kWidth = 48, kHeads = 4, kLetters = 128;

std::string verse(std::size_t n) {
  std::istringstream rhyme(
      "house that Jack built/lay in/malt/ate/rat/killed/cat/worried/dog/tossed/cow with the crumpled horn/milked/"
      "maiden all forlorn/kissed/man all tattered and torn/married/priest all shaven and shorn/waked/"
      "cock that crowed in the morn/kept/farmer sowing his corn");
  std::vector<std::string> parts;
  for (std::string part; std::getline(rhyme, part, '/');) parts.push_back(part);
  std::string text = "This is the " + parts[2 * n];
  for (; n > 0; --n) text += "\nthat " + parts[2 * n - 1] + " the " + parts[2 * n - 2];
  return text + ".\n\n";
}

// Letters are numbers already: their codes in ASCII.
Tensor encode(const std::string& text) { return xgrad::tensor(std::vector<std::int64_t>(text.begin(), text.end())); }

struct Block : nn::Layer<Block> {
  nn::LayerNorm norm1 = register_module("norm1", nn::LayerNorm(kWidth));
  nn::MultiheadAttention attention =
      register_module("attention", nn::MultiheadAttention(kWidth, kHeads, {.batch_first = true}));
  nn::LayerNorm norm2 = register_module("norm2", nn::LayerNorm(kWidth));
  nn::Sequential mlp = register_module(
      "mlp", nn::Sequential(nn::Linear(kWidth, 4 * kWidth), nn::GELU(), nn::Linear(4 * kWidth, kWidth)));
  // The weights (N, heads, L, L) are put into maps, where wanted.
  Tensor forward(const Tensor& x, std::vector<Tensor>* maps) const {
    const Tensor later = xgrad::causal_upper_left(x.size(1), x.size(1)).logical_not(), u = norm1(x);
    const nn::AttentionOutput a =
        attention(u, u, u, {.attn_mask = later, .need_weights = maps != nullptr, .average_attn_weights = false});
    if (maps) maps->push_back(a.weights);
    const Tensor y = x + a.output;
    return y + mlp(norm2(y));
  }
};

struct Gpt : nn::Layer<Gpt> {
  nn::Embedding embedding = register_module("embedding", nn::Embedding(kLetters, kWidth));
  nn::Embedding position = register_module("position", nn::Embedding(kContext, kWidth));
  nn::ModuleList<Block> blocks = register_module("blocks", nn::ModuleList<Block>{Block(), Block()});
  nn::LayerNorm norm = register_module("norm", nn::LayerNorm(kWidth));
  nn::Linear out = register_module("out", nn::Linear(kWidth, kLetters));
  // Letters (N, L) -> scores of the next one (N, L, kLetters).
  Tensor forward(const Tensor& letters, std::vector<Tensor>* maps) const {
    Tensor x = embedding(letters) + position(xgrad::arange(letters.size(1)));
    for (const Block& block : blocks) x = block(x, maps);
    return out(norm(x));
  }
};

// Nats per letter over windows that begin at these places.
Tensor loss_at(const Gpt& net, const Tensor& text, const Tensor& begin) {
  const Tensor windows = text.index({begin.unsqueeze(1) + xgrad::arange(kContext + 1)});
  const Tensor scores = net(windows.slice(1, 0, kContext), nullptr);
  return cross_entropy(scores.flatten(0, 1), windows.slice(1, 1).flatten());
}

void draw_attention(const Lecture& l, const Gpt& net) {
  const std::string text = "the cat\nthat killed the rat\n";
  std::vector<Tensor> maps;
  net(encode(text).unsqueeze(0), &maps);
  const auto n = static_cast<std::int64_t>(text.size());
  std::vector<std::string> names;
  for (const char c : text) names.push_back(c == ' ' ? "·" : c == '\n' ? "⏎" : std::string(1, c));
  double future = 0, off = 0;
  std::vector<std::vector<viz::Plot>> rows(maps.size());
  for (std::size_t layer = 0; layer < maps.size(); ++layer)
    for (std::int64_t head = 0; head < kHeads; ++head) {
      const Tensor map = maps[layer].select(0, 0).select(0, head);
      future = std::max(future, map.triu(1).abs().max().item());
      off = std::max(off, (map.sum({1}) - 1).abs().max().item());
      viz::Plot plot({.title = "layer " + std::to_string(layer + 1) + ", head " + std::to_string(head + 1),
                      .width = 400,
                      .height = 420});
      plot.imshow(map, {.cmap = viz::Colormap::Blues, .vmin = 0, .vmax = 1, .colorbar = false});
      plot.xticks(xgrad::arange(n), names).yticks(xgrad::arange(n), names);
      rows[layer].push_back(plot);
    }
  figure("attention_to_the_future", future);
  figure("rows_of_attention_off_1", off);
  viz::subplots(rows, l.picture("23_gpt.svg"),
                {.title = "Attention: each letter (row) looks at letters before it (column)"});
}

// The letter that it finds most probable, again and again.
std::string write_on(const Gpt& net, std::string text, int letters) {
  for (int i = 0; i < letters; ++i) {
    const Tensor seen = encode(text.substr(text.size() - kContext)).unsqueeze(0);
    text += static_cast<char>(net(seen, nullptr)[0][-1].argmax().item<std::int64_t>());
  }
  return text;
}

void lecture(const Lecture& l) {
  std::string text;
  for (std::size_t n = 0; n < 10; ++n) text += verse(n);
  const Tensor train = encode(text), test = encode(text.substr(text.size() - kContext) + verse(10));
  Gpt net;
  figure("parameters", static_cast<double>(net.num_parameters()));
  const int steps = l.steps(600, 200);
  optim::AdamW opt(net.parameters(), {.lr = 3e-3});
  optim::OneCycleLR schedule(opt, 6e-3, {.total_steps = steps});
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    opt.zero_grad();
    const Tensor loss = loss_at(net, train, xgrad::randint(0, train.size(0) - kContext, {12}));
    loss.backward();
    optim::clip_grad_norm_(net.parameters(), 1.0);
    opt.step();
    schedule.step();
    losses.push_back(loss.item());
  }
  const xgrad::NoGradGuard no_grad;
  const double test_loss = loss_at(net, test, xgrad::arange(0, test.size(0) - kContext, 4)).item();
  figure("loss_at_the_start", losses[0]);
  figure("train_loss", losses.back());
  figure("test_loss", test_loss);
  std::printf("--- it goes on from \"This is the farmer\"\n%s\n",
              write_on(net, text + "This is the farmer", 300).substr(text.size()).c_str());
  draw_attention(l, net);
  viz::Plot curve(
      {.title = "Learning to read", .x_label = "step", .y_label = "nats per letter", .width = 900, .height = 380});
  curve.line(xgrad::arange(1, steps + 1), losses, {.width = 2}).horizontal(test_loss, "the last verse, not trained on");
  curve.save(l.picture("23_loss.svg"));
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
