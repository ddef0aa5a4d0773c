#include <cmath>

#include <xgrad/nn/distance.hpp>

namespace xgrad::nn {

void check_options(const OptionCheck& check, const CosineSimilarityOptions& o) { check.at_least_zero("eps", o.eps); }
void check_options(const OptionCheck& check, const PairwiseDistanceOptions& o) {
  if (std::isnan(o.p)) check.fail("p must be a number or an infinity, got nan");
  check.finite("eps", o.eps);
}

}  // namespace xgrad::nn
