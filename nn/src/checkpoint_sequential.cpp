#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/nn/checkpoint_sequential.hpp>

namespace xgrad::nn {

Tensor checkpoint_sequential(const Sequential& net, std::int64_t segments, const Tensor& x, Location at) {
  const auto parts = static_cast<std::int64_t>(net.size());
  if (segments < 1 || segments > parts)
    ErrorReport("checkpoint_sequential", fmt::format("{} segments of {} parts", segments, parts), at)
        .help("at least one part for each segment, and one segment")
        .value_error();
  const std::int64_t each = parts / segments;
  Tensor y = x;
  for (std::int64_t s = 0; s < segments; ++s) {
    const bool last = s + 1 == segments;
    const auto run = [net, at, from = s * each, to = last ? parts : (s + 1) * each](const Tensor& in) {
      Tensor out = in;
      for (std::int64_t i = from; i < to; ++i) out = net.at(i, at)(out, at);
      return out;
    };
    y = last ? run(y) : checkpoint(run, y, at);
  }
  return y;
}

}  // namespace xgrad::nn
