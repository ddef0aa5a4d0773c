#include "core/held.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <pthread.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/blocked.hpp"
#include "core/fusion_mode.hpp"
#include "core/held_pieces.hpp"
#include "core/held_stream.hpp"
#include "core/profile/spans.hpp"
#include "core/rematerialize.hpp"
#include "core/thread_tape.hpp"

namespace xgrad::detail {

// ---- who holds ----
namespace {

// Holders of threads that have ended wait here for others: what they hold may still be asked for.
struct Holders {
  std::mutex mutex;
  Holder* free = nullptr;
};
Holders& holders() {
  static auto* all = new Holders;  // tensors in static storage may outlive it
  return *all;
}

// Not a destructor of a thread_local: to register one the C library needs memory, and ends the process without.
constinit thread_local Holder* holder_slot = nullptr;
pthread_key_t holder_key;
bool have_holder_key = false;

void give_up_holder(void* of_thread) {
  auto* h = static_cast<Holder*>(of_thread);
  holder_slot = nullptr;
  const std::lock_guard lock(holders().mutex);
  h->next_free = std::exchange(holders().free, h);
}

// Null when there is no memory for one.
Holder* holder_of_thread() {
  if (holder_slot) return holder_slot;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, [] { have_holder_key = pthread_key_create(&holder_key, &give_up_holder) == 0; });
  if (!have_holder_key) return nullptr;
  Holders& all = holders();
  const std::lock_guard lock(all.mutex);
  Holder* h = all.free ? all.free : new (std::nothrow) Holder;
  if (!h || pthread_setspecific(holder_key, h) != 0) {
    if (h != all.free) delete h;
    return nullptr;
  }
  if (h == all.free) all.free = h->next_free;
  return holder_slot = h;
}

using HolderLock = std::lock_guard<std::recursive_mutex>;

}  // namespace

Holder* holder_of(const Storage& s) {
  StorageOwner* o = s.owner.load(std::memory_order_acquire);
  return o && o->kind == StorageOwner::Kind::held ? static_cast<Holder*>(o) : nullptr;
}

Piece* Holder::maker(const Storage* s) const {
  const auto found = table.find(s);
  return found == table.end() ? nullptr : found->second.maker;
}

void Holder::forget_if_unused(Storage& s) noexcept {
  const auto found = table.find(&s);
  if (found == table.end() || found->second.maker || !found->second.readers.empty()) return;
  table.erase(found);
  s.owner.store(nullptr, std::memory_order_release);
}

// Its operands may go with it, and the pieces that make those: at most as deep as a program is long.
void Holder::drop(Piece* p) noexcept {
  for (int j = 0; j < p->n_in; ++j) {
    Storage& s = *impl(p->in[j]).storage;
    auto& readers = table.find(&s)->second.readers;
    readers.erase(std::find(readers.begin(), readers.end(), p));
    forget_if_unused(s);
  }
  delete p;
}

void Holder::release(Storage& s) noexcept {
  const HolderLock lock(mutex);
  const auto found = table.find(&s);
  if (found == table.end()) return;
  Piece* p = found->second.maker;
  table.erase(found);
  if (p) drop(p);
}

// ---- a result is made ----
namespace {

// Nothing looks at results as they come.
bool may_hold() {
  const ThreadTape& t = thread_tape;
  return !t.special && !t.traced && t.levels == 0 && t.anomaly_guards == 0 && !memory_is_limited() && !is_profiled() &&
         !memory_tracked.load(std::memory_order_relaxed);
}

// Whether a piece of this holder may read t: the program cannot write its memory unnoticed, and nobody else owns it.
bool may_read_later(const Holder& h, const Tensor& t) {
  const TensorImpl& i = impl(t);
  if (i.storage->is_shared()) return false;
  if (const StorageOwner* o = i.storage->owner.load(std::memory_order_acquire)) return o == &h;
  if (i.has_memory()) return true;
  if (blocked_form(t)) return false;
  i.memory();
  return true;
}

// The results of one program are all in memory or all not: beyond this, memory is taken at once, so that an error of
// memory names the line that asked for so much.
constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

}  // namespace

