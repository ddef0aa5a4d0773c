// Saving respects what is there: links, FIFOs, devices, modes and owners; it survives kills and signals and cleans up.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <thread>

#include <xgrad/descriptor.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/xgrad.hpp>

#include "environment.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace fs = std::filesystem;

namespace {

void save(const std::string& path, const std::string& text, Location at = Location::current()) {
  write_file_atomically(
      "save", path, {{text.data(), text.size() / 2}, {text.data() + text.size() / 2, text.size() - text.size() / 2}},
      at);
}

struct stat status(const std::string& path) {
  struct stat s {};
  BOOST_REQUIRE_MESSAGE(lstat(path.c_str(), &s) == 0, path << " is gone");
  return s;
}
mode_t mode_of(const std::string& path) { return status(path).st_mode & 07777; }

std::string made_fifo(const std::string& path) {
  BOOST_REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  return path;
}

// Reads from a FIFO in a thread of its own, until finish() says that nobody writes any more.
class FifoReader {
 public:
  explicit FifoReader(const std::string& path) : in_(open(path.c_str(), O_RDONLY | O_NONBLOCK)) {}
  ~FifoReader() { finish(); }
  std::string finish() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return got_;
  }

 private:
  void run() {
    char buffer[4096];
    for (bool last = false;; last = done_) {
      const ssize_t n = read(in_.get(), buffer, sizeof buffer);
      if (n > 0)
        got_.append(buffer, static_cast<std::size_t>(n));
      else if (last)
        return;
      else
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }
  Descriptor in_;
  std::string got_;
  std::atomic<bool> done_ = false;
  std::thread thread_{[this] { run(); }};
};

// Everything in the library that writes a file, by the suffix it wants.
struct Writer {
  std::string suffix;
  std::function<void(const std::string&)> write;
  bool picture = false;  // warns where others throw
};
const std::vector<Writer>& writers() {
  static const Tensor loss = ones({}, {.requires_grad = true}) * 2;
  static const std::vector<Writer> all{
      {"safetensors",
       [](const std::string& path) {
         save_safetensors({{"a", ones({2})}}, path);
       }},
      {"ckpt", [](const std::string& path) { train::save_checkpoint(path, {.epoch = 3}); }},
      {"csv", [](const std::string& path) { train::MetricsLog().save(path); }},
      {"dot", [](const std::string& path) { viz::save(loss, path); }, true},
      {"plot.svg", [](const std::string& path) { viz::Plot().save(path); }, true},
      {"grid.svg",
       [](const std::string& path) {
         viz::image_grid(ones({1, 2, 2}), path);
       },
       true},
  };
  return all;
}

// Runs f in a child process; its result is the exit code.
int in_child(const std::function<int()>& f) {
  const pid_t child = fork();
  if (child == 0) {
    int code = 99;
    try {
      code = f();
    } catch (const std::exception& e) {
      std::fputs(e.what(), stderr);
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

// SIGALRM every millisecond, to a handler that lets system calls fail with EINTR.
class Alarms {
 public:
  Alarms() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++count; };
    sigaction(SIGALRM, &action, &before_);
    const itimerval every{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &every, nullptr);
  }
  ~Alarms() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }
  static inline std::atomic<int> count = 0;

 private:
  struct sigaction before_ {};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(special_targets)

BOOST_AUTO_TEST_CASE(links_stay_links_for_every_writer) {
  const TempDir dir;
  fs::create_directory(dir / "far");
  for (const Writer& w : writers()) {
    const std::string link = dir / ("link." + w.suffix), target = dir / ("far/real." + w.suffix);
    write_file(target, "old");
    fs::create_symlink("far/real." + w.suffix, link);  // relative: counts from the link's folder
    w.write(link);
    BOOST_TEST(fs::is_symlink(link), w.suffix);
    BOOST_TEST(read_file(target) != "old", w.suffix);
    BOOST_TEST(fs::is_regular_file(fs::symlink_status(target)), w.suffix);
  }
}

BOOST_AUTO_TEST_CASE(chains_of_links_and_links_to_nothing_yet) {
  const TempDir dir;
  fs::create_directories(dir / "a/b");
  fs::create_symlink("../second", dir / "a/first");
  fs::create_symlink((dir / "a/b") + "/real", dir / "second");
  save(dir / "a/first", "one");
  BOOST_TEST(read_file(dir / "a/b/real") == "one");
  save(dir / "a/first", "two");
  BOOST_TEST(read_file(dir / "a/b/real") == "two");
  BOOST_TEST((fs::is_symlink(dir / "a/first") && fs::is_symlink(dir / "second") && !fs::is_symlink(dir / "a/b/real")));
  BOOST_TEST(std::distance(fs::directory_iterator(dir / "a/b"), {}) == 1);
}

BOOST_AUTO_TEST_CASE(links_that_lead_nowhere_are_errors) {
  const TempDir dir;
  fs::create_symlink("round", dir / "circle");
  fs::create_symlink("circle", dir / "round");
  fs::create_symlink("missing/file", dir / "lost");
  fs::create_symlink(".", dir / "folder");
  expect_op<IoError>("save", {dir / "circle", "symbolic links"}, [&] { save(dir / "circle", "x"); });
  expect_op<IoError>("save", {dir / "lost", "missing/file", "its folder does not exist"},
                     [&] { save(dir / "lost", "x"); });
  expect_op<IoError>("save", {dir / "folder", "directory"}, [&] { save(dir / "folder", "x"); });
  BOOST_TEST(dir.names().size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_fifo_is_written_to_by_every_writer) {
  const TempDir dir;
  for (const Writer& w : writers()) {
    const std::string file = dir / ("file." + w.suffix), fifo = made_fifo(dir / ("fifo." + w.suffix));
    w.write(file);
    FifoReader reader(fifo);
    w.write(fifo);
    BOOST_TEST((reader.finish() == read_file(file)), w.suffix);
    BOOST_TEST(S_ISFIFO(status(fifo).st_mode), w.suffix);
  }
}

BOOST_AUTO_TEST_CASE(a_fifo_without_a_reader_is_an_error_and_stays) {
  const TempDir dir;
  const std::string fifo = made_fifo(dir / "fifo");
  fs::create_symlink("fifo", dir / "link");
  expect_op<IoError>("save", {"link", "nobody reads"}, [&] { save(dir / "link", "x"); });
  BOOST_TEST(S_ISFIFO(status(fifo).st_mode));
  BOOST_TEST(dir.names().size() == 2u);
}

// Neither the default action of SIGPIPE nor a handler sees it, and a signal that the host had pending stays pending.
BOOST_AUTO_TEST_CASE(a_reader_that_leaves_is_an_error_and_no_signal) {
  const TempDir dir;
  const std::string fifo = made_fifo(dir / "fifo"), text(1 << 20, 'x');
  sigset_t pipe_only, pending;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  for (const bool pending_before : {false, true}) {
    if (pending_before) {
      pthread_sigmask(SIG_BLOCK, &pipe_only, nullptr);
      pthread_kill(pthread_self(), SIGPIPE);
    }
    std::thread reader([in = Descriptor(open(fifo.c_str(), O_RDONLY | O_NONBLOCK))] {
      pollfd ready{in.get(), POLLIN, 0};
      poll(&ready, 1, 10000);
    });
    expect<IoError>({fifo, "Broken pipe"}, [&] { save(fifo, text); });
    reader.join();
    sigpending(&pending);
    BOOST_TEST(sigismember(&pending, SIGPIPE) == (pending_before ? 1 : 0));
  }
  const timespec at_once{0, 0};
  BOOST_TEST(sigtimedwait(&pipe_only, nullptr, &at_once) == SIGPIPE);
  pthread_sigmask(SIG_UNBLOCK, &pipe_only, nullptr);
}

BOOST_AUTO_TEST_CASE(devices_stay_devices) {
  const TempDir dir;
  for (const auto& [name, minor] : {std::pair{"null", 3}, {"full", 7}}) {
    fs::create_symlink(std::string("/dev/") + name, dir / (std::string(name) + "_link"));
    if (mknod((dir / name).c_str(), S_IFCHR | 0666, makedev(1, static_cast<unsigned>(minor))) != 0)
      BOOST_TEST_MESSAGE("no right to make a device: only links to devices are tried");
  }
  save(dir / "null_link", "gone");
  expect<IoError>({"full_link", "No space left"}, [&] { save(dir / "full_link", "too much"); });
  if (access((dir / "null").c_str(), F_OK) == 0 && Descriptor(open((dir / "null").c_str(), O_WRONLY))) {
    save(dir / "null", "gone");
    expect<IoError>({dir / "full", "No space left"}, [&] { save(dir / "full", "too much"); });
    BOOST_TEST((S_ISCHR(status(dir / "null").st_mode) && S_ISCHR(status(dir / "full").st_mode)));
  }
  BOOST_TEST((fs::is_symlink(dir / "null_link") && fs::is_symlink(dir / "full_link")));
  BOOST_TEST((fs::is_character_file("/dev/null") && fs::is_character_file("/dev/full")));
}

// What /dev/stdout is made of.
BOOST_AUTO_TEST_CASE(open_files_under_proc_are_written_to) {
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);
  save(fmt::format("/dev/fd/{}", ends[1]), "through");
  char got[8] = {};
  BOOST_TEST(read(ends[0], got, 7) == 7);
  BOOST_TEST(std::string(got) == "through");
  close(ends[0]);
  close(ends[1]);
  const Descriptor memory(memfd_create("test", 0));
  save(fmt::format("/proc/self/fd/{}", memory.get()), "a long first text");
  save(fmt::format("/proc/self/fd/{}", memory.get()), "short");
  BOOST_TEST(read_file(fmt::format("/proc/self/fd/{}", memory.get())) == "short");
}

BOOST_AUTO_TEST_CASE(other_names_of_the_file_keep_the_old_content) {
  const TempDir dir;
  write_file(dir / "one", "old");
  fs::create_hard_link(dir / "one", dir / "other");
  save(dir / "one", "new");
  BOOST_TEST((read_file(dir / "one") == "new" && read_file(dir / "other") == "old"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(permissions)

BOOST_AUTO_TEST_CASE(the_mode_is_kept_for_every_writer) {
  const TempDir dir;
  for (const Writer& w : writers())
    for (const mode_t mode : {0600u, 0640u, 0666u, 0755u}) {
      const std::string path = write_file(dir / (std::to_string(mode) + "." + w.suffix), "old");
      chmod(path.c_str(), mode);
      w.write(path);
      BOOST_TEST(read_file(path) != "old");
      BOOST_TEST(mode_of(path) == mode, w.suffix);
    }
}

BOOST_AUTO_TEST_CASE(a_new_file_follows_the_umask) {
  const TempDir dir;
  const mode_t before = umask(027);
  save(dir / "a", "x");
  umask(0);
  save(dir / "b", "x");
  umask(before);
  BOOST_TEST((mode_of(dir / "a") == 0640u && mode_of(dir / "b") == 0666u));
}

BOOST_AUTO_TEST_CASE(owner_and_group_are_kept) {
  if (geteuid() != 0) return;
  const TempDir dir;
  write_file(dir / "a", "old");
  BOOST_REQUIRE(chown((dir / "a").c_str(), 1234, 2345) == 0);
  chmod((dir / "a").c_str(), 0640);
  save(dir / "a", "new");
  const struct stat s = status(dir / "a");
  BOOST_TEST((s.st_uid == 1234u && s.st_gid == 2345u && (s.st_mode & 07777) == 0640u));
}

// Another user with rights to the folder: the group's rights are not handed to a group that had none, and a file that
// the user may not write is not replaced.
BOOST_AUTO_TEST_CASE(without_the_right_to_keep_the_group_nobody_gains_rights) {
  if (geteuid() != 0) return;
  const TempDir dir;
  chmod(dir.path().c_str(), 0777);
  for (const auto& [name, mode] : {std::pair{"shared", 0666u}, {"secret", 0642u}, {"protected", 0644u}}) {
    write_file(dir / name, "old");
    chmod((dir / name).c_str(), mode);
  }
  const int code = in_child([&] {
    if (setgroups(0, nullptr) != 0 || setgid(4321) != 0 || setuid(1234) != 0) return 1;
    save(dir / "shared", "new");
    save(dir / "secret", "new");
    try {
      save(dir / "protected", "new");
    } catch (const IoError& e) {
      return std::string(e.what()).find("Permission denied; the old file is kept") != std::string::npos ? 0 : 2;
    }
    return 3;
  });
  BOOST_TEST(code == 0);
  BOOST_TEST((read_file(dir / "shared") == "new" && read_file(dir / "secret") == "new"));
  BOOST_TEST((read_file(dir / "protected") == "old" && status(dir / "protected").st_uid == 0u));
  BOOST_TEST((mode_of(dir / "shared") == 0666u && mode_of(dir / "secret") == 0602u));
}

BOOST_AUTO_TEST_CASE(an_access_control_list_is_kept) {
  const TempDir dir;
  // Version 2; owner rw-, user 1234 r--, group ---, mask r--, others ---.
  const std::string list(
      "\2\0\0\0"
      "\1\0\6\0\377\377\377\377"
      "\2\0\4\0\322\4\0\0"
      "\4\0\0\0\377\377\377\377"
      "\20\0\4\0\377\377\377\377"
      "\40\0\0\0\377\377\377\377",
      44);
  const std::string path = write_file(dir / "a", "old");
  const char* name = "system.posix_acl_access";
  if (setxattr(path.c_str(), name, list.data(), list.size(), 0) != 0) return;  // not on this file system
  save(path, "new");
  char got[100];
  const ssize_t n = getxattr(path.c_str(), name, got, sizeof got);
  BOOST_REQUIRE(n == static_cast<ssize_t>(list.size()));
  BOOST_TEST((std::string(got, static_cast<std::size_t>(n)) == list));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(paths)

BOOST_AUTO_TEST_CASE(a_nul_in_the_path_is_refused_by_every_writer) {
  const TempDir dir;
  for (const Writer& w : writers())
    expect<ValueError>({"NUL", "here"}, [&] { w.write((dir / "here") + '\0' + "there." + w.suffix); });
  expect_op<ValueError>("save", {"NUL"}, [&] { save(std::string(1, '\0'), "x"); });
  BOOST_TEST(dir.names().empty());
}

BOOST_AUTO_TEST_CASE(the_longest_names_work) {
  const TempDir dir;
  for (const Writer& w : writers()) {
    const std::string name = std::string(254 - w.suffix.size(), 'n') + "." + w.suffix;
    BOOST_REQUIRE(name.size() == 255u);
    w.write(dir / name);
    BOOST_TEST(fs::exists(dir / name), w.suffix);
    if (w.picture)
      expect_warning({"name too long"}, [&] { w.write(dir / ("n" + name)); });
    else
      expect<IoError>({"name too long"}, [&] { w.write(dir / ("n" + name)); });
  }
  BOOST_TEST(dir.names().size() == writers().size());
}

BOOST_AUTO_TEST_CASE(what_names_no_file_is_an_error) {
  const TempDir dir;
  write_file(dir / "file", "kept");
  fs::create_directory(dir / "folder");
  for (const std::string& path : {std::string(), dir / "folder", dir / "folder/", dir / "new/", dir / "folder/.",
                                  dir / "..", std::string("/"), dir / "file/", (dir / "file") + "/x"})
    expect_op<IoError>("save", {path}, [&] { save(path, "x"); });
  BOOST_TEST(read_file(dir / "file") == "kept");
  BOOST_TEST(dir.names().size() == 2u);
}

BOOST_AUTO_TEST_CASE(only_a_new_file_never_replaces_one) {
  const TempDir dir;
  const auto save_new = [&](const std::string& path) {
    return write_new_file_atomically("save", path, {{"new", 3}}, Location::current());
  };
  write_file(dir / "file", "old");
  fs::create_symlink("nothing", dir / "link");
  made_fifo(dir / "fifo");
  for (const char* name : {"file", "link", "fifo"}) BOOST_TEST(!save_new(dir / name));
  BOOST_TEST(save_new(dir / "fresh"));
  BOOST_TEST((read_file(dir / "file") == "old" && read_file(dir / "fresh") == "new"));
  BOOST_TEST(dir.names().size() == 4u);
}

// In a process without standard streams, what is printed must not end up in the files that are open.
BOOST_AUTO_TEST_CASE(closed_standard_streams_are_not_taken) {
  const TempDir dir;
  const int code = in_child([&] {
    for (const int fd : {0, 1, 2}) close(fd);
    Descriptor file(open((dir / "a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    save(dir / "b", "x");
    return file.get() > 2 && fcntl(file.get(), F_GETFD) == FD_CLOEXEC && fcntl(0, F_GETFD) < 0 ? 0 : 1;
  });
  BOOST_TEST(code == 0);
  BOOST_TEST(read_file(dir / "b") == "x");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(interruptions)

BOOST_AUTO_TEST_CASE(a_file_that_grows_too_large_raises_no_signal) {
  const TempDir dir;
  save(dir / "a", "old");
  const int code = in_child([&] {
    std::signal(SIGXFSZ, SIG_DFL);
    const rlimit small{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &small);
    try {
      save(dir / "a", std::string(100000, 'x'));
    } catch (const IoError&) {
      return 0;
    }
    return 1;
  });
  BOOST_TEST(code == 0);  // 256 + SIGXFSZ on its default action
  BOOST_TEST(read_file(dir / "a") == "old");
  BOOST_TEST(dir.names().size() == 1u);
}

BOOST_AUTO_TEST_CASE(interrupted_calls_go_on) {
  const TempDir dir;
  const std::string text(4 << 20, 'x'), fifo = made_fifo(dir / "fifo");
  const Alarms alarms;
  for (const int before = Alarms::count; Alarms::count < before + 50;) save(dir / "a", text);
  BOOST_TEST((read_file(dir / "a") == text));
  FifoReader reader(fifo);
  save(fifo, text);
  BOOST_TEST((reader.finish() == text));
}

// Temporaries that killed processes left: the next save to the same file removes them, unless they are being written.
BOOST_AUTO_TEST_CASE(leftovers_of_killed_runs_are_removed) {
  const TempDir dir;
  const std::string path = dir / "model", text(8 << 20, 'x');
  const auto leftovers = [&] {
    std::vector<std::string> names = dir.names();
    std::erase_if(names, [](const std::string& n) { return n == "model" || n == "other"; });
    return names;
  };
  for (int attempt = 0; attempt < 100 && leftovers().empty(); ++attempt) {
    const pid_t child = fork();
    if (child == 0)
      for (;;) save(path, text);
    while (leftovers().empty()) std::this_thread::yield();
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  const std::vector<std::string> left = leftovers();
  BOOST_REQUIRE(left.size() == 1u);
  save(dir / "other", "x");
  BOOST_TEST(leftovers().size() == 1u);  // of another file: not its business
  {
    const Descriptor writing(open((dir / left[0]).c_str(), O_WRONLY));
    BOOST_REQUIRE(flock(writing.get(), LOCK_EX | LOCK_NB) == 0);
    save(path, "new");
    BOOST_TEST(leftovers() == left, boost::test_tools::per_element());
  }
  save(path, "newer");
  BOOST_TEST(leftovers().empty());
  BOOST_TEST(read_file(path) == "newer");
}

BOOST_AUTO_TEST_CASE(processes_and_threads_saving_to_one_link_leave_a_whole_file) {
  const TempDir dir;
  fs::create_symlink("real", dir / "link");
  const auto save_often = [&](char c) {
    for (int i = 0; i < 30; ++i) save(dir / "link", std::string(100000, c));
  };
  std::vector<pid_t> children;
  for (const char c : {'a', 'b', 'c'}) {
    children.push_back(fork());
    if (children.back() == 0) {
      try {
        save_often(c);
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
  }
  std::thread other(save_often, 'd');
  save_often('e');
  other.join();
  for (const pid_t child : children) {
    int status = 1;
    waitpid(child, &status, 0);
    BOOST_TEST(status == 0);
  }
  const std::string got = read_file(dir / "real");
  BOOST_TEST((got.size() == 100000u && got == std::string(100000, got[0])));
  BOOST_TEST(dir.names() == (std::vector<std::string>{"link", "real"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
