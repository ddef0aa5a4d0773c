// expect: options by name: {.batch_size = 32}
#include <xgrad/xgrad.hpp>

auto batches(const xgrad::data::TensorDataset& set) { return xgrad::data::DataLoader(set, {32, true}); }
