// Convolutions and pooling, as functions and as modules.
#include "convolution.hpp"
#include "functions.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;
using xgrad::Extents;

template <int N>
Extents<N> extents(Args& a, const char* name, std::int64_t fallback) {
  return Extents<N>(a.shape(name, Shape{fallback}));
}

bool is_empty_list(const Value& v) { return v.list() && v.list()->empty(); }

template <int N>
xgrad::PoolStride<N> pool_stride(Args& a) {
  if (!a.given("stride") || is_empty_list(a["stride"])) return {};
  return Extents<N>(a.shape("stride"));
}

template <int N>
xgrad::ConvPadding<N> conv_padding(Args& a) {
  if (!a.given("padding")) return 0;
  if (a["padding"].get<std::string>()) return a["padding"].text();
  return Extents<N>(a.shape("padding"));
}

template <int N>
xgrad::ConvOptions<N> conv_options(Args& a) {
  return {.stride = extents<N>(a, "stride", 1),
          .padding = conv_padding<N>(a),
          .dilation = extents<N>(a, "dilation", 1),
          .groups = a.integer("groups", 1)};
}

template <int N>
xgrad::ConvTransposeOptions<N> transpose_options(Args& a) {
  return {.stride = extents<N>(a, "stride", 1),
          .padding = extents<N>(a, "padding", 0),
          .output_padding = extents<N>(a, "output_padding", 0),
          .groups = a.integer("groups", 1),
          .dilation = extents<N>(a, "dilation", 1)};
}

template <int N>
xgrad::MaxPoolOptions<N> max_pool_options(Args& a) {
  return {.stride = pool_stride<N>(a),
          .padding = extents<N>(a, "padding", 0),
          .dilation = extents<N>(a, "dilation", 1),
          .ceil_mode = a.flag("ceil_mode")};
}

template <int N>
xgrad::LPPoolOptions<N> lp_pool_options(Args& a) {
  return {.stride = pool_stride<N>(a), .ceil_mode = a.flag("ceil_mode")};
}

template <int N>
xgrad::AvgPoolOptions<N> avg_pool_options(Args& a) {
  xgrad::AvgPoolOptions<N> o{.stride = pool_stride<N>(a),
                             .padding = extents<N>(a, "padding", 0),
                             .ceil_mode = a.flag("ceil_mode"),
                             .count_include_pad = a.flag("count_include_pad", true)};
  if (a.given("divisor_override")) o.divisor_override = a.integer("divisor_override");
  return o;
}

// 5, [5], [5, None].
template <int N>
Extents<N> output_size(Args& a) {
  const Value& v = a["output_size"];
  if (!v.list()) return Extents<N>(v.integer());
  Shape s;
  for (const Value& e : *v.list()) s.push_back(e.is_none() ? xgrad::kKeepSize : e.integer());
  return Extents<N>(s);
}

Value indexed(Args& a, xgrad::ValuesIndices r) {
  return a.flag("return_indices") ? Value(List{r.values, r.indices}) : Value(r.values);
}

// The last sizes of output_size, or those of a pooling that gives what is there.
template <int N>
Extents<N> unpooled_size(Args& a, const Tensor& x) {
  const Extents<N> kernel(a.shape("kernel_size")), padding = extents<N>(a, "padding", 0);
  const Extents<N> stride = pool_stride<N>(a).value_or(kernel);
  Extents<N> size(0);
  const Shape wanted = a.shape("output_size", Shape{});
  for (int i = 0; i < N; ++i)
    size[i] = wanted.rank() >= N ? wanted[wanted.rank() - N + i]
                                 : (x.size(i - N) - 1) * stride[i] - 2 * padding[i] + kernel[i];
  return size;
}

// One of the forms in which avg_pool takes its options.
template <int N>
using Average = Tensor (*)(const Tensor&, Extents<N>, const xgrad::AvgPoolOptions<N>&, xgrad::Location);

// The library's functions of one dimension count, for the templates below.
template <int N>
struct Functions;
#define ORACLE_FUNCTIONS(N)                                                                \
  template <>                                                                              \
  struct Functions<N> {                                                                    \
    static constexpr auto conv = xgrad::conv##N##d;                                        \
    static constexpr auto conv_transpose = xgrad::conv_transpose##N##d;                    \
    static constexpr auto max_pool = xgrad::max_pool##N##d_with_indices;                   \
    static constexpr Average<N> avg_pool = xgrad::avg_pool##N##d;                          \
    static constexpr auto adaptive_max_pool = xgrad::adaptive_max_pool##N##d_with_indices; \
    static constexpr auto adaptive_avg_pool = xgrad::adaptive_avg_pool##N##d;              \
    static constexpr auto max_unpool = xgrad::max_unpool##N##d;                            \
    static constexpr auto lp_pool = xgrad::lp_pool##N##d;                                  \
  };
ORACLE_FUNCTIONS(1)
ORACLE_FUNCTIONS(2)
ORACLE_FUNCTIONS(3)
#undef ORACLE_FUNCTIONS

