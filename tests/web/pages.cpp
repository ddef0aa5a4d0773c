// Pages for the browser tests and for looking at: explorers of small networks of every kind, written into a folder.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>

namespace nn = xgrad::nn;
namespace viz = xgrad::viz;
using xgrad::Tensor;

namespace {

Tensor numbers(const xgrad::Shape& shape, double phase) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < shape.numel(); ++i) v.push_back(std::sin(1.7 * static_cast<double>(i) + phase));
  return xgrad::from_vector(v, shape).to(xgrad::kFloat32);
}
Tensor parameter(const char* name, const xgrad::Shape& shape, double phase) {
  return numbers(shape, phase).requires_grad_().set_name(name);
}

void write(const std::string& path, const std::function<Tensor()>& loss, const viz::Options& options = {}) {
  const xgrad::TapeRecorder recorder;
  const Tensor l = loss();
  l.backward();
  viz::Options with = options;
  if (!with.recompute) with.recompute = loss;
  viz::save(l, path, with);
}

// The network of the lectures: two inputs, three hidden units, one output.
void mlp(const std::string& path) {
  xgrad::manual_seed(4);
  auto net = nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
  const Tensor x = xgrad::tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}).set_name("x");
  const Tensor y = xgrad::tensor({0., 1., 1., 0.}).unsqueeze(1).set_name("y");
  write(path, [=] { return mse_loss(sigmoid(net(x)), y); });
}

void convolution(const std::string& path) {
  xgrad::manual_seed(2);
  const nn::Conv2d conv(1, 2, 3);
  const nn::Linear out(8, 2);
  const Tensor x = numbers({1, 1, 6, 6}, 0.3).set_name("image").requires_grad_();
  const Tensor y = xgrad::tensor({1}).set_name("class");
  write(path, [=] {
    const Tensor h = max_pool2d(relu(conv(x)), 2);
    return cross_entropy(out(h.reshape({1, 8})), y);
  });
}

void embedding(const std::string& path) {
  const nn::Embedding words(5, 3);
  const Tensor w = parameter("out.weight", {5, 3}, 0.7);
  const Tensor text = xgrad::tensor({1, 3, 1, 4}).set_name("words"),
               next = xgrad::tensor({3, 1, 4, 0}).set_name("next");
  write(path, [=] { return cross_entropy(linear(words(text), w), next); });
}

void batch_norm(const std::string& path) {
  const nn::BatchNorm1d norm(3);
  const Tensor x = parameter("x", {4, 3}, 0.1), y = numbers({4, 3}, 2).set_name("y");
  write(path, [=] { return mse_loss(norm(x), y); });
}

void recurrent(const std::string& path) {
  const Tensor w = parameter("W", {3, 3}, 0.2), u = parameter("U", {3, 2}, 1.1), b = parameter("b", {3}, 0.4);
  const Tensor x = numbers({5, 2, 2}, 0.9).set_name("x"), y = numbers({2, 3}, 3).set_name("y");
  write(path, [=] {
    Tensor h = xgrad::zeros({2, 3}).set_name("h0");
    for (int t = 0; t < 5; ++t) h = tanh(linear(h, w, b) + linear(x.select(0, t), u));
    return mse_loss(h, y);
  });
}

// A layer that is one operation, as the operations it is made of.
void lstm(const std::string& path) {
  xgrad::manual_seed(5);
  const nn::LSTM layer(2, 3);
  const Tensor x = numbers({3, 2, 2}, 0.9).set_name("x"), y = numbers({2, 3}, 3).set_name("y");
  write(path, [=] { return mse_loss(layer(x).output[-1], y); });
}
// One step of it, left whole.
void lstm_cell(const std::string& path) {
  xgrad::manual_seed(5);
  const nn::LSTMCell cell(2, 3);
  const Tensor x = numbers({2, 2}, 0.9).set_name("x"), y = numbers({2, 3}, 3).set_name("y");
  write(path, [=] { return mse_loss(cell(x).h, y); }, {.unfold = false});
}

void attention(const std::string& path) {
  const Tensor x = numbers({4, 3}, 0.5).set_name("x"), y = numbers({4, 3}, 1.5).set_name("y");
  const Tensor wq = parameter("Wq", {3, 3}, 0.1), wk = parameter("Wk", {3, 3}, 0.8), wv = parameter("Wv", {3, 3}, 1.9);
  write(path, [=] {
    const Tensor q = linear(x, wq).set_name("Q"), k = linear(x, wk).set_name("K"), v = linear(x, wv).set_name("V");
    const Tensor p = softmax(matmul(q, k.t()) / std::sqrt(3.0), 1).set_name("P");
    return mse_loss(matmul(p, v), y);
  });
}

