// Transforms of images and targets, imputation, states of scalers, tables with names.
#include <xgrad/data.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace T = xgrad::data::transforms;

namespace {

Tensor image(std::int64_t h, std::int64_t w) { return arange(0, h * w, 1, {kFloat32}).reshape({1, h, w}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(transforms)

BOOST_AUTO_TEST_CASE(values) {
  const Tensor bytes = tensor({0, 51, 255}).to(kUInt8);
  check_close(T::ConvertImageDtype()(bytes), {0, 0.2, 1});
  check_close(T::ConvertImageDtype(kUInt8)(tensor({-1., 0.2, 0.999, 2.})), {0, 51, 255, 255});
  const Tensor x = ones({2, 1, 2}) * tensor({1., 3.}).reshape({2, 1, 1});
  check_close(T::Normalize({1, 2}, {1, 0.5})(x), {0, 0, 2, 2});
  check_close(T::Normalize({1}, {2})(x), {0, 0, 1, 1});
  check_close(T::OneHot(3)(tensor({2, 0})), {0, 0, 1, 1, 0, 0});
  check_close(T::Compose({T::Normalize({1}, {2}), [](const Tensor& t) { return t * 4; }})(x), {0, 0, 4, 4});
  expect_op<ValueError>("Normalize", {"std", "0"}, [] { T::Normalize({0}, {0}); });
  expect_op<ValueError>("Normalize", {"2 means and 1"}, [] { T::Normalize({0, 1}, {1}); });
  expect<ShapeError>({"Normalize", "3 channels", "means of 2"}, [] { T::Normalize({1, 2}, {1, 2})(ones({3, 2, 2})); });
  expect<ShapeError>({"Normalize", "C, H, W"}, [] { T::Normalize({1}, {2})(ones({2, 2})); });
  expect<DTypeError>({"Normalize", "uint8"}, [&] { T::Normalize({1}, {2})(bytes.reshape({1, 1, 3})); });
  expect_op<ValueError>("OneHot", {"num_classes", "0"}, [] { T::OneHot(0); });
  expect_op<ValueError>("Compose", {"empty"}, [] { T::Compose({T::Transform()}); });
}

BOOST_AUTO_TEST_CASE(crops_and_flips) {
  check_close(T::CenterCrop({2, 2})(image(4, 4)), {5, 6, 9, 10});
  check_close(T::CenterCrop({1, 4})(image(1, 2)), {0, 0, 1, 0});
  const Tensor x = image(3, 4);
  check_close(T::RandomHorizontalFlip(1)(x), flip(x, -1).to_vector<double>());
  check_close(T::RandomVerticalFlip(1)(x), flip(x, -2).to_vector<double>());
  check_close(T::RandomVerticalFlip(0)(x), x.to_vector<double>());
  // Every place of a crop occurs, and each is a part of the image.
  const T::RandomCrop crop({2, 3}, {.generator = Generator(1)});
  std::vector<int> places(4);
  for (int i = 0; i < 200; ++i) {
    const Tensor part = crop(x);
    const auto first = static_cast<std::int64_t>(part.select(0, 0).select(0, 0).select(0, 0).item<double>());
    const std::int64_t top = first / 4, left = first % 4;
    check_close(part, x.slice(1, top, top + 2).slice(2, left, left + 3).to_vector<double>());
    ++places[static_cast<std::size_t>(top * 2 + left)];
  }
  for (const int n : places) BOOST_TEST(std::abs(n - 50) < 30);
  BOOST_TEST((T::RandomCrop({5, 5}, {.pad_if_needed = true, .fill = 7})(x).shape() == Shape{1, 5, 5}));
  int flipped = 0;
  const T::RandomHorizontalFlip half(0.5, Generator(2));
  for (int i = 0; i < 400; ++i) flipped += half(x).select(2, 0).select(1, 0).item<double>() != 0;
  BOOST_TEST(std::abs(flipped - 200) < 60);
  expect<ShapeError>({"RandomCrop", "5 x 5", "larger"}, [&] { T::RandomCrop({5, 5})(x); });
  expect<ShapeError>({"RandomHorizontalFlip"}, [] { T::RandomHorizontalFlip()(ones({3})); });
  expect_op<ValueError>("RandomHorizontalFlip", {"p must", "2"}, [] { T::RandomHorizontalFlip(2); });
  expect_op<ValueError>("RandomCrop", {"height"}, [] { T::RandomCrop({0, 2}); });
}

BOOST_AUTO_TEST_CASE(rotations_and_erasing) {
  const Tensor x = image(3, 3);  // 0 1 2 / 3 4 5 / 6 7 8
  check_close(T::rotate(x, 90), {2, 5, 8, 1, 4, 7, 0, 3, 6});
  check_close(T::rotate(x, 180), {8, 7, 6, 5, 4, 3, 2, 1, 0});
  check_close(T::rotate(x, 360, GridMode::bilinear), x.to_vector<double>(), 1e-5);
  check_close(T::rotate(image(1, 3), 90, GridMode::nearest, 9), {9, 1, 9});
  const Tensor bytes = T::rotate(x.to(kUInt8), 90);
  BOOST_TEST((bytes.dtype() == kUInt8 && bytes.select(1, 0).select(1, 0).item<double>() == 2));
  const Tensor turned = T::RandomRotation({90, 90})(x);
  check_close(turned, {2, 5, 8, 1, 4, 7, 0, 3, 6});
  const T::RandomErasing erasing({.p = 1, .scale = {0.1, 0.3}, .value = -1, .generator = Generator(3)});
  const Tensor big = ones({2, 20, 30});
  for (int i = 0; i < 20; ++i) {
    const double area = static_cast<double>((erasing(big) == -1).sum().item<std::int64_t>()) / 1200;
    BOOST_TEST((area > 0.05 && area < 0.35));
  }
  check_close(big, std::vector<double>(1200, 1.0));  // the original stays
  expect_op<ValueError>("RandomErasing", {"scale"}, [] { T::RandomErasing({.scale = {0.5, 0.1}}); });
  expect_op<ValueError>("RandomRotation", {"degrees"}, [] { T::RandomRotation({9, 1}); });
}

BOOST_AUTO_TEST_CASE(imputation) {
  const double none = NAN;
  const Tensor x = from_vector(std::vector<double>{1, 4, none, 4, 2, none, 6, 7}).reshape({4, 2});
  const auto filled = [&](data::SimpleImputerOptions o) {
    data::SimpleImputer imputer(o);
    const Tensor y = imputer.fit_transform(x);
    return std::vector<double>{y.select(0, 1).select(0, 0).item<double>(), y.select(0, 2).select(0, 1).item<double>()};
  };
  using data::ImputeStrategy;
  BOOST_TEST((filled({}) == std::vector<double>{3, 5}));
  BOOST_TEST((filled({.strategy = ImputeStrategy::median}) == std::vector<double>{2, 4}));
  BOOST_TEST((filled({.strategy = ImputeStrategy::most_frequent}) == std::vector<double>{1, 4}));
  BOOST_TEST((filled({.strategy = ImputeStrategy::constant, .fill_value = -1}) == std::vector<double>{-1, -1}));
  data::SimpleImputer imputer, other;
  imputer.fit(x);
  other.load_state_dict(imputer.state_dict());
  BOOST_TEST(same_bits(imputer.transform(x.to(kFloat32)), other.transform(x.to(kFloat32))));
  expect_op<ValueError>("SimpleImputer", {"column 1 has no value"}, [&] {
    imputer.fit(tensor({{1., none}, {2., none}}));
  });
  expect_op<ValueError>("SimpleImputer", {"before fit"}, [&] { data::SimpleImputer().transform(x); });
  expect_op<ShapeError>("SimpleImputer", {"2 features"}, [&] { imputer.transform(ones({2, 3})); });
}

BOOST_AUTO_TEST_CASE(scalers_with_the_model) {
  const TempDir dir;
  const Tensor x = randn({20, 3}) * 5 + 1000;
  data::StandardScaler scaler, again;
  scaler.fit(x);
  save_safetensors(scaler.state_dict(), dir / "scaler");
  again.load_state_dict(load_safetensors(dir / "scaler"));
  BOOST_TEST((same_bits(scaler.transform(x), again.transform(x)) && again.center().dtype() == kFloat64));
  expect_op<ValueError>("Scaler", {"'scale' is missing"}, [&] { again.load_state_dict({{"center", ones({3})}}); });
  expect_op<ValueError>("Scaler", {"before fit"}, [] { data::MinMaxScaler().state_dict(); });
}

BOOST_AUTO_TEST_CASE(tables_with_names) {
  const TempDir dir;
  const Tensor values = tensor({{1.5, -2., 1e-7}, {0.1, 3., 16777216.}});
  const std::vector<std::string> names{"height, cm", "say \"x\"", "weight"};
  data::write_csv(dir / "t.csv", values, {.columns = names});
  const data::CsvTable table = data::read_csv_table(dir / "t.csv");
  BOOST_TEST((table.columns == names && same_bits(table.values, values)));
  check_close(table.column("weight"), {1e-7, 16777216});
  check_close(table.select({"weight", "height, cm"}).select(0, 1), {16777216, 0.1});
  data::write_csv(dir / "d.csv", values.to(kFloat64) / 3, {.delimiter = ';'});
  const data::CsvTable plain = data::read_csv_table(dir / "d.csv", {.delimiter = ';', .dtype = kFloat64});
  BOOST_TEST((plain.columns.empty() && same_bits(plain.values, values.to(kFloat64) / 3)));
  data::write_csv(dir / "i.csv", tensor({{1, 2}, {3, -4}}));
  BOOST_TEST(read_file(dir / "i.csv") == "1,2\n3,-4\n");
  expect_op<ValueError>("CsvTable", {"'age'", "weight"}, [&] { table.column("age"); });
  expect_op<ValueError>("CsvTable", {"'age'", "no names"}, [&] { plain.column("age"); });
  expect_op<ShapeError>("write_csv", {"2 names for 3 columns"}, [&] {
    data::write_csv(dir / "x.csv", values, {.columns = {"a", "b"}});
  });
  expect_op<ValueError>("write_csv", {"'.'"}, [&] { data::write_csv(dir / "x.csv", values, {.delimiter = '.'}); });
  expect_op<ShapeError>("write_csv", {"(3)"}, [&] { data::write_csv(dir / "x.csv", ones({3})); });
}

BOOST_AUTO_TEST_SUITE_END()
