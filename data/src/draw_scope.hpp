// While a batch is made, what transform_generator() gives on this thread.
#pragma once

#include <cstdint>
#include <memory>

namespace xgrad::data {

class DrawScope {
 public:
  [[nodiscard("a scope without a name ends at once")]] DrawScope(std::uint64_t epoch, std::uint64_t batch);
  ~DrawScope();
  DrawScope(const DrawScope&) = delete;
  DrawScope& operator=(const DrawScope&) = delete;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace xgrad::data
