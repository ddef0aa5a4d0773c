// scikit-learn's names on top of nn, optim, data and train: classifiers and regressors that are fitted in one call,
// scaling, splits, cross-validation and searches. Parameters, defaults and attributes are those of scikit-learn 1.2;
// what differs stands at each class. Not in <xgrad/xgrad.hpp>: link xgrad::fronts.
//
//   auto [X_train, X_test, y_train, y_test] = sklearn::train_test_split(X, y, {.random_state = 0, .stratify = y});
//   sklearn::Pipeline model({{"scale", sklearn::StandardScaler()}, {"mlp", sklearn::MLPClassifier({.max_iter =
//   500})}}); model.fit(X_train, y_train); double accuracy = model.score(X_test, y_test);
#pragma once

#include <xgrad/sklearn/estimator.hpp>
#include <xgrad/sklearn/mlp.hpp>
#include <xgrad/sklearn/model_selection.hpp>
#include <xgrad/sklearn/pipeline.hpp>
#include <xgrad/sklearn/preprocessing.hpp>
#include <xgrad/sklearn/search.hpp>
