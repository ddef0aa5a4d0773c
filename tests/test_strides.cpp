// Elementwise passes and copies over operands of any layout, larger than a tile, against the plain definition.
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// Small random numbers, the same in each run.
class Numbers {
 public:
  std::int64_t below(std::int64_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(n));
  }

 private:
  std::uint64_t state_ = 1;
};

// The element of t at an index of a shape that t broadcasts to.
double at(const Tensor& t, const std::vector<double>& values, const std::vector<std::int64_t>& index) {
  std::int64_t place = 0;
  const std::size_t lead = index.size() - static_cast<std::size_t>(t.dim());
  for (std::int64_t d = 0; d < t.dim(); ++d) {
    const std::int64_t i = t.size(d) == 1 ? 0 : index[lead + static_cast<std::size_t>(d)];
    place = place * t.size(d) + i;
  }
  return values[static_cast<std::size_t>(place)];
}

template <class F>
void for_indices(const Shape& shape, F f) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()));
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t rest = i;
    for (int d = shape.rank() - 1; d >= 0; --d) {
      index[static_cast<std::size_t>(d)] = rest % shape[d];
      rest /= shape[d];
    }
    f(i, index);
  }
}

// Values 0, 1, ... in some layout: dimensions in another order, every second element, or part of a larger tensor.
Tensor laid_out(const Shape& shape, DType dtype, Numbers& random) {
  const int rank = shape.rank();
  std::vector<int> order(static_cast<std::size_t>(rank));
  for (int d = 0; d < rank; ++d) order[static_cast<std::size_t>(d)] = d;
  for (int d = rank - 1; d > 0; --d)
    std::swap(order[static_cast<std::size_t>(d)], order[static_cast<std::size_t>(random.below(d + 1))]);
  const bool permuted = random.below(3) != 0;
  const std::int64_t step = 1 + random.below(2), lead = random.below(2);
  Shape memory, back = shape;
  for (int k = 0; k < rank; ++k) {
    const int d = permuted ? order[static_cast<std::size_t>(k)] : k;
    memory.push_back(shape[d] * step + lead);
    back[d] = k;
  }
  const Tensor all = zeros(memory, {dtype});
  Tensor t = all;
  for (int k = 0; k < rank; ++k) t = t.slice(k, lead, t.size(k), step);
  t = t.permute(back);
  BOOST_REQUIRE((t.shape() == shape));
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 251);
  t.copy_(from_vector(values, shape).to(dtype));
  // Where each value is in memory.
  const std::vector<double> raw = all.to_vector<double>(), cast = from_vector(values).to(dtype).to_vector<double>();
  std::int64_t wrong = 0;
  for_indices(shape, [&](std::int64_t i, const std::vector<std::int64_t>& index) {
    std::vector<std::int64_t> place(index.size());
    for (std::size_t d = 0; d < index.size(); ++d)
      place[static_cast<std::size_t>(back[static_cast<int>(d)])] = lead + index[d] * step;
    wrong += at(all, raw, place) != cast[static_cast<std::size_t>(i)];
  });
  BOOST_TEST(wrong == 0);
  return t;
}

Shape some_shape(Numbers& random) {
  static const std::int64_t kSizes[] = {1, 2, 3, 7, 16, 33, 144, 300, 1030};
  Shape shape;
  const std::int64_t rank = random.below(5);
  for (std::int64_t d = 0; d < rank; ++d) {
    const std::int64_t size = kSizes[random.below(9)];
    if (shape.numel() * size <= 40000) shape.push_back(size);
  }
  return shape;
}

// A shape that broadcasts to this one.
Shape narrowed(const Shape& shape, Numbers& random) {
  Shape out;
  const std::int64_t drop = random.below(shape.rank() + 1) * random.below(2);
  for (int d = static_cast<int>(drop); d < shape.rank(); ++d) out.push_back(random.below(3) == 0 ? 1 : shape[d]);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(broadcasts_and_layouts_of_operands) {
  Numbers random;
  for (int round = 0; round < 300; ++round) {
    const Shape shape = some_shape(random);
    const DType dtype = round % 2 ? kFloat32 : kFloat64;
    const Tensor a = laid_out(shape, dtype, random), b = laid_out(narrowed(shape, random), dtype, random),
                 c = laid_out(narrowed(shape, random), dtype, random);
    BOOST_TEST_CONTEXT(to_string(shape) << " * " << to_string(b.shape()) << " + " << to_string(c.shape())) {
      const std::vector<double> sum = (a * b + c).to_vector<double>(), av = a.to_vector<double>(),
                                bv = b.to_vector<double>(), cv = c.to_vector<double>(),
                                chosen = where(a > b, a, c).to_vector<double>();
      Tensor in_place = a;
      in_place += b;
      const std::vector<double> added = a.to_vector<double>();
      std::int64_t wrong = 0;
      for_indices(shape, [&](std::int64_t i, const std::vector<std::int64_t>& index) {
        const auto k = static_cast<std::size_t>(i);
        const double x = av[k], y = at(b, bv, index), z = at(c, cv, index);
        wrong += sum[k] != x * y + z || added[k] != x + y || chosen[k] != (x > y ? x : z);
      });
      BOOST_TEST(wrong == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(copies_between_layouts) {
  Numbers random;
  for (int round = 0; round < 300; ++round) {
    const Shape shape = some_shape(random);
    const DType dtype =
        std::array{kFloat32, kFloat64, kUInt8, kInt64, kInt32, kBool}[static_cast<std::size_t>(round) % 6];
    const Tensor from = laid_out(narrowed(shape, random), dtype, random);
    Tensor to = laid_out(shape, dtype, random);
    const std::vector<double> expected = from.to_vector<double>();
    BOOST_TEST_CONTEXT(to_string(from.shape()) << " to " << to_string(shape) << ", " << name(dtype)) {
      to.copy_(from);
      const std::vector<double> found = to.to_vector<double>(), plain = from.contiguous().to_vector<double>();
      BOOST_TEST((plain == expected));
      std::int64_t wrong = 0;
      for_indices(shape, [&](std::int64_t i, const std::vector<std::int64_t>& index) {
        wrong += found[static_cast<std::size_t>(i)] != at(from, expected, index);
      });
      BOOST_TEST(wrong == 0);
    }
  }
}
