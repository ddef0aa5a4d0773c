// A process that saves again and again and is killed at a random moment, however busy the machine is.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <xgrad/descriptor.hpp>

#include "support.hpp"

namespace xgrad::test {

// Runs run(saved) in a child of fork(), which calls saved() behind every save. When it has done so `saves` times the
// child gets `delay` more and SIGKILL. True: it ended by itself before.
inline bool killed_child(const std::function<void(const std::function<void()>& saved)>& run, unsigned saves,
                         std::chrono::microseconds delay) {
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);
  const Descriptor from(ends[0]);
  Descriptor to(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    int code = 0;
    try {
      run([&] {
        const char done = 1;
        if (write(to.get(), &done, 1) != 1) _exit(2);
      });
    } catch (const std::exception& e) {
      std::fputs(e.what(), stderr);
      code = 1;
    }
    _exit(code);
  }
  BOOST_REQUIRE(child > 0);
  to = Descriptor(-1);
  char done = 0;
  for (unsigned i = 0; i < saves && read(from.get(), &done, 1) == 1; ++i) {
  }
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) BOOST_REQUIRE(WEXITSTATUS(status) == 0);
  return WIFEXITED(status);
}

}  // namespace xgrad::test
