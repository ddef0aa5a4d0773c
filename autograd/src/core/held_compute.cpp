// Programs out of held pieces, and which of their results are stored.
//
// A result is stored when it was asked for, or when a piece that waits for another program reads it. What nodes saved
// is not stored, but stays held and is computed again by the backward pass, where that costs little: when all memory it
// is computed from is held by others anyway. What has a handle beside is stored the second time: the first time the
// handle may be a temporary of the expression that is under way.
#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/held_pieces.hpp"
#include "core/held_stream.hpp"

namespace xgrad::detail {
namespace {

// Pieces in an order in which they can run.
struct PiecePlan {
  std::vector<Piece*> pieces;
  std::vector<Tensor> operands;
  Piece* of_another_shape = nullptr;  // to be computed before
};

void collect_pieces(Holder& h, Piece& p, PiecePlan& plan) {
  p.mark = h.marks;
  for (int j = 0; j < p.n_in; ++j) {
    Piece* from = h.maker(impl(p.in[j]).storage);
    if (!from || from->mark == h.marks) continue;
    if (from->shape == p.shape)
      collect_pieces(h, *from, plan);
    else
      plan.of_another_shape = from;
  }
  plan.pieces.push_back(&p);
}

bool is_same_memory(const Tensor& a, const Tensor& b) {
  const TensorImpl &x = impl(a), &y = impl(b);
  return x.memory() == y.memory() && x.dtype == y.dtype && x.shape == y.shape && x.strides == y.strides;
}

int number_of_operand(std::vector<Tensor>& operands, const Tensor& t) {
  const auto known =
      std::find_if(operands.begin(), operands.end(), [&](const Tensor& o) { return is_same_memory(o, t); });
  if (known != operands.end()) return static_cast<int>(known - operands.begin());
  impl(t).memory();
  operands.push_back(t);
  return static_cast<int>(operands.size()) - 1;
}

// How many tensors hold the storage for saved values alone.
std::uint32_t only_saved(const Piece& p) {
  std::uint32_t n = 0;
  for (const Piece::SavedIn& s : p.saved) n += s.tensor->refs.load(std::memory_order_acquire) == s.times;
  return n;
}

// Whether it is cheaper to compute again than to keep: a pass over memory takes about as long as so much.
bool is_cheap(const Piece& p) {
  constexpr double kMostNs = 1;
  constexpr int kMostTimes = 2;
  return p.ns <= kMostNs && p.computed < kMostTimes;
}

// Whether keeping p instead of its values keeps no memory alive that would go otherwise.
bool keeps_nothing_alive(const Holder& h, const PiecePlan& plan, const Piece& p) {
  return std::none_of(plan.operands.begin(), plan.operands.end(), [&](const Tensor& t) {
    const Storage& s = *impl(t).storage;
    return s.bytes >= p.result->bytes / 4 && h.is_read_by_pieces_only(s);
  });
}

// Holders of p's result beside pieces of the program and what was saved.
std::uint32_t other_holders(const Piece& p) {
  return p.result->refs.load(std::memory_order_acquire) - p.reads - only_saved(p);
}

// Whether the result of p has to be stored though nobody asked for it. Handles may be temporaries of the expression
// that is under way: they count the second time.
bool is_stored_for_others(const Holder& h, const PiecePlan& plan, const Piece& p) {
  const std::uint32_t others = other_holders(p);
  if (others == 0 && only_saved(p) == 0) return false;
  if (h.table.find(p.result)->second.readers.size() > p.reads || !is_cheap(p) || !keeps_nothing_alive(h, plan, p))
    return true;
  return others > 0 && p.computed > 0;
}

// A program of these pieces. Those whose result has to be stored are found by `is_stored`.
template <class F>
void write_program(PiecePlan& plan, Program& program, F is_stored) {
  program.numel = plan.pieces.front()->numel;
  program.operands = plan.operands;
  for (std::size_t i = 0; i < plan.pieces.size(); ++i) {
    Piece& p = *plan.pieces[i];
    p.step = static_cast<int>(i);
    Step s{p.fn, p.formula(), p.ns, p.dtype};
    for (; s.n_in < p.n_in; ++s.n_in) {
      const Tensor& t = p.in[static_cast<std::size_t>(s.n_in)];
      Piece* from = nullptr;
      for (Piece* earlier : plan.pieces)
        if (earlier->result == impl(t).storage) from = earlier;
      s.in[s.n_in] = from ? ~from->step : number_of_operand(program.operands, t);
    }
    if (is_stored(p)) {
      s.stored = static_cast<int>(program.results.size());
      retain(p.result);
      program.results.push_back(make_tensor_over(p.result, p.shape, p.dtype));
    }
    program.steps.push_back(s);
  }
}

// Memory for all results, or for none.
class ResultMemory {
 public:
  explicit ResultMemory(const Program& program) : program_(program) {}
  ~ResultMemory() {
    for (std::size_t i = 0; i < taken_ && !kept_; ++i) {
      impl(program_.results[i]).place(nullptr);
      impl(program_.results[i]).storage->drop_values();
    }
  }
  ResultMemory(const ResultMemory&) = delete;
  ResultMemory& operator=(const ResultMemory&) = delete;
  void take(const Holder& h) {
    for (const Tensor& t : program_.results) {
      const TensorImpl& i = impl(t);
      const RunningOp before = std::exchange(running_op, h.maker(i.storage)->made_by);
      try {
        i.storage->own_memory(i.storage->bytes);
      } catch (const OutOfMemoryError&) {
        const std::size_t bytes = static_cast<std::size_t>(i.numel * item_size(i.dtype));
        out_of_memory(bytes, fmt::format("{} {}", short_name(i.dtype), to_string(i.shape)));
      }
      running_op = before;
      i.place(i.storage->data);
      ++taken_;
    }
  }
  void keep() { kept_ = true; }

