// A GPT of letters and a Transformer of words learn Shakespeare, from ../shared/data/text. Both train to the losses
// that PyTorch reaches: the same networks in libtorch 1.13.1 with the same first values and the same batches, which
// both follow from formulas, reached those of kReached.
//
//   shakespeare [steps]    300 steps each; also known: 1500
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include <xgrad/xgrad.hpp>

using namespace xgrad;  // NOLINT
namespace F = nn::functional;
constexpr std::int64_t kContext = 32, kWidth = 48, kHeads = 4, kBatch = 16, kWords = 1000;

struct Block : nn::Layer<Block> {
  nn::LayerNorm norm1 = register_module("norm1", nn::LayerNorm(kWidth));
  nn::Linear qkv = register_module("qkv", nn::Linear(kWidth, 3 * kWidth));
  nn::Linear proj = register_module("proj", nn::Linear(kWidth, kWidth));
  nn::LayerNorm norm2 = register_module("norm2", nn::LayerNorm(kWidth));
  nn::Linear up = register_module("up", nn::Linear(kWidth, 4 * kWidth));
  nn::Linear down = register_module("down", nn::Linear(4 * kWidth, kWidth));
  Tensor forward(const Tensor& x) const {
    const std::int64_t b = x.size(0), t = x.size(1), d = kWidth / kHeads;
    const Tensor parts = qkv(norm1(x)).view({b, t, 3, kHeads, d}).permute({2, 0, 3, 1, 4});
    const Tensor mixed = F::scaled_dot_product_attention(parts[0], parts[1], parts[2], {.is_causal = true});
    const Tensor h = x + proj(mixed.transpose(1, 2).reshape({b, t, kWidth}));
    return h + down(F::gelu(up(norm2(h))));
  }
};

struct GPT : nn::Layer<GPT> {
  nn::Embedding tokens = nullptr, places = register_module("places", nn::Embedding(kContext, kWidth));
  Block block1 = register_module("block1", Block()), block2 = register_module("block2", Block());
  nn::LayerNorm norm = register_module("norm", nn::LayerNorm(kWidth));
  nn::Linear head = nullptr;
  explicit GPT(std::int64_t n) {
    tokens = register_module("tokens", nn::Embedding(n, kWidth));
    head = register_module("head", nn::Linear(kWidth, n));
  }
  Tensor forward(const Tensor& x) const { return head(norm(block2(block1(tokens(x) + places(arange(x.size(1))))))); }
};

struct WordTransformer : nn::Layer<WordTransformer> {
  nn::Embedding tokens = nullptr, places = register_module("places", nn::Embedding(kContext, kWidth));
  nn::TransformerEncoder encoder = register_module(
      "encoder", nn::TransformerEncoder(
                     nn::TransformerEncoderLayer(kWidth, kHeads, {.dim_feedforward = 4 * kWidth, .dropout = 0}), 2));
  nn::Linear head = nullptr;
  explicit WordTransformer(std::int64_t n) {
    tokens = register_module("tokens", nn::Embedding(n, kWidth));
    head = register_module("head", nn::Linear(kWidth, n));
  }
  Tensor forward(const Tensor& x) const {
    const Tensor embedded = tokens(x) + places(arange(x.size(1)));
    return head(encoder(embedded.transpose(0, 1), {.is_causal = true}).transpose(0, 1));
  }
};

// Numbers in (-1, 1] that look random, the same in every program.
struct Numbers {
  std::uint64_t state = 1;
  std::uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  double unit() { return static_cast<double>(next()) / 1073741824.0 - 1; }
};

// Parameters in the order of their names: ones and zeros for norms and biases, else uniform in +-1/sqrt(columns).
void fill(const nn::Module& net) {
  NoGradGuard off;
  Numbers numbers;
  std::map<std::string, Tensor> sorted;
  for (auto& [name, p] : net.named_parameters()) sorted.emplace(name, p);
  for (auto& [name, p] : sorted) {
    if (p.dim() == 1) {
      p.fill_(name.ends_with("weight") ? 1 : 0);
      continue;
    }
    std::vector<double> values(static_cast<std::size_t>(p.numel()));
    for (double& v : values) v = numbers.unit() / std::sqrt(static_cast<double>(p.size(1)));
    p.copy_(tensor(values).reshape(p.shape()));
  }
}

