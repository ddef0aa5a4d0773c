// Signals and fork() while the library computes. XGRAD_SIGNALS: how many SIGALRM each kernel must survive (200), and
// XGRAD_SIGNAL_RATE: how many a second (1000). scripts/check.sh signals asks for 100,000.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/train/interrupt.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using train::InterruptGuard;

namespace {

std::atomic<long> arrived{0};

long setting(const char* name, long otherwise) {
  const char* n = std::getenv(name);
  return n ? std::atol(n) : otherwise;
}
long signals_wanted() { return setting("XGRAD_SIGNALS", 200); }

// Writes far down its stack, as a handler with a few frames does.
void on_alarm(int) {
  volatile char frame[2048];
  for (std::size_t i = 0; i < sizeof frame; i += 64) frame[i] = static_cast<char>(i);
  ++arrived;
}

// SIGALRM again and again while alive, to whatever thread the kernel chooses.
class Alarms {
 public:
  Alarms() {
    arrived = 0;
    struct sigaction a {};
    a.sa_handler = on_alarm;
    sigaction(SIGALRM, &a, &before_);
    set(1000000 / setting("XGRAD_SIGNAL_RATE", 1000));
  }
  ~Alarms() {
    set(0);
    sigaction(SIGALRM, &before_, nullptr);
  }

 private:
  static void set(long microseconds) {
    const itimerval t{{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &t, nullptr);
  }
  struct sigaction before_;
};

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_bits(a[i], b[i])) return false;
  return a.size() == b.size();
}

// f again and again under signals, always with the result it has without them.
void survives(const char* name, const std::function<std::vector<Tensor>()>& f) {
  const std::vector<Tensor> expected = f();
  long runs = 0, wrong = 0;
  {
    const Alarms alarms;
    for (; arrived < signals_wanted(); ++runs)
      if (!same(f(), expected)) ++wrong;
  }
  BOOST_TEST_MESSAGE(name << ": " << runs << " runs");
  BOOST_TEST(wrong == 0, name << ": " << wrong << " of " << runs << " runs gave other values");
}

std::vector<Tensor> gradients(const Tensor& y, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> r = grad({square(y).sum()}, inputs);
  r.push_back(y.detach());
  return r;
}

struct Fixture {
  Fixture() { manual_seed(5); }
  ~Fixture() { set_num_threads(threads); }
  int threads = get_num_threads();
};

std::vector<Tensor> forward_and_gradients(nn::Sequential& net, const Tensor& x) {
  std::vector<Tensor> inputs = net.parameters();
  inputs.push_back(x);
  return gradients(net(x), inputs);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(signals, Fixture)

BOOST_AUTO_TEST_CASE(products_survive) {
  for (const int threads : {1, 2}) {
    set_num_threads(threads);
    for (const DType type : {kFloat32, kFloat64})
      for (const std::array<std::int64_t, 3> s :
           {std::array<std::int64_t, 3>{300, 300, 300}, {128, 10, 512}, {9, 700, 90}}) {
        const Tensor a = randn({s[0], s[2]}).to(type).requires_grad_(),
                     b = randn({s[2], s[1]}).to(type).requires_grad_();
        survives("product", [&] { return gradients(matmul(a, b), {a, b}); });
      }
  }
}

BOOST_AUTO_TEST_CASE(batched_and_linear_products_survive) {
  const Tensor a = randn({8, 64, 48}).requires_grad_(), b = randn({8, 48, 64}).requires_grad_();
  survives("batched product", [&] { return gradients(matmul(a, b), {a, b}); });
  const Tensor x = randn({64, 784}).requires_grad_();
  nn::Sequential net(nn::Linear(784, 256), nn::Tanh(), nn::Linear(256, 10));
  survives("linear layers", [&] { return forward_and_gradients(net, x); });
}

BOOST_AUTO_TEST_CASE(convolutions_survive) {
  const Tensor x = randn({8, 16, 12, 12}).requires_grad_();
  nn::Sequential plain(nn::Conv2d(16, 32, 3, {.padding = 1}), nn::BatchNorm2d(32), nn::ReLU(),
                       nn::Conv2d(32, 16, 3, {.stride = 2}));
  survives("convolution", [&] { return forward_and_gradients(plain, x); });
  nn::Sequential odd(nn::Conv2d(16, 12, 5, {.padding = 2, .groups = 4}), nn::ConvTranspose2d(12, 6, 3, {.stride = 2}));
  survives("grouped and transposed convolution", [&] { return forward_and_gradients(odd, x); });
  const Tensor sequence = randn({8, 16, 100}).requires_grad_();
  nn::Sequential line(nn::Conv1d(16, 32, 3));
  survives("convolution in one dimension", [&] { return forward_and_gradients(line, sequence); });
}

BOOST_AUTO_TEST_CASE(recurrences_survive) {
  const Tensor x = randn({20, 16, 64}).requires_grad_();
  nn::LSTM lstm(64, 96);
  survives("LSTM", [&] { return gradients(lstm(x).output, {x, lstm.parameters()[0]}); });
  nn::GRU gru(64, 96);
  survives("GRU", [&] { return gradients(gru(x).output, {x, gru.parameters()[0]}); });
}

// Two threads compute while a third sends signals to each of them.
BOOST_AUTO_TEST_CASE(threads_of_the_program_survive_signals_aimed_at_them) {
  struct sigaction a {
  }, before{};
  a.sa_handler = on_alarm;
  sigaction(SIGUSR1, &a, &before);
  const Tensor x = randn({200, 200});
  const Tensor expected = matmul(x, x);
  arrived = 0;
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  const auto compute = [&] {
    while (!stop)
      if (!same_bits(matmul(x, x), expected)) ++wrong;
  };
  {
    std::jthread one(compute), two(compute);
    for (; arrived < signals_wanted(); std::this_thread::sleep_for(std::chrono::microseconds(300)))
      for (std::jthread* t : {&one, &two}) pthread_kill(t->native_handle(), SIGUSR1);
    stop = true;
  }
  sigaction(SIGUSR1, &before, nullptr);
  BOOST_TEST(wrong == 0);
}

// ---- InterruptGuard ----

// A test run in the background is started with SIGINT ignored.
class Interrupts {
 public:
  explicit Interrupts(void (*handler)(int)) : before_(std::signal(SIGINT, handler)) {}
  ~Interrupts() { std::signal(SIGINT, before_); }

 private:
  void (*before_)(int);
};

void (*handler_of_interrupts())(int) {
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &now);
  return now.sa_handler;
}

