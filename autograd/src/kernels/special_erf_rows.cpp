// erfinv of many float32 numbers. Polynomials were interpolated at Chebyshev's nodes from values of 160 bits.
#include "kernels/special.hpp"
#include "kernels/special_rows.hpp"

namespace xgrad::detail {
namespace {

// x P(w - 2.5) with w = -log(1 - x^2) for w < 5 and x Q(sqrt(w) - 3.118) above (M. Giles, Approximating the erfinv
// Function, 2011, whose variables these are). P to 6e-10, and Q, for the next float32 to 1 and all below, to 8e-10 of
// their size.
struct InverseErf {
  struct Centre {
    static constexpr double c[] = {1.2346577114502573e-10, 4.3406268038539929e-10, -1.0861761271594343e-8,
                                   1.650364404121373e-8,   4.786897084558858e-7,   -3.426266209734268e-6,
                                   -4.9960001101439555e-6, 0.0002182641252155226,  -0.0012527079573557702,
                                   -0.0041773250804577627, 0.24664027674858424,    1.5014093517481764};
  };
  struct Tail {
    static constexpr double c[] = {-1.053337512969732e-5,   -3.027558556689321e-5, 0.00014959140444588137,
                                   -0.00012334054060335355, -0.00032700655914382,  0.0012867317449489393,
                                   -0.0025725272899835584,  0.003881712340098675,  -0.0054085399186148712,
                                   0.0071604520182717375,   1.0036192373852716,    2.9512944652524183};
  };

  static double of(double x) { return erfinv_of(x); }
  template <class V>
  XGRAD_INLINE static auto ordinary(const V& x) {
    return abs(x) < V(1.0);
  }
  template <class V>
  XGRAD_INLINE static V of_lanes(const V& x) {
    const V w = -log_of_ordinary((V(1.0) - x) * (V(1.0) + x));
    V p, q;
    vec::polynomial<Centre>(w - V(2.5), p);
    const auto far = w >= V(5.0);
    if (!any(far)) return x * p;
    vec::polynomial<Tail>(sqrt(w) - V(3.118), q);
    return x * where(far, q, p);
  }
};

}  // namespace

void erfinv_row(const float* x, std::int64_t n, float* y) { map_row<InverseErf>(x, n, y); }

}  // namespace xgrad::detail
