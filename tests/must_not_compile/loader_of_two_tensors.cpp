// expect: DataLoader(data::TensorDataset(x, y), ...)
#include <xgrad/xgrad.hpp>

auto batches(const xgrad::Tensor& x, const xgrad::Tensor& y) { return xgrad::data::DataLoader(x, y); }
