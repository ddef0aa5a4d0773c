// expect: where(x > 0, a, b), not if or ?:
#include <xgrad/custom.hpp>

xgrad::Tensor positive(const xgrad::Tensor& x) {
  return xgrad::map(
      [](auto a) {
        if (a > 0) return a;
        return 0 * a;
      },
      x);
}
