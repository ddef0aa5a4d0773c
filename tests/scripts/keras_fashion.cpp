// The network of TensorFlow's tutorial "Basic classification: Classify images of clothing", on the same data, must
// come to the accuracies that its page gives: about 0.91 in training, 0.88 on the test images.
// (https://www.tensorflow.org/tutorials/keras/classification: Flatten, Dense 128 relu, Dense 10; Adam, 10 epochs.)
#include <cstdio>
#include <filesystem>

#include <xgrad/keras.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

int main() {
  const char* folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(std::string(folder) + "/train-images-idx3-ubyte.gz")) {
    std::printf("skipped: no %s (scripts/setup.sh --data)\n", folder);
    return 77;
  }
  const data::TensorDataset train = data::read_mnist(folder, "train"), test = data::read_mnist(folder, "t10k");
  manual_seed(0);
  keras::Sequential model(
      {keras::Input({28, 28}), keras::Flatten(), keras::Dense(128, {.activation = "relu"}), keras::Dense(10)});
  model.compile({.optimizer = "adam",
                 .loss = keras::SparseCategoricalCrossentropy({.from_logits = true}),
                 .metrics = {"accuracy"}});
  const keras::History history = model.fit(train.data.to(kFloat32) / 255, train.target, {.epochs = 10, .verbose = 2});
  const double trained = history.at("accuracy").back();
  const double tested = model.evaluate(test.data.to(kFloat32) / 255, test.target).at("accuracy");
  std::printf("training %.4f, test %.4f; the tutorial has 0.91 and 0.88\n", trained, tested);
  return trained > 0.905 && tested > 0.875 ? 0 : 1;
}
