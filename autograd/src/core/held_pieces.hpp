// The pieces that a thread holds back, and how they are computed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/held.hpp"
#include "core/held_program.hpp"
#include "core/running_op.hpp"

namespace xgrad::detail {

// A kernel that has not run, in the place of the values of `result`.
struct Piece {
  Storage* result;  // which owns this
  Shape shape;      // contiguous
  std::int64_t numel = 0;
  DType dtype = DType::float32;
  TileFn fn;
  RowsFn rows;
  bool has_f = false;
  double ns = 0;
  alignas(16) std::byte f[kMostCopied];
  int n_in = 0;
  std::array<Tensor, kMaxTileInputs> in;
  RunningOp made_by;  // for an error of memory

  // Tensors that nodes saved, and how often.
  struct SavedIn {
    TensorImpl* tensor;
    std::uint32_t times;
  };
  std::vector<SavedIn> saved;
  int computed = 0;  // how often its values were computed and not kept
  // Of a search.
  std::uint64_t mark = 0;
  std::uint32_t reads = 0;  // by pieces of the program under way
  int step = -1;

  const void* formula() const { return has_f ? f : nullptr; }
};

// Of a thread, or of one that has ended. Never freed, since it is asked for without a lock.
class Holder final : public StorageOwner {
 public:
  Holder() : StorageOwner(Kind::held) {}
  void release(Storage& s) noexcept override;

  struct Entry {
    Piece* maker = nullptr;       // of the values, while they are not there
    std::vector<Piece*> readers;  // once for each operand
  };
  std::recursive_mutex mutex;
  std::unordered_map<const Storage*, Entry> table;
  std::uint64_t marks = 0;
  Holder* next_free = nullptr;

  Piece* maker(const Storage* s) const;
  // Whether s would go if the pieces that read it went.
  bool is_read_by_pieces_only(const Storage& s) const;
  // Takes s out of the table when there is nothing to know of it.
  void forget_if_unused(Storage& s) noexcept;
  // p is no maker any more.
  void drop(Piece* p) noexcept;
};

Holder* holder_of(const Storage& s);
// With the lock: computes what of these is held. Either all values are there afterwards or, when there is no memory, an
// exception says so; what is held stays so then.
void compute(Holder& h, std::span<Storage* const> wanted);

}  // namespace xgrad::detail
