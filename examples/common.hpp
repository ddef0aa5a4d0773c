// What the examples share: options every one of them has, digits as images, and an orderly end.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
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
