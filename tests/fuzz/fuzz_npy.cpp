#include <xgrad/data/numpy.hpp>

#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  fuzz::expect_result_or_io_error([&] { xgrad::load_npy(fuzz::file_with(bytes, n, ".npy")); });
  return 0;
}
