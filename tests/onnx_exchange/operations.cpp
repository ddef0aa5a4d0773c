// Operations of all families, several to a file.
#include <limits>

#include "case.hpp"

namespace xgrad::exchange {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Whole numbers, which other programs compute with in their own type.
std::vector<Tensor> whole_numbers(const Tensor& x) {
  const Tensor y = x * 3 - 5, positive = abs(x) + 1;
  return {x + y,
          x - y,
          x * y,
          x + 7,
          7 - x,
          x * 2,
          -x,
          add(x, y, 3),
          sub(x, y, 2),
          addcmul(x, y, y, 2),
          abs(y),
          sign(y),
          square(y),
          pow(y, 3),
          pow(positive, abs(remainder(x, 3))),
          maximum(x, y),
          minimum(x, y),
          clamp(y, -4, 6),
          fmax(x, y),
          x / 4,
          4 / positive,
          sqrt(positive),
          floor_divide(y, 4),
          remainder(y, 4),
          fmod(y, 4),
          remainder(y, -4),
          fmod(y, -4),
          remainder(y, positive),
          bitwise_not(x),
          bitwise_left_shift(x, 3),
          bitwise_right_shift(y, 2),
          where(x > 0, x, y),
          masked_fill(x, y < 0, 9),
          cumsum(y, 1),
          x.sum(),
          x.sum(1),
          amax(y, {1}),
          max(y, 0).values,
          max(y, 0).indices,
          argmax(y, 1),
          argmin(y),
          count_nonzero(x),
          one_hot(remainder(x, 4), 4),
          x.to(kFloat32).mean()};
}
std::vector<Tensor> bytes(const Tensor& x) {
  return {x + 3, x * 2, 250 - x, x + x, floor_divide(x, 3), bitwise_not(x), bitwise_right_shift(x, 1), x > 100};
}
std::vector<Tensor> truth(const Tensor& x) {
  const Tensor positive = x > 0, large = x > 1;
  return {bitwise_and(positive, large),
          bitwise_or(positive, large),
          bitwise_xor(positive, large),
          bitwise_not(positive),
          positive + large,
          positive * large,
          any(positive),
          any(large, {1}),
          all(positive),
          all(positive, {0}, true),
          count_nonzero(x),
          positive.sum(1),
          isclose(x, x + 1e-7),
          logical_not(large),
          nansum(x)};
}
// 97 and above stand for what JSON has no number for.
std::vector<Tensor> special_values(const Tensor& given) {
  const Tensor x =
      given.masked_fill(given == 99, kInfinity).masked_fill(given == 98, -kInfinity).masked_fill(given == 97, kNan);
  const Tensor y = x.flip({0});
  return {isnan(x),
          isinf(x),
          isfinite(x),
          isposinf(x),
          isneginf(x),
          signbit(where(isnan(x), 1, x)),
          nan_to_num(x),
          nan_to_num(x, 1., 2., -3.),
          fmax(x, y),
          fmin(x, y),
          isclose(x, y, 1e-5, 1e-8, true),
          atan2(x, y),
          hypot(x, y),
          copysign(y, where(isnan(x), 1, x)),
          logaddexp(x, y),
          xlogy(x, abs(y)),
          angle(x)};
}
std::vector<Tensor> more_functions(const Tensor& x) {
  const Tensor p = abs(x) + 0.25, y = x.flip({1});
  return {trunc(x * 3),
          frac(x * 3),
          remainder(x * 3, 2.),
          fmod(x * 3, 2.),
          remainder(x * 3, y),
          round(x * 10, 1),
          round(x * 1000, -2),
          atan2(x, y),
          hypot(x, y),
          logaddexp(x, y),
          logaddexp2(x * 3, y),
          xlogy(p, p + 1),
          xlog1py(x, p),
          copysign(x, y),
          ldexp(x, (y * 2).round()),
          sinc(x),
          logit(p / (p + 1)),
          entr(p),
          ndtr(x),
          deg2rad(x * 90),
          rad2deg(x),
          heaviside(x, y),
          sgn(x)};
}
std::vector<Tensor> more_reductions(const Tensor& x) {
  return {argmax(x),
          argmin(x),
          argmax(x, 1),
          argsort(x, 1),
          argsort(x, 0, true),
          linalg::vector_norm(x, 3, Shape{1}),
          linalg::vector_norm(x, kInfinity, Shape{1}),
          linalg::vector_norm(x, 0, Shape{1}),
          linalg::vector_norm(x, 0.5, Shape{0}),
          cumprod(x, 1),
          logcumsumexp(x, 0),
          cdist(x, x + 1),
          cdist(x, x + 1, 1),
          linalg::det(x.slice(1, 0, 3)),
          max(x.sum(), 0).values,
          sort(x.sum()).values};
}
// Equal numbers as well: the places must be those of this library.
std::vector<Tensor> orders(const Tensor& x) {
  std::vector<Tensor> all{median(x), median(x.sum())};
  for (const ValuesIndices& r :
       {kthvalue(x, 2, 1), kthvalue(x, 1, 0, true), median(x, 1), median(x, 0, true), mode(x, 1), mode(x, 0, true),
        cummax(x, 1), cummax(x, 0), cummin(x, 1), cummin(x.sum(), 0), median(x.select(1, 0), 0)})
    all.insert(all.end(), {r.values, r.indices});
  return all;
}
// 3 stands for NaN, which JSON does not have.
std::vector<Tensor> medians(const Tensor& given) {
  const Tensor x = where(given == 3, kNan, given);
  const ValuesIndices rows = median(x, 1), columns = median(x, 0, true);
  return {median(x), rows.values, rows.indices, columns.values, columns.indices};
}
std::vector<Tensor> places(const Tensor& x) {
  const Tensor i = tensor({{2, 0, 1, 0}, {1, 1, 0, 2}, {0, 2, 2, 1}}), list = tensor({2, 0}), y = x * 2 + 1;
  return {scatter(x, 0, i, y),
          scatter(x, 1, i, 7.),
          scatter_add(x, 0, i, y),
          scatter_reduce(x, 1, i, y, "prod"),
          scatter_reduce(x, 1, i, y, "sum", false),
          index_add(x, 0, list, y.slice(0, 0, 2)),
          index_copy(x, 1, list, y.slice(1, 0, 2)),
          index_fill(x, 1, list, 5.),
          masked_scatter(x, x > 0, y),
          select_scatter(x, y[0], 0, 2),
          slice_scatter(x, y.slice(1, 0, 2), 1, 0, 4, 2),
          x.index({list}),
          x.index({list, tensor({-1, 1})}),
          take(x, tensor({{0, 11}, {-1, 5}})),
          put(x, tensor({3, 1}), tensor({9., 8.}).to(kFloat32)),
          diagonal(x),
          diagonal(x, 1),
          diagonal(x, -1),
          diag_embed(x),
          diag_embed(x, 1, 0, 2),
          diag(x[0], -1),
          diagonal_scatter(x, y[0].slice(0, 0, 3), 1),
          roll(x, {1}, {0}),
          roll(x, {-1, 2}, {0, 1}),
          roll(x, 3),
          x.unfold(1, 2, 1),
          x.unfold(0, 2, 1),
          block_diag({x, y.slice(0, 0, 1)}),
          hstack({x, y}),
          vstack({x, y}),
          dstack({x, y}),
          column_stack({x[0], y[1]}),
          pad(x.unsqueeze(0), {1, 2}, PadMode::circular),
          pad(x.unsqueeze(0).unsqueeze(0), {1, 2, 2, 1}, PadMode::circular)};
}
std::vector<Tensor> pictures(const Tensor& x) {
  const auto area = [&](InterpolateOptions o) { return interpolate(x, o); };
  const ValuesIndices pooled = max_pool2d_with_indices(x, 3, {.stride = 2, .padding = 1});
  const ValuesIndices ceiled = max_pool2d_with_indices(x, 2, {.stride = 3, .ceil_mode = true});
  const Tensor columns = im2col(x, {2, 3}, {.padding = 1, .stride = 2});
  return {pooled.values,
          pooled.indices,
          ceiled.values,
          ceiled.indices,
          max_unpool2d(pooled.values, pooled.indices, {7, 8}),
          adaptive_avg_pool2d(x, {3, 5}),
          adaptive_max_pool2d(x, {3, 5}),
          avg_pool2d(x, 2, {.stride = 3, .ceil_mode = true}),
          avg_pool2d(x, 3, {.stride = 2, .padding = 1, .ceil_mode = true}),
          avg_pool2d(x, 2, {.divisor_override = 3}),
          area({.size = {3, 5}, .mode = Interpolation::area}),
          area({.size = {4, 3}, .mode = Interpolation::bilinear, .antialias = true}),
          area({.scale_factor = {0.5, 1.5}, .mode = Interpolation::bicubic, .antialias = true}),
          columns,
          col2im(columns, {7, 8}, {2, 3}, {.padding = 1, .stride = 2}),
          conv2d(x, ones({2, 2, 2, 4}) / 7, Tensor(), {.padding = "same"})};
}
std::vector<Tensor> sampled(const Tensor& grid) {
  const Tensor x = arange(Scalar(40), kFloat32).reshape({1, 2, 4, 5}).sin();
  std::vector<Tensor> all;
  for (const GridMode mode : {GridMode::bilinear, GridMode::nearest, GridMode::bicubic})
    for (const GridPadding edge : {GridPadding::zeros, GridPadding::border, GridPadding::reflection})
      for (const bool corners : {false, true})
        all.push_back(grid_sample(x, grid, {.mode = mode, .padding_mode = edge, .align_corners = corners}));
  return all;
}

struct Loss : nn::Layer<Loss> {
  std::vector<Tensor> forward(const Tensor& x, const Tensor& y) const {
    const Tensor p = sigmoid(x), q = softmax(y, 1), target = remainder(argmax(y, 1), 3);
    return {
        mse_loss(x, y),
        l1_loss(x, y, Reduction::sum),
        smooth_l1_loss(x, y, Reduction::mean, 0.5),
        huber_loss(x, y, Reduction::none, 0.7),
        kl_div(log_softmax(x, 1), q, KlReduction::batchmean),
        binary_cross_entropy(p, sigmoid(y)),
        binary_cross_entropy_with_logits(x * 5, sigmoid(y)),
        binary_cross_entropy_with_logits(x, p, {.pos_weight = full({4}, 2.)}),
        nll_loss(log_softmax(x, 1), target),
        cross_entropy(x, target, {.weight = tensor({1., 2., 0.5, 1.}).to(kFloat32)}),
        cross_entropy(x, target, {.ignore_index = 1, .reduction = Reduction::none}),
        cross_entropy(x, target, {.label_smoothing = 0.1}),
        cross_entropy(x, target, {.ignore_index = 2, .reduction = Reduction::none, .label_smoothing = 0.3}),
        cross_entropy(x, target,
                      {.weight = tensor({1., 2., 0.5, 1.}).to(kFloat32), .ignore_index = 0, .label_smoothing = 0.2}),
        cross_entropy(x.t().unsqueeze(0), target.flip({0}).unsqueeze(0),
                      {.weight = tensor({1., 2., 0.5, 1.}).to(kFloat32), .label_smoothing = 1.}),
        cross_entropy(x, q)};
  }
};
// Bags of rows of a table; 3 is the padding.
struct Bags : nn::Layer<Bags> {
  nn::EmbeddingBag sum = register_module("sum", nn::EmbeddingBag(6, 4, {.mode = BagMode::sum}));
  nn::EmbeddingBag mean = register_module("mean", nn::EmbeddingBag(6, 4));
  nn::EmbeddingBag rest = register_module("rest", nn::EmbeddingBag(6, 4, {.mode = BagMode::sum, .padding_idx = 3}));
  nn::EmbeddingBag middle = register_module("middle", nn::EmbeddingBag(6, 4, {.padding_idx = -3}));
  std::vector<Tensor> forward(const Tensor& bags) const { return {sum(bags), mean(bags), rest(bags), middle(bags)}; }
};
struct LargestOfBags : nn::Layer<LargestOfBags> {
  nn::EmbeddingBag table = register_module("table", nn::EmbeddingBag(6, 4, {.mode = BagMode::max}));
  Tensor forward(const Tensor& bags) const { return table(bags); }
};
struct Products : nn::Layer<Products> {
  nn::Bilinear bilinear = register_module("bilinear", nn::Bilinear(3, 4, 5));
  nn::CosineSimilarity cosine = register_module("cosine", nn::CosineSimilarity());
  nn::PairwiseDistance distance = register_module("distance", nn::PairwiseDistance());
  std::vector<Tensor> forward(const Tensor& x, const Tensor& y) const {
    const Tensor z = y.slice(1, 0, 3);
    return {bilinear(x, y), cosine(x, z), distance(x, z), einsum("bi,bj->bij", {x, y})};
  }
};
struct BatchStatistics : nn::Layer<BatchStatistics> {
  nn::BatchNorm2d norm = register_module("norm", nn::BatchNorm2d(3, {.track_running_stats = false}));
  Tensor forward(const Tensor& x) const { return norm(x); }
};
// Rows by places that are an input, some of them counted from the end.
struct Chosen : nn::Layer<Chosen> {
  std::vector<Tensor> forward(const Tensor& x, const Tensor& i) const {
    return {x.index({i}), x.index({i, i}), x.index({Slice(), i}), take(x, i)};
  }
};

}  // namespace

