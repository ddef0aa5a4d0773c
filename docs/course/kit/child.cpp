#include "child.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace course {
namespace {

constexpr int kFailed = 113;  // the exit status of a child that could not begin
constexpr std::size_t kMostOutput = std::size_t{64} << 20;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLimitsMemory = false;  // sanitizers reserve terabytes
#else
constexpr bool kLimitsMemory = true;
#endif

std::size_t memory_now() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void limit(const ChildLimits& limits) {
  const auto seconds = static_cast<rlim_t>(limits.processor_seconds);
  const rlimit processor{seconds, seconds + 1};
  setrlimit(RLIMIT_CPU, &processor);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (!kLimitsMemory) return;
  const auto bytes = static_cast<rlim_t>(memory_now() + limits.memory);
  const rlimit memory{bytes, bytes};
  setrlimit(RLIMIT_AS, &memory);
}

// What the child writes, until it closes the descriptor; false when it takes too long or writes without end.
bool read_all(int descriptor, int seconds, std::string& output) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd p{descriptor, POLLIN, 0};
    const int ready = left.count() > 0 ? poll(&p, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    char buffer[65536];
    const ssize_t n = read(descriptor, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    output.append(buffer, static_cast<std::size_t>(n));
    if (output.size() > kMostOutput) return false;
  }
}

std::string how_it_ended(int status, bool late, int processor_seconds) {
  if (late || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)))
    return "it was still running after " + std::to_string(processor_seconds) +
           " s and was stopped: is there a loop without an end?";
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const std::string name = strsignal(number);
    if (number == SIGSEGV || number == SIGBUS)
      return "it crashed (" + name +
             "): an index outside of an array, a reference into a vector that has grown since, "
             "or a function that calls itself without an end?";
    if (number == SIGABRT) return "it crashed (" + name + "): an index outside of an array?";
    return "it crashed (" + name + ")";
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    return "it ended the program with exit code " + std::to_string(WEXITSTATUS(status));
  return "";
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ChildEnd run_in_child(const std::function<void(int descriptor)>& work, const ChildLimits& limits) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {"", std::string("no pipe: ") + std::strerror(errno), false};
  std::cout.flush();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]), close(ends[1]);
    return {"", std::string("no process: ") + std::strerror(errno), false};
  }
  if (child == 0) {
    setpgid(0, 0);
    close(ends[0]);
    limit(limits);
    work(ends[1]);
    std::cout.flush();
    std::fflush(nullptr);
    _exit(0);
  }
  setpgid(child, child);  // whichever of the two comes first
  close(ends[1]);
  ChildEnd end;
  const bool in_time = read_all(ends[0], limits.seconds, end.output);
  close(ends[0]);
  if (!in_time) kill(-child, SIGKILL);
  const int status = wait_for(child);
  end.failed = how_it_ended(status, !in_time, in_time ? limits.processor_seconds : limits.seconds);
  end.late = !in_time || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL));
  return end;
}

std::string run_program(const std::vector<std::string>& arguments, const std::string& input, int seconds) {
  std::FILE* file = std::tmpfile();
  if (!file) return std::string("no temporary file: ") + std::strerror(errno);
  const bool written = std::fwrite(input.data(), 1, input.size(), file) == input.size() && std::fflush(file) == 0;
  std::rewind(file);
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const ChildLimits limits{.processor_seconds = seconds, .seconds = 4 * seconds};
  const ChildEnd end = run_in_child(
      [&](int) {
        if (!written || dup2(fileno(file), STDIN_FILENO) < 0) _exit(kFailed);
        execvp(argv[0], argv.data());
        _exit(errno == ENOENT ? 127 : kFailed);
      },
      limits);
  std::fclose(file);
  if (end.failed.find("exit code 127") != std::string::npos) return arguments[0] + " is not installed";
  return end.failed;
}

}  // namespace course
