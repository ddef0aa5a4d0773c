// A process's surroundings, changed for the time of a test: PATH and standard error.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

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

}  // namespace xgrad::test
