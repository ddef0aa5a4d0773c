// Makes the k-th request for memory fail, for tests. Included by one file of a program, whose malloc it replaces: the
// whole process asks it, third-party libraries included. Works with glibc only and not under sanitizers, which replace
// malloc themselves (XGRAD_NO_FAILING_MEMORY is defined then).
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <xgrad/error.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/tensor.hpp>

#include "unit_test.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define XGRAD_NO_FAILING_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define XGRAD_NO_FAILING_MEMORY 1
#endif
#endif

#ifndef XGRAD_NO_FAILING_MEMORY
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}
#endif

namespace xgrad::test {

enum class Failing { once, from_then_on };

class FailingMemory {
 public:
  static void arm(long k, Failing how) {
    fired_ = false;
    for_good_ = how == Failing::from_then_on;
    left_ = k;
  }
  // Whether a request failed since.
  static bool fired() { return fired_; }
  static void disarm() { left_ = 0; }
  // Whether this request fails.
  static bool fails() {
    if (left_.load(std::memory_order_relaxed) == 0) return false;
    const long left = left_.fetch_sub(1);
    if (left > 1) return false;
    left_ = for_good_ ? 1 : 0;
    fired_ = true;
    return true;
  }

 private:
  inline static std::atomic<long> left_{0};  // requests up to the one that fails; 0: none does
  inline static std::atomic<bool> for_good_{false}, fired_{false};
};

// Every tensor and node asks malloc: set before main(), where the pool has not begun.
inline const bool without_pool = setenv("XGRAD_NO_POOL", "1", 1) == 0;

// The bits of named tensors, to compare.
inline std::string bits(const NamedTensors& all) {
  std::string text;
  for (const auto& [name, t] : all) {
    if (!t.defined()) continue;
    text += name + '=';
    for (const double v : t.detach().to_vector<double>()) text.append(reinterpret_cast<const char*>(&v), sizeof v);
  }
  return text;
}

// Runs act(world) on a fresh world = make() with the k-th request failing, for every k until there is no k-th.
// What arrives must be a std::bad_alloc or an xgrad::Error; look(world, whether it did) checks what is left. Returns
// the number of requests.
template <class Make, class Act, class Look>
long sweep(const std::string& what, Failing how, const Make& make, const Act& act, const Look& look) {
  for (long k = 1;; ++k) {
    auto world = make();
    std::string wrong;
    bool failed = true;
    checkpoint(fmt::format("{}: request {} fails{}", what, k, how == Failing::once ? "" : ", and all after it"));
    empty_cache();
    FailingMemory::arm(k, how);
    try {
      act(world);
      FailingMemory::disarm();
      failed = false;
    } catch (const std::bad_alloc&) {
      FailingMemory::disarm();
    } catch (const Error&) {
      FailingMemory::disarm();
    } catch (const std::exception& e) {
      FailingMemory::disarm();
      wrong = e.what();
    }
    if (!wrong.empty()) BOOST_ERROR(fmt::format("{}: request {}: neither bad_alloc nor Error: {}", what, k, wrong));
    BOOST_TEST_CONTEXT(what << ", request " << k) { look(world, failed); }
    if (!FailingMemory::fired()) {
      BOOST_TEST(!failed);
      return k - 1;
    }
  }
}

// Both ways of failing.
template <class Make, class Act, class Look>
void sweep(const std::string& what, const Make& make, const Act& act, const Look& look) {
  const long once = sweep(what, Failing::once, make, act, look);
  const long good = sweep(what, Failing::from_then_on, make, act, look);
  BOOST_TEST(once == good);
  BOOST_TEST(good > 0);
  BOOST_TEST_MESSAGE(what << ": " << good << " requests");
}

}  // namespace xgrad::test

#ifndef XGRAD_NO_FAILING_MEMORY
extern "C" {
void* malloc(std::size_t n) { return xgrad::test::FailingMemory::fails() ? nullptr : __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t size) {
  return xgrad::test::FailingMemory::fails() ? nullptr : __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) { return xgrad::test::FailingMemory::fails() ? nullptr : __libc_realloc(p, n); }
void* memalign(std::size_t align, std::size_t n) {
  return xgrad::test::FailingMemory::fails() ? nullptr : __libc_memalign(align, n);
}
void* aligned_alloc(std::size_t align, std::size_t n) { return memalign(align, n); }
int posix_memalign(void** p, std::size_t align, std::size_t n) {
  void* got = memalign(align, n);
  if (!got) return ENOMEM;
  *p = got;
  return 0;
}
}
#endif
