#include "kernels/onednn.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <xgrad/error.hpp>

#include "core/threads/library_call.hpp"
#include "kernels/lru.hpp"

namespace xgrad::detail::dnn {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

struct MatmulHash {
  std::size_t operator()(const Matmul& p) const {
    std::uint64_t h = (p.trans_a ? 2 : 0) + (p.trans_b ? 1 : 0);
    for (std::int64_t x : {p.count, p.m, p.n, p.k, p.lda, p.stride_a, p.ldb, p.stride_b, p.ldc, p.stride_c})
      h = (h ^ static_cast<std::uint64_t>(x)) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 32) ^ (p.beta == 0 ? 0u : 0x55u);
  }
};

// A primitive with its argument list; only the addresses change from call to call.
struct MatmulEntry {
  dnnl::matmul primitive;
  dnnl::memory a, b, c, scratch;
  std::vector<dnnl_exec_arg_t> args;
  std::size_t scratch_bytes = 0;
};

// Matrix (or batch of them) whose rows are ld apart, or its transpose.
Desc describe(std::int64_t count, std::int64_t rows, std::int64_t cols, bool trans, std::int64_t ld,
              std::int64_t stride) {
  const auto type = dnnl::memory::data_type::f32;
  const std::int64_t down = trans ? 1 : ld, right = trans ? ld : 1;
  if (count == 1) return Desc({rows, cols}, type, Dims{down, right});
  const std::int64_t stored = trans ? cols : rows;
  if (stride == 0) return Desc({1, rows, cols}, type, Dims{stored * ld, down, right});
  return Desc({count, rows, cols}, type, Dims{stride, down, right});
}

MatmulEntry make_matmul(const Matmul& p) {
  const Desc a = describe(p.count, p.m, p.k, p.trans_a, p.lda, p.stride_a);
  const Desc b = describe(p.count, p.k, p.n, p.trans_b, p.ldb, p.stride_b);
  const Desc c = describe(p.count, p.m, p.n, false, p.ldc, p.stride_c);
  dnnl::primitive_attr attr = user_scratchpad();
  if (p.beta != 0) {
    dnnl::post_ops ops;
    ops.append_sum(p.beta);
    attr.set_post_ops(ops);
  }
  const auto pd = primitive_desc<dnnl::matmul>(attr, a, b, c);
  MatmulEntry e;
  e.primitive = dnnl::matmul(pd);
  e.a = dnnl::memory(a, engine(), DNNL_MEMORY_NONE);
  e.b = dnnl::memory(b, engine(), DNNL_MEMORY_NONE);
  e.c = dnnl::memory(c, engine(), DNNL_MEMORY_NONE);
  e.args = {{DNNL_ARG_SRC, e.a.get()}, {DNNL_ARG_WEIGHTS, e.b.get()}, {DNNL_ARG_DST, e.c.get()}};
  const Desc s = pd.scratchpad_desc();
  e.scratch_bytes = s.get_size();
  if (e.scratch_bytes > 0) {
    e.scratch = dnnl::memory(s, engine(), DNNL_MEMORY_NONE);
    e.args.push_back({DNNL_ARG_SCRATCHPAD, e.scratch.get()});
  }
  return e;
}

}  // namespace

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_success) return;
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  throw Error("xgrad: oneDNN refused " + std::string(what) + " (status " + std::to_string(static_cast<int>(status)) +
              ")");
}

const dnnl::engine& engine() {
  static const auto* e = new dnnl::engine(dnnl::engine::kind::cpu, 0);  // lives as long as any thread may use it
  return *e;
}

dnnl::stream& stream() {
  thread_local dnnl::stream s(engine());
  return s;
}

void* scratchpad(std::size_t bytes) {
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  thread_local std::unique_ptr<void, Free> memory;
  thread_local std::size_t size = 0;
  if (bytes > size) {
    const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
    memory.reset();
    size = 0;
    memory.reset(std::aligned_alloc(4096, rounded));
    if (!memory) throw std::bad_alloc();
    size = rounded;
  }
  return memory.get();
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

void sgemm(bool trans_a, bool trans_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a,
           std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  const LibraryCall call;
  check(dnnl_sgemm(trans_a ? 'T' : 'N', trans_b ? 'T' : 'N', m, n, k, alpha, a, lda, b, ldb, beta, c, ldc),
        "a matrix product");
}

void matmul(const Matmul& p, const float* a, const float* b, float* c) {
  thread_local LruCache<Matmul, MatmulEntry, MatmulHash> cache(128);
  const LibraryCall call;
  MatmulEntry& e = cache.get(p, [&] { return make_matmul(p); });
  // oneDNN only reads the operands, but its interface has no const.
  check(dnnl_memory_set_data_handle(e.a.get(), const_cast<float*>(a)), "an operand");
  check(dnnl_memory_set_data_handle(e.b.get(), const_cast<float*>(b)), "an operand");
  check(dnnl_memory_set_data_handle(e.c.get(), c), "an operand");
  if (e.scratch_bytes > 0)
    check(dnnl_memory_set_data_handle(e.scratch.get(), scratchpad(e.scratch_bytes)), "its scratchpad");
  check(dnnl_primitive_execute(e.primitive.get(), stream().get(), static_cast<int>(e.args.size()), e.args.data()),
        "a matrix product");
}

}  // namespace xgrad::detail::dnn