template <int N>
void add_dimension(FunctionTable& t) {
  using F = Functions<N>;
  const auto name = [](const char* f) { return std::string("nn.functional.") + f + std::to_string(N) + "d"; };
  t[name("conv")] = {"input weight bias? stride? padding? dilation? groups?", [](Args& a) -> Value {
                       return F::conv(a.tensor("input"), a.tensor("weight"), a.optional_tensor("bias"),
                                      conv_options<N>(a), here());
                     }};
  t[name("conv_transpose")] = {"input weight bias? stride? padding? output_padding? groups? dilation?",
                               [](Args& a) -> Value {
                                 return F::conv_transpose(a.tensor("input"), a.tensor("weight"),
                                                          a.optional_tensor("bias"), transpose_options<N>(a), here());
                               }};
  t[name("max_pool")] = {"input kernel_size stride? padding? dilation? ceil_mode? return_indices?", [](Args& a) {
                           return indexed(a, F::max_pool(a.tensor("input"), Extents<N>(a.shape("kernel_size")),
                                                         max_pool_options<N>(a), here()));
                         }};
  t[name("avg_pool")] = {
      "input kernel_size stride? padding? ceil_mode? count_include_pad? divisor_override?", [](Args& a) -> Value {
        return F::avg_pool(a.tensor("input"), Extents<N>(a.shape("kernel_size")), avg_pool_options<N>(a), here());
      }};
  t[name("lp_pool")] = {"input norm_type kernel_size stride? ceil_mode?", [](Args& a) -> Value {
                          return F::lp_pool(a.tensor("input"), a.real("norm_type"), Extents<N>(a.shape("kernel_size")),
                                            lp_pool_options<N>(a), here());
                        }};
  t[name("adaptive_max_pool")] = {
      "input output_size return_indices?",
      [](Args& a) { return indexed(a, F::adaptive_max_pool(a.tensor("input"), output_size<N>(a), here())); }};
  t[name("adaptive_avg_pool")] = {"input output_size", [](Args& a) -> Value {
                                    return F::adaptive_avg_pool(a.tensor("input"), output_size<N>(a), here());
                                  }};
  t[name("max_unpool")] = {"input indices kernel_size stride? padding? output_size?", [](Args& a) -> Value {
                             const Tensor x = a.tensor("input");
                             return F::max_unpool(x, a.tensor("indices"), unpooled_size<N>(a, x), here());
                           }};
}

// The values, or with return_indices both.
template <int N>
Value fractional_pool(Args& a, xgrad::ValuesIndices (*f)(const Tensor&, Extents<N>,
                                                         const xgrad::FractionalPoolOptions<N>&, xgrad::Location)) {
  xgrad::FractionalPoolOptions<N> o;
  if (a.given("output_size")) o.output_size = Extents<N>(a.shape("output_size"));
  if (a.given("output_ratio")) {
    const Value& ratio = a["output_ratio"];
    if (const List* list = ratio.list())
      for (const Value& v : *list) o.output_ratio.push_back(v.real());
    else
      o.output_ratio = {ratio.real()};
  }
  o.random_samples = a.optional_tensor("_random_samples");
  const xgrad::ValuesIndices r = f(a.tensor("input"), Extents<N>(a.shape("kernel_size")), o, here());
  if (a.flag("return_indices")) return List{r.values, r.indices};
  return r.values;
}

template <class M>
AnyModule any(M m) {
  return {m, [m](const Tensor& x) { return m(x); }};
}

nn::PaddingMode padding_mode(Args& a) {
  const std::string mode = a.text("padding_mode", "zeros");
  if (mode == "reflect") return nn::PaddingMode::reflect;
  if (mode == "replicate") return nn::PaddingMode::replicate;
  if (mode == "circular") return nn::PaddingMode::circular;
  if (mode != "zeros") throw Unsupported("padding_mode " + mode);
  return nn::PaddingMode::zeros;
}

template <int N>
AnyModule make_conv(Args& a) {
  const auto o = conv_options<N>(a);
  return any(nn::ConvNd<N>(a.integer("in_channels"), a.integer("out_channels"), Extents<N>(a.shape("kernel_size")),
                           {.stride = o.stride,
                            .padding = o.padding,
                            .dilation = o.dilation,
                            .groups = o.groups,
                            .bias = a.flag("bias", true),
                            .padding_mode = padding_mode(a)}));
}

template <int N>
AnyModule make_transpose(Args& a) {
  const auto o = transpose_options<N>(a);
  return any(nn::ConvTransposeNd<N>(a.integer("in_channels"), a.integer("out_channels"),
                                    Extents<N>(a.shape("kernel_size")),
                                    {.stride = o.stride,
                                     .padding = o.padding,
                                     .output_padding = o.output_padding,
                                     .groups = o.groups,
                                     .bias = a.flag("bias", true),
                                     .dilation = o.dilation}));
}

// With return_indices the call gives both.
template <class M>
AnyModule max_pool_module(const M& m, bool indices) {
  AnyModule made = any(m);
  if (indices)
    made.call = [m](const List& args) -> Value {
      const xgrad::ValuesIndices r = m.forward_with_indices(args.at(0).tensor());
      return List{r.values, r.indices};
    };
  return made;
}