BOOST_AUTO_TEST_CASE(the_first_interrupt_is_noted) {
  const Interrupts usual(SIG_DFL);
  {
    const InterruptGuard guard;
    BOOST_TEST(!guard.interrupted());
    std::raise(SIGINT);
    BOOST_TEST(guard.interrupted());
  }
  BOOST_TEST((handler_of_interrupts() == SIG_DFL));
  BOOST_TEST(!InterruptGuard().interrupted());
}

BOOST_AUTO_TEST_CASE(an_inner_guard_keeps_the_flag) {
  const Interrupts usual(SIG_DFL);
  const InterruptGuard outer;
  std::raise(SIGINT);
  {
    const InterruptGuard inner;
    BOOST_TEST(inner.interrupted());
  }
  BOOST_TEST(outer.interrupted());
}

BOOST_AUTO_TEST_CASE(an_ignored_interrupt_stays_ignored) {
  const Interrupts ignored(SIG_IGN);
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);
    BOOST_TEST(!guard.interrupted());
  }
  BOOST_TEST((handler_of_interrupts() == SIG_IGN));
}

std::atomic<int> of_program{0};
BOOST_AUTO_TEST_CASE(the_second_interrupt_goes_to_the_programs_own_handler) {
  const Interrupts own([](int) { ++of_program; });
  {
    const InterruptGuard guard;
    std::raise(SIGINT);
    BOOST_TEST(of_program == 0);
    std::raise(SIGINT);
    BOOST_TEST(of_program == 1);
  }
  std::raise(SIGINT);
  BOOST_TEST(of_program == 2);
}

BOOST_AUTO_TEST_CASE(a_handler_that_is_installed_later_stays) {
  const Interrupts own([](int) {});
  {
    const InterruptGuard guard;
    std::signal(SIGINT, [](int) { of_program = 10; });
  }
  std::raise(SIGINT);
  BOOST_TEST(of_program == 10);
}

// ---- fork ----

#if !defined(__SANITIZE_THREAD__)  // which delivers a signal late, and allows no threads in a child
// What a child of fork() running f exits with; -1 when it does not end within a minute.
int child_of(const std::function<int()>& f) {
  const pid_t child = fork();
  if (child == 0) _exit(f());
  for (int i = 0; i < 6000; ++i) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return -1;
}

BOOST_AUTO_TEST_CASE(the_second_interrupt_ends_the_program) {
  const int status = child_of([] {
    std::signal(SIGINT, SIG_DFL);
    const InterruptGuard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);
    return 1;
  });
  BOOST_TEST(status == 128);
}

BOOST_AUTO_TEST_CASE(a_child_of_fork_computes) {
  set_num_threads(2);
  const Tensor x = randn({400, 400}), image = randn({8, 16, 24, 24}).requires_grad_(), wide = x.to(kFloat64);
  nn::Sequential net(nn::Conv2d(16, 16, 3), nn::BatchNorm2d(16), nn::ReLU());
  const auto all = [&] {
    std::vector<Tensor> r = forward_and_gradients(net, image);
    for (const Tensor& t : {matmul(x, x), matmul(wide, wide), softmax(x * 3 + 1, 1), x.sum()}) r.push_back(t);
    return r;
  };
  const std::vector<Tensor> expected = all();
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(child_of([&] { return same(all(), expected) ? 0 : 1; }) == 0);
    BOOST_TEST(same(all(), expected));
  }
  // From the thread of a program whose other threads compute meanwhile, and a child of the child.
  std::atomic<bool> stop{false};
  std::jthread other([&] {
    while (!stop) matmul(x, x);
  });
  const auto grandchild = [&] { return child_of([&] { return same(all(), expected) ? 0 : 1; }); };
  for (int i = 0; i < 4; ++i) BOOST_TEST(child_of(grandchild) == 0);
  stop = true;
}
#endif

BOOST_AUTO_TEST_SUITE_END()
