// Convolution primitives of oneDNN. Each is planned with memory format `any`, which is twice as fast as plain layouts,
// and owns the reorders between the plain operands and the layouts it chose.
#include <algorithm>
#include <mutex>
#include <vector>

#include "core/change_log.hpp"
#include "core/storage.hpp"
#include "core/tensor_impl.hpp"
#include "core/threads/library_call.hpp"
#include "kernels/lru.hpp"
#include "kernels/onednn.hpp"

namespace xgrad::detail::dnn {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

struct ConvKey {
  ConvPass pass;
  bool bias;
  ConvShape s;
  bool operator==(const ConvKey&) const = default;
};

struct ConvHash {
  std::size_t operator()(const ConvKey& k) const {
    std::uint64_t h = static_cast<std::uint64_t>(k.pass) * 2 + k.bias;
    const auto mix = [&h](std::int64_t x) { h = (h ^ static_cast<std::uint64_t>(x)) * 0x9E3779B97F4A7C15u; };
    for (const std::int64_t x : {k.s.batch, k.s.groups, k.s.in_channels, k.s.out_channels}) mix(x);
    for (const Triple& t : {k.s.in, k.s.kernel, k.s.stride, k.s.padding, k.s.dilation})
      for (const std::int64_t x : t) mix(x);
    return h ^ (h >> 32);
  }
};

// An operand as the user has it and as the primitive wants it. Addresses are set for each call.
struct PrimitiveOperand {
  dnnl::memory plain, chosen;
  dnnl::reorder reorder;
  std::vector<dnnl_exec_arg_t> args;
  bool reordered = false;
  std::int64_t block = 0;             // of channels, if that is what the chosen form is
  std::size_t bytes = 0, offset = 0;  // of the chosen form in the scratch memory
};

struct ConvEntry {
  dnnl::primitive primitive;
  PrimitiveOperand x, w, y;
  dnnl::memory bias, scratch;
  std::vector<dnnl_exec_arg_t> args;
  std::size_t total_bytes = 0;  // of reordered operands
  std::size_t bytes() const { return total_bytes + (scratch ? scratch.get_desc().get_size() : 0); }
};

// What oneDNN calls dims: without the leading spatial dimensions of size 1 that the user does not have.
struct Numbers {
  Dims x, w, y;
  Dims stride{}, dilation{}, front{}, back{};
};

Numbers numbers(const ConvShape& s) {
  Numbers n{.x = {s.batch, s.in_channels},
            .w = s.groups > 1 ? Dims{s.groups, s.group_out(), s.group_in()} : Dims{s.out_channels, s.in_channels},
            .y = {s.batch, s.out_channels}};
  for (std::size_t i = s.spatial == 3 ? 0 : 1; i < 3; ++i) {
    n.x.push_back(s.in[i]);
    n.w.push_back(s.kernel[i]);
    n.y.push_back(s.out[i]);
    n.stride.push_back(s.stride[i]);
    n.dilation.push_back(s.dilation[i] - 1);
    n.front.push_back(s.padding[i]);
    n.back.push_back((s.out[i] - 1) * s.stride[i] + (s.kernel[i] - 1) * s.dilation[i] + 1 - s.in[i] - s.padding[i]);
  }
  return n;
}

Desc plain_desc(const Dims& d) {
  return {d, kFloat, d.size() == 4 ? Tag::abcd : d.size() == 5 ? Tag::abcde : Tag::abcdef};
}
Desc any_desc(const Dims& d) { return {d, kFloat, Tag::any}; }

// The block of channels of a form of activations; 0: it is another form, or the last block is not full.
std::int64_t block_of(const Dims& d, const Desc& form) {
  const bool flat = d.size() == 4;
  if (d[1] % 16 == 0 && form == Desc(d, kFloat, flat ? Tag::aBcd16b : Tag::aBcde16b)) return 16;
  return d[1] % 8 == 0 && form == Desc(d, kFloat, flat ? Tag::aBcd8b : Tag::aBcde8b) ? 8 : 0;
}

dnnl::memory unbound(const Desc& d) { return {d, engine(), DNNL_MEMORY_NONE}; }

void place(PrimitiveOperand& o, std::size_t& end) {
  constexpr std::size_t kPage = 4096;
  o.offset = end;
  if (o.reordered) end += (o.bytes + kPage - 1) / kPage * kPage;
}

PrimitiveOperand make_operand(const Desc& plain, const Desc& chosen, bool is_result) {
  PrimitiveOperand o;
  o.plain = unbound(plain);
  o.chosen = unbound(chosen);
  o.reordered = !(plain == chosen);
  if (!o.reordered) return o;
  o.bytes = chosen.get_size();
  const dnnl::memory &from = is_result ? o.chosen : o.plain, &to = is_result ? o.plain : o.chosen;
  o.reorder = dnnl::reorder(from, to);
  o.args = {{DNNL_ARG_FROM, from.get()}, {DNNL_ARG_TO, to.get()}};
  return o;
}

// oneDNN 3.7 writes wrong values where it brings weights into blocks of which the last is not full (seen in 3.7.2 of
// Debian 13; 2.7 is right): such weights stay as they are.
bool is_written_wrong([[maybe_unused]] const Desc& weights) {
#if DNNL_VERSION_MAJOR >= 3
  return weights.get_padded_dims() != weights.get_dims();
#else
  return false;
#endif
}

dnnl::convolution_forward::primitive_desc plan_forward(const ConvKey& k, const Numbers& n, dnnl::algorithm how,
                                                       const Desc& w) {
  // A backward pass only needs to know some forward pass of its kind.
  const auto kind = dnnl::prop_kind::forward_training;
  if (k.bias)
    return primitive_desc<dnnl::convolution_forward>(user_scratchpad(), kind, how, any_desc(n.x), w,
                                                     Desc({k.s.out_channels}, kFloat, Tag::a), any_desc(n.y), n.stride,
                                                     n.dilation, n.front, n.back);
  return primitive_desc<dnnl::convolution_forward>(user_scratchpad(), kind, how, any_desc(n.x), w, any_desc(n.y),
                                                   n.stride, n.dilation, n.front, n.back);
}

// `x`, `w`, `y` are the formats the primitive chose.
template <class Primitive, class Plan>
ConvEntry finish(const ConvKey& k, const Numbers& n, const Plan& plan, const Desc& x, const Desc& w, const Desc& y) {
  const bool forward = k.pass == ConvPass::forward, data = k.pass == ConvPass::backward_data;
  ConvEntry e;
  e.primitive = Primitive(plan);
  e.x = make_operand(plain_desc(n.x), x, data);
  e.w = make_operand(plain_desc(n.w), w, k.pass == ConvPass::backward_weights);
  e.y = make_operand(plain_desc(n.y), y, forward);
  if (k.s.batched) {
    e.x.block = block_of(n.x, x);
    e.y.block = block_of(n.y, y);
  }
  for (PrimitiveOperand* o : {&e.y, &e.x, &e.w}) place(*o, e.total_bytes);  // activations first: see both_passes()
  e.args = {{data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, e.x.chosen.get()},
            {k.pass == ConvPass::backward_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, e.w.chosen.get()},
            {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, e.y.chosen.get()}};
  if (k.bias) {
    e.bias = unbound(Desc({k.s.out_channels}, kFloat, Tag::a));
    e.args.push_back({DNNL_ARG_BIAS, e.bias.get()});
  }
  const Desc scratch = plan.scratchpad_desc();
  if (scratch.get_size() > 0) {
    e.scratch = unbound(scratch);
    e.args.push_back({DNNL_ARG_SCRATCHPAD, e.scratch.get()});
  }
  return e;
}

ConvEntry make_entry(const ConvKey& k, dnnl::algorithm how) {
  const Numbers n = numbers(k.s);
  auto forward = plan_forward(k, n, how, any_desc(n.w));
  if (k.pass == ConvPass::forward && is_written_wrong(forward.weights_desc()))
    forward = plan_forward(k, n, how, plain_desc(n.w));
  if (k.pass == ConvPass::forward)
    return finish<dnnl::convolution_forward>(k, n, forward, forward.src_desc(), forward.weights_desc(),
                                             forward.dst_desc());
  if (k.pass == ConvPass::backward_data) {
    const auto plan_with = [&](const Desc& w) {
      return primitive_desc_after<dnnl::convolution_backward_data>(
          forward, user_scratchpad(), how, any_desc(n.x), w, any_desc(n.y), n.stride, n.dilation, n.front, n.back);
    };
    auto plan = plan_with(any_desc(n.w));
    if (is_written_wrong(plan.weights_desc())) plan = plan_with(plain_desc(n.w));
    return finish<dnnl::convolution_backward_data>(k, n, plan, plan.diff_src_desc(), plan.weights_desc(),
                                                   plan.diff_dst_desc());
  }
  const auto plan = primitive_desc_after<dnnl::convolution_backward_weights>(
      forward, user_scratchpad(), how, any_desc(n.x), any_desc(n.w), any_desc(n.y), n.stride, n.dilation, n.front,
      n.back);
  return finish<dnnl::convolution_backward_weights>(k, n, plan, plan.src_desc(), plan.diff_weights_desc(),
                                                    plan.diff_dst_desc());
}

// A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016: tiles of 4x4 outputs by a quarter of
// the products, for four times the rounding error (6e-7 of the result's size). Pays where there are tiles enough for
// the transformed weights and channels enough for the transformed tiles, and tiles hang little over the image.
bool winograd_suits(ConvPass pass, const ConvShape& s) {
  const bool plain3x3 = s.spatial == 2 && s.groups == 1 && s.kernel == Triple{1, 3, 3} && s.stride == Triple{1, 1, 1} &&
                        s.dilation == Triple{1, 1, 1} && s.padding == Triple{0, 1, 1} && s.in == s.out;
  if (!plain3x3 || s.in_channels % 16 != 0 || s.out_channels % 16 != 0) return false;
  const std::int64_t tiles = s.batch * ((s.out[1] + 3) / 4) * ((s.out[2] + 3) / 4);
  const std::int64_t channels = pass == ConvPass::backward_weights ? 256 : 512;
  return tiles >= 32 && tiles * 16 < 2 * s.batch * volume(s.out) && s.in_channels * s.out_channels >= channels;
}

ConvEntry make_entry(const ConvKey& k) {
  constexpr std::size_t kMostScratch = std::size_t{128} << 20;  // of bytes: more is not worth the time
  if (winograd_suits(k.pass, k.s)) try {
      ConvEntry e = make_entry(k, dnnl::algorithm::convolution_winograd);
      if (!e.scratch || e.scratch.get_desc().get_size() <= kMostScratch) return e;
    } catch (const dnnl::error& e) {
      if (e.status != dnnl_unimplemented) throw;  // this processor or version has none
    }
  return make_entry(k, dnnl::algorithm::convolution_direct);
}

void set(const dnnl::memory& m, const void* p) {
  check(dnnl_memory_set_data_handle(m.get(), const_cast<void*>(p)), "an operand");  // its interface has no const
}

void run(const dnnl::primitive& p, const std::vector<dnnl_exec_arg_t>& args, const char* what) {
  check(dnnl_primitive_execute(p.get(), stream().get(), static_cast<int>(args.size()), args.data()), what);
}

void bind(PrimitiveOperand& o, const float* p, char* scratch) {
  set(o.plain, p);
  set(o.chosen, o.reordered ? static_cast<const void*>(scratch + o.offset) : p);
}
void bind(PrimitiveOperand& o, const Activation& a, char* scratch) {
  a.block != 0 ? set(o.chosen, a.data) : bind(o, a.data, scratch);
}

void reorder(PrimitiveOperand& o) {
  if (o.reordered) run(o.reorder, o.args, "a change of layout");
}
void reorder(PrimitiveOperand& o, const Activation& a) {
  if (a.block == 0) reorder(o);
}

// ---- weights kept in the chosen format ----
// The storage is held, so that its address cannot come to mean something else, until nobody else has it.
struct KeptWeights {
  Storage* storage;
  const float* plain;
  std::uint32_t version, taken_back;  // a version that was taken back comes again with other values
  Desc format;
  Tensor chosen;
};

// Of the process, so that the threads that share out a convolution share them.
class WeightCache {
 public:
  // The weights of o, whose plain memory is bound, in the format o wants; o is bound to them.
  Tensor get(PrimitiveOperand& o, const float* w, Storage* storage) {
    const Desc format = o.chosen.get_desc();
    const std::uint32_t taken_back = versions_taken_back.load(std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    auto k = std::find_if(kept_.begin(), kept_.end(), [&](const KeptWeights& k) {
      return k.storage == storage && k.plain == w && k.format == format;
    });
    if (k == kept_.end()) {
      make_room();
      kept_.reserve(kMaxKeptWeights);
      Tensor chosen = make_tensor({static_cast<std::int64_t>(o.bytes / sizeof(float))}, kFloat32);
      fill(chosen, o);
      retain(storage);
      kept_.push_back({storage, w, storage->version, taken_back, format, chosen});
      return chosen;
    }
    if (k->version != storage->version || k->taken_back != taken_back) {
      k->chosen = make_tensor(k->chosen.shape(), kFloat32);  // another thread may still compute with the old ones
      fill(k->chosen, o);
      k->version = storage->version;
      k->taken_back = taken_back;
    }
    set(o.chosen, data<float>(k->chosen));
    return k->chosen;
  }

 private:
  static void fill(const Tensor& chosen, PrimitiveOperand& o) {
    set(o.chosen, data<float>(chosen));
    reorder(o);
  }
  void make_room() {
    const auto release_if = [this](auto unwanted) {
      std::erase_if(kept_, [&](KeptWeights& k) {
        if (!unwanted(k)) return false;
        k.storage->release();
        return true;
      });
    };
    release_if([](const KeptWeights& k) { return k.storage->refs.load(std::memory_order_relaxed) == 1; });
    if (kept_.size() >= kMaxKeptWeights)
      release_if([first = &kept_.front()](const KeptWeights& k) { return &k == first; });
  }

  std::mutex mutex_;
  std::vector<KeptWeights> kept_;
};

WeightCache& weight_cache() {
  static WeightCache* cache = new WeightCache;  // never destroyed: tensors in static storage may outlive it
  return *cache;
}

ConvEntry& entry(ConvPass pass, bool bias, const ConvShape& s) {
  thread_local LruCache<ConvKey, ConvEntry, ConvHash> cache(256);
  const LibraryCall call;  // a primitive is planned for a number of threads
  const ConvKey key{pass, bias, s};
  return cache.get(key, [&] { return make_entry(key); });
}

// An operand that lies in its place in the scratch memory already.
enum class Ready { none, x, y };

void run_entry(ConvEntry& e, ConvPass pass, const ConvOperands& o, Storage* weights, Ready ready) {
  const LibraryCall call;
  char* scratch = e.bytes() > 0 ? static_cast<char*>(scratchpad(e.bytes())) : nullptr;
  bind(e.x, o.x, scratch);
  bind(e.w, o.w, scratch);
  bind(e.y, o.y, scratch);
  if (o.bias) set(e.bias, o.bias);
  if (e.scratch) set(e.scratch, scratch + e.total_bytes);
  if (pass != ConvPass::backward_data && ready != Ready::x) reorder(e.x, o.x);
  if (pass != ConvPass::forward && ready != Ready::y) reorder(e.y, o.y);
  Tensor kept;
  if (pass != ConvPass::backward_weights && e.w.reordered) {
    if (weights)
      kept = weight_cache().get(e.w, o.w, weights);
    else
      reorder(e.w);
  }
  run(e.primitive, e.args, "a convolution");
  if (pass == ConvPass::forward) reorder(e.y, o.y);
  if (pass == ConvPass::backward_data) reorder(e.x, o.x);
  if (pass == ConvPass::backward_weights) reorder(e.w);
}

}  // namespace

bool conv_supported(const ConvShape& s) {
  const Numbers n = numbers(s);
  for (std::size_t i = 0; i < n.back.size(); ++i)
    if (n.back[i] <= -n.stride[i]) return false;  // a transposed convolution with much output padding
  return true;
}

ConvBlocks conv_blocks(ConvPass pass, bool bias, const ConvShape& s) {
  const ConvEntry& e = entry(pass, bias, s);
  return {e.x.block, e.y.block};
}

void convolution(ConvPass pass, const ConvShape& s, const ConvOperands& o, Storage* weights) {
  run_entry(entry(pass, o.bias != nullptr, s), pass, o, weights, Ready::none);
}

void both_passes(ConvPass first, const ConvShape& s, const ConvOperands& a, const ConvOperands& b) {
  const bool by_data = first == ConvPass::backward_data;
  ConvEntry &e = entry(first, false, s), &weights = entry(ConvPass::backward_weights, false, s);
  scratchpad(std::max(e.bytes(), weights.bytes()));  // one memory for both
  const PrimitiveOperand &kept = by_data ? e.y : e.x, &wanted = by_data ? weights.y : weights.x;
  const bool same =
      kept.reordered && kept.offset == wanted.offset && kept.chosen.get_desc() == wanted.chosen.get_desc();
  run_entry(e, first, a, nullptr, Ready::none);
  run_entry(weights, ConvPass::backward_weights, b, nullptr, !same ? Ready::none : by_data ? Ready::y : Ready::x);
}

}  // namespace xgrad::detail::dnn
