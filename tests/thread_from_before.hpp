// A thread that runs before something begins, and does its work when it is asked to.
#pragma once

#include <functional>
#include <semaphore>
#include <thread>

namespace xgrad::test {

class ThreadFromBefore {
 public:
  explicit ThreadFromBefore(std::function<void()> work)
      : work_(std::move(work)), thread_([this] {
          for (asked_.acquire(); !end_; asked_.acquire()) {
            work_();
            done_.release();
          }
        }) {}
  ~ThreadFromBefore() {
    end_ = true;
    asked_.release();
  }
  ThreadFromBefore(const ThreadFromBefore&) = delete;
  ThreadFromBefore& operator=(const ThreadFromBefore&) = delete;
  void run() {
    asked_.release();
    done_.acquire();
  }

 private:
  std::function<void()> work_;
  std::binary_semaphore asked_{0}, done_{0};
  bool end_ = false;
  std::jthread thread_;
};

}  // namespace xgrad::test
