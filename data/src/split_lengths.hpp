// How many examples the parts of random_split() get.
#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/error.hpp>

namespace xgrad::data {

// ValueError unless there are lengths, none negative, that add up to the size.
void require_lengths(std::int64_t size, const std::vector<std::int64_t>& lengths, const Location& at);
// floor(share * size) each, and one of the rest to each of the first. ValueError unless they add up to 1.
std::vector<std::int64_t> lengths_of_shares(std::int64_t size, const std::vector<double>& shares, const Location& at);

}  // namespace xgrad::data
