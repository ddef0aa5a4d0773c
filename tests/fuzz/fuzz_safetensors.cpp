// What is read can be written, and is the same when it is read again.
#include <algorithm>
#include <cstring>
#include <vector>

#include <xgrad/data/safetensors.hpp>

#include "input.hpp"

using namespace xgrad;

namespace {

bool same(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Tensor &x = a[i].second, &y = b[i].second;
    if (a[i].first != b[i].first || x.dtype() != y.dtype() || !(x.shape() == y.shape())) return false;
    const std::vector<double> u = x.to_vector<double>(), v = y.to_vector<double>();
    if (!u.empty() && std::memcmp(u.data(), v.data(), u.size() * sizeof(double)) != 0) return false;
  }
  return true;
}

NamedTensors sorted(NamedTensors t) {  // the writer chooses the order of the data
  std::sort(t.begin(), t.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return t;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  fuzz::expect_result_or_io_error([&] {
    const std::string path = fuzz::file_with(bytes, n, ".safetensors");
    const SafetensorsContents first = read_safetensors(path);
    save_safetensors(first.tensors, path, first.metadata);
    const SafetensorsContents second = read_safetensors(path);
    fuzz::require(same(sorted(first.tensors), sorted(second.tensors)), "the tensors changed");
    fuzz::require(first.metadata == second.metadata, "the metadata changed");
  });
  return 0;
}
