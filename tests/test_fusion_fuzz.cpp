// Random programs of elementwise operations, views, in-place writes, reductions, hooks, passes and errors give the same
// bits and the same messages whether results are held back or not.
//
//   test_fusion_fuzz                      a few thousand programs
//   test_fusion_fuzz -- 100000 7          so many, the first one with this seed
#include <cmath>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/fusion.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/random.hpp>
#include <xgrad/saved_tensors_hooks.hpp>
#include <xgrad/tape.hpp>

#include "support.hpp"

using namespace xgrad;

namespace {

// What a program does and what comes of it. All choices depend on the seed alone, and on shapes and types.
class RandomProgram {
 public:
  explicit RandomProgram(std::uint64_t seed) : random_(seed) {
    manual_seed(seed);
    choose_shapes();
  }

  // Everything that was seen, as text and bytes.
  std::string run() {
    make_leaves();
    const int steps = 4 + pick(28);
    for (int i = 0; i < steps; ++i) attempt([&] { step(); });
    for (std::size_t i = 0; i < all_.size(); ++i) {
      see(all_[i]);
      if (all_[i].is_leaf()) see(all_[i].grad());
    }
    return seen_;
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return pick(100) < percent; }

  void choose_shapes() {
    static const std::vector<Shape> kinds = {{7},      {64},     {1000},    {1024},       {2500},  {3, 5},    {40, 30},
                                             {2, 700}, {33, 65}, {4, 3, 5}, {10, 1},      {1, 9},  {5, 1, 7}, {0, 3},
                                             {1},      {70, 70}, {},        {2, 3, 4, 5}, {66000}, {260, 260}};
    shape_ = kinds[static_cast<std::size_t>(pick(chance(90) ? 18 : 20))];
  }

  // A shape that broadcasts to the main one, mostly the same.
  Shape some_shape() {
    Shape s = shape_;
    if (chance(60)) return s;
    if (chance(20)) return {};
    for (int d = 0; d < s.rank(); ++d)
      if (chance(50)) s[d] = 1;
    return s;
  }

  void make_leaves() {
    type_ = chance(75) ? kFloat32 : kFloat64;
    const int n = 2 + pick(3);
    for (int i = 0; i < n; ++i) {
      Tensor x = randn(some_shape(), {type_});
      if (chance(60)) x.requires_grad_();
      all_.push_back(x);
    }
    if (chance(30)) all_.push_back(randn(some_shape(), {type_ == kFloat32 ? kFloat64 : kFloat32}));
    if (chance(30)) all_.push_back(randint(-5, 5, some_shape(), {kInt64}));
  }

  const Tensor& any() { return all_[static_cast<std::size_t>(pick(static_cast<int>(all_.size())))]; }
  // Mostly what was made last.
  const Tensor& recent() {
    const int n = static_cast<int>(all_.size());
    return chance(70) ? all_[static_cast<std::size_t>(n - 1 - pick(std::min(n, 4)))] : any();
  }
  void keep(Tensor t) {
    if (chance(30) && all_.size() > 3)
      all_[static_cast<std::size_t>(pick(static_cast<int>(all_.size())))] = std::move(t);
    else
      all_.push_back(std::move(t));
    if (all_.size() > 14) all_.erase(all_.begin() + pick(8));
  }

  void see(const std::string& text) { seen_ += text + "\n"; }
  void see(const Tensor& t) {
    if (!t.defined()) return see("none");
    see(fmt::format("{} {} v{} {} {}", xgrad::to_string(t.shape()), name(t.dtype()), t.version(), t.requires_grad(),
                    t.grad_fn_name()));
    for (double v : t.detach().to_vector<double>()) {
      if (std::isnan(v)) v = std::nan("");
      char bytes[sizeof v];
      std::memcpy(bytes, &v, sizeof v);
      seen_.append(bytes, sizeof v);
    }
  }

  template <class F>
  void attempt(const F& f) {
    try {
      f();
    } catch (const Error& e) {
      see(e.what());
    }
  }

  Tensor unary(const Tensor& x) {
    switch (pick(20)) {
      case 0:
        return -x;
      case 1:
        return exp(x * 0.1);
      case 2:
        return tanh(x);
      case 3:
        return sigmoid(x);
      case 4:
        return relu(x);
      case 5:
        return abs(x);
      case 6:
        return sqrt(abs(x) + 0.5);
      case 7:
        return log(abs(x) + 1);
      case 8:
        return square(x);
      case 9:
        return sin(x);
      case 10:
        return gelu(x);
      case 11:
        return clamp(x, -1, 1);
      case 12:
        return pow(x, 3);
      case 13:
        return x * 1.5;
      case 14:
        return x + 0.25;
      case 15:
        return 2 - x;
      case 16:
        return 1 / (x * x + 1);
      case 17:
        return erf(x);
      case 18:
        return silu(x);
      default:
        return softplus(x);
    }
  }

