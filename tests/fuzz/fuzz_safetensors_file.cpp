// Mapped files: what can be opened holds the tensors that the other reader finds, whole and in parts; either may refuse
// a value that does not fit.
#include <cstring>
#include <vector>

#include <xgrad/data/safetensors_file.hpp>
#include <xgrad/ops.hpp>

#include "input.hpp"

using namespace xgrad;

namespace {

bool same(const Tensor& x, const Tensor& y) {
  if (x.dtype() != y.dtype() || !(x.shape() == y.shape())) return false;
  const std::vector<double> u = x.to_vector<double>(), v = y.to_vector<double>();
  return u.empty() || std::memcmp(u.data(), v.data(), u.size() * sizeof(double)) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  fuzz::expect_result_or_io_error([&] {
    const std::string path = fuzz::file_with(bytes, n, ".safetensors");
    const data::SafetensorsFile file(path);
    const NamedTensors read = load_safetensors(path);
    fuzz::require(static_cast<std::size_t>(file.size()) == read.size(), "the number of tensors differs");
    for (const auto& [name, t] : read) {
      fuzz::require(same(file.get_tensor(name), t), "a tensor differs");
      if (t.dim() == 0 || t.size(0) == 0) continue;
      const std::vector<Index> last{-1};
      fuzz::require(same(file.get_slice(name).index(last), t.index(last)), "a part differs");
    }
  });
  return 0;
}
