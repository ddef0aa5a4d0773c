// A convolutional network for handwritten digits with Keras's names: compile, fit with callbacks, evaluate.
//
//   keras_digits                the bundled 8x8 digits, under a minute
//   keras_digits --mnist DIR    MNIST files (…-images-idx3-ubyte[.gz]): the network of Keras's "Simple MNIST convnet"
//
// Writes out/keras_digits.svg, the curves of the history, and out/keras_digits.safetensors, the best weights.
#include <iostream>

#include <xgrad/keras.hpp>

#include "common.hpp"

namespace keras = xgrad::keras;
using xgrad::Tensor;

struct Digits {
  Tensor x, y, x_test, y_test;  // images (N, H, W, 1) in [0, 1]
};

Digits load(const std::string& mnist, const std::string& file) {
  if (mnist.empty()) {
    const Tensor table = xgrad::data::read_csv(file);
    const Tensor x = (table.slice(1, 0, 64) / 16).reshape({-1, 8, 8, 1}), y = table.select(1, 64).to(xgrad::kInt64);
    const std::int64_t n = x.size(0), cut = n - 360;
    return {x.slice(0, 0, cut), y.slice(0, 0, cut), x.slice(0, cut, n), y.slice(0, cut, n)};
  }
  const auto images = [](const Tensor& t) { return (t.to(xgrad::kFloat32) / 255).unsqueeze(3); };
  const auto test = xgrad::data::read_mnist(mnist, "t10k");
  if (std::filesystem::exists(mnist + "/train-images-idx3-ubyte") ||
      std::filesystem::exists(mnist + "/train-images-idx3-ubyte.gz")) {
    const auto train = xgrad::data::read_mnist(mnist, "train");
    return {images(train.data), train.target, images(test.data), test.target};
  }
  const std::int64_t n = test.size(), cut = n - 1500;
  return {images(test.data.slice(0, 0, cut)), test.target.slice(0, 0, cut), images(test.data.slice(0, cut, n)),
          test.target.slice(0, cut, n)};
}

// For images of height x width pixels. Small ones keep their size in a convolution.
keras::Sequential make_model(std::int64_t height, std::int64_t width) {
  const std::string padding = height == 8 ? "same" : "valid";
  return keras::Sequential(
      {keras::Input({height, width, 1}), keras::Conv2D(32, {3, 3}, {.padding = padding, .activation = "relu"}),
       keras::MaxPooling2D({2, 2}), keras::Conv2D(64, {3, 3}, {.padding = padding, .activation = "relu"}),
       keras::MaxPooling2D({2, 2}), keras::Flatten(), keras::Dropout(0.5),
       keras::Dense(10, {.activation = "softmax"})});
}

int main(int argc, char** argv) {
  CLI::App app("A convolutional network for handwritten digits with Keras's names");
  Common common;
  std::int64_t epochs = 40;
  std::string mnist, file = "examples/data/digits.csv";
  add_common_options(app, common);
  app.add_option("--epochs", epochs, "at most")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--mnist", mnist, "folder of MNIST files");
  app.add_option("--digits", file, "64 pixels and the label in each row")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return guarded([&] {
    start(common);
    const Digits d = load(mnist, file);
    const bool small = d.x.size(1) == 8;
    keras::Sequential model = make_model(d.x.size(1), d.x.size(2));
    std::cout << model.summary();
    model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});

    const std::string best = common.out + "/keras_digits.safetensors";
    const keras::History history =
        model.fit(d.x, d.y,
                  {.batch_size = small ? 32 : 128,
                   .epochs = epochs,
                   .callbacks = {keras::EarlyStopping({.patience = 5, .restore_best_weights = true}),
                                 keras::ReduceLROnPlateau({.factor = 0.3, .patience = 3}),
                                 keras::ModelCheckpoint(best, {.save_best_only = true})},
                   .validation_split = 0.1});
    const keras::Logs score = model.evaluate(d.x_test, d.y_test);
    std::printf("test: loss %.4f, accuracy %.4f\n", score.at("loss"), score.at("accuracy"));

    xgrad::viz::Plot plot({.title = "History", .x_label = "epoch", .y_label = "accuracy", .right_label = "loss"});
    plot.line(history.epoch, history.at("accuracy"), {.label = "accuracy"});
    plot.line(history.epoch, history.at("val_accuracy"), {.label = "val_accuracy", .dashed = true});
    plot.line(history.epoch, history.at("loss"), {.label = "loss", .right = true});
    plot.line(history.epoch, history.at("val_loss"), {.label = "val_loss", .dashed = true, .right = true});
    plot.save(common.out + "/keras_digits.svg");
  });
}
