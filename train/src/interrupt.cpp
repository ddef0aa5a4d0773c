#include <xgrad/train/interrupt.hpp>

#include <csignal>

namespace xgrad::train {
namespace {
volatile std::sig_atomic_t flag = 0;
void on_interrupt(int) {
  flag = 1;
  std::signal(SIGINT, SIG_DFL);
}
}  // namespace

InterruptGuard::InterruptGuard() {
  flag = 0;
  previous_ = std::signal(SIGINT, on_interrupt);
}
InterruptGuard::~InterruptGuard() { std::signal(SIGINT, previous_); }
bool InterruptGuard::interrupted() const { return flag != 0; }

}  // namespace xgrad::train
