// Convolution as a matrix product: the windows of an image become the columns of a matrix (taps x positions), a few
// rows of the output at a time, so that the matrix stays small whatever the image.
#include <cstring>
#include <vector>

#include <xgrad/parallel.hpp>

#include "kernels/conv.hpp"
#include "kernels/gemm.hpp"
#include "kernels/weight_sums.hpp"

namespace xgrad::detail {
namespace {

constexpr std::int64_t kColumnElements = 1 << 19;  // of the unfolded matrix at a time

// Rows (of width out[2]) of the output, counted over depth and height.
struct Rows {
  std::int64_t begin, end;
};

// Calls f(index of the row in the unfolded matrix, x at the image row or null in the padding, taps in the row, offset)
// for each tap and each output row.
template <class T, class F>
void each_segment(const ConvShape& s, Rows rows, T* x, const F& f) {
  const auto& [kd, kh, kw] = s.kernel;
  std::int64_t tap = 0;
  for (std::int64_t c = 0; c < s.group_in(); ++c, x += volume(s.in))
    for (std::int64_t d = 0; d < kd; ++d)
      for (std::int64_t h = 0; h < kh; ++h)
        for (std::int64_t w = 0; w < kw; ++w, ++tap) {
          const std::int64_t offset = w * s.dilation[2] - s.padding[2];
          const TapRange inside = tap_range(s.out[2], s.in[2], s.stride[2], offset);
          for (std::int64_t r = rows.begin; r < rows.end; ++r) {
            const std::int64_t z = r / s.out[1] * s.stride[0] + d * s.dilation[0] - s.padding[0];
            const std::int64_t y = r % s.out[1] * s.stride[1] + h * s.dilation[1] - s.padding[1];
            const bool hit = z >= 0 && z < s.in[0] && y >= 0 && y < s.in[1];
            const std::int64_t at = (tap * (rows.end - rows.begin) + r - rows.begin) * s.out[2];
            f(at, hit ? x + (z * s.in[1] + y) * s.in[2] : nullptr, inside, offset);
          }
        }
}

template <class T>
void unfold(const ConvShape& s, Rows rows, const T* x, T* columns) {
  const std::int64_t width = s.out[2], step = s.stride[2];
  each_segment(s, rows, x, [=](std::int64_t at, const T* row, TapRange in, std::int64_t offset) {
    T* to = columns + at;
    if (!row) return static_cast<void>(std::fill(to, to + width, T(0)));
    std::fill(to, to + in.begin, T(0));
    if (step == 1 && in.end > in.begin)
      std::memcpy(to + in.begin, row + in.begin + offset, static_cast<std::size_t>(in.end - in.begin) * sizeof(T));
    else
      for (std::int64_t j = in.begin; j < in.end; ++j) to[j] = row[j * step + offset];
    std::fill(to + in.end, to + width, T(0));
  });
}

template <class T>
void fold_add(const ConvShape& s, Rows rows, const T* columns, T* x) {
  const std::int64_t step = s.stride[2];
  each_segment(s, rows, x, [=](std::int64_t at, T* row, TapRange in, std::int64_t offset) {
    if (!row) return;
    const T* from = columns + at;
    for (std::int64_t j = in.begin; j < in.end; ++j) row[j * step + offset] += from[j];
  });
}

// A kernel of one tap that moves one by one: the image is its own unfolded matrix.
bool is_pointwise(const ConvShape& s) {
  const Triple one{1, 1, 1}, none{0, 0, 0};
  return s.kernel == one && s.stride == one && s.padding == none && s.in == s.out;
}

std::int64_t rows_at_a_time(const ConvShape& s) {
  const std::int64_t row = std::max<std::int64_t>(1, s.taps() * s.out[2]);
  return std::clamp<std::int64_t>(kColumnElements / row, 1, std::max<std::int64_t>(1, s.out[0] * s.out[1]));
}

template <class T>
Tensor column_buffer(const ConvShape& s) {
  if (is_pointwise(s)) return Tensor();
  return make_tensor({s.taps() * rows_at_a_time(s) * s.out[2]}, dtype_of<T>);
}

// f(rows, first output position, number of positions) for each piece of an image.
template <class F>
void each_piece(const ConvShape& s, const F& f) {
  const std::int64_t total = s.out[0] * s.out[1], step = is_pointwise(s) ? total : rows_at_a_time(s);
  for (std::int64_t r = 0; r < total; r += step) {
    const Rows rows{r, std::min(total, r + step)};
    f(rows, r * s.out[2], (rows.end - r) * s.out[2]);
  }
}

template <class T>
void fill_channels(std::int64_t channels, std::int64_t size, const T* bias, T* out) {
  for (std::int64_t c = 0; c < channels; ++c) std::fill(out + c * size, out + (c + 1) * size, bias ? bias[c] : T(0));
}

template <class T>
void forward_image(const ConvShape& s, const T* x, const T* w, const T* bias, T* y, const Tensor& buffer) {
  const std::int64_t m = s.group_out(), k = s.taps(), positions = volume(s.out);
  if (bias) fill_channels(s.out_channels, positions, bias, y);
  for (std::int64_t g = 0; g < s.groups; ++g) {
    const T* image = x + g * s.group_in() * volume(s.in);
    each_piece(s, [&](Rows rows, std::int64_t first, std::int64_t n) {
      const T* columns = image;
      if (buffer.defined()) {
        unfold(s, rows, image, data<T>(buffer));
        columns = data<T>(buffer);
      }
      gemm(false, false, m, n, k, T(1), w + g * m * k, k, columns, n, bias ? T(1) : T(0), y + g * m * positions + first,
           positions);
    });
  }
}

template <class T>
void backward_data_image(const ConvShape& s, const T* g, const T* w, const T* bias, T* dx, const Tensor& buffer) {
  const std::int64_t m = s.group_out(), k = s.taps(), positions = volume(s.out);
  if (bias || buffer.defined()) fill_channels(s.in_channels, volume(s.in), bias, dx);
  for (std::int64_t group = 0; group < s.groups; ++group) {
    T* image = dx + group * s.group_in() * volume(s.in);
    each_piece(s, [&](Rows rows, std::int64_t first, std::int64_t n) {
      T* columns = buffer.defined() ? data<T>(buffer) : image;
      const T beta = !buffer.defined() && bias ? T(1) : T(0);
      gemm(true, false, k, n, m, T(1), w + group * m * k, k, g + group * m * positions + first, positions, beta,
           columns, n);
      if (buffer.defined()) fold_add(s, rows, columns, image);
    });
  }
}

// Adds the images' contribution to dw.
template <class T>
void backward_weights_image(const ConvShape& s, const T* g, const T* x, T* dw, const Tensor& buffer) {
  const std::int64_t m = s.group_out(), k = s.taps(), positions = volume(s.out);
  for (std::int64_t group = 0; group < s.groups; ++group) {
    const T* image = x + group * s.group_in() * volume(s.in);
    each_piece(s, [&](Rows rows, std::int64_t first, std::int64_t n) {
      const T* columns = image;
      if (buffer.defined()) {
        unfold(s, rows, image, data<T>(buffer));
        columns = data<T>(buffer);
      }
      gemm(false, true, m, k, n, T(1), g + group * m * positions + first, positions, columns, n, T(1),
           dw + group * m * k, k);
    });
  }
}

template <class T, class F>
void each_image(const ConvShape& s, const F& f) {
  const double work = s.multiply_adds() / static_cast<double>(std::max<std::int64_t>(s.batch, 1));
  parallel_for(s.batch, grain_for(work * 0.05 + 100), [&](std::int64_t begin, std::int64_t end) {
    const Tensor buffer = column_buffer<T>(s);
    for (std::int64_t i = begin; i < end; ++i) f(i, buffer);
  });
}

}  // namespace

template <class T>
void im2col_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y) {
  each_image<T>(s, [&](std::int64_t i, const Tensor& buffer) {
    forward_image(s, x + i * s.in_image(), w, bias, y + i * s.out_image(), buffer);
  });
}

