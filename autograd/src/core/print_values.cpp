// Text of the values that a program prints beside tensors.
#include <ostream>

#include <fmt/format.h>

#include <xgrad/memory.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {
namespace detail {

std::ostream& print_choice(std::ostream& os, int value, std::initializer_list<const char*> names) {
  if (value < 0 || value >= static_cast<int>(names.size())) return os << value;
  return os << names.begin()[value];
}

}  // namespace detail

std::ostream& operator<<(std::ostream& os, DType d) { return os << name(d); }
std::ostream& operator<<(std::ostream& os, const Shape& s) { return os << to_string(s); }
std::ostream& operator<<(std::ostream& os, const Error& e) { return os << e.what(); }

std::ostream& operator<<(std::ostream& os, const Scalar& s) {
  if (s.is_bool()) return os << (s.to<bool>() ? "true" : "false");
  if (s.is_integral()) return os << s.to_int64();
  return os << fmt::format("{}", s.to_double());
}

std::ostream& operator<<(std::ostream& os, const Slice& s) {
  if (s.start != 0) os << s.start;
  os << ':';
  if (s.stop != Slice::kEnd) os << s.stop;
  if (s.step != 1) os << ':' << s.step;
  return os;
}

std::ostream& operator<<(std::ostream& os, const std::vector<Tensor>& list) {
  os << '[';
  for (std::size_t i = 0; i < list.size(); ++i) os << (i ? ",\n " : "") << list[i];
  return os << ']';
}

std::ostream& operator<<(std::ostream& os, const std::pair<std::string, Tensor>& named) {
  return os << named.first << ": " << named.second;
}

std::ostream& operator<<(std::ostream& os, const NamedTensors& list) {
  os << '{';
  for (std::size_t i = 0; i < list.size(); ++i) os << (i ? ",\n " : "") << list[i];
  return os << '}';
}

std::ostream& operator<<(std::ostream& os, const MemoryStats& m) {
  return os << fmt::format("{} bytes live, {} at most, {} cached, {} system allocations", m.live_bytes, m.peak_bytes,
                           m.cached_bytes, m.system_allocations);
}

}  // namespace xgrad
