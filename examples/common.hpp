// What the examples share: options every one of them has, digits and clothes as images, and an orderly end.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

#include <xgrad/xgrad.hpp>

struct Common {
  int threads = 0;
  std::uint64_t seed = 0;
  std::string out = "out";
};

inline void add_common_options(CLI::App& app, Common& c) {
  app.add_option("--seed", c.seed, "of everything random")->capture_default_str();
  app.add_option("--threads", c.threads, "0: as many as there are cores")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--out", c.out, "folder for the results")->capture_default_str();
}

inline void start(const Common& c) {
  if (c.threads > 0) xgrad::set_num_threads(c.threads);
  xgrad::manual_seed(c.seed);
  std::filesystem::create_directories(c.out);
}

// Runs the program; what goes wrong is said on standard error and makes the exit code 1.
template <class F>
int guarded(const F& run) {
  try {
    run();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

// The value of a loss, once it is known to be one.
inline double checked(const xgrad::Tensor& loss, const char* program) {
  const double value = loss.item();
  if (!std::isfinite(value))
    throw xgrad::ValueError(std::string(program) + ": the loss became " + std::to_string(value) +
                            "; try a smaller --lr");
  return value;
}

struct DigitImages {
  xgrad::data::TensorDataset training, test;  // (N, 1, H, W) in [0, 1] and labels (N)
};

// MNIST's files in `mnist` if given: training and test files, or the test files alone, whose last 1500 images then
// test. Else the bundled 8x8 digits in the CSV file `digits`, whose last 360 test.
inline DigitImages load_digit_images(const std::string& mnist, const std::string& digits) {
  namespace data = xgrad::data;
  const auto part = [](const data::TensorDataset& all, std::int64_t tested) {
    if (all.size() <= tested)
      throw xgrad::ValueError("xgrad: " + std::to_string(all.size()) +
                              " images are too few: " + std::to_string(tested) + " are kept for the test");
    return DigitImages{all.slice(0, all.size() - tested), all.slice(all.size() - tested, all.size())};
  };
  if (mnist.empty()) {
    const xgrad::Tensor table = data::read_csv(digits);
    if (table.size(1) != 65)
      throw xgrad::ShapeError("xgrad: " + digits + ": expected rows of 64 pixels and a label, got " +
                              std::to_string(table.size(1)) + " columns");
    const xgrad::Tensor pixels = table.slice(1, 0, 64).reshape({-1, 1, 8, 8}) / 16;
    return part(data::TensorDataset(pixels, table.select(1, 64).to(xgrad::kInt64)), 360);
  }
  const auto images = [&](const char* name) {
    const data::TensorDataset d = data::read_mnist(mnist, name);
    return data::TensorDataset(d.data.unsqueeze(1).to(xgrad::kFloat32) / 255, d.target);
  };
  const std::string file = mnist + "/train-images-idx3-ubyte";
  if (std::filesystem::exists(file) || std::filesystem::exists(file + ".gz")) return {images("train"), images("t10k")};
  return part(images("t10k"), 1500);
}

// For images of digits: where they come from.
struct DigitSource {
  std::string mnist, digits = "examples/data/digits.csv";
};
inline void add_digit_options(CLI::App& app, DigitSource& s) {
  app.add_option("--mnist", s.mnist, "folder with MNIST's IDX files, plain or .gz");
  app.add_option("--digits", s.digits, "the bundled 8x8 digits, used without --mnist")->capture_default_str();
}

// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), clothes in the files and sizes of MNIST: its classes in their order.
inline const std::vector<std::string>& fashion_names() {
  static const std::vector<std::string> names{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                              "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  return names;
}
// --fashion [DIR]: `folder` stays empty without it.
inline void add_fashion_option(CLI::App& app, std::string& folder) {
  app.add_option("--fashion", folder, "Fashion-MNIST instead of digits, with settings for it; its folder is optional")
      ->expected(0, 1)
      ->default_str("/usr/share/datasets/fashion-mnist")
      ->excludes("--mnist");
}
inline void require_fashion(const std::string& folder) {
  const std::string file = folder + "/train-images-idx3-ubyte";
  if (std::filesystem::exists(file) || std::filesystem::exists(file + ".gz")) return;
  throw xgrad::IoError("xgrad: there is no Fashion-MNIST in " + folder +
                       "; install it with scripts/setup.sh --data (Debian's package dataset-fashion-mnist)");
}
// A setting for --fashion, unless the command line has one.
template <class T>
void prefer(const CLI::App& app, const std::string& option, T& setting, const std::type_identity_t<T>& value) {
  if (app.count(option) == 0) setting = value;
}

// Every image moved by up to `most` pixels each way, black coming in, and with `mirror` every other one mirrored, by
// chance: (N, 1, H, W) -> (N, 1, H, W).
inline xgrad::Tensor moved(const xgrad::Tensor& images, std::int64_t most, bool mirror = false) {
  if (most == 0 && !mirror) return images;
  const std::int64_t n = images.size(0), height = images.size(2), width = images.size(3);
  const std::vector<std::int64_t> moves = xgrad::randint(-most, most + 1, {n, 2}).to_vector<std::int64_t>();
  std::vector<std::int64_t> mirrored(static_cast<std::size_t>(n));
  if (mirror) mirrored = xgrad::randint(0, 2, {n}).to_vector<std::int64_t>();
  const xgrad::Tensor contiguous = images.contiguous();
  xgrad::Tensor out = xgrad::zeros(images.shape());
  const float* from = contiguous.data<float>();
  float* to = out.mutable_data<float>();
  for (std::int64_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i);
    const std::int64_t dy = moves[2 * k], dx = moves[2 * k + 1];
    const std::int64_t left = std::max<std::int64_t>(0, dx), columns = std::max<std::int64_t>(0, width - std::abs(dx));
    for (std::int64_t y = std::max<std::int64_t>(0, dy); y < std::min(height, height + dy); ++y) {
      float* row = to + (i * height + y) * width;
      std::copy_n(from + (i * height + y - dy) * width + left - dx, columns, row + left);
      if (mirrored[k]) std::reverse(row, row + width);
    }
  }
  return out;
}