void add_operations(std::vector<Case>& all) {
  const Tensor whole = tensor({{3, -2, 0, 7}, {-5, 1, 4, -9}, {2, 2, -1, 6}});
  all.push_back(functions("whole_numbers", whole_numbers, whole));
  all.push_back(functions("whole_numbers_of_32_bits", whole_numbers, whole.to(kInt32)));
  all.push_back(functions("bytes", bytes, tensor({{3, 250, 0, 7}, {100, 101, 128, 255}}).to(kUInt8)));
  all.push_back(functions("truth", truth, randn({3, 4})));
  all.push_back(
      functions("special_values", special_values, tensor({0., 1., 99., -2., 97., 98., -0., 3., 99.}).to(kFloat32)));
  all.push_back(functions("more_functions", more_functions, randn({3, 4})));
  all.push_back(functions("more_reductions", more_reductions, randn({3, 4})));
  const Tensor repeated = tensor({{2., 1., 2., 0., 1.}, {5., 5., 5., 1., 0.}, {-1., -1., 0., 0., 3.}});
  for (const DType dtype : {kFloat32, kFloat64, kInt32, kInt64})
    all.push_back(functions(std::string("orders_of_") + name(dtype), orders, repeated.to(dtype)));
  all.push_back(functions("medians_of_nan", medians, repeated.to(kFloat32)));
  const Tensor bags = tensor({{0, 1, 2}, {3, 3, 3}, {5, 3, 0}});
  all.push_back(of<1>("bags", [] { return Bags(); }, {bags}, {0}));
  all.push_back(of<1>("largest_of_bags", [] { return LargestOfBags(); }, {bags}, {}));
  all.push_back(functions("places", places, randn({3, 4})));
  all.push_back(functions("pictures", pictures, randn({2, 2, 7, 8})));
  all.push_back(functions("sampled", sampled, rand({1, 3, 6, 2}) * 3 - 1.5));
  all.push_back(of<2>("losses", [] { return Loss(); }, {randn({5, 4}), randn({5, 4})}, {}));
  all.push_back(of<2>("products", [] { return Products(); }, {randn({2, 3}), randn({2, 4})}, {0, 0}));
  all.push_back(of<1>("batch_statistics", [] { return BatchStatistics(); }, {randn({3, 3, 4, 4})}, {0}));
  all.push_back(of<2>("chosen", [] { return Chosen(); }, {randn({4, 4}), tensor({-1, 2, 0})}, {}));
}

}  // namespace xgrad::exchange
