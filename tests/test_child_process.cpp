// Pictures by other programs: the time limit, children that misbehave, a host program with settings of its own, and
// files that nobody named.
#include <chrono>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <thread>

#include <xgrad/descriptor.hpp>
#include <xgrad/xgrad.hpp>

#include "environment.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace fs = std::filesystem;

namespace {

// A folder for pictures, and one that stands first in PATH with scripts in the place of dot and rsvg-convert.
struct Drawing {
  TempDir dir, bin;
  PathGuard path{bin.path() + ":/usr/bin:/bin"};
  Tensor loss = ones({}, {.requires_grad = true}) * 2;

  explicit Drawing(const std::string& script) {
    for (const char* program : {"dot", "rsvg-convert"}) {
      write_file(bin / program, "#!/bin/sh\n" + script + "\n");
      fs::permissions(bin / program, fs::perms::owner_all);
    }
  }
  // A graph as SVG by dot, a plot as PNG by rsvg-convert.
  std::string graph(const std::string& name = "g.svg", std::chrono::seconds timeout = std::chrono::seconds(30)) const {
    return viz::save(loss, dir / name, {.timeout = timeout});
  }
  std::string plot(const std::string& name = "p.png") const { return viz::Plot().save(dir / name); }
};

constexpr const char* kSvg = "cat >/dev/null; echo '<svg></svg>'";

// What a program does with a signal, for the time of a test.
class Disposition {
 public:
  Disposition(int signal, void (*handler)(int), int flags = 0) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(signal, &action, &before_);
  }
  ~Disposition() { sigaction(signal_, &before_, nullptr); }
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;

 private:
  int signal_;
  struct sigaction before_ {};
};