template <class T>
void im2col_backward_data(const ConvShape& s, const T* g, const T* w, const T* bias, T* dx) {
  each_image<T>(s, [&](std::int64_t i, const Tensor& buffer) {
    backward_data_image(s, g + i * s.out_image(), w, bias, dx + i * s.in_image(), buffer);
  });
}

template <class T>
void im2col_backward_weights(const ConvShape& s, const T* g, const T* x, T* dw) {
  const std::int64_t size = s.out_channels * s.taps();
  const std::int64_t wanted = is_deterministic() ? kFixedPieces : usable_threads();
  const std::int64_t pieces = std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(1, s.batch));
  const WeightSums<T> sums(pieces, size, dw);
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    const Tensor buffer = column_buffer<T>(s);
    for (std::int64_t b = begin; b < end; ++b) {
      std::fill_n(sums.of(b), size, T(0));
      for (std::int64_t i = s.batch * b / pieces; i < s.batch * (b + 1) / pieces; ++i)
        backward_weights_image(s, g + i * s.out_image(), x + i * s.in_image(), sums.of(b), buffer);
    }
  });
  sums.add();
}

template void im2col_forward<float>(const ConvShape&, const float*, const float*, const float*, float*);
template void im2col_forward<double>(const ConvShape&, const double*, const double*, const double*, double*);
template void im2col_backward_data<float>(const ConvShape&, const float*, const float*, const float*, float*);
template void im2col_backward_data<double>(const ConvShape&, const double*, const double*, const double*, double*);
template void im2col_backward_weights<float>(const ConvShape&, const float*, const float*, float*);
template void im2col_backward_weights<double>(const ConvShape&, const double*, const double*, double*);

}  // namespace xgrad::detail
