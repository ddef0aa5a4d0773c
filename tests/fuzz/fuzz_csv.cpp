// The first byte chooses the options.
#include <xgrad/data/files.hpp>

#include "input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  if (n == 0) return 0;
  constexpr char kDelimiters[] = {',', ';', ' ', '\t'};
  xgrad::data::CsvOptions options;
  options.delimiter = kDelimiters[bytes[0] % 4];
  xgrad::fuzz::expect_result_or_io_error([&] {
    const xgrad::Tensor t = xgrad::data::read_csv(xgrad::fuzz::file_with(bytes + 1, n - 1, ".csv"), options);
    xgrad::fuzz::require(t.dim() == 2, "not a table");
  });
  return 0;
}