// An operation that the library does not know.
void lambda(const std::string& path) {
  const auto swish = [](auto x, auto b) { return x / (1.0 + exp(-b * x)); };
  const Tensor x = parameter("x", {2, 3}, 0.3), b = parameter("beta", {2, 3}, 1.2);
  write(path, [=] { return xgrad::elementwise("my_swish", swish, x, b).sum(); });
}

// A tensor with three uses, numbers that are none, an empty tensor, names that want to be HTML.
void odd(const std::string& path) {
  const Tensor w = parameter("w", {2, 2}, 0.6).set_name("</script><img src=x onerror=alert(1)>\"'&\n\U0001F600");
  const Tensor x = xgrad::tensor({{1., INFINITY}, {NAN, 2.}}).set_name("<b>x</b>"), none = parameter("none", {0, 3}, 0);
  write(path, [=] { return (w * w + w * x).sum() + none.sum(); });
}

void large(const std::string& path) {
  xgrad::manual_seed(1);
  auto net =
      nn::Sequential(nn::Conv2d(3, 16, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(16 * 15 * 15, 10));
  const Tensor x = numbers({4, 3, 32, 32}, 0.2).set_name("images"), y = xgrad::tensor({1, 2, 3, 4}).set_name("classes");
  write(path, [=] { return cross_entropy(net(x), y); }, {.recompute = [] { return xgrad::tensor(0.); }});
}

// More than fits on a page: modules closed at first, 40 steps of a recurrence.
void encoder(const std::string& path) {
  xgrad::manual_seed(3);
  auto net = nn::Sequential();
  for (int i = 0; i < 6; ++i)
    net.add("block" + std::to_string(i),
            nn::Sequential(nn::LayerNorm({8}), nn::Linear(8, 16), nn::GELU(), nn::Linear(16, 8)));
  const Tensor x = numbers({4, 8}, 0.4).set_name("x"), y = numbers({4, 8}, 1.4).set_name("y");
  write(path, [=] { return mse_loss(net(x), y); });
}
void long_recurrence(const std::string& path) {
  const Tensor w = parameter("W", {3, 3}, 0.2), u = parameter("U", {3, 2}, 1.1);
  const Tensor x = numbers({40, 2, 2}, 0.9).set_name("x");
  write(path, [=] {
    Tensor h = xgrad::zeros({2, 3}).set_name("h0");
    for (int t = 0; t < 40; ++t) h = tanh(matmul(h, w) * 0.4 + linear(x.select(0, t), u));
    return h.square().sum();
  });
}

// What is differentiated is five times the result.
void seeded(const std::string& path) {
  const Tensor w = parameter("w", {1, 1, 3, 3}, 0.4), x = numbers({1, 1, 8, 8}, 0.2).set_name("x");
  const xgrad::TapeRecorder recorder;
  const Tensor l = conv2d(x, w, {}, {.stride = 2, .padding = 1}).square().sum();
  l.backward(xgrad::tensor(5.f));
  viz::save(l, path);
}

// Without Graphviz, and before backward().
void bare(const std::string& path) {
  setenv("PATH", "/nowhere", 1);
  xgrad::manual_seed(4);
  auto net = nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
  const Tensor x = xgrad::tensor({{0., 1.}, {1., 1.}}).set_name("x"), y = xgrad::tensor({{1.}, {0.}}).set_name("y");
  const Tensor loss = mse_loss(net(x), y);
  viz::save(loss, path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  std::filesystem::create_directories(folder);
  const std::pair<const char*, void (*)(const std::string&)> pages[] = {
      {"mlp", mlp},
      {"convolution", convolution},
      {"embedding", embedding},
      {"batch_norm", batch_norm},
      {"recurrent", recurrent},
      {"lstm", lstm},
      {"lstm_cell", lstm_cell},
      {"attention", attention},
      {"lambda", lambda},
      {"odd", odd},
      {"large", large},
      {"encoder", encoder},
      {"long", long_recurrence},
      {"seeded", seeded},
      {"bare", bare}};  // bare is the last: it hides Graphviz
  for (const auto& [name, draw] : pages) draw(folder + "/" + name + ".html");
}