Tensor make_later(const Shape& shape, DType dtype, const Tensor* const* in, int n_in) {
  const std::int64_t numel = shape.numel();
  if (numel == 0 || numel < held_from() || numel * item_size(dtype) > kMostBytes || n_in > kMaxTileInputs)
    return Tensor();
  if (!may_hold()) return Tensor();
  Holder* h = holder_of_thread();
  if (!h) return Tensor();
  for (int j = 0; j < n_in; ++j) {
    Storage& s = *impl(*in[j]).storage;
    // Without the lock of this thread's holder: the other thread may want the same of this one.
    if (const Holder* of = holder_of(s); of && of != h) find_held_values(s);
    if (!may_read_later(*h, *in[j])) return Tensor();
  }
  return make_tensor_over(Storage::make_later(static_cast<std::size_t>(numel * item_size(dtype))), shape, dtype);
}

namespace {

// Puts a piece into the table; takes it out again when there is no memory for that.
void enter_piece(Holder& h, std::unique_ptr<Piece> p) {
  int entered = 0;
  try {
    h.table[p->result].maker = nullptr;
    for (; entered < p->n_in; ++entered) {
      Storage& s = *impl(p->in[entered]).storage;
      StorageOwner* nobody = nullptr;
      auto& readers = h.table[&s].readers;
      readers.push_back(p.get());
      if (!s.owner.compare_exchange_strong(nobody, &h) && nobody != &h) {  // another thread was faster
        readers.pop_back();
        if (readers.empty()) h.table.erase(&s);
        throw std::bad_alloc();
      }
    }
  } catch (...) {
    while (entered > 0) {
      Storage& s = *impl(p->in[--entered]).storage;
      h.table[&s].readers.pop_back();
      h.forget_if_unused(s);
    }
    h.table.erase(p->result);
    throw;
  }
  p->result->owner.store(&h, std::memory_order_release);
  Piece*& maker = h.table[p->result].maker;
  maker = p.release();
}

std::unique_ptr<Piece> make_piece(const TileKernel& k, RowsFn rows, const Tensor& out, const Tensor* const* in,
                                  int n_in) {
  auto p = std::make_unique<Piece>();
  const TensorImpl& o = impl(out);
  p->result = o.storage;
  p->shape = o.shape;
  p->numel = o.numel;
  p->dtype = o.dtype;
  p->fn = k.fn;
  p->rows = rows;
  p->has_f = k.f != nullptr;
  if (k.f && k.f_bytes > 0) std::memcpy(p->f, k.f, k.f_bytes);
  p->ns = k.ns_per_element;
  p->made_by = running_op;
  for (; p->n_in < n_in; ++p->n_in) p->in[static_cast<std::size_t>(p->n_in)] = make_alias(*in[p->n_in]);
  return p;
}

// Whether the program that would make p has become too long, or keeps too much memory that nobody else needs.
bool is_too_long(Holder& h, Piece& p) {
  constexpr std::size_t kMostPieces = 48;
  constexpr std::int64_t kMostKeptAlive = 2;
  std::vector<Piece*> found{&p};
  std::vector<const Storage*> read;
  std::int64_t kept_alive = 0;
  p.mark = ++h.marks;
  for (std::size_t i = 0; i < found.size(); ++i)
    for (int j = 0; j < found[i]->n_in; ++j) {
      const Storage* s = impl(found[i]->in[j]).storage;
      if (Piece* from = h.maker(s)) {
        if (std::exchange(from->mark, h.marks) != h.marks) found.push_back(from);
      } else if (std::find(read.begin(), read.end(), s) == read.end()) {
        read.push_back(s);
        kept_alive += s->bytes >= p.result->bytes / 2 && h.is_read_by_pieces_only(*s);
      }
      if (found.size() > kMostPieces || read.size() >= Program::kMostOperands || kept_alive > kMostKeptAlive)
        return true;
    }
  return false;
}

}  // namespace

