// expect: a dataset has `data::Example get(std::int64_t index) const`
#include <xgrad/xgrad.hpp>

struct Numbers {
  std::int64_t size() const { return 3; }
  xgrad::Tensor operator[](std::int64_t) const { return {}; }
};

auto batches() { return xgrad::data::DataLoader(Numbers()); }
