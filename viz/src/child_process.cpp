#include "child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <xgrad/error.hpp>

extern char** environ;

namespace xgrad::viz {
namespace {

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0) throw IoError(fmt::format("xgrad: viz: cannot make a pipe: {}", std::strerror(errno)));
    read = fd[0];
    write = fd[1];
  }
  ~Pipe() {
    close_end(read);
    close_end(write);
  }
  static void close_end(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
};

bool append_from(int& fd, std::string& to) {
  char buffer[65536];
  const ssize_t n = ::read(fd, buffer, sizeof buffer);
  if (n > 0) to.append(buffer, static_cast<std::size_t>(n));
  else if (n == 0 || (errno != EINTR && errno != EAGAIN)) Pipe::close_end(fd);
  return n > 0;
}

// Feeds and drains the child until its outputs end or time is up; false on timeout.
bool exchange(Pipe& in, Pipe& out, Pipe& err, const std::string& text, ChildResult& r, std::chrono::steady_clock::time_point deadline) {
  std::size_t sent = 0;
  while (out.read >= 0 || err.read >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd fds[3] = {{in.write, POLLOUT, 0}, {out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
    if (poll(fds, 3, static_cast<int>(left)) < 0 && errno != EINTR) return false;
    if (fds[0].revents) {
      const ssize_t n = ::write(in.write, text.data() + sent, text.size() - sent);
      if (n > 0) sent += static_cast<std::size_t>(n);
      if (sent == text.size() || (n < 0 && errno != EINTR && errno != EAGAIN)) Pipe::close_end(in.write);
    }
    if (fds[1].revents) append_from(out.read, r.output);
    if (fds[2].revents) append_from(err.read, r.message);
  }
  return true;
}

// A child that closes its input early must not kill this process.
struct IgnorePipeSignal {
  void (*before)(int) = signal(SIGPIPE, SIG_IGN);
  ~IgnorePipeSignal() { signal(SIGPIPE, before); }
};

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const std::string& input, std::chrono::seconds timeout) {
  ChildResult r{Outcome::failed, "", ""};
  Pipe in, out, err;
  fcntl(in.write, F_SETFL, O_NONBLOCK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write, 1);
  posix_spawn_file_actions_adddup2(&actions, err.write, 2);
  std::vector<std::string> words = arguments;
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  pid_t child = -1;
  const int code = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) {
    r.outcome = code == ENOENT ? Outcome::missing : Outcome::failed;
    r.message = std::strerror(code);
    return r;
  }
  const IgnorePipeSignal guard;
  Pipe::close_end(in.read);
  Pipe::close_end(out.write);
  Pipe::close_end(err.write);
  const bool finished = exchange(in, out, err, input, r, std::chrono::steady_clock::now() + timeout);
  if (!finished) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!finished) r.outcome = Outcome::timed_out;
  else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) r.outcome = Outcome::done;
  else if (WIFEXITED(status) && WEXITSTATUS(status) == 127) r.outcome = Outcome::missing;
  return r;
}

}  // namespace xgrad::viz
