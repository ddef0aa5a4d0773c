// Linear algebra, norms and products over chosen dimensions.
#include <cstdlib>

#include "functions.hpp"

namespace oracle {

namespace {

namespace linalg = xgrad::linalg;

const std::string kL = "linalg.";

// A number or a name; nothing when the argument is None or missing.
template <class Number, class Name, class Neither>
Value by_order(Args& a, const char* name, Number number, Name by_name, Neither neither) {
  if (!a.given(name)) return neither();
  if (const auto* text = a[name].get<std::string>()) {
    char* end = nullptr;
    const double p = std::strtod(text->c_str(), &end);
    return *end == '\0' && end != text->c_str() ? number(p) : by_name(*text);
  }
  return number(a.real(name));
}

void add_products(FunctionTable& t) {
  t["einsum"] = {"equation *operands", [](Args& a) {
                   // opinfo writes the operands first.
                   if (a["equation"].get<std::string>())
                     return Value(xgrad::einsum(a.text("equation", ""), a["operands"].tensors()));
                   return Value(xgrad::einsum(a["operands"].list()->at(0).text(), a["equation"].tensors()));
                 }};
  t["tensordot"] = {"input other dims?", [](Args& a) -> Value {
                      if (!a.given("dims")) return xgrad::tensordot(a.tensor("input"), a.tensor("other"));
                      if (const List* both = a["dims"].list())
                        return xgrad::tensordot(a.tensor("input"), a.tensor("other"), both->at(0).shape(),
                                                both->at(1).shape());
                      return xgrad::tensordot(a.tensor("input"), a.tensor("other"), a.integer("dims"));
                    }};
  t["inner"] = {"input other", [](Args& a) { return xgrad::inner(a.tensor("input"), a.tensor("other")); }};
  t["kron"] = {"input other", [](Args& a) { return xgrad::kron(a.tensor("input"), a.tensor("other")); }};
  const Function cross{"input other dim?", [](Args& a) {
                         return xgrad::cross(a.tensor("input"), a.tensor("other"), a.integer("dim", -1));
                       }};
  t["cross"] = t[kL + "cross"] = cross;
  t[kL + "vecdot"] = {"x y dim?",
                      [](Args& a) { return linalg::vecdot(a.tensor("x"), a.tensor("y"), a.integer("dim", -1)); }};
  t[kL + "multi_dot"] = {"tensors", [](Args& a) { return linalg::multi_dot(a["tensors"].tensors()); }};
  t["chain_matmul"] = {"*matrices", [](Args& a) { return xgrad::chain_matmul(a["matrices"].tensors()); }};
  using Added = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, Scalar, Scalar, xgrad::Location);
  const std::pair<const char*, Added> sums[] = {{"addmm", xgrad::addmm},
                                                {"addmv", xgrad::addmv},
                                                {"addr", xgrad::addr},
                                                {"baddbmm", xgrad::baddbmm},
                                                {"addbmm", xgrad::addbmm}};
  for (const auto& [name, f] : sums)
    t[name] = {"input a b beta? alpha?", [f = f](Args& a) {
                 return f(a.tensor("input"), a.tensor("a"), a.tensor("b"),
                          a.given("beta") ? a["beta"].scalar() : Scalar(1),
                          a.given("alpha") ? a["alpha"].scalar() : Scalar(1), here());
               }};
}

void add_decompositions(FunctionTable& t) {
  t["cholesky"] = t[kL + "cholesky"] = {"input upper?",
                                        [](Args& a) { return linalg::cholesky(a.tensor("input"), a.flag("upper")); }};
  t[kL + "cholesky_ex"] = {"input upper? check_errors?", [](Args& a) {
                             const linalg::CholeskyEx r = linalg::cholesky_ex(a.tensor("input"), a.flag("upper"));
                             return List{r.L, r.info};
                           }};
  t[kL + "qr"] = {"input mode?", [](Args& a) {
                    const std::string mode = a.text("mode", "reduced");
                    const linalg::QR r = linalg::qr(a.tensor("input"), mode == "complete" ? xgrad::QrMode::complete
                                                                       : mode == "r"      ? xgrad::QrMode::r
                                                                                          : xgrad::QrMode::reduced);
                    return List{r.Q, r.R};
                  }};
  t[kL + "eigh"] = {"input UPLO?", [](Args& a) {
                      const linalg::Eigh r = linalg::eigh(a.tensor("input"), a.text("UPLO", "L").at(0));
                      return List{r.eigenvalues, r.eigenvectors};
                    }};
  t[kL + "eigvalsh"] = {"input UPLO?",
                        [](Args& a) { return linalg::eigvalsh(a.tensor("input"), a.text("UPLO", "L").at(0)); }};
  t[kL + "svd"] = {"input full_matrices?", [](Args& a) {
                     const linalg::SVD r = linalg::svd(a.tensor("input"), a.flag("full_matrices", true));
                     return List{r.U, r.S, r.Vh};
                   }};
  t[kL + "svdvals"] = {"input", [](Args& a) { return linalg::svdvals(a.tensor("input")); }};
  t[kL + "lu_factor"] = {"input", [](Args& a) {
                           const linalg::LUFactor r = linalg::lu_factor(a.tensor("input"));
                           return List{r.LU, r.pivots};
                         }};
  t[kL + "lu"] = {"input", [](Args& a) {
                    const linalg::PLU r = linalg::lu(a.tensor("input"));
                    return List{r.P, r.L, r.U};
                  }};
}

xgrad::PinvOptions pinv_options(Args& a) {
  xgrad::PinvOptions o;
  if (a.given("atol")) o.atol = a.real("atol");
  if (a.given("rtol")) o.rtol = a.real("rtol");
  o.hermitian = a.flag("hermitian");
  return o;
}

void add_systems(FunctionTable& t) {
  t[kL + "solve"] = {"A B left?",
                     [](Args& a) { return linalg::solve(a.tensor("A"), a.tensor("B"), a.flag("left", true)); }};
  t[kL + "solve_ex"] = {"A B left? check_errors?", [](Args& a) {
                          const linalg::SolveEx r =
                              linalg::solve_ex(a.tensor("A"), a.tensor("B"), a.flag("left", true));
                          return List{r.result, r.info};
                        }};
  t[kL + "solve_triangular"] = {
      "A B upper left? unitriangular?", [](Args& a) {
        return linalg::solve_triangular(
            a.tensor("A"), a.tensor("B"),
            {.upper = a.flag("upper"), .left = a.flag("left", true), .unitriangular = a.flag("unitriangular")});
      }};
  // The older form, B first, which also gives A back.
  t["triangular_solve"] = {"B A upper? transpose? unitriangular?", [](Args& a) {
                             const bool upper = a.flag("upper", true), transposed = a.flag("transpose");
                             const Tensor m = a.tensor("A");
                             const Tensor x = linalg::solve_triangular(
                                 transposed ? transpose(m, -2, -1) : m, a.tensor("B"),
                                 {.upper = upper != transposed, .unitriangular = a.flag("unitriangular")});
                             return List{x, m.clone()};
                           }};
  t["inverse"] = t[kL + "inv"] = {"input", [](Args& a) { return linalg::inv(a.tensor("input")); }};
  t[kL + "inv_ex"] = {"input check_errors?", [](Args& a) {
                        const linalg::InvEx r = linalg::inv_ex(a.tensor("input"));
                        return List{r.inverse, r.info};
                      }};
  t["pinv"] = t[kL + "pinv"] = {"input|a other? atol? rtol? hermitian?", [](Args& a) {
                                  // The variant "singular" is of a product a b^T.
                                  const Tensor x = a.tensor("input");
                                  const Tensor m = a.given("other") && a["other"].is_tensor()
                                                       ? matmul(x, transpose(a.tensor("other"), -2, -1))
                                                       : x;
                                  return linalg::pinv(m, pinv_options(a));
                                }};
  t["pinverse"] = {"input rcond?", [](Args& a) { return xgrad::pinverse(a.tensor("input"), a.real("rcond", 1e-15)); }};
  t["cholesky_solve"] = {"B L upper?",
                         [](Args& a) { return xgrad::cholesky_solve(a.tensor("B"), a.tensor("L"), a.flag("upper")); }};
  t["cholesky_inverse"] = {"L upper?", [](Args& a) { return xgrad::cholesky_inverse(a.tensor("L"), a.flag("upper")); }};
  t[kL + "tensorsolve"] = {
      "A B dims?", [](Args& a) { return linalg::tensorsolve(a.tensor("A"), a.tensor("B"), a.shape("dims", {})); }};
  t[kL + "tensorinv"] = {"A ind?", [](Args& a) { return linalg::tensorinv(a.tensor("A"), a.integer("ind", 2)); }};
  t[kL + "lstsq"] = {"A B rcond?", [](Args& a) {
                       const auto r = a.given("rcond") ? linalg::lstsq(a.tensor("A"), a.tensor("B"), a.real("rcond"))
                                                       : linalg::lstsq(a.tensor("A"), a.tensor("B"));
                       return List{r.solution, r.residuals, r.rank, r.singular_values};
                     }};
}

void add_matrix_functions(FunctionTable& t) {
  t["det"] = t[kL + "det"] = {"input", [](Args& a) { return xgrad::det(a.tensor("input")); }};
  t["slogdet"] = t[kL + "slogdet"] = {"input", [](Args& a) {
                                        const linalg::SlogDet r = xgrad::slogdet(a.tensor("input"));
                                        return List{r.sign, r.logabsdet};
                                      }};
  t["logdet"] = {"input", [](Args& a) { return xgrad::logdet(a.tensor("input")); }};
  t["matrix_power"] = t[kL + "matrix_power"] = {
      "input n", [](Args& a) { return xgrad::matrix_power(a.tensor("input"), a.integer("n")); }};
  t["matrix_exp"] = t[kL + "matrix_exp"] = {"input", [](Args& a) { return xgrad::matrix_exp(a.tensor("input")); }};
  t[kL + "matrix_rank"] = {"input atol? rtol? hermitian?", [](Args& a) {
                             xgrad::MatrixRankOptions o;
                             if (a.given("atol")) o.atol = a.real("atol");
                             if (a.given("rtol")) o.rtol = a.real("rtol");
                             o.hermitian = a.flag("hermitian");
                             return xgrad::matrix_rank(a.tensor("input"), o);
                           }};
  t[kL + "cond"] = {"input p?", [](Args& a) {
                      const Tensor x = a.tensor("input");
                      return by_order(
                          a, "p", [&](double p) { return Value(linalg::cond(x, p)); },
                          [&](const std::string& p) { return Value(linalg::cond(x, p)); },
                          [&] { return Value(linalg::cond(x)); });
                    }};
  t["cov"] = {"input correction? fweights? aweights?", [](Args& a) {
                return xgrad::cov(a.tensor("input"), {.correction = a.integer("correction", 1),
                                                      .fweights = a.optional_tensor("fweights"),
                                                      .aweights = a.optional_tensor("aweights")});
              }};
  t["corrcoef"] = {"input", [](Args& a) { return xgrad::corrcoef(a.tensor("input")); }};
  t["trace"] = {"input", [](Args& a) { return xgrad::trace(a.tensor("input")); }};
}

void add_norms(FunctionTable& t) {
  t[kL + "vector_norm"] = {"input ord? dim? keepdim?", [](Args& a) {
                             return linalg::vector_norm(a.tensor("input"), a.real("ord", 2), a.shape("dim", {}),
                                                        a.flag("keepdim"));
                           }};
  t["matrix_norm"] =
      t[kL + "matrix_norm"] = {"input ord? dim? keepdim?", [](Args& a) {
                                 const Tensor x = a.tensor("input");
                                 const Shape dims = a.shape("dim", {-2, -1});
                                 const bool keep = a.flag("keepdim");
                                 return by_order(
                                     a, "ord", [&](double p) { return Value(linalg::matrix_norm(x, p, dims, keep)); },
                                     [&](const std::string& p) { return Value(linalg::matrix_norm(x, p, dims, keep)); },
                                     [&] { return Value(linalg::matrix_norm(x, "fro", dims, keep)); });
                               }};
  t[kL + "norm"] = {"input ord? dim? keepdim?", [](Args& a) {
                      const Tensor x = a.tensor("input");
                      const Shape dims = a.shape("dim", {});
                      const bool keep = a.flag("keepdim");
                      return by_order(
                          a, "ord", [&](double p) { return Value(linalg::norm(x, p, dims, keep)); },
                          [&](const std::string& p) { return Value(linalg::norm(x, p, dims, keep)); },
                          [&] { return Value(linalg::norm(x, dims, keep)); });
                    }};
  t["norm"] = {"input p|ord? dim? keepdim?", [](Args& a) {
                 const Tensor x = a.tensor("input");
                 const Shape dims = a.shape("dim", {});
                 const bool keep = a.flag("keepdim");
                 return by_order(
                     a, "p", [&](double p) { return Value(xgrad::norm(x, p, dims, keep)); },
                     [&](const std::string& p) { return Value(xgrad::norm(x, p, dims, keep)); },
                     [&] { return Value(xgrad::norm(x, 2, dims, keep)); });
               }};
  t["dist"] = {"input other p?",
               [](Args& a) { return xgrad::dist(a.tensor("input"), a.tensor("other"), a.real("p", 2)); }};
  t["renorm"] = {"input p dim maxnorm", [](Args& a) {
                   return xgrad::renorm(a.tensor("input"), a.real("p"), a.integer("dim"), a.real("maxnorm"));
                 }};
  t["cdist"] = {"x1 x2 p? compute_mode?", [](Args& a) {
                  if (a.given("compute_mode")) (void)a["compute_mode"];  // how, not what
                  return xgrad::cdist(a.tensor("x1"), a.tensor("x2"), a.real("p", 2));
                }};
  t["nn.functional.pdist"] = {"input p?", [](Args& a) { return xgrad::pdist(a.tensor("input"), a.real("p", 2)); }};
  t["nn.functional.pairwise_distance"] = {"x1 x2 p? eps? keepdim?", [](Args& a) {
                                            return xgrad::pairwise_distance(a.tensor("x1"), a.tensor("x2"),
                                                                            a.real("p", 2), a.real("eps", 1e-6),
                                                                            a.flag("keepdim"));
                                          }};
  t["nn.functional.normalize"] = {"input p? dim? eps?", [](Args& a) {
                                    return xgrad::normalize(a.tensor("input"), a.real("p", 2), a.integer("dim", 1),
                                                            a.real("eps", 1e-12));
                                  }};
  t["nn.functional.cosine_similarity"] = {"x1 x2 dim? eps?", [](Args& a) {
                                            return xgrad::cosine_similarity(a.tensor("x1"), a.tensor("x2"),
                                                                            a.integer("dim", 1), a.real("eps", 1e-8));
                                          }};
}

}  // namespace

void add_linear_algebra(FunctionTable& t) {
  add_products(t);
  add_decompositions(t);
  add_systems(t);
  add_matrix_functions(t);
  add_norms(t);
}

}  // namespace oracle
