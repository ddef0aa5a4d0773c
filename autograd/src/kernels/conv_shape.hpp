// The numbers of a convolution, always with three spatial dimensions: missing ones have size 1.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <xgrad/shape.hpp>

namespace xgrad::detail {

using Triple = std::array<std::int64_t, 3>;

inline std::int64_t volume(const Triple& t) { return t[0] * t[1] * t[2]; }

// A convolution of (batch, in_channels, in) by (out_channels, in_channels / groups, kernel) to (batch, out_channels,
// out). A transposed convolution is described by the convolution it is the adjoint of. `padding` stands at the front;
// at the end there is as much as `out` needs.
struct ConvShape {
  int spatial = 2;      // dimensions the user has, the last ones of the three
  bool batched = true;  // false: the user's tensors have no batch dimension
  std::int64_t batch = 1, groups = 1, in_channels = 1, out_channels = 1;
  Triple in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};
  bool operator==(const ConvShape&) const = default;

  std::int64_t group_in() const { return in_channels / groups; }
  std::int64_t group_out() const { return out_channels / groups; }
  std::int64_t in_image() const { return in_channels * volume(in); }
  std::int64_t out_image() const { return out_channels * volume(out); }
  std::int64_t taps() const { return group_in() * volume(kernel); }  // products per output element
  double multiply_adds() const {
    return static_cast<double>(batch) * static_cast<double>(out_image()) * static_cast<double>(taps());
  }

  // Of the dimensions that the user has.
  Shape spatial_part(const Triple& sizes) const {
    Shape s;
    return append(s, sizes);
  }
  Shape input_shape() const { return activation(in_channels, in); }
  Shape output_shape() const { return activation(out_channels, out); }
  Shape weight_shape() const {
    Shape s{out_channels, group_in()};
    return append(s, kernel);
  }

 private:
  Shape& append(Shape& s, const Triple& sizes) const {
    for (int i = 3 - spatial; i < 3; ++i) s.push_back(sizes[static_cast<std::size_t>(i)]);
    return s;
  }
  Shape activation(std::int64_t channels, const Triple& sizes) const {
    Shape s;
    if (batched) s.push_back(batch);
    s.push_back(channels);
    return append(s, sizes);
  }
};

// Positions j of a window with 0 <= j stride + offset < in, as a range within [0, out).
struct TapRange {
  std::int64_t begin, end;
};
inline TapRange tap_range(std::int64_t out, std::int64_t in, std::int64_t stride, std::int64_t offset) {
  const std::int64_t begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const std::int64_t end = in - 1 - offset < 0 ? 0 : std::min(out, (in - 1 - offset) / stride + 1);
  return {std::min(begin, end), end};
}

}  // namespace xgrad::detail
