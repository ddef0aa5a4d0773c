#include "classes_of.hpp"

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/extremum.hpp>

namespace xgrad::train {
namespace {

// Every class of a row in 0..classes-1.
void require_classes(const char* what, const char* name, const std::vector<std::int64_t>& all, std::int64_t classes,
                     const Location& at) {
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] < 0 || all[i] >= classes)
      ErrorReport(what,
                  classes == kAnyClass
                      ? fmt::format("{}: class {} at row {} is negative", name, all[i], i)
                      : fmt::format("{}: class {} at row {} outside 0..{}", name, all[i], i, classes - 1),
                  at)
          .index_error();
}

}  // namespace

Classes classes_of(const char* what, const Tensor& predicted, const Tensor& target, std::int64_t classes,
                   const Location& at) {
  require_defined(what, predicted, at);
  require_index_dtype(what, target, at);
  const bool scores = predicted.dim() == 2;
  const auto refuse = [&](const std::string& rule) {
    return ErrorReport(what, rule, at).operand("predicted", predicted).operand("target", target);
  };
  if (scores && predicted.size(1) < 2)
    refuse("scores of one column: compare with 0.5 yourself, (scores > 0.5).flatten()").value_error();
  if (scores && classes != kAnyClass && predicted.size(1) != classes)
    refuse(fmt::format("scores of {} columns, but there are {} classes", predicted.size(1), classes)).value_error();
  if (!scores && predicted.dtype() != kBool) require_index_dtype(what, predicted, at);
  const Tensor best = scores ? argmax(predicted.detach(at), 1, false, at) : predicted;
  if (best.shape() != target.shape())
    refuse(best.dim() == 1 && target.dim() == 1
               ? fmt::format("{} predictions but {} targets", best.numel(), target.numel())
               : fmt::format("predicted classes {} but targets {}", to_string(best.shape()), to_string(target.shape())))
        .shape_error();
  if (scores) classes = predicted.size(1);
  Classes c{best.to_vector<std::int64_t>(at), target.to_vector<std::int64_t>(at)};
  require_classes(what, "predicted", c.predicted, classes, at);
  require_classes(what, "target", c.target, classes, at);
  return c;
}

}  // namespace xgrad::train
