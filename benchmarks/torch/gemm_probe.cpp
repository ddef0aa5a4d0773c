// Prints the GFLOP/s of the BLAS that libtorch uses here, on one thread (geometric mean of three shapes, best of five).
// compare.sh runs it under each OPENBLAS_CORETYPE to find the best one for this CPU.
#include <cmath>

#include "../synth.hpp"

extern "C" void sgemm_(const char*, const char*, const int*, const int*, const int*, const float*, const float*,
                       const int*, const float*, const int*, const float*, float*, const int*);

int main() {
  const int shapes[][3] = {{128, 512, 784}, {256, 2048, 1024}, {32, 64, 64}};
  double log_sum = 0;
  for (const auto& s : shapes) {
    const int m = s[0], n = s[1], k = s[2];
    std::vector<float> a(size_t(m) * size_t(k)), b(size_t(k) * size_t(n)), c(size_t(m) * size_t(n));
    synth::uniform(a.data(), a.size(), 1, -1, 1);
    synth::uniform(b.data(), b.size(), 2, -1, 1);
    const float one = 1, zero = 0;
    const synth::Timing t = synth::measure(
        [&] { sgemm_("T", "N", &n, &m, &k, &one, b.data(), &k, a.data(), &k, &zero, c.data(), &n); }, 5, 0.05);
    log_sum += std::log(2.0 * m * n * k / t.min_ms * 1e-6);
  }
  std::printf("%.1f\n", std::exp(log_sum / 3));
}
