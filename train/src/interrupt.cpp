#include <cerrno>
#include <csignal>
#include <memory>
#include <mutex>
#include <signal.h>
#include <utility>

#include <xgrad/train/interrupt.hpp>

namespace xgrad::train {
namespace {

std::mutex mutex;
int guards = 0;
bool installed = false;
volatile std::sig_atomic_t flag = 0;
struct sigaction previous;

// A second SIGINT goes to whoever had it before the guards.
void on_interrupt(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  if (!flag) {
    flag = 1;
  } else if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL) {
    previous.sa_handler(signal);
  } else {
    sigaction(signal, &previous, nullptr);
    raise(signal);  // arrives when this handler returns
  }
  errno = error;
}

// Gives this thread a stack for signal handlers, unless it has one. The thread keeps it.
void provide_handler_stack() {
  constexpr std::size_t kBytes = 64 * 1024;  // MINSIGSTKSZ is 11 KiB where the processor has AMX
  struct Stack {
    std::unique_ptr<char[]> memory;
    ~Stack() {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      if (memory) sigaltstack(&none, nullptr);
    }
  };
  thread_local Stack stack;
  stack_t now{};
  if (sigaltstack(nullptr, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return;
  auto memory = std::make_unique<char[]>(kBytes);
  stack_t own{};
  own.ss_sp = memory.get();
  own.ss_size = kBytes;
  if (sigaltstack(&own, nullptr) == 0) stack.memory = std::move(memory);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  const std::lock_guard lock(mutex);
  provide_handler_stack();
  if (guards++ > 0) return;
  flag = 0;
  sigaction(SIGINT, nullptr, &previous);
  if (!(previous.sa_flags & SA_SIGINFO) && previous.sa_handler == SIG_IGN) return;
  struct sigaction ours {};
  ours.sa_sigaction = on_interrupt;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  installed = sigaction(SIGINT, &ours, nullptr) == 0;
}

InterruptGuard::~InterruptGuard() {
  const std::lock_guard lock(mutex);
  if (--guards > 0) return;
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &now);
  // Not over a handler that somebody has installed since.
  if (installed && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_interrupt)
    sigaction(SIGINT, &previous, nullptr);
  installed = false;
}

bool InterruptGuard::interrupted() const { return flag != 0; }

}  // namespace xgrad::train
