#include "core/tape/checksum.hpp"

#include <cstring>

#include <fmt/format.h>

#include "core/tape/node.hpp"

namespace xgrad::detail {
namespace {

// FNV-1a over words of eight bytes, with a shift that carries the upper bits down.
std::uint64_t mixed(std::uint64_t sum, const char* p, std::size_t bytes) {
  const auto step = [&](std::uint64_t word) {
    sum = (sum ^ word) * 0x100000001b3u;
    sum ^= sum >> 29;
  };
  std::uint64_t word = 0;
  for (; bytes >= sizeof(word); p += sizeof(word), bytes -= sizeof(word)) {
    std::memcpy(&word, p, sizeof(word));
    step(word);
  }
  word = 0;
  std::memcpy(&word, p, bytes);
  step(word);
  return sum;
}

std::uint64_t mixed_strided(std::uint64_t sum, const TensorImpl& t, int dim, const char* p) {
  const auto item = static_cast<std::int64_t>(item_size(t.dtype));
  if (dim == t.shape.rank()) return mixed(sum, p, static_cast<std::size_t>(item));
  for (std::int64_t i = 0; i < t.shape[dim]; ++i) sum = mixed_strided(sum, t, dim + 1, p + i * t.strides[dim] * item);
  return sum;
}

}  // namespace

std::uint64_t checksum(const TensorImpl& t) {
  constexpr std::uint64_t kStart = 0xcbf29ce484222325u;
  std::uint64_t sum = kStart;
  if (t.contiguous)
    sum = mixed(sum, t.memory(), static_cast<std::size_t>(t.numel) * static_cast<std::size_t>(item_size(t.dtype)));
  else
    sum = mixed_strided(sum, t, 0, t.memory());
  return sum ? sum : 1;
}

void keep_checksums(Node* n) {
  std::vector<std::uint64_t>& sums = n->get_extra().checksums;
  sums.assign(n->n_saved, 0);
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (const TensorImpl* t = n->saved()[i].impl; t && t->numel > 0 && t->storage->is_shared()) sums[i] = checksum(*t);
}

void Node::check_unchanged(std::size_t i) const {
  const TensorImpl& t = *const_cast<Node*>(this)->saved()[i].impl;
  if (extra->checksums[i] == 0 || extra->checksums[i] == checksum(t)) return;
  const Storage& st = *t.storage;
  ErrorReport(op.name, "memory that was saved for backward was overwritten outside the library", at)
      .line("saved", fmt::format("{} {}", short_name(t.dtype), to_string(t.shape)))
      .line("shared", fmt::format("by {} called at {}:{}", st.is_foreign() ? "from_blob" : "mutable_data or array",
                                  st.shared_at.file_name(), st.shared_at.line()))
      .help(
          "do not change the memory before backward() has run, or copy it: tensor(values), from_vector(values, shape), "
          "clone()")
      .autograd_error();
}

}  // namespace xgrad::detail
