// Parameters that are given in one of two forms.
#pragma once

#include <xgrad/check.hpp>
#include <xgrad/distributions/discrete.hpp>

#include "distributions/law.hpp"

namespace xgrad::detail {

// The one that is given. ValueError for none or both.
inline const distributions::Param& one_of(const Law& law, const distributions::ProbsOrLogits& o, const Location& at) {
  if (o.probs.has_value() == o.logits.has_value())
    ErrorReport(law.name(), "exactly one of probs and logits must be given", at).value_error();
  return o.probs ? *o.probs : *o.logits;
}

}  // namespace xgrad::detail
