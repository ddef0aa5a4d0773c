// What operations record beside their tensors: for each the names that it must give, and that nothing is forgotten. Two
// calls whose records are equal, on equal inputs, give equal results.
#include <cstring>
#include <map>
#include <set>

#include <fmt/format.h>

#include <xgrad/random.hpp>

#include "op_table.hpp"
#include "op_table_graphs.hpp"
#include "unit_test.hpp"

namespace xgrad::test {
namespace {

using Names = std::set<std::string>;

// By operation, over all rows. Names are those of PyTorch's arguments; an operation that is not here has none, because
// its tensors and the shape of its result say everything.
const std::map<std::string, Names>& expected() {
  static const std::map<std::string, Names> all{
      {"adaptive_avg_pool1d", {"output_size"}},
      {"adaptive_avg_pool2d", {"count_include_pad", "kernel_size", "output_size", "padding", "stride"}},
      {"adaptive_avg_pool3d", {"output_size"}},
      {"adaptive_max_pool1d", {"dilation", "kernel_size", "output_size", "padding", "stride"}},
      {"adaptive_max_pool2d", {"output_size"}},
      {"adaptive_max_pool3d", {"output_size"}},
      {"add", {"alpha", "other"}},
      {"addcdiv", {"value"}},
      {"addcmul", {"value"}},
      {"amax", {"dim", "keepdim"}},
      {"amin", {"dim", "keepdim"}},
      {"avg_pool1d", {"count_include_pad", "kernel_size", "padding", "stride"}},
      {"avg_pool2d", {"count_include_pad", "divisor_override", "kernel_size", "padding", "stride"}},
      {"avg_pool3d", {"count_include_pad", "kernel_size", "padding", "stride"}},
      {"batch_norm", {"eps", "momentum", "training"}},
      {"binary_cross_entropy", {"reduction"}},
      {"binary_cross_entropy_with_logits", {"reduction"}},
      {"cat", {"dim"}},
      {"cdist", {"p"}},
      {"celu", {"alpha"}},
      {"cholesky", {"upper"}},
      {"cholesky_ex", {"upper"}},
      {"chunk", {"dim"}},
      {"clamp", {"max", "min"}},
      {"col2im", {"dilation", "kernel_size", "padding", "stride"}},
      {"column_stack", {"dim"}},
      {"conv1d", {"dilation", "groups", "padding", "stride"}},
      {"conv2d", {"dilation", "groups", "padding", "stride"}},
      {"conv3d", {"dilation", "groups", "padding", "stride"}},
      {"conv_transpose1d", {"dilation", "groups", "output_padding", "padding", "stride"}},
      {"conv_transpose2d", {"dilation", "groups", "output_padding", "padding", "stride"}},
      {"conv_transpose3d", {"dilation", "groups", "output_padding", "padding", "stride"}},
      {"cross_entropy", {"ignore_index", "label_smoothing", "reduction"}},
      {"ctc_loss", {"blank", "zero_infinity"}},
      {"cummax", {"dim"}},
      {"cummin", {"dim"}},
      {"cumprod", {"dim"}},
      {"cumsum", {"dim", "reverse"}},
      {"diag_embed", {"dim1", "dim2", "offset"}},
      {"diagonal", {"dim1", "dim2", "offset"}},
      {"diagonal_scatter", {"dim1", "dim2", "offset"}},
      {"digamma", {"n"}},
      {"div", {"other", "rounding_mode"}},
      {"dropout", {"p"}},
      {"dstack", {"dim"}},
      {"eigvalsh", {"UPLO"}},
      {"elu", {"alpha"}},
      {"embedding", {"padding_idx"}},
      {"embedding_bag", {"mode", "padding_idx"}},
      {"expand", {"dim"}},
      {"flip", {"dims"}},
      {"fmod", {"rounding_mode"}},
      {"gather", {"dim"}},
      {"gelu", {"approximate"}},
      {"grid_sample", {"align_corners", "mode", "padding_mode"}},
      {"group_norm", {"eps", "num_groups"}},
      {"gru", {"reverse"}},
      {"gru_cell", {"reverse"}},
      {"hardshrink", {"lambd"}},
      {"hardtanh", {"max_val", "min_val"}},
      {"hstack", {"dim"}},
      {"huber_loss", {"delta", "reduction"}},
      {"im2col", {"dilation", "kernel_size", "padding", "stride"}},
      {"index_add", {"dim"}},
      {"index_copy", {"dim"}},
      {"index_select", {"dim"}},
      {"instance_norm", {"eps", "momentum", "use_input_stats"}},
      {"interpolate", {"align_corners", "antialias", "mode", "scales_h", "scales_w", "transposed"}},
      {"kl_div", {"log_target", "reduction"}},
      {"kthvalue", {"dim", "k", "keepdim"}},
      {"l1_loss", {"reduction"}},
      {"layer_norm", {"eps", "normalized_shape"}},
      {"leaky_relu", {"negative_slope"}},
      {"lerp", {"weight"}},
      {"linear_scan", {"dim", "reverse"}},
      {"log_softmax", {"dim"}},
      {"logcumsumexp", {"dim"}},
      {"logsumexp", {"dim", "keepdim"}},
      {"lstm", {"reverse"}},
      {"lstm_cell", {"reverse"}},
      {"masked_fill", {"value"}},
      {"max", {"dim", "keepdim"}},
      {"max_pool1d", {"dilation", "kernel_size", "padding", "stride"}},
      {"max_pool2d", {"dilation", "kernel_size", "padding", "stride"}},
      {"max_pool3d", {"dilation", "kernel_size", "padding", "stride"}},
      {"mean", {"dim", "keepdim"}},
      {"median", {"dim", "keepdim"}},
      {"min", {"dim", "keepdim"}},
      {"mode", {"dim", "keepdim"}},
      {"mse_loss", {"reduction"}},
      {"mul", {"other"}},
      {"mvlgamma", {"p"}},
      {"nan_to_num", {"nan", "neginf", "posinf"}},
      {"nanmedian", {"dim", "keepdim"}},
      {"narrow", {"dim", "end", "start", "step"}},
      {"nll_loss", {"ignore_index", "label_smoothing", "reduction"}},
      {"p_norm", {"p"}},
      {"pad", {"mode", "pad", "value"}},
      {"permute", {"dims"}},
      {"pick", {"dim"}},
      {"place", {"dim"}},
      {"polygamma", {"n"}},
      {"pool_gather", {"dilation", "kernel_size", "output_size", "padding", "stride"}},
      {"pool_scatter", {"dilation", "kernel_size", "output_size", "padding", "stride"}},
      {"pow", {"exponent"}},
      {"prod", {"dim", "keepdim"}},
      {"qr", {"mode"}},
      {"rdiv", {"other"}},
      {"remainder", {"rounding_mode"}},
      {"rnn_relu", {"reverse"}},
      {"rnn_relu_cell", {"reverse"}},
      {"rnn_tanh", {"reverse"}},
      {"rnn_tanh_cell", {"reverse"}},
      {"roll", {"shifts"}},
      {"round", {"decimals"}},
      {"rsub", {"other"}},
      {"scaled_dot_product_attention", {"dropout_p", "is_causal", "scale"}},
      {"scatter", {"dim", "value"}},
      {"scatter_add", {"dim"}},
      {"scatter_reduce", {"dim", "reduce"}},
      {"select", {"dim", "index"}},
      {"select_scatter", {"dim", "index"}},
      {"sinc", {"order"}},
      {"slice", {"dim", "end", "start", "step"}},
      {"slice_scatter", {"dim", "end", "start", "step"}},
      {"smooth_l1_loss", {"beta", "reduction"}},
      {"softmax", {"dim"}},
      {"softplus", {"beta", "threshold"}},
      {"softshrink", {"lambd"}},
      {"solve", {"left"}},
      {"solve_ex", {"left"}},
      {"solve_triangular", {"left", "unitriangular", "upper"}},
      {"sort", {"descending", "dim"}},
      {"spherical_bessel_j0", {"order"}},
      {"split", {"dim"}},
      {"squeeze", {"dim"}},
      {"stack", {"dim"}},
      {"std", {"correction", "dim", "keepdim"}},
      {"step", {"at_zero"}},
      {"sub", {"alpha", "other"}},
      {"sum", {"dim", "keepdim"}},
      {"svd", {"full_matrices"}},
      {"tensor_split", {"dim"}},
      {"threshold", {"threshold", "value"}},
      {"topk", {"dim", "k", "largest"}},
      {"transpose", {"dim0", "dim1"}},
      {"tril", {"diagonal"}},
      {"triu", {"diagonal"}},
      {"unbind", {"dim"}},
      {"unflatten", {"dim"}},
      {"unfold", {"dimension", "size", "step"}},
      {"unsqueeze", {"dim"}},
      {"var", {"correction", "dim", "keepdim"}},
      {"vstack", {"dim"}},
  };
  return all;
}

bool of_backward(const std::string& op) { return op.find("_backward") != std::string::npos; }

std::string bytes_of(const Tensor& t) {
  if (!t.defined()) return "?";
  std::string s = fmt::format("{}[{}]", name(t.dtype()), fmt::join(t.shape(), ","));
  for (const double v : t.detach().to_vector<double>()) s.append(reinterpret_cast<const char*>(&v), sizeof v);
  return s;
}

struct Printed {
  std::string operator()(const std::vector<std::int64_t>& v) const { return fmt::format("[{}]", fmt::join(v, ",")); }
  template <class T>
  std::string operator()(const T& v) const {
    return fmt::format("{}", v);
  }
};

// All that a graph says of a call: operations, what they were told, how they are joined, the constants they read.
std::string record_of(const Tensors& results) {
  std::string s;
  for (const Tensor& y : results) {
    s += y.defined() && y.requires_grad() ? "|" : "|constant";
    if (!y.defined() || !y.requires_grad()) continue;
    for (const tape::OpNode& n : tape::collect(y).nodes) {
      s += n.op;
      for (const Attribute& a : n.attributes) s += fmt::format(" {}={}", a.name, std::visit(Printed(), a.value));
      for (const std::vector<tape::Input>* list : {&n.inputs, &n.data})
        for (const tape::Input& in : *list)
          s += in.node >= 0 ? fmt::format(" {}.{}", in.node, in.output)
                            : " " + (in.source ? bytes_of(in.source->value) : std::string("none"));
      for (const Shape& shape : n.shapes) s += fmt::format(" ({})", fmt::join(shape, ","));
    }
  }
  return s;
}
std::string results_of(const Tensors& results) {
  std::string s;
  for (const Tensor& y : results)
    if (y.defined() && y.requires_grad()) s += bytes_of(y) + ";";
  return s;
}

bool same_inputs(const Sample& a, const Sample& b) {
  if (a.args.size() != b.args.size()) return false;
  for (std::size_t i = 0; i < a.args.size(); ++i)
    if (!(a.args[i].shape == b.args[i].shape) || a.args[i].values.kind != b.args[i].values.kind) return false;
  return true;
}

// The same draws for both.
std::optional<Tensors> called(const Call& call, const Tensors& x) {
  manual_seed(7);
  try {
    return call(x);
  } catch (const std::exception&) {
    return std::nullopt;  // these inputs are none for it
  }
}

BOOST_AUTO_TEST_CASE(operations_record_their_attributes) {
  std::map<std::string, Names> recorded;
  for_recorded_operations([&](const tape::OpNode& n) {
    for (const Attribute& a : n.attributes) recorded[n.op].insert(a.name);
  });
  BOOST_TEST(recorded.contains("softmax_backward"));  // what is differentiated again records them, too
  std::erase_if(recorded, [](const auto& entry) { return of_backward(entry.first); });
  for (const auto& [op, names] : expected())
    BOOST_CHECK_MESSAGE(recorded[op] == names, fmt::format("{} records {{{}}}, not {{{}}}", op,
                                                           fmt::join(recorded[op], ", "), fmt::join(names, ", ")));
  for (const auto& [op, names] : recorded)
    BOOST_CHECK_MESSAGE(expected().contains(op),
                        fmt::format("{} records {{{}}} and has no row", op, fmt::join(names, ", ")));
}

BOOST_AUTO_TEST_CASE(equal_records_give_equal_results) {
  int differ = 0, equal = 0;
  for (const Row& row : op_table())
    for (const Sample& a : row.samples) {
      const Tensors inputs = make_inputs(row, a, kFloat64);
      if (a.size != Size::small || !gives_gradient(row, a, leaves(a, inputs))) continue;
      for (const Sample& b : row.samples) {
        if (&b <= &a || b.size != Size::small || !same_inputs(a, b)) continue;
        const Tensors x = leaves(a, inputs);
        const auto first = called(a.call, x), second = called(b.call, x);
        if (!first || !second) continue;
        const bool same = record_of(*first) == record_of(*second);
        ++(same ? equal : differ);
        BOOST_CHECK_MESSAGE(!same || results_of(*first) == results_of(*second),
                            fmt::format("{}: samples {} and {} are recorded as the same and give different results",
                                        row.functions.front(), &a - row.samples.data(), &b - row.samples.data()));
      }
    }
  BOOST_TEST_MESSAGE(differ << " pairs of calls differ in what is recorded, " << equal << " do not");
  BOOST_TEST(differ > 100);
}

}  // namespace
}  // namespace xgrad::test
