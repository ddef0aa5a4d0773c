// Tensors from the values of a file or of a member of an archive.
#pragma once

#include <algorithm>
#include <array>

#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops/factory.hpp>

#include "byte_source.hpp"

namespace xgrad::data {

// The next values of `from`, each through convert. Converted in pieces, so that nothing as large as the tensor stands
// beside it.
template <class Stored, class Kept, Kept (*convert)(Stored)>
Tensor read_values(ByteSource& from, const Shape& shape) {
  Tensor t = empty(shape, {dtype_of<Kept>});
  Kept* out = xgrad::detail::own_pointer<Kept>(t);
  const auto n = static_cast<std::uint64_t>(shape.numel());
  const std::uint64_t start = from.offset();
  std::array<Stored, (1 << 16) / sizeof(Stored)> piece;
  for (std::uint64_t done = 0; done < n;) {
    const std::uint64_t now = std::min<std::uint64_t>(piece.size(), n - done);
    if (from.read(piece.data(), now * sizeof(Stored)) < now * sizeof(Stored))
      from.fail_short(n * sizeof(Stored), start, from.offset() - start);
    for (std::uint64_t i = 0; i < now; ++i) *out++ = convert(piece[i]);
    done += now;
  }
  return t;
}

}  // namespace xgrad::data
