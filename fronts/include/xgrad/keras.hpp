// Keras's names on top of nn, optim, data and train: a network from a list of layers, compile, fit, evaluate, predict.
// Parameters, defaults and first values are those of Keras 3. Not in <xgrad/xgrad.hpp>: link xgrad::fronts.
//
//   keras::Sequential model({keras::Input({28, 28, 1}),
//                            keras::Conv2D(32, 3, {.activation = "relu"}),
//                            keras::MaxPooling2D(2),
//                            keras::Flatten(),
//                            keras::Dropout(0.5),
//                            keras::Dense(10, {.activation = "softmax"})});
//   model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
//   keras::History history = model.fit(x, y, {.batch_size = 128, .epochs = 5, .validation_split = 0.1});
//   double accuracy = model.evaluate(x_test, y_test).at("accuracy");
#pragma once

#include <xgrad/keras/callbacks.hpp>
#include <xgrad/keras/layers.hpp>
#include <xgrad/keras/losses.hpp>
#include <xgrad/keras/model.hpp>
#include <xgrad/keras/optimizers.hpp>
#include <xgrad/keras/sequential.hpp>
