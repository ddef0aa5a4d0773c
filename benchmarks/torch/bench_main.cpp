#include <ATen/Parallel.h>

#include "torch_common.hpp"

int main(int argc, char** argv) {
  return synth::run(argc, argv, [](int threads) {
    at::set_num_threads(threads);
    at::set_num_interop_threads(1);
  });
}
