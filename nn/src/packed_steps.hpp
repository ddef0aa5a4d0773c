// What recurrent layers need to know of a packed sequence.
#pragma once

#include <xgrad/nn/packed_sequence.hpp>

namespace xgrad::nn::utils::rnn {

// batch_sizes as numbers. ValueError, ShapeError: parts that do not belong together.
std::vector<std::int64_t> steps_of(const PackedSequence& packed, const char* op, const Location& at);

}  // namespace xgrad::nn::utils::rnn