// The mean loss of the last tenth of the steps.
template <class Net>
double learn(const Net& net, const std::vector<std::int64_t>& text, int steps) {
  fill(net);
  optim::AdamW opt(net.parameters(), {.lr = 2e-3});
  const Tensor all = tensor(text);
  Numbers numbers{7};
  double sum = 0;
  for (int step = 0; step < steps; ++step) {
    std::vector<std::int64_t> starts(kBatch);
    for (auto& s : starts) s = static_cast<std::int64_t>(numbers.next() % (text.size() - kContext - 1));
    const Tensor places = tensor(starts).unsqueeze(1) + arange(kContext);
    const Tensor scores = net(all.index({places}));
    const Tensor loss = F::cross_entropy(scores.reshape({-1, scores.size(-1)}), all.index({places + 1}).flatten());
    opt.zero_grad();
    loss.backward();
    optim::clip_grad_norm_(net.parameters(), 1);
    opt.step();
    if (step >= steps - steps / 10) sum += loss.item() / (steps / 10);
  }
  return sum;
}

// Letters by their bytes, words by how often they occur: the kWords - 1 first, and one for all others.
std::vector<std::int64_t> letters_of(const std::string& text, std::int64_t& kinds) {
  std::map<char, std::int64_t> number;
  for (const char c : text) number.emplace(c, 0);
  kinds = 0;
  for (auto& [c, n] : number) n = kinds++;
  std::vector<std::int64_t> all;
  for (const char c : text) all.push_back(number[c]);
  return all;
}
std::vector<std::int64_t> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  std::map<std::string, std::int64_t> number;
  for (std::string w; in >> w;) words.push_back(w), --number[w];
  std::vector<std::pair<std::int64_t, std::string>> by_count;
  for (const auto& [w, n] : number) by_count.emplace_back(n, w);
  std::sort(by_count.begin(), by_count.end());
  number.clear();
  for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(kWords); ++i)
    number[by_count[i].second] = static_cast<std::int64_t>(i) + 1;
  std::vector<std::int64_t> all;
  for (const auto& w : words) all.push_back(number.contains(w) ? number[w] : 0);
  return all;
}

// Steps -> the losses of the letters and of the words there.
const std::map<int, std::pair<double, double>> kReached{{300, {2.3506, 4.2069}}, {1500, {1.8942, 3.7752}}};

bool near(const char* what, double loss, double reached) {
  std::printf("%s: loss %.4f, PyTorch's %.4f\n", what, loss, reached);
  return std::fabs(loss - reached) <= 0.02 * reached;
}

int main(int argc, char** argv) {
  const int steps = argc > 1 ? std::atoi(argv[1]) : 300;
  const std::string path = XGRAD_SOURCE_DIR "/../shared/data/text/tinyshakespeare.txt";
  std::stringstream file;
  file << std::ifstream(path).rdbuf();
  const std::string text = file.str();
  if (text.empty()) {
    std::printf("skipped: there is no %s\n", path.c_str());
    return 77;
  }
  std::int64_t kinds = 0;
  const std::vector<std::int64_t> letters = letters_of(text, kinds), words = words_of(text);
  const double of_letters = learn(GPT(kinds), letters, steps), of_words = learn(WordTransformer(kWords), words, steps);
  const auto reached = kReached.find(steps);
  if (reached == kReached.end()) {
    std::printf("letters %.4f, words %.4f\n", of_letters, of_words);
    return 0;
  }
  const bool right[] = {near("letters", of_letters, reached->second.first),
                        near("words", of_words, reached->second.second)};
  return right[0] && right[1] ? 0 : 1;
}