 private:
  const Program& program_;
  std::size_t taken_ = 0;
  bool kept_ = false;
};

// The values are there.
void finish(Holder& h, const PiecePlan& plan, const Program& program) noexcept {
  for (std::size_t i = 0; i < plan.pieces.size(); ++i)
    if (program.steps[i].stored < 0) ++plan.pieces[i]->computed;
  for (const Tensor& t : program.results) {
    Storage& s = *impl(t).storage;
    Piece* p = std::exchange(h.table.find(&s)->second.maker, nullptr);
    h.forget_if_unused(s);
    h.drop(p);
  }
}

void run_one_by_one(Holder& h, const PiecePlan& plan);

// Marks in `reads` how often pieces of the program read each other.
void count_reads(Holder& h, PiecePlan& plan) {
  for (Piece* p : plan.pieces) p->reads = 0;
  for (Piece* p : plan.pieces)
    for (int j = 0; j < p->n_in; ++j) {
      const Tensor& t = p->in[static_cast<std::size_t>(j)];
      if (Piece* from = h.maker(impl(t).storage))
        ++from->reads;
      else
        number_of_operand(plan.operands, t);
    }
}

// What computes the wanted that are held; others, of another shape, may be computed for that.
PiecePlan plan_of(Holder& h, std::span<Storage* const> wanted) {
  for (;;) {
    PiecePlan plan;
    ++h.marks;
    for (const Storage* s : wanted)
      if (Piece* p = h.maker(s); p && p->mark != h.marks) collect_pieces(h, *p, plan);
    if (!plan.of_another_shape) {
      count_reads(h, plan);
      return plan;
    }
    Storage* before = plan.of_another_shape->result;
    compute(h, {&before, 1});
  }
}

// The wanted pieces of one shape.
void compute_together(Holder& h, std::span<Storage* const> wanted) {
  PiecePlan plan = plan_of(h, wanted);
  if (plan.pieces.empty()) return;
  const auto is_stored = [&](const Piece& p) {
    return std::find(wanted.begin(), wanted.end(), p.result) != wanted.end() || is_stored_for_others(h, plan, p);
  };
  const auto stored = static_cast<std::size_t>(
      std::count_if(plan.pieces.begin(), plan.pieces.end(), [&](const Piece* p) { return is_stored(*p); }));
  if (plan.pieces.size() == 1 || plan.pieces.size() > Program::kMostSteps || stored > Program::kMostStored ||
      plan.operands.size() > Program::kMostOperands) {
    return run_one_by_one(h, plan);
  }
  Program program;
  write_program(plan, program, is_stored);
  ResultMemory memory(program);
  memory.take(h);
  program.place_buffers();
  program.run();
  memory.keep();
  finish(h, plan, program);
}

// As it would have run at once. Its operands are in memory.
void run_alone(Holder& h, Piece& p) {
  PiecePlan plan;
  plan.pieces.push_back(&p);
  Program program;
  write_program(plan, program, [](const Piece&) { return true; });
  ResultMemory memory(program);
  memory.take(h);
  const Tensor* in[kMaxTileInputs];
  for (int j = 0; j < p.n_in; ++j) in[j] = &p.in[static_cast<std::size_t>(j)];
  const TileKernel k{p.fn, p.formula(), p.ns};
  if (p.rows)
    run_row_tiles({k, p.rows}, program.results[0], in, p.n_in);
  else
    run_tiles(k, program.results[0], in, p.n_in);
  memory.keep();
  finish(h, plan, program);
}

void run_one_by_one(Holder& h, const PiecePlan& plan) {
  std::vector<Storage*> in_order(plan.pieces.size());
  std::transform(plan.pieces.begin(), plan.pieces.end(), in_order.begin(), [](const Piece* p) { return p->result; });
  for (Storage* s : in_order)
    if (Piece* p = h.maker(s)) run_alone(h, *p);
}

}  // namespace

void compute(Holder& h, std::span<Storage* const> wanted) {
  std::vector<Storage*> held(wanted.begin(), wanted.end());
  while (!held.empty()) {
    std::erase_if(held, [&](const Storage* s) { return !h.maker(s); });
    if (held.empty()) return;
    const Shape shape = h.maker(held.back())->shape;
    std::vector<Storage*> of_shape;
    for (Storage* s : held)
      if (h.maker(s)->shape == shape && of_shape.size() < Program::kMostStored) of_shape.push_back(s);
    compute_together(h, of_shape);
  }
}

// ---- for reductions ----
struct HeldStream::State {
  explicit State(Holder& h) : holder(h), lock(h.mutex) {}
  Holder& holder;
  std::unique_lock<std::recursive_mutex> lock;
  PiecePlan plan;
  Program program;
};

HeldStream::HeldStream(const Tensor& x) {
  const TensorImpl& t = impl(x);
  if (!is_held(x) || !t.contiguous) return;
  Holder* h = holder_of(*t.storage);
  if (!h) return;
  auto state = std::make_unique<State>(*h);
  PiecePlan& plan = state->plan;
  plan = plan_of(*h, {&t.storage, 1});
  Piece* last = h->maker(t.storage);
  if (!last) return;
  // What has another handle is read again, most likely; a second time it is stored.
  std::uint32_t saved_here = 0;
  for (const Piece::SavedIn& s : last->saved)
    if (s.tensor == &t) saved_here = s.times;
  const bool one_handle = t.refs.load(std::memory_order_acquire) == saved_here + 1 && other_holders(*last) == 1;
  if (!one_handle || !is_cheap(*last) || last->computed > 0) return;
  if (!last->saved.empty() && !keeps_nothing_alive(*h, plan, *last)) return;
  const auto is_stored = [&](const Piece& p) { return &p != last && is_stored_for_others(*h, plan, p); };
  const auto stored = static_cast<std::size_t>(
      std::count_if(plan.pieces.begin(), plan.pieces.end(), [&](const Piece* p) { return is_stored(*p); }));
  if (plan.pieces.size() > Program::kMostSteps || stored > Program::kMostStored ||
      plan.operands.size() > Program::kMostOperands)
    return;
  write_program(plan, state->program, is_stored);
  Program& program = state->program;
  if (!program.runs_in_parts()) return;
  program.steps.back().stored = static_cast<int>(program.results.size());
  ResultMemory memory(program);
  memory.take(*h);
  program.place_buffers();
  memory.keep();
  state_ = std::move(state);
}

HeldStream::~HeldStream() {
  if (!state_) return;
  state_->program.steps.back().stored = -1;
  finish(state_->holder, state_->plan, state_->program);
}

const Program& HeldStream::program() const { return state_->program; }

}  // namespace xgrad::detail