template <int N>
void add_classes(std::vector<ModuleClass>& all) {
  const auto add = [&](const char* name, const char* signature, AnyModule (*make)(Args&)) {
    all.push_back({std::string(name) + std::to_string(N) + "d", signature, make});
  };
  add("Conv", "in_channels out_channels kernel_size stride? padding? dilation? groups? bias? padding_mode?",
      make_conv<N>);
  add("ConvTranspose", "in_channels out_channels kernel_size stride? padding? output_padding? groups? bias? dilation?",
      make_transpose<N>);
  add("MaxPool", "kernel_size stride? padding? dilation? return_indices? ceil_mode?", [](Args& a) {
    const nn::MaxPoolNd<N> m(Extents<N>(a.shape("kernel_size")), max_pool_options<N>(a));
    return max_pool_module(m, a.flag("return_indices"));
  });
  add("AvgPool", "kernel_size stride? padding? ceil_mode? count_include_pad? divisor_override?",
      [](Args& a) { return any(nn::AvgPoolNd<N>(Extents<N>(a.shape("kernel_size")), avg_pool_options<N>(a))); });
  add("LPPool", "norm_type kernel_size stride? ceil_mode?", [](Args& a) {
    return any(nn::LPPoolNd<N>(a.real("norm_type"), Extents<N>(a.shape("kernel_size")), lp_pool_options<N>(a)));
  });
  add("AdaptiveAvgPool", "output_size", [](Args& a) { return any(nn::AdaptiveAvgPoolNd<N>(output_size<N>(a))); });
  add("AdaptiveMaxPool", "output_size return_indices?",
      [](Args& a) { return max_pool_module(nn::AdaptiveMaxPoolNd<N>(output_size<N>(a)), a.flag("return_indices")); });
}

xgrad::PatchOptions patch_options(Args& a) {
  xgrad::PatchOptions o;
  if (a.given("dilation")) o.dilation = xgrad::Extents<2>(a.shape("dilation"));
  if (a.given("padding")) o.padding = xgrad::Extents<2>(a.shape("padding"));
  if (a.given("stride")) o.stride = xgrad::Extents<2>(a.shape("stride"));
  return o;
}

void add_patches(FunctionTable& t) {
  t["nn.functional.unfold"] = {"input kernel_size dilation? padding? stride?", [](Args& a) {
                                 return xgrad::im2col(a.tensor("input"), xgrad::Extents<2>(a.shape("kernel_size")),
                                                      patch_options(a));
                               }};
  t["nn.functional.fold"] = {"input output_size kernel_size dilation? padding? stride?", [](Args& a) {
                               return xgrad::col2im(a.tensor("input"), xgrad::Extents<2>(a.shape("output_size")),
                                                    xgrad::Extents<2>(a.shape("kernel_size")), patch_options(a));
                             }};
  t["nn.functional.pixel_shuffle"] = {"input upscale_factor", [](Args& a) {
                                        return xgrad::pixel_shuffle(a.tensor("input"), a.integer("upscale_factor"));
                                      }};
  t["nn.functional.pixel_unshuffle"] = {
      "input downscale_factor",
      [](Args& a) { return xgrad::pixel_unshuffle(a.tensor("input"), a.integer("downscale_factor")); }};
  t["channel_shuffle"] = {"input groups",
                          [](Args& a) { return xgrad::channel_shuffle(a.tensor("input"), a.integer("groups")); }};
}

}  // namespace

std::vector<ModuleClass> convolution_classes() {
  std::vector<ModuleClass> all;
  add_classes<1>(all);
  add_classes<2>(all);
  add_classes<3>(all);
  return all;
}

void add_conv_sizes(const std::string& name, const Tensor& weight, Dict& attrs) {
  std::int64_t groups = 1;
  for (const auto& [key, value] : attrs)
    if (key == "groups") groups = value.integer();
  const bool transposed = name.starts_with("ConvTranspose");
  attrs.emplace_back("in_channels", transposed ? weight.size(0) : weight.size(1) * groups);
  attrs.emplace_back("out_channels", transposed ? weight.size(1) * groups : weight.size(0));
  List kernel;
  for (std::int64_t d = 2; d < weight.dim(); ++d) kernel.emplace_back(weight.size(d));
  attrs.emplace_back("kernel_size", kernel);
}

void add_convolutions(FunctionTable& t) {
  add_patches(t);
  const char* fractional = "input kernel_size output_size? output_ratio? return_indices? _random_samples?";
  t["nn.functional.fractional_max_pool2d"] = {
      fractional, [](Args& a) { return fractional_pool<2>(a, xgrad::fractional_max_pool2d_with_indices); }};
  t["nn.functional.fractional_max_pool3d"] = {
      fractional, [](Args& a) { return fractional_pool<3>(a, xgrad::fractional_max_pool3d_with_indices); }};
  add_dimension<1>(t);
  add_dimension<2>(t);
  add_dimension<3>(t);
}

}  // namespace oracle