  Tensor binary(const Tensor& x, const Tensor& y) {
    switch (pick(12)) {
      case 0:
        return x + y;
      case 1:
        return x - y;
      case 2:
        return x * y;
      case 3:
        return x / (y * y + 1);
      case 4:
        return maximum(x, y);
      case 5:
        return minimum(x, y);
      case 6:
        return where(x > y, x, y);
      case 7:
        return where(x > 0, x, y * 0.5);
      case 8:
        return add(x, y, 0.3);
      case 9:
        return atan2(x, y);
      case 10:
        return lerp(x, y, 0.7);
      default:
        return x * y + x;
    }
  }

  Tensor other(const Tensor& x) {
    switch (pick(12)) {
      case 0:
        return x.to(type_);
      case 1:
        return x.to(chance(50) ? kFloat64 : kFloat32);
      case 2:
        return x.to(kInt32);
      case 3:
        return dropout(x, 0.3);
      case 4:
        return x > 0;
      case 5:
        return (x > 0.5).to(type_);
      case 6:
        return addcmul(x, recent(), any(), 0.5);
      case 7:
        return x.detach();
      case 8:
        return x.clone();
      case 9:
        return softmax(x, -1);
      case 10:
        return elementwise_chain(x);
      default:
        return lerp(x, recent(), any());
    }
  }
  static Tensor elementwise_chain(const Tensor& x) {
    return (sigmoid(x * 1.5 + 0.25) * tanh(x) - exp(-x * x)).sum() + (tanh(x) * x).mean();
  }

  Tensor view(const Tensor& x) {
    const int rank = static_cast<int>(x.dim());
    switch (pick(6)) {
      case 0:
        return x.reshape({-1});
      case 1:
        return rank > 1 ? x.transpose(0, -1) : x.unsqueeze(0);
      case 2:
        return rank > 0 && x.size(0) > 1 ? x.narrow(0, 0, x.size(0) / 2) : x;
      case 3:
        return rank > 0 && x.size(0) > 0 ? x.select(0, 0) : x;
      case 4:
        return x.expand(shape_);
      default:
        return rank > 0 ? x.slice(-1, 0, Slice::kEnd, 2) : x;
    }
  }

  Tensor reduction(const Tensor& x) {
    switch (pick(8)) {
      case 0:
        return x.sum();
      case 1:
        return x.mean();
      case 2:
        return x.dim() > 0 ? x.sum({0}) : x.sum();
      case 3:
        return x.dim() > 0 ? x.mean({-1}, true) : x.mean();
      case 4:
        return unary(x).sum();
      case 5:
        return binary(x, recent()).mean();
      case 6:
        return norm(x);
      default:
        return x.numel() > 0 ? max(x) : x.sum();
    }
  }

  void write(Tensor x) {
    const std::optional<NoGradGuard> off = chance(50) ? std::optional<NoGradGuard>(std::in_place) : std::nullopt;
    switch (pick(10)) {
      case 0:
        x.add_(recent());
        break;
      case 1:
        x.mul_(0.5);
        break;
      case 2:
        x.copy_(any());
        break;
      case 3:
        x.zero_();
        break;
      case 4:
        x.fill_(0.75);
        break;
      case 5:
        x.sub_(tanh(recent()));
        break;
      case 6:
        if (x.dim() > 0 && x.size(0) > 0) x[0] = 2;
        break;
      case 7:
        if (x.dim() > 0 && x.size(0) > 1) x.narrow(0, 1, 1).mul_(3);
        break;
      case 8:
        if (x.is_contiguous() && x.numel() > 0 && x.dtype() == kFloat32) x.mutable_data<float>()[0] = 5;
        break;
      default:
        x.tanh_();
        break;
    }
    if (chance(30)) see(x);
  }

  void hook(Tensor x) {
    if (!x.requires_grad()) return;
    if (chance(30) && !x.is_leaf()) return x.retain_grad();
    if (chance(50))
      x.register_hook([](const Tensor& g) { return g * 0.5; });
    else
      x.register_hook([this](const Tensor& g) { see(fmt::format("hook {}", xgrad::to_string(g.shape()))); });
  }

