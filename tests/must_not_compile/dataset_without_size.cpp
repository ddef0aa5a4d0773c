// expect: a dataset has `std::int64_t size() const`
#include <xgrad/xgrad.hpp>

struct Numbers {
  xgrad::data::Example get(std::int64_t) const { return {}; }
};

auto batches() { return xgrad::data::DataLoader(Numbers()); }
