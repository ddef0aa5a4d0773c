#include "split_lengths.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>

namespace xgrad::data {
namespace {

[[noreturn]] void bad_split(const std::string& rule, const Location& at) {
  ErrorReport("random_split", rule, at).value_error();
}

}  // namespace

void require_lengths(std::int64_t size, const std::vector<std::int64_t>& lengths, const Location& at) {
  if (lengths.empty()) bad_split("there are no parts", at);
  std::int64_t rest = size;
  for (const std::int64_t n : lengths) {
    if (n < 0) bad_split(fmt::format("a part of {} rows", n), at);
    rest = n > rest ? -1 : rest - n;
    if (rest < 0) break;
  }
  if (rest != 0)
    bad_split(fmt::format("the lengths {} do not add up to the {} rows of the dataset (shares are written with a "
                          "point: {{0.8, 0.2}})",
                          fmt::join(lengths, " + "), size),
              at);
}

std::vector<std::int64_t> lengths_of_shares(std::int64_t size, const std::vector<double>& shares, const Location& at) {
  constexpr double kRounding = 1e-6;  // of a sum of shares
  for (const double share : shares)
    if (!(share >= 0 && share <= 1)) bad_split(fmt::format("a share of {} is not in [0, 1]", share), at);
  if (shares.empty()) bad_split("there are no parts", at);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!(std::fabs(sum - 1) <= kRounding))
    bad_split(fmt::format("the shares {} add up to {:.6g}, not to 1", fmt::join(shares, " + "), sum), at);
  std::vector<std::int64_t> lengths;
  for (const double share : shares) lengths.push_back(static_cast<std::int64_t>(static_cast<double>(size) * share));
  std::int64_t rest = size - std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  *std::ranges::max_element(lengths) += std::min<std::int64_t>(rest, 0);
  for (std::size_t i = 0; rest > 0; i = (i + 1) % lengths.size(), --rest) ++lengths[i];
  return lengths;
}

}  // namespace xgrad::data