bool Holder::is_read_by_pieces_only(const Storage& s) const {
  const auto found = table.find(&s);
  return found != table.end() && found->second.readers.size() >= s.refs.load(std::memory_order_acquire);
}

bool hold_back(const TileKernel& k, RowsFn rows, Tensor& out, const Tensor* const* in, int n_in) {
  if ((k.f && k.f_bytes == kNotCopied) || n_in > kMaxTileInputs) return false;
  Holder* of_thread = holder_of_thread();
  if (!of_thread) return false;
  Holder& h = *of_thread;
  const HolderLock lock(h.mutex);
  for (int j = 0; j < n_in; ++j)
    if (!may_read_later(h, *in[j])) return false;
  try {
    enter_piece(h, make_piece(k, rows, out, in, n_in));
  } catch (const std::exception&) {
    return false;
  }
  Piece& p = *h.maker(impl(out).storage);
  if (is_too_long(h, p)) {
    std::vector<Storage*> before;
    for (int j = 0; j < n_in; ++j)
      if (Storage* s = impl(*in[j]).storage; h.maker(s)) before.push_back(s);
    compute(h, before);
  }
  return true;
}

// ---- values are asked for ----
bool is_held_back(const TensorImpl& t) {
  Holder* h = holder_of(*t.storage);
  if (!h) return false;
  const HolderLock lock(h->mutex);
  return h->maker(t.storage) != nullptr;
}

void find_held_values(Storage& storage) {
  Holder* h = holder_of(storage);
  if (!h) return;
  const HolderLock lock(h->mutex);
  Storage* one = &storage;
  if (h->maker(one)) compute(*h, {&one, 1});
}

void before_change_of_held(Storage& storage) {
  Holder* h = holder_of(storage);
  if (!h) return;
  const HolderLock lock(h->mutex);
  find_held_values(storage);
  for (;;) {  // a reader takes itself out of the list when it is computed
    const auto found = h->table.find(&storage);
    if (found == h->table.end() || found->second.readers.empty()) return;
    Storage* reader = found->second.readers.back()->result;
    compute(*h, {&reader, 1});
  }
}

void compute_held(std::span<const Tensor> tensors) {
  Holder* h = nullptr;
  std::vector<Storage*> held;
  for (const Tensor& t : tensors) {
    if (!t.defined() || !is_held(t)) continue;
    Holder* of = holder_of(*impl(t).storage);
    if (of && (!h || of == h)) h = of, held.push_back(impl(t).storage);
  }
  if (!h) return;
  const HolderLock lock(h->mutex);
  compute(*h, held);
}

// ---- saved tensors ----
namespace {

// Calls f(p, entry) with the piece that makes t's values, when there is one, and t's entry among what is saved of it,
// or the end.
template <class F>
void with_saved_entry(TensorImpl& t, const F& f) {
  Holder* h = holder_of(*t.storage);
  if (!h) return;
  const HolderLock lock(h->mutex);
  if (Piece* p = h->maker(t.storage))
    f(*p, std::find_if(p->saved.begin(), p->saved.end(), [&](const auto& s) { return s.tensor == &t; }));
}

}  // namespace

void note_saved(TensorImpl& t) {
  with_saved_entry(t, [&](Piece& p, auto known) {
    if (known != p.saved.end())
      ++known->times;
    else
      p.saved.push_back({&t, 1});
  });
}

void forget_saved(TensorImpl& t) noexcept {
  with_saved_entry(t, [](Piece& p, auto known) {
    if (known != p.saved.end() && --known->times == 0) p.saved.erase(known);
  });
}

}  // namespace xgrad::detail
