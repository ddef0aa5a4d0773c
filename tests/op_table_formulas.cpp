// Formulas of viz::explain() for the operations of the table: every one has a formula and a local derivative in
// symbols, or is named here as one that has none.
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/viz/explain.hpp>

#include "op_table.hpp"
#include "op_table_graphs.hpp"
#include "unit_test.hpp"

namespace xgrad::test {
namespace {

using Names = std::set<std::string>;

Names words(const char* text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

// The name and what it was told are the formula: there is none that is shorter than the definition.
const Names& by_name_only() {
  static const Names all = words(
      "acos acosh angle as_strided asin asinh atan atan2 atanh block_diag cat cholesky cholesky_ex chunk "
      "col2im column_stack copy_ copy_slices cos cosh det diag_embed diagonal diagonal_scatter dstack eigh "
      "eigvalsh erf erfc erfcx expand fill_ flatten flip fmax fmin frexp gather grid_sample hstack i0e i1e "
      "igamma igammac index_add index_copy index_select interpolate log lu_factor masked_scatter masked_select "
      "max_unpool1d max_unpool2d max_unpool3d median mode mvlgamma nan_to_num pad qr relu repeat reshape roll "
      "round scaled_modified_bessel_k0 scaled_modified_bessel_k1 scatter scatter_add scatter_reduce "
      "select_scatter sign sin sinh slice_scatter softmax sort spherical_bessel_j0 split squeeze stack svd "
      "svdvals tan tanh tensor_split topk tril triu trunc unbind unflatten unfold unpacked unsqueeze view "
      "vstack zero_ zeta");
  return all;
}
// Formulas with no short slope.
const Names& without_slope() {
  static const Names all = words(
      "adaptive_avg_pool2d adaptive_avg_pool3d avg_pool2d cdist cholesky cholesky_ex copy_slices "
      "ctc_loss diagonal_scatter frexp grid_sample gru i0e i1e igamma igammac index_copy "
      "lstm masked_scatter mvlgamma rnn_relu rnn_tanh "
      "scaled_modified_bessel_k0 scaled_modified_bessel_k1 "
      "scatter_reduce select_scatter sinc slice_scatter solve_triangular spherical_bessel_j0 tril triu zeta");
  return all;
}

// The lines of a text that begin with the name of an operation.
std::string line_of(const std::string& text, const std::string& op) {
  const auto at = text.find("- `" + op + "`");
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}
std::string section_of(const std::string& text, const std::string& op) {
  const auto at = text.find("### Through `" + op + "`");
  if (at == std::string::npos) return "";
  return text.substr(at, text.find("\n#", at + 4) - at);
}

struct Explained {
  bool formula = false, generic_slope = false;
};

// One call of each operation of the table.
std::map<std::string, Explained> explained() {
  std::map<std::string, Explained> all;
  for (const Row& row : op_table())
    for (const Sample& sample : row.samples) {
      const Tensors inputs = make_inputs(row, sample, kFloat64), x = leaves(sample, inputs);
      if (sample.size != Size::small || !gives_gradient(row, sample, x)) continue;
      for (const Tensor& y : sample.call(x)) {
        if (!y.defined() || !y.requires_grad() || y.numel() == 0 || y.numel() > 64) continue;
        bool fresh = false;
        for (const tape::OpNode& n : tape::collect(y).nodes) fresh |= !all.contains(n.op);
        if (!fresh) continue;
        const std::string text = viz::explain((y * seed_like(y)).sum());
        for (const tape::OpNode& n : tape::collect(y).nodes) {
          const std::string line = line_of(text, n.op), back = section_of(text, n.op);
          if (line.empty()) continue;
          std::string title = n.op;
          for (std::size_t k = 0; (k = title.find('_', k)) != std::string::npos; k += 2) title.replace(k, 1, "\\_");
          Explained& e = all[n.op];
          e.formula |= line.find("\\mathrm{" + title + "}") == std::string::npos;
          e.generic_slope |= back.find("\\frac{\\partial v") != std::string::npos;
        }
      }
    }
  return all;
}

// Both lists are complete, and nothing stands in them without need.
BOOST_AUTO_TEST_CASE(operations_have_formulas) {
  int formulas = 0;
  for (const auto& [op, e] : explained()) {
    if (op.find("_backward") != std::string::npos) continue;
    formulas += e.formula;
    BOOST_CHECK_MESSAGE(e.formula != by_name_only().contains(op),
                        op << (e.formula ? " has a formula" : " has no formula: add a row, or name it here"));
    BOOST_CHECK_MESSAGE(
        e.generic_slope == without_slope().contains(op),
        op << (e.generic_slope ? " has no slope: add one to its row, or name it here" : " has a slope"));
  }
  BOOST_TEST(formulas > 120);
}

}  // namespace
}  // namespace xgrad::test