double seconds_of(const std::function<void()>& f) {
  const auto before = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

bool is_running(pid_t process) {
  const std::string status = read_file(fmt::format("/proc/{}/stat", process));
  return !status.empty() && !has(status, ") Z");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(time_limit)

// The scripts would sleep for a minute; the limit is a second. Nobody measures exactly.
BOOST_AUTO_TEST_CASE(closing_the_outputs_does_not_end_it) {
  for (const char* script : {"exec >&- 2>&-; exec sleep 60", "exec <&- >&- 2>&-; sleep 60; exit 0",
                             "echo '<svg></svg>'; exec >&- 2>&-; exec sleep 60", "trap '' TERM INT; sleep 60; true"}) {
    const Drawing d(script);
    CaughtErrors errors;
    std::string kept;
    BOOST_TEST(seconds_of([&] { kept = d.graph("g.svg", std::chrono::seconds(1)); }) < 50, script);
    BOOST_TEST(kept == d.dir / "g.dot");
    BOOST_TEST(has(errors.text(), "longer than 1 s"));
    BOOST_TEST(d.dir.names() == std::vector<std::string>{"g.dot"}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(what_the_child_started_is_ended_too) {
  const Drawing d("sleep 60 & echo $! > \"$0.pid\"; sleep 60");
  CaughtErrors errors;
  BOOST_TEST(d.graph("g.svg", std::chrono::seconds(3)) == d.dir / "g.dot");  // enough to start, however busy it is
  const pid_t grandchild = std::atoi(read_file(d.bin / "dot.pid").c_str());
  BOOST_REQUIRE(grandchild > 0);
  for (int i = 0; i < 1000 && is_running(grandchild); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  BOOST_TEST(!is_running(grandchild));
}

BOOST_AUTO_TEST_CASE(a_process_left_behind_is_not_waited_for) {
  const Drawing d(std::string(kSvg) + "; sleep 20 & exit 0");
  BOOST_TEST(seconds_of([&] { BOOST_TEST(d.graph() == d.dir / "g.svg"); }) < 15);
  BOOST_TEST(read_file(d.dir / "g.svg") == "<svg></svg>\n");
}

BOOST_AUTO_TEST_CASE(interrupted_calls_do_not_end_it) {
  const Disposition alarms(SIGALRM, [](int) {});  // without SA_RESTART
  const itimerval every{{0, 1000}, {0, 1000}}, never{};
  const Drawing d("sleep 0.3; exec cat");
  setitimer(ITIMER_REAL, &every, nullptr);
  BOOST_TEST(d.graph() == d.dir / "g.svg");
  setitimer(ITIMER_REAL, &never, nullptr);
  BOOST_TEST((read_file(d.dir / "g.svg") == viz::to_dot(d.loss)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(children_that_fail)

BOOST_AUTO_TEST_CASE(no_picture_is_a_warning) {
  for (const char* script : {"cat >/dev/null", "exit 0", "exec >&-; exit 0", "echo complaint >&2"}) {
    const Drawing d(script);
    write_file(d.dir / "g.svg", "the last picture");
    write_file(d.dir / "p.png", "the last picture");
    expect_warning({"viz::save", "dot could not draw", "g.svg", "not a complete picture", "g.dot"}, [&] { d.graph(); });
    expect_warning({"viz::Plot", "rsvg-convert could not draw", "p.png", "not a complete picture", "p.svg"},
                   [&] { d.plot(); });
    for (const char* name : {"g.svg", "p.png"}) BOOST_TEST(read_file(d.dir / name) == "the last picture");
    BOOST_TEST(read_file(d.dir / "p.svg") == viz::Plot().svg());
  }
}

BOOST_AUTO_TEST_CASE(a_signal_that_ended_it_is_named) {
  for (const char* script : {"echo '<svg></svg>'; kill -SEGV $$", "echo ' ' >&2; kill -SEGV $$",
                             "echo complaint >&2; kill -SEGV $$", "sh -c 'kill -SEGV $$'; exit $?"}) {
    const Drawing d(script);
    const std::string said = expect_warning({"signal 11", "Segmentation fault", "the text is in"}, [&] { d.graph(); });
    BOOST_TEST(has(said, "complaint") == has(script, "complaint"));
    BOOST_TEST(d.dir.names() == std::vector<std::string>{"g.dot"}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(endless_complaints_are_cut) {
  const Drawing failing("echo first >&2; head -c 30000000 /dev/zero | tr '\\0' x >&2; exit 3");
  BOOST_TEST(expect_warning({"first"}, [&] { failing.graph(); }).size() < 1000u);
  const Drawing working(std::string("head -c 30000000 /dev/zero >&2;") + kSvg);
  BOOST_TEST(working.graph() == working.dir / "g.svg");
}

BOOST_AUTO_TEST_CASE(a_text_that_is_not_read_is_no_signal) {
  const Disposition fatal(SIGPIPE, SIG_DFL);
  Drawing d("exec <&-; echo '<svg></svg>'");
  for (int i = 0; i < 390; ++i) d.loss = d.loss * 1.01;  // more than a pipe holds
  BOOST_TEST(d.graph() == d.dir / "g.svg");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hosts)

// The exit code is lost (or nearly always: it is a race), so the picture itself must tell whether it is whole.
BOOST_AUTO_TEST_CASE(a_host_that_takes_exit_codes) {
  const auto reap_all = [](int) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  };
  for (void (*handler)(int) : {static_cast<void (*)(int)>(SIG_IGN), static_cast<void (*)(int)>(reap_all)}) {
    const Disposition children(SIGCHLD, handler, SA_RESTART);
    for (const char* script : {"exit 0", "exit 3", "echo '<svg><g>'; exit 1", "echo broken >&2; exit 1"}) {
      const Drawing d(script);
      expect_warning({"could not draw"}, [&] { d.graph(); });
      expect_warning({"could not draw"}, [&] { d.plot(); });
      BOOST_TEST(d.dir.names() == (std::vector<std::string>{"g.dot", "p.svg"}), boost::test_tools::per_element());
    }
    const Drawing whole(kSvg);
    BOOST_TEST(whole.graph() == whole.dir / "g.svg");
    const Drawing png("printf '\\211PNG\\r\\n\\032\\n....IEND\\256B`\\202'");
    BOOST_TEST(png.plot() == png.dir / "p.png");
    const Drawing pdf("printf '%%PDF-1.5\\n..\\n%%%%EOF\\n'");
    BOOST_TEST(pdf.plot("p.pdf") == pdf.dir / "p.pdf");
    const Drawing slow("exec >&- 2>&-; exec sleep 60");
    CaughtErrors errors;
    BOOST_TEST(seconds_of([&] { slow.graph("g.svg", std::chrono::seconds(1)); }) < 50);
  }
}

BOOST_AUTO_TEST_CASE(real_pictures_are_whole) {
  const Disposition children(SIGCHLD, SIG_IGN);
  const TempDir dir;
  const Tensor loss = ones({}, {.requires_grad = true}) * 2;
  for (const char* suffix : {"svg", "png", "pdf"}) {
    for (const auto& [program, name] : {std::pair{"/usr/bin/dot", "g."}, {"/usr/bin/rsvg-convert", "p."}}) {
      if (!fs::exists(program)) continue;
      const std::string path = dir / (std::string(name) + suffix);
      BOOST_TEST((name[0] == 'g' ? viz::save(loss, path) : viz::Plot().save(path)) == path);
    }
  }
}

BOOST_AUTO_TEST_CASE(dispositions_and_masks_of_the_host_stay) {
  struct sigaction action {
  }, before{}, after{};
  action.sa_sigaction = [](int, siginfo_t*, void*) {};
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGPIPE, &action, &before);
  sigset_t mask_before, mask_after;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  std::atomic<bool> changed = false, stop = false;
  std::thread watcher([&] {
    struct sigaction now {};
    while (!stop)
      changed = changed | (sigaction(SIGPIPE, nullptr, &now) != 0 || now.sa_sigaction != action.sa_sigaction);
  });
  const Drawing d(kSvg);
  for (int i = 0; i < 5; ++i) d.graph();
  stop = true;
  watcher.join();
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  sigaction(SIGPIPE, &before, &after);
  BOOST_TEST(!changed);
  BOOST_TEST(after.sa_sigaction == action.sa_sigaction);
  BOOST_TEST((after.sa_flags & (SA_SIGINFO | SA_ONSTACK)) == (SA_SIGINFO | SA_ONSTACK));
  for (int s = 1; s < 32; ++s) BOOST_TEST(sigismember(&mask_before, s) == sigismember(&mask_after, s));
}

// The child must be as one started from a shell: no signal blocked or ignored, no file of the host's open, a process
// group of its own.
BOOST_AUTO_TEST_CASE(the_child_inherits_nothing) {
  const Disposition ignored(SIGINT, SIG_IGN);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const TempDir files;
  const int host_file = open((files / "secret").c_str(), O_RDWR | O_CREAT, 0600);  // without O_CLOEXEC
  const int high = fcntl(host_file, F_DUPFD, 200);
  const Drawing signals("exec grep -E '^Sig(Blk|Ign)' /proc/self/status");
  BOOST_TEST(signals.graph() == signals.dir / "g.svg");
  const Drawing open_files("exec ls -l /proc/self/fd");
  BOOST_TEST(open_files.graph() == open_files.dir / "g.svg");
  const Drawing group("exec cut -d' ' -f1,5 /proc/self/stat");
  BOOST_TEST(group.graph() == group.dir / "g.svg");
  close(host_file);
  close(high);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  unsigned long blocked_there = 1, ignored_there = 1;
  const std::string masks = read_file(signals.dir / "g.svg");
  BOOST_TEST(std::sscanf(masks.c_str(), "SigBlk: %lx SigIgn: %lx", &blocked_there, &ignored_there) == 2);
  BOOST_TEST(((blocked_there | ignored_there) & 0x7fffffff) == 0u, masks);  // above: real-time signals, the C library's
  BOOST_TEST(!has(read_file(open_files.dir / "g.svg"), "secret"), read_file(open_files.dir / "g.svg"));
  int process = 0, leader = -1;
  BOOST_TEST(std::sscanf(read_file(group.dir / "g.svg").c_str(), "%d %d", &process, &leader) == 2);
  BOOST_TEST(process == leader);
}

BOOST_AUTO_TEST_CASE(closed_standard_streams_are_no_hindrance) {
  const Drawing d("tee \"$0.read\" >/dev/null; echo complaint >&2; echo '<svg></svg>'");
  for (int closed = 0; closed < 8; ++closed) {  // every subset
    const std::string name = fmt::format("p{}.png", closed);
    const pid_t child = fork();
    if (child == 0) {
      for (int fd = 0; fd < 3; ++fd)
        if (closed >> fd & 1) close(fd);
      int code = 1;
      try {
        code = d.plot(name) == d.dir / name ? 0 : 2;
      } catch (...) {
      }
      _exit(code);
    }
    int status = 1;
    waitpid(child, &status, 0);
    BOOST_TEST(status == 0, closed);
    BOOST_TEST(read_file(d.dir / name) == "<svg></svg>\n");
    BOOST_TEST((read_file(d.bin / "rsvg-convert.read") == viz::Plot().svg()));
  }
}

// Some of the children end before they have read anything.
BOOST_AUTO_TEST_CASE(several_threads_at_once) {
  const Disposition fatal(SIGPIPE, SIG_DFL);
  const Drawing d("exec <&-; echo '<svg></svg>'");
  Tensor big = d.loss;
  for (int i = 0; i < 100; ++i) big = big * 1.01;
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string path = d.dir / fmt::format("{}_{}.svg", t, i);
        good += viz::save(big, path) == path && read_file(path) == "<svg></svg>\n";
      }
    });
  for (std::thread& t : threads) t.join();
  BOOST_TEST(good == 40);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(files_that_nobody_named)

BOOST_AUTO_TEST_CASE(a_file_beside_the_picture_is_never_touched) {
  const Drawing d("exit 3");
  const PathGuard nothing("/nonexistent");
  write_file(d.dir / "mine.dot", "precious");
  write_file(d.dir / "mine.svg", "precious");
  CaughtErrors errors;
  BOOST_TEST(d.graph("mine.svg") == d.dir / "mine-1.dot");
  BOOST_TEST(d.plot("mine.png") == d.dir / "mine-1.svg");
  const std::string said = errors.text();
  for (const char* fact : {"graphviz not found", "mine-1.dot", "-Tsvg", "rsvg-convert not found", "mine-1.svg"})
    BOOST_TEST(has(said, fact), said);
  BOOST_TEST((read_file(d.dir / "mine-1.dot") == viz::to_dot(d.loss)));
  BOOST_TEST((read_file(d.dir / "mine-1.svg") == viz::Plot().svg()));
  for (const char* name : {"mine.dot", "mine.svg"}) BOOST_TEST(read_file(d.dir / name) == "precious");
}

BOOST_AUTO_TEST_CASE(nor_when_the_program_fails_or_is_slow) {
  for (const bool slow : {false, true}) {
    const Drawing d(slow ? "exec sleep 60" : "echo broken >&2; exit 3");
    write_file(d.dir / "mine.dot", "precious");
    CaughtErrors errors;
    const std::chrono::seconds limit(1);
    if (slow)
      BOOST_TEST(d.graph("mine.svg", limit) == d.dir / "mine-1.dot");
    else
      expect_warning({"broken", "mine-1.dot"}, [&] { BOOST_TEST(d.graph("mine.svg") == d.dir / "mine-1.dot"); });
    BOOST_TEST(read_file(d.dir / "mine.dot") == "precious");
    BOOST_TEST((read_file(d.dir / "mine-1.dot") == viz::to_dot(d.loss)));
  }
}

BOOST_AUTO_TEST_CASE(neither_links_nor_fifos_nor_folders_are_in_the_way) {
  const Drawing d("exit 3");
  const PathGuard nothing("/nonexistent");
  fs::create_symlink("elsewhere", d.dir / "mine.dot");
  BOOST_REQUIRE(mkfifo((d.dir / "mine-1.dot").c_str(), 0600) == 0);
  fs::create_directory(d.dir / "mine-2.dot");
  CaughtErrors errors;
  for (int i = 0; i < 2; ++i) BOOST_TEST(d.graph("mine.svg") == d.dir / "mine-3.dot");  // the same text: the same file
  BOOST_TEST(d.dir.names().size() == 4u);
  BOOST_TEST((fs::is_symlink(d.dir / "mine.dot") && fs::is_fifo(d.dir / "mine-1.dot")));
}

BOOST_AUTO_TEST_SUITE_END()
