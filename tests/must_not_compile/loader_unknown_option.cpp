// expect: options by name: {.batch_size = 32, .shuffle = true}
#include <xgrad/xgrad.hpp>

auto loader(const xgrad::data::TensorDataset& d) { return xgrad::data::DataLoader(d, {.batchsize = 32}); }
