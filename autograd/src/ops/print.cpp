// Text of what operations take and return beside tensors.
#include <ostream>

#include <fmt/format.h>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/reduce.hpp>

namespace xgrad {

std::ostream& operator<<(std::ostream& os, const TensorOptions& o) {
  return os << fmt::format("{{dtype={}, requires_grad={}}}", name(o.dtype), o.requires_grad);
}
std::ostream& operator<<(std::ostream& os, const ValuesIndices& r) {
  return os << "values=" << r.values << ",\nindices=" << r.indices;
}
std::ostream& operator<<(std::ostream& os, const LSTMState& s) { return os << "h=" << s.h << ",\nc=" << s.c; }
std::ostream& operator<<(std::ostream& os, const RNNOutput& r) {
  return os << "output=" << r.output << ",\nh=" << r.h;
}
std::ostream& operator<<(std::ostream& os, const LSTMOutput& r) {
  return os << "output=" << r.output << ",\n" << r.state;
}


std::ostream& operator<<(std::ostream& os, const std::optional<Tensor>& t) {
  return t ? os << *t : os << "none";
}
std::ostream& operator<<(std::ostream& os, const std::vector<Shape>& list) {
  os << '[';
  for (std::size_t i = 0; i < list.size(); ++i) os << (i ? ", " : "") << list[i];
  return os << ']';
}
std::ostream& operator<<(std::ostream& os, const std::vector<DType>& list) {
  os << '[';
  for (std::size_t i = 0; i < list.size(); ++i) os << (i ? ", " : "") << list[i];
  return os << ']';
}
std::ostream& operator<<(std::ostream& os, const Generator& g) {
  const auto [seed, offset] = g.get_state();
  return os << fmt::format("Generator(seed {}, offset {})", seed, offset);
}

}  // namespace xgrad
