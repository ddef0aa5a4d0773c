// What the structure of a local derivative means, in words.
#include <algorithm>

#include <fmt/format.h>

#include "compose.hpp"
#include "explorer/math.hpp"
#include "heatmap.hpp"

namespace xgrad::viz {
namespace {

std::string picked_words(const LocalDerivative& d, std::size_t n, const std::string& times) {
  const std::vector<int> count = reads(d, n);
  const auto [least, most] = std::ranges::minmax(count);
  const auto zeros = std::ranges::count(count, 0);
  if (!d.factors.empty())
    return most > 1 ? "Each input number was used several times, each time with its own factor: its gradient is the "
                      "sum over its uses."
                    : "Each result depends on one input number, with its own factor.";
  if (most == 1 && zeros == 0)
    return "The same numbers in other places: the gradient goes back to where each came from" + times + ".";
  if (least == most)
    return fmt::format("Broadcast: each number was used {0} times, so its gradient is the sum of {0} numbers{1}.", most,
                       times);
  return fmt::format("Selection: the gradient goes back to the numbers that were picked{}; the {} others get 0{}.",
                     times, zeros, most > 1 ? ", and those picked several times the sum" : "");
}

std::string spread_words(const LocalDerivative& d, std::size_t m, const std::string& times) {
  if (!d.factors.empty())
    return m == 1 ? "The result is one number: its gradient times the local slope of each input number."
                  : "Each input number goes into one result, with its own factor.";
  if (const auto unused = std::ranges::count_if(d.index, [](auto i) { return i < 0; }); unused > 0)
    return fmt::format("Some of the input numbers were added up{}: they all get {} gradient{}; the {} others get 0.",
                       times.empty() ? "" : " and scaled", m == 1 ? "the same" : "their sum's", times, unused);
  return m == 1 ? fmt::format("The input was summed{}: every number gets the same gradient{}.",
                              times.empty() ? "" : " and scaled", times)
                : fmt::format("Sums: every number of a sum gets the gradient of that sum{}.", times);
}

// Dimensions in which a result depends on its own index only.
std::string slices_words(const std::vector<int>& agree, std::size_t rank) {
  if (agree.empty()) return "";
  if (rank == 2 && agree.size() == 1) return agree[0] == 0 ? " Each row for itself." : " Each column for itself.";
  return fmt::format(" Each index of dimension {} for itself (the first one is dimension 0).", fmt::join(agree, ", "));
}

}  // namespace

std::vector<int> reads(const LocalDerivative& d, std::size_t n) {
  std::vector<int> count(n);
  for (const std::int64_t i : d.index)
    if (i >= 0) ++count[static_cast<std::size_t>(i)];
  return count;
}

std::string structure_words(const Term& t, std::size_t m, const tape::OpNode& op) {
  constexpr const char* kElementwise =
      "Element by element: each number of the incoming gradient times its own local slope.";
  const LocalDerivative* d = t.local ? &*t.local : nullptr;
  if (t.elementwise) return kElementwise;
  if (!d && can_compose(op) && composed_steps(op) > 1)
    return fmt::format(
        "{} steps in one operation: incoming and outgoing gradient only. With .unfold = true each step "
        "shows its own local derivatives.",
        composed_steps(op));
  if (!d)
    return "The operation is too large for its local derivative to be written out: incoming and outgoing gradient "
           "only.";
  const std::string times = d->factor == 1 ? "" : ", times " + short_number(d->factor);
  switch (d->form) {
    case Form::zero:
      return "Here the result does not depend on this input: nothing flows back.";
    case Form::same:
      return "The gradient is passed on unchanged.";
    case Form::scaled:
      return fmt::format("Every number of the gradient is multiplied by {}.", short_number(d->factor));
    case Form::diagonal:
      return kElementwise;
    case Form::picked:
      return picked_words(*d, static_cast<std::size_t>(t.sent.numel()), times);
    case Form::spread:
      return spread_words(*d, m, times);
    case Form::product:
      if (d->product == Product::row)
        return "Every result depends on every input number: a row of gradients times the matrix of slopes.";
      return "A matrix product: the local derivative for one factor is the other factor." +
             (d->batches > 1 ? fmt::format(" {} products, one for each slice.", d->batches) : "");
    case Form::general:
      break;
  }
  return "Each number of the input reaches several results: pick a number of the outgoing gradient to see where it "
         "went, and with what slope." +
         slices_words(d->agree, static_cast<std::size_t>(t.sent.dim()));
}

}  // namespace xgrad::viz