  void pass() {
    Tensor y = recent();
    if (!y.requires_grad() && chance(80)) {
      for (const Tensor& t : all_)
        if (t.requires_grad()) y = t;
    }
    if (y.numel() != 1) y = chance(50) ? y.sum() : chance(50) ? unary(y).mean() : (y * y).sum();
    const bool again = chance(40);
    if (chance(60)) {
      y.backward({.retain_graph = again});
      if (chance(20)) y.backward();
      if (chance(20))
        for (Tensor& t : all_)
          if (t.is_leaf()) t.zero_grad(chance(50));
      return;
    }
    std::vector<Tensor> leaves;
    for (const Tensor& t : all_)
      if (t.requires_grad() && leaves.size() < 3) leaves.push_back(t);
    for (const Tensor& g : grad({y}, leaves, {.retain_graph = again, .create_graph = chance(30), .allow_unused = true}))
      if (g.defined() && g.dtype() == type_) keep(g);
  }

  void error() {
    const Tensor x = recent();
    switch (pick(4)) {
      case 0:
        (void)(x + zeros({13, 17, 19}, {type_}));
        break;
      case 1:
        (void)tanh(Tensor());
        break;
      case 2:
        (void)dropout(x, 1.5);
        break;
      default:
        (void)x.sum({9});
        break;
    }
  }

  void read() {
    const Tensor x = recent();
    switch (pick(5)) {
      case 0:
        return see(x);
      case 1:
        return see(fmt::format("{}", x.numel() == 1 ? x.item<double>() : 0));
      case 2:
        return see(xgrad::to_string(x));
      case 3: {
        std::vector<double> values;
        std::thread([&] { values = x.detach().to_vector<double>(); }).join();
        return see(fmt::format("{}", values.empty() ? 0 : values.front()));
      }
      default: {
        Tensor y;
        std::thread([&] { y = unary_of_thread(x); }).join();
        return keep(y);
      }
    }
  }
  static Tensor unary_of_thread(const Tensor& x) {
    try {
      const NoGradGuard off;
      return tanh(x) * 0.5 + x;
    } catch (const Error&) {
      return ones({1});
    }
  }

  // Under guards that look at results.
  void watched() {
    switch (pick(4)) {
      case 0: {
        const DetectAnomaly on;
        return keep(unary(recent()));
      }
      case 1: {
        const NoGradGuard off;
        return keep(binary(unary(recent()), any()));
      }
      case 2: {
        const TapeRecorder recorder;
        return keep(unary(unary(recent())));
      }
      default: {
        const FusionGuard off(false);
        return keep(binary(recent(), any()));
      }
    }
  }

  void step() {
    const int what = pick(100);
    if (what < 32) return keep(unary(recent()));
    if (what < 56) return keep(binary(recent(), any()));
    if (what < 64) return keep(other(recent()));
    if (what < 70) return keep(view(recent()));
    if (what < 76) return keep(reduction(recent()));
    if (what < 82) return write(any());
    if (what < 85) return hook(recent());
    if (what < 91) return pass();
    if (what < 93) return error();
    if (what < 97) return read();
    watched();
  }

  std::mt19937_64 random_;
  Shape shape_;
  DType type_ = kFloat32;
  std::vector<Tensor> all_;
  std::string seen_;
};

std::string result_of(std::uint64_t seed, bool held) {
  const FusionGuard fusion(held, 1);
  return RandomProgram(seed).run();
}

std::string printable(const std::string& s, std::size_t at) {
  std::string text;
  for (std::size_t i = at > 200 ? at - 200 : 0; i < std::min(s.size(), at + 200); ++i)
    text += s[i] == '\n' || (s[i] >= ' ' && s[i] < 127) ? s[i] : '.';
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_programs_give_the_same_bits) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  const std::uint64_t count = suite.argc > 1 ? std::strtoull(suite.argv[1], nullptr, 10) : 2000;
  const std::uint64_t first = suite.argc > 2 ? std::strtoull(suite.argv[2], nullptr, 10) : 1;
  int wrong = 0;
  for (std::uint64_t seed = first; seed < first + count && wrong < 5; ++seed) {
    const std::string at_once = result_of(seed, false), held = result_of(seed, true);
    if (at_once == held) continue;
    ++wrong;
    std::size_t at = 0;
    while (at < std::min(at_once.size(), held.size()) && at_once[at] == held[at]) ++at;
    BOOST_ERROR(fmt::format("program {} differs at byte {} of {} and {}:\n{}\n-- held back:\n{}", seed, at,
                            at_once.size(), held.size(), printable(at_once, at), printable(held, at)));
  }
}
