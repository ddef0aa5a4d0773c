// Sequences of different lengths as one batch, without padding: what recurrent layers take in the place of a tensor.
//
//   auto packed = nn::utils::rnn::pack_padded_sequence(x, {5, 3, 2});     // x (T, N, C)
//   auto [y, h] = gru(packed);                                            // y is packed, h of each sequence's end
//   auto [out, lengths] = nn::utils::rnn::pad_packed_sequence(y);         // (T, N, H), zeros behind each end
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/detail/parts.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::nn::utils::rnn {

// data (sum of the lengths, *): first the step 0 of all sequences, longest first, then step 1 of those that have one,
// and so on; batch_sizes (T): how many have it; sorted_indices: the sequences as they were given, longest first;
// unsorted_indices: its inverse; both undefined when they were given in that order.
struct PackedSequence {
  Tensor data, batch_sizes, sorted_indices = {}, unsorted_indices = {};
};

// Number of steps of each sequence: numbers, or an integer tensor (N).
class Lengths {
 public:
  Lengths(std::vector<std::int64_t> n) : n_(std::move(n)) {}     // NOLINT
  Lengths(std::initializer_list<std::int64_t> n) : n_(n) {}      // NOLINT
  Lengths(const Tensor& n) : n_(n.to_vector<std::int64_t>()) {}  // NOLINT
  const std::vector<std::int64_t>& each() const { return n_; }

 private:
  std::vector<std::int64_t> n_;
};

struct PackOptions {
  ByName by_name = ByName();
  bool batch_first = false;    // x is (N, T, *), not (T, N, *)
  bool enforce_sorted = true;  // the lengths must not increase; false sorts them
};
// ValueError: not one length per sequence, lengths below 1 or above T, or increasing ones with enforce_sorted.
XGRAD_API PackedSequence pack_padded_sequence(const Tensor& x, const Lengths& lengths, PackOptions options = {},
                                              Location at = Location::current());

struct PadOptions {
  ByName by_name = ByName();
  bool batch_first = false;
  double padding_value = 0;
  std::optional<std::int64_t> total_length = {};  // T, at least the longest length (ValueError)
};
struct PaddedSequence {
  Tensor output, lengths;
  template <class... T>
  operator std::tuple<T&...>() && {  // NOLINT: std::tie(...) = ...
    return xgrad::detail::tie_parts<T...>(output, lengths);
  }
};
// (T, N, *) with the sequences in the order in which they were given, and their lengths (int64, N).
XGRAD_API PaddedSequence pad_packed_sequence(const PackedSequence& packed, PadOptions options = {},
                                             Location at = Location::current());

struct PadSequenceOptions {
  ByName by_name = ByName();
  bool batch_first = false;
  double padding_value = 0;
  bool padding_left = false;  // sequences end at T, in the place of beginning at 0
};
// Sequences (T_i, *) as one tensor (T, N, *), T the largest of the T_i. ValueError: no sequences; ShapeError: other
// sizes differ.
XGRAD_API Tensor pad_sequence(const std::vector<Tensor>& sequences, PadSequenceOptions options = {},
                              Location at = Location::current());
// And back.
XGRAD_API std::vector<Tensor> unpad_sequence(const Tensor& padded, const Lengths& lengths, bool batch_first = false,
                                             Location at = Location::current());
// pad_sequence and pack_padded_sequence in one.
XGRAD_API PackedSequence pack_sequence(const std::vector<Tensor>& sequences, bool enforce_sorted = true,
                                       Location at = Location::current());
XGRAD_API std::vector<Tensor> unpack_sequence(const PackedSequence& packed, Location at = Location::current());

}  // namespace xgrad::nn::utils::rnn

namespace xgrad::nn {
using utils::rnn::PackedSequence;
}

template <>
inline constexpr bool xgrad::detail::has_parts<xgrad::nn::utils::rnn::PaddedSequence> = true;
