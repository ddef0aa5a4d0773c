#include "child_process.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/descriptor.hpp>

extern char** environ;

namespace xgrad::viz {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{5};      // how often the child is looked at
constexpr std::chrono::seconds kWaitForKilled{2};  // a process deep in the system may take a while to die
constexpr std::size_t kLongestOutput = std::size_t{1} << 30, kLongestMessage = 2000;

[[noreturn]] void refuse(const char* what) {
  ErrorReport("viz", fmt::format("cannot {}: {}", what, std::strerror(errno)), Location::current()).io_error();
}

// The child's standard input is a file in memory. Unlike a pipe it has an end, even when another process of the host
// inherited it, and a child that does not read it cannot raise a signal here.
Descriptor file_with(const std::string& text) {
  Descriptor file(memfd_create("xgrad", MFD_CLOEXEC));
  if (!file || !write_whole(file.get(), text.data(), text.size()) || lseek(file.get(), 0, SEEK_SET) != 0)
    refuse("pass the input to the program");
  return file;
}

struct Pipe {
  Descriptor read, write;
  Pipe() {
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0) refuse("make a pipe");
    read = Descriptor(fd[0]);
    write = Descriptor(fd[1]);
    if (!read || !write || fcntl(read.get(), F_SETFL, O_NONBLOCK) != 0) refuse("make a pipe");
  }
};

// One of the child's outputs, up to a length; what comes after that is read and dropped.
class Reader {
 public:
  Reader(Descriptor from, std::string& to, std::size_t longest) : from_(std::move(from)), to_(to), longest_(longest) {}
  int get() const { return from_.get(); }  // -1 at the end
  bool overflowed() const { return overflowed_; }
  // What is there; false: nothing for now, or no more at all.
  bool read_some() {
    char buffer[65536];
    const ssize_t n = uninterrupted([&] { return ::read(from_.get(), buffer, sizeof buffer); });
    if (n == 0 || (n < 0 && errno != EAGAIN)) from_.close();
    if (n <= 0) return false;
    const std::size_t room = std::min(static_cast<std::size_t>(n), longest_ - to_.size());
    to_.append(buffer, room);
    overflowed_ |= room < static_cast<std::size_t>(n);
    return true;
  }

 private:
  Descriptor from_;
  std::string& to_;
  std::size_t longest_;
  bool overflowed_ = false;
};

// The child's signals are as in a new process, whatever this thread blocks and the host ignores. It leads a process
// group, to be ended with its own children, and keeps no descriptor of the host's.
class SpawnSettings {
 public:
  SpawnSettings(int in, int out, int err) {
    check(posix_spawn_file_actions_init(&actions_));
    check(posix_spawnattr_init(&attributes_));
    check(posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO));
    check(posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO));
    check(posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO));
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
    check(posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
#endif
#endif
    sigset_t signals;
    sigemptyset(&signals);
    check(posix_spawnattr_setsigmask(&attributes_, &signals));
    sigfillset(&signals);
    check(posix_spawnattr_setsigdefault(&attributes_, &signals));
    check(posix_spawnattr_setpgroup(&attributes_, 0));
    check(
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  // 0 or the error.
  int spawn(std::vector<std::string> words, pid_t& child) const {
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    return error_ ? error_ : posix_spawnp(&child, argv[0], &actions_, &attributes_, argv.data(), environ);
  }

 private:
  void check(int code) {
    if (error_ == 0) error_ = code;
  }
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  int error_ = 0;
};

// A running child; killed and reaped at the latest when this goes away.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() { kill_all(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Looks without waiting. A host that ignores SIGCHLD, or whose handler waits for every process, takes the exit code
  // before it can be read (ECHILD).
  bool running() {
    if (!running_) return false;
    const pid_t p = uninterrupted([&] { return waitpid(pid_, &status_, WNOHANG); });
    running_ = p == 0;
    known_ = p == pid_;
    return running_;
  }
  // Only while it is not reaped: then nobody else can have its number.
  void kill_all() {
    if (!running()) return;
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);  // it may have left its group
    for (const auto end = Clock::now() + kWaitForKilled; running() && Clock::now() < end;)
      std::this_thread::sleep_for(kTick);
  }
  Outcome outcome() const {
    if (!known_) return Outcome::unknown;
    if (!WIFEXITED(status_)) return Outcome::failed;
    const int code = WEXITSTATUS(status_);
    return code == 0 ? Outcome::done : code == 127 ? Outcome::missing : Outcome::failed;
  }
  std::string how_it_ended() const {
    if (!known_) return "no exit code";
    if (WIFSIGNALED(status_)) return "ended by " + named(WTERMSIG(status_));
    const int code = WEXITSTATUS(status_), signal = code - 128;  // of a program that a shell ran
    return fmt::format("exit code {}{}", code, signal > 0 && signal < SIGRTMIN ? ", as of " + named(signal) : "");
  }

 private:
  static std::string named(int signal) { return fmt::format("signal {} ({})", signal, strsignal(signal)); }

  pid_t pid_;
  int status_ = 0;
  bool running_ = true, known_ = false;
};

// Reads what the child writes until it has ended; false when time is up, or it writes without end.
bool read_until_ended(Child& child, Reader& out, Reader& err, Clock::time_point deadline) {
  for (bool more = true; more;) {
    if (Clock::now() >= deadline || out.overflowed()) return false;
    more = child.running();  // asked first: what it wrote before it ended can then be read to the last byte
    pollfd fds[2] = {{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}};
    if (more) poll(fds, 2, static_cast<int>(kTick.count()));  // an error (a signal, no memory): then it looks at once
    // A process that the child left behind may hold the pipes open: nobody waits for that.
    more |= out.read_some();
    more |= err.read_some();
  }
  return true;
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const std::string& input, std::chrono::seconds timeout,
                      std::size_t memory) {
  ChildResult r{Outcome::failed, "", ""};
  Pipe out, err;
  pid_t pid = -1;
  {
    const Descriptor in = file_with(input);
    const int code = SpawnSettings(in.get(), out.write.get(), err.write.get()).spawn(arguments, pid);
    if (code == ENOENT || code == ENOTDIR) return {Outcome::missing, "", ""};
    if (code != 0) return {Outcome::failed, "", std::strerror(code)};
  }
  Child child(pid);
  if (memory) {
    const rlimit most{memory, memory};
    prlimit(pid, RLIMIT_AS, &most, nullptr);  // it may have ended already
  }
  const std::chrono::seconds none{0}, year{365 * 24 * 3600};
  const auto deadline = Clock::now() + std::clamp(timeout, none, year);
  out.write.close();
  err.write.close();
  Reader output(std::move(out.read), r.output, kLongestOutput),
      message(std::move(err.read), r.message, kLongestMessage);
  const bool ended = read_until_ended(child, output, message, deadline);
  if (!ended) child.kill_all();
  if (message.overflowed()) r.message += "...";
  r.message.erase(r.message.find_last_not_of('\n') + 1);
  r.outcome = ended ? child.outcome() : output.overflowed() ? Outcome::failed : Outcome::timed_out;
  const std::string end = output.overflowed() ? "its output is too long" : child.how_it_ended();
  const bool blank = r.message.find_first_not_of(" \t\r\n\f\v") == std::string::npos;
  if (blank)
    r.message = end;
  else if (r.outcome == Outcome::failed)
    r.message = fmt::format("{}: {}", end, r.message);
  return r;
}

}  // namespace xgrad::viz
