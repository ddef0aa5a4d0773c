// An archive that is read can be written, and is the same when it is read again.
#include <cstring>
#include <vector>

#include <xgrad/data/numpy.hpp>

#include "input.hpp"

using namespace xgrad;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  fuzz::expect_result_or_io_error([&] {
    const std::string path = fuzz::file_with(bytes, n, ".npz");
    const NamedTensors first = load_npz(path);
    for (const auto& [name, t] : first)
      if (name.empty()) return;  // which can be read, but not written
    save_npz(first, path, {.compressed = n % 2 == 1});
    const NamedTensors second = load_npz(path);
    fuzz::require(first.size() == second.size(), "the number of tensors changed");
    for (std::size_t i = 0; i < first.size(); ++i) {
      const Tensor &x = first[i].second, &y = second[i].second;
      fuzz::require(first[i].first == second[i].first && x.dtype() == y.dtype() && x.shape() == y.shape(),
                    "a name, type or shape changed");
      const std::vector<double> u = x.to_vector<double>(), v = y.to_vector<double>();
      fuzz::require(u.empty() || std::memcmp(u.data(), v.data(), u.size() * sizeof(double)) == 0, "values changed");
    }
  });
  return 0;
}
