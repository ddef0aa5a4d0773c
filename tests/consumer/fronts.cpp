// A classifier and a network with the names of other libraries.
#include <cstdio>

#include <xgrad/keras.hpp>
#include <xgrad/sklearn.hpp>
#include <xgrad/xgrad.hpp>

int main() {
  using namespace xgrad;
  manual_seed(0);
  const Tensor x = rand({60, 2}), y = (x.select(1, 0) > x.select(1, 1)).to(kInt64);
  sklearn::MLPClassifier classifier({.solver = "lbfgs", .random_state = 0});
  keras::Sequential model({keras::Input({2}), keras::Dense(2, {.activation = "softmax"})});
  model.compile({.optimizer = keras::Adam({.learning_rate = 0.1}), .loss = "sparse_categorical_crossentropy"});
  const keras::History history = model.fit(x, y, {.epochs = 30, .verbose = 0});
  const bool learnt = classifier.fit(x, y).score(x, y) > 0.95 && history.at("loss").back() < 0.3;
  std::printf("fronts: %s\n", learnt ? "learnt" : "not learnt");
  return learnt ? 0 : 1;
}
