#include "xgrad_common.hpp"

int main(int argc, char** argv) {
  return synth::run(argc, argv, [](int threads) { xgrad::set_num_threads(threads); });
}
