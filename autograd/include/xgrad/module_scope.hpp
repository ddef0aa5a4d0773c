// Which module is running: the path that errors, pictures and profiles show ("net.conv : Conv2d(1 -> 16)").
// nn::Module opens a scope around each call; operations recorded inside carry it.
#pragma once

#include <memory>
#include <string>

#include <xgrad/tensor.hpp>

namespace xgrad {

struct XGRAD_API ModuleInfo {
  std::string name;                          // within the parent ("conv", "0"); the type's name for a root
  std::string label;                         // "Conv2d(1 → 16)"
  std::shared_ptr<const ModuleInfo> parent;  // what it is registered in, none for a root
  std::string path() const;                  // from the root, which is left out: "dec.0"
};

// One call of a module. Shared by the nodes recorded during it.
struct XGRAD_API ModuleCall {
  std::shared_ptr<const ModuleInfo> info;
  std::shared_ptr<const ModuleCall> parent;
  std::uint64_t id = 0;      // unique per process, increasing
  std::string name() const;  // within the call around it, with the lists between: "dec.0" of a ModuleList `dec`
  std::string path() const;  // "net.conv", "net.dec.0"
};

namespace detail {

// The innermost scope of this thread; null outside of all.
XGRAD_API const std::shared_ptr<const ModuleCall>& current_module();

class XGRAD_API ModuleScope {
 public:
  [[nodiscard("a scope without a name ends at once")]] explicit ModuleScope(std::shared_ptr<const ModuleInfo> info);
  ~ModuleScope();
  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;

 private:
  std::shared_ptr<const ModuleCall> call_;
  const std::shared_ptr<const ModuleCall>* previous_;
};

}  // namespace detail
}  // namespace xgrad
