// What estimators check of their inputs.
#pragma once

#include <string>
#include <vector>

#include <xgrad/sklearn/estimator.hpp>

namespace xgrad::sklearn {

[[noreturn]] void not_fitted(const std::string& op, const Location& at);
[[noreturn]] void refuse(const std::string& op, const std::string& rule, const Location& at);  // ValueError

// X as a floating tensor without a graph: two dimensions, at least one sample and one feature, finite.
Tensor checked_samples(const std::string& op, const Tensor& X, const Location& at);
// The same with the number of features that fit saw.
Tensor checked_samples(const std::string& op, const Tensor& X, std::int64_t features, const Location& at);
// Targets (n, outputs) as a floating tensor without a graph: at least one column, finite.
Tensor checked_targets(const std::string& op, const Tensor& y, const Location& at);
// As many targets as samples.
void require_as_many(const std::string& op, const Tensor& X, const Tensor& y, const Location& at);
// Labels (n), integers or bool, as int64; DTypeError, ShapeError.
Tensor checked_labels(const std::string& op, const Tensor& y, const Location& at);
// The position of each label in the classes, which are sorted; -1 where it is none of them.
std::vector<std::int64_t> positions(const Tensor& labels, const Tensor& classes);

// Each string once, sorted.
Strings different_labels(const Strings& labels);
// The place of each label in the classes, which are sorted, int64; -1 where it is none of them.
Tensor places_of(const Strings& labels, const Strings& classes);
// The same; ValueError that names the label where it is none of them.
Tensor known_places(const std::string& op, const Strings& labels, const Strings& classes, const Location& at);
Strings labels_at(const Tensor& places, const Strings& classes);

Tensor rows(const Tensor& t, const std::vector<std::int64_t>& indices);
Strings rows(const Strings& t, const std::vector<std::int64_t>& indices);

}  // namespace xgrad::sklearn
