// keras::Model: a network as a graph of layers, made by calling them.
//
//   keras::KerasTensor x = keras::Input({64});
//   keras::KerasTensor h = keras::Dense(64, {.activation = "relu"})(x);
//   h = h + keras::Dense(64, {.activation = "relu"})(h);  // a bypass
//   keras::Model model(x, keras::Dense(10, {.activation = "softmax"})(h));
#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/keras/layers.hpp>
#include <xgrad/keras/sequential.hpp>

namespace xgrad::keras {

// The sum, product, mean, maximum or minimum of values of one shape, element by element. ShapeError; ValueError for
// none.
XGRAD_API KerasTensor add(const std::vector<KerasTensor>& values, Location at = Location::current());
XGRAD_API KerasTensor multiply(const std::vector<KerasTensor>& values, Location at = Location::current());
XGRAD_API KerasTensor average(const std::vector<KerasTensor>& values, Location at = Location::current());
XGRAD_API KerasTensor maximum(const std::vector<KerasTensor>& values, Location at = Location::current());
XGRAD_API KerasTensor minimum(const std::vector<KerasTensor>& values, Location at = Location::current());
// The first minus the second. ShapeError; ValueError: they are not two.
XGRAD_API KerasTensor subtract(const std::vector<KerasTensor>& values, Location at = Location::current());
// (Also x + y, x * y, x - y.)
// Side by side along an axis of the batch's shape, which is not the first. ShapeError; IndexError: there is no such
// axis; ValueError: it is the first, or there are no values.
XGRAD_API KerasTensor concatenate(const std::vector<KerasTensor>& values, std::int64_t axis = -1,
                                  Location at = Location::current());

inline KerasTensor operator+(const KerasTensor& x, const KerasTensor::Operand& y) { return add({x, y.value}, y.at); }
inline KerasTensor operator-(const KerasTensor& x, const KerasTensor::Operand& y) {
  return subtract({x, y.value}, y.at);
}
inline KerasTensor operator*(const KerasTensor& x, const KerasTensor::Operand& y) {
  return multiply({x, y.value}, y.at);
}

// What leads from values, mostly Inputs, to others, as a model: it is compiled, fitted, evaluated and saved as a
// Sequential is. Layers got their weights when they were called; one that was called twice has one set, also in several
// models. Modules are below "functional", with Keras's names of the layers in the order of their first calls; an output
// has the name of its layer. ValueError: an output is an input, or comes from another Input (as well); an input that no
// output comes from, or is there twice.
//
//   keras::Model model({words, tags}, {urgency, office});
//   model.compile({.losses = {"mse", "categorical_crossentropy"}, .loss_weights = {0.2, 1}});
//   model.fit({x_words, x_tags}, {y_urgency, y_office});
class XGRAD_API Model : public Sequential {
 public:
  Model(const KerasTensor& input, const KerasTensor& output, Location at = Location::current())
      : Model(std::vector<KerasTensor>{input}, std::vector<KerasTensor>{output}, at) {}
  Model(const std::vector<KerasTensor>& inputs, const std::vector<KerasTensor>& outputs,
        Location at = Location::current());
  Sequential& add(Layer, Location = Location()) = delete;  // call the layer with the output; a Model of the result
};

}  // namespace xgrad::keras
