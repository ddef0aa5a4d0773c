// A process's surroundings, changed for the time of a test: PATH and standard error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include "support.hpp"

namespace xgrad::test {

// PATH for the time of a test, put back afterwards.
class PathGuard {
 public:
  explicit PathGuard(const std::string& path) : before_(std::getenv("PATH") ? std::getenv("PATH") : "") {
    setenv("PATH", path.c_str(), 1);
  }
  ~PathGuard() { setenv("PATH", before_.c_str(), 1); }
  PathGuard(const PathGuard&) = delete;
  PathGuard& operator=(const PathGuard&) = delete;

 private:
  std::string before_;
};

// Standard error, caught in a file while alive.
class CaughtErrors {
 public:
  CaughtErrors() {
    std::fflush(stderr);
    before_ = dup(2);
    BOOST_REQUIRE(std::freopen((dir_ / "stderr").c_str(), "w", stderr));
  }
  ~CaughtErrors() { put_back(); }
  CaughtErrors(const CaughtErrors&) = delete;
  CaughtErrors& operator=(const CaughtErrors&) = delete;
  std::string text() {
    put_back();
    return read_file(dir_ / "stderr");
  }

 private:
  void put_back() {
    if (before_ < 0) return;
    std::fflush(stderr);
    dup2(before_, 2);
    close(before_);
    before_ = -1;
  }
  TempDir dir_;
  int before_;
};

// Runs f, which must not throw, but say each of the facts on standard error, and where in this file it was called.
// Returns what it said.
inline std::string expect_warning(const std::vector<std::string>& facts, const std::function<void()>& f,
                                  Location at = Location::current()) {
  std::string said;
  try {
    CaughtErrors errors;
    f();
    said = errors.text();
  } catch (const std::exception& e) {
    BOOST_ERROR(fmt::format("{}: thrown: {}", file_and_line(at), e.what()));
    return said;
  }
  std::vector<std::string> wanted = facts;
  wanted.push_back("called at " + std::filesystem::path(at.file_name()).filename().string() + ":");
  for (const std::string& fact : wanted)
    if (said.find(fact) == std::string::npos)
      BOOST_ERROR(fmt::format("{}: '{}' is missing in:\n{}", file_and_line(at), fact, said));
  return said;
}

}  // namespace xgrad::test
