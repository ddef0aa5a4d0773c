// The decompressor, under the two readers that use it: the first byte chooses one.
#include <xgrad/data/files.hpp>

#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n == 0) return 0;
  xgrad::fuzz::expect_result_or_io_error([&] {
    const std::string path = xgrad::fuzz::file_with(bytes + 1, n - 1, ".gz");
    bytes[0] % 2 == 0 ? xgrad::data::read_idx(path) : xgrad::data::read_csv(path);
  });
  return 0;
}
