#include <xgrad/data/files.hpp>

#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  xgrad::fuzz::expect_result_or_io_error([&] {
    const xgrad::Tensor t = xgrad::data::read_idx(xgrad::fuzz::file_with(bytes, n, ".idx"));
    xgrad::fuzz::require(t.defined() && static_cast<std::size_t>(t.numel()) <= n, "more elements than bytes");
  });
  return 0;
}
