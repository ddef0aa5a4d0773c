#include "ops/map_numbers.hpp"

namespace xgrad::detail {
namespace {

constexpr double kNsPerNumber = 20, kNsInRows = 4;

struct FirstNumber {
  PairFunction f;
  double number;
};

template <class T>
void number_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const NumberFunction function = *static_cast<const NumberFunction*>(f);
  const T* x = static_cast<const T*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = static_cast<T>(function(static_cast<double>(x[i])));
}
void row_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  static_cast<const RowFunction*>(f)->row(static_cast<const float*>(in[0]), n, static_cast<float*>(out));
}
template <class T>
void first_number_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const FirstNumber& function = *static_cast<const FirstNumber*>(f);
  const T* x = static_cast<const T*>(in[0]);
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<T*>(out)[i] = static_cast<T>(function.f(function.number, static_cast<double>(x[i])));
}
template <class T>
void pair_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const PairFunction function = *static_cast<const PairFunction*>(f);
  const T *x = static_cast<const T*>(in[0]), *y = static_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i)
    static_cast<T*>(out)[i] = static_cast<T>(function(static_cast<double>(x[i]), static_cast<double>(y[i])));
}

template <class F>
Tensor run(TileFn wide, TileFn narrow, const F& f, const Tensor* const* in, int n_in) {
  const DType type = tile_dtype(in, n_in);
  Tensor out = tile_output(in, n_in, type);
  run_tiles({type == DType::float64 ? wide : narrow, &f, kNsPerNumber, copied_bytes<F>()}, out, in, n_in);
  return out;
}

}  // namespace

Tensor map_numbers(NumberFunction f, const Tensor& x) {
  const Tensor* in[] = {&x};
  return run(&number_tile<double>, &number_tile<float>, f, in, 1);
}

Tensor map_numbers(const RowFunction& f, const Tensor& x) {
  const Tensor* in[] = {&x};
  if (tile_dtype(in, 1) == DType::float64) return map_numbers(f.one, x);
  Tensor out = tile_output(in, 1, DType::float32);
  run_tiles({&row_tile, &f, kNsInRows, copied_bytes<RowFunction>()}, out, in, 1);
  return out;
}

Tensor map_numbers(PairFunction f, double number, const Tensor& x) {
  const Tensor* in[] = {&x};
  const FirstNumber function{f, number};
  return run(&first_number_tile<double>, &first_number_tile<float>, function, in, 1);
}

Tensor map_numbers(PairFunction f, const Tensor& x, const Tensor& y) {
  const Tensor* in[] = {&x, &y};
  return run(&pair_tile<double>, &pair_tile<float>, f, in, 2);
}

}  // namespace xgrad::detail
