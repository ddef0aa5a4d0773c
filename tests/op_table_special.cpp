// Rows of <xgrad/ops/special.hpp>. The values of the examples are from 40-digit arithmetic (mpmath).
#include <cmath>

#include <xgrad/autograd.hpp>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_errors(Table& t) {
  t.add("erf", [](auto& x) { return erf(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::erf(v); })
      .integers(Integers::fraction);
  t.add("erfc", [](auto& x) { return erfc(x[0]); })
      .unary(uniform(-2, 2))
      .reference([](double v) { return std::erfc(v); })
      .integers(Integers::fraction);
  t.add("erfcx", [](auto& x) { return erfcx(x[0]); })
      .unary(uniform(-1, 3))
      .integers(Integers::fraction)
      .example("values", {f64({-1.5, 0, 0.5, 2, 30})},
               {f64({18.653886256262734, 1, 0.6156903441929259, 0.25539567631050575, 0.01879588886141675})},
               {f64({-57.090037935883714, -1.1283791670955126, -0.5126888229025867, -0.1067964618534896,
                     -0.0006258354105074841})});
  t.add("erfinv", [](auto& x) { return erfinv(x[0]); })
      .unary(uniform(-0.9, 0.9))
      .integers(Integers::fraction)
      .example(
          "values", {f64({-0.999, -0.5, 1e-10, 0.3, 0.9})},
          {f64({-2.3267537655135246, -0.4769362762044699, 8.862269254527581e-11, 0.2724627147267543,
                1.1630871536766743})},
          {f64({198.93951776442475, 1.1125848189719498, 0.886226925452758, 0.9545203588405493, 3.428042811451841})})
      .example("ends", {f64({-1, 1, 2})}, {f64({-INFINITY, INFINITY, NAN})});
  t.add("ndtr", [](auto& x) { return ndtr(x[0]); })
      .unary(uniform(-2, 2))
      .integers(Integers::fraction)
      .example("values", {f64({-8, -1, 0, 0.5, 3})},
               {f64({6.220960574271784e-16, 0.15865525393145705, 0.5, 0.6914624612740131, 0.9986501019683699})},
               {f64({5.052271083536892e-15, 0.24197072451914334, 0.3989422804014327, 0.35206532676429947,
                     0.0044318484119380075})});
  t.add("ndtri", [](auto& x) { return ndtri(x[0]); })
      .unary(uniform(0.1, 0.9))
      .integers(Integers::fraction)
      .example("values", {f64({0.001, 0.3, 0.5, 0.9})},
               {f64({-3.0902323061678136, -0.5244005127080408, 0, 1.2815515655446006})},
               {f64({296.99235158923113, 2.8761036592642926, 2.5066282746310007, 5.698059856117005})})
      .example("ends", {f64({0, 1, 2})}, {f64({-INFINITY, INFINITY, NAN})});
  t.add("log_ndtr", [](auto& x) { return log_ndtr(x[0]); })
      .unary(uniform(-3, 2))
      .integers(Integers::fraction)
      .example(
          "values", {f64({-20, -1.5, 0, 0.5, 3})},
          {f64({-203.91715537109727, -2.7059444008238898, -0.6931471805599453, -0.3689464152886564,
                -0.0013508099647481938})},
          {f64({20.04975306852785, 1.938677166622543, 0.7978845608028654, 0.5091604338370335, 0.004437839042125664})});
}

void add_gamma(Table& t) {
  t.add("lgamma", [](auto& x) { return lgamma(x[0]); })
      .unary(positive())
      .reference([](double v) { return std::lgamma(v); })
      .integers(Integers::fraction)
      .example("values", {f64({0.25, 1.5, 20.5, -2.3})},
               {f64({1.2880225246980774, -0.12078223763524522, 40.8315009745308, 0.36956666345500805})},
               {f64({-4.2274535333762655, 0.03648997397857652, 2.9958363947076467, 3.3173231575618227})});
  t.add("digamma", [](auto& x) { return digamma(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.25, 1.46, 1.5, 10, -0.5, -2.3})},
               {f64({-4.2274535333762655, -0.0015805619870834522, 0.03648997397857652, 2.251752589066721,
                     0.03648997397857652, 3.3173231575618227})},
               {f64({17.19732915450711, 0.9691196215098878, 0.9348022005446793, 0.10516633568168575, 8.934802200544679,
                     14.725912160961292})})
      .example("poles", {f64({0., -0., -3, INFINITY})}, {f64({-INFINITY, INFINITY, NAN, INFINITY})});
  t.add("polygamma", [](auto& x) { return polygamma(1, x[0]); })
      .unary(positive())
      .on({{{3, 4}, positive()}}, [](auto& x) { return polygamma(3, x[0]); })
      .integers(Integers::fraction)
      .example("values", {f64({0.25, 1.5, 10, -0.5})},
               {f64({17.19732915450711, 0.9348022005446793, 0.10516633568168575, 8.934802200544679})},
               {f64({-129.32773993753693, -0.82879664423432, -0.011049834970802067, -0.82879664423432})})
      .example("far below 0", {f64({-999999.5})}, {f64({9.869603401089858})})
      .bad(Wrong::value, "the order is at least 0, got -1", [] { polygamma(-1, leaf({2})); });
  t.add("mvlgamma", [](auto& x) { return mvlgamma(x[0], 3); })
      .unary(uniform(1.2, 4))
      .integers(Integers::fraction)
      .example("values", {f64({1.5, 2.5, 7})}, {f64({2.1686775340635553, 1.8809954616117741, 18.74639984342339})},
               {f64({-2.50423571694438, 1.1624309497222869, 5.3718133339302})})
      .bad(Wrong::value, "the dimension is at least 1, got 0", [] { mvlgamma(leaf({2}), 0); });
  t.add("igamma", [](auto& x) { return igamma(x[0].detach(), x[1]); })  // no derivative by x[0]
      .binary(constant(positive()), positive())
      .promoting()
      .integers(Integers::unchanged)  // the test leaves x[0] in float64
      .example("values", {f64({0.5, 3, 3, 100, 1}), f64({0.25, 1, 10, 90, 40})},
               {f64({0.5204998778130465, 0.08030139707139419, 0.9972306042844884, 0.15822098918643016, 1})})
      .example("a very large order", {f64({1e12, 1e30}), f64({1e12, 1e30})},
               {f64({0.5 + 1 / (3 * std::sqrt(6.283185307179586 * 1e12)), 0.5})})
      .bad(Wrong::shape, "do not broadcast",
           [] {
             NoGradGuard off;
             igamma(leaf({2}), leaf({3}));
           })
      .bad(Wrong::autograd, "no derivative by its first operand", [] { igamma(leaf({2}), leaf({2})); })
      .example("borders", {f64({0, 1, 1, 0, -1}), f64({1, 0, INFINITY, 0, 1})}, {f64({1, 0, 1, NAN, NAN})});
  t.add("igammac", [](auto& x) { return igammac(x[0].detach(), x[1]); })  // no derivative by x[0]
      .binary(constant(positive()), positive())
      .promoting()
      .integers(Integers::unchanged)  // the test leaves x[0] in float64
      .example("values", {f64({0.5, 3, 3, 100, 1}), f64({0.25, 1, 10, 90, 40})},
               {f64({0.4795001221869535, 0.9196986029286058, 0.002769395715511576, 0.8417790108135699,
                     4.248354255291589e-18})})
      .bad(Wrong::shape, "do not broadcast",
           [] {
             NoGradGuard off;
             igammac(leaf({2}), leaf({3}));
           })
      .bad(Wrong::autograd, "no derivative by its first operand", [] { igammac(leaf({2}), leaf({2})); });
  t.add("zeta", [](auto& x) { return zeta(x[0].detach(), x[1]); })  // no derivative by x[0]
      .binary(constant(uniform(1.5, 4)), positive())
      .promoting()
      .integers(Integers::unchanged)  // the test leaves x[0] in float64
      .example("values", {f64({1.5, 2, 3, 3}), f64({0.25, 1, 10, -2.5})},
               {f64({10.213055360466601, 1.6449340668482264, 0.0055249174854010335, 0.0541020258208637})})
      .bad(Wrong::shape, "do not broadcast",
           [] {
             NoGradGuard off;
             zeta(leaf({2}), leaf({3}));
           })
      .bad(Wrong::autograd, "no derivative by its first operand", [] { zeta(leaf({2}), leaf({2})); });
}

void add_bessel(Table& t) {
  t.add("i0", [](auto& x) { return i0(x[0]); })
      .unary(away_from({0}, -4, 4))
      .integers(Integers::fraction)
      .example(
          "values", {f64({-30, -2, 0.5, 5, 25})},
          {f64({781672297823.9775, 2.2795853023360673, 1.0634833707413236, 27.239871823604446, 5774560606.4663105})},
          {f64({-768532038938.957, -1.590636854637329, 0.2578943053908963, 24.335642142450528, 5657865129.878701})});
  t.add("i0e", [](auto& x) { return i0e(x[0]); })
      .unary(away_from({0}, -4, 4))
      .integers(Integers::fraction)
      .example(
          "values", {f64({-30, -2, 0.5, 5, 25})},
          {f64({0.0731459464822373, 0.30850832255367105, 0.6450352704491501, 0.18354081260932836, 0.0801967735474367})},
          {f64({0.0012296158835897392, 0.09323903330473338, -0.4886144672642784, -0.019568545664785997,
                -0.0016206602281439364})});
  t.add("i1", [](auto& x) { return i1(x[0]); })
      .unary(away_from({0}, -4, 4))
      .integers(Integers::fraction)
      .example(
          "values", {f64({-30, -2, 0.5, 5, 25})},
          {f64({-768532038938.957, -1.590636854637329, 0.2578943053908963, 24.335642142450528, 5657865129.878701})},
          {f64({756054563192.679, 1.4842668750174028, 0.5476947599595309, 22.37274339511434, 5548246001.271162})});
  t.add("i1e", [](auto& x) { return i1e(x[0]); })
      .unary(away_from({0}, -4, 4))
      .integers(Integers::fraction)
      .example("values", {f64({-30, -2, 0.5, 5, 25})},
               {f64({-0.07191633059864755, -0.21526928924893765, 0.1564208031848717, 0.16397226694454237,
                     0.07857611331929278})},
               {f64({-0.0011675951363651794, -0.014395611319735449, 0.17577286089453498, -0.013225907724122476,
                     -0.0015223843046277745})});
  t.add("modified_bessel_k0", [](auto& x) { return modified_bessel_k0(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.01, 0.5, 5, 40})},
               {f64({4.721244730161095, 0.9244190712276659, 0.0036910983340425942, 8.392861100099567e-19})},
               {f64({-99.97389411829624, -1.656441120003301, -0.004044613445452165, -8.497131954861039e-19})});
  t.add("modified_bessel_k1", [](auto& x) { return modified_bessel_k1(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.01, 0.5, 5, 40})},
               {f64({99.97389411829624, 1.656441120003301, 0.004044613445452165, 8.497131954861039e-19})},
               {f64({-10002.110656559786, -4.237301311234267, -0.0045000210231330275, -8.605289398971093e-19})});
  t.add("scaled_modified_bessel_k0", [](auto& x) { return scaled_modified_bessel_k0(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.01, 0.5, 5, 40})},
               {f64({4.768694028544462, 1.5241093857739094, 0.547807564313519, 0.19755558495729816})},
               {f64({-96.20995442969559, -1.2069003224378763, -0.0524662944747936, -0.0024543822971353152})});
  t.add("scaled_modified_bessel_k1", [](auto& x) { return scaled_modified_bessel_k1(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.01, 0.5, 5, 40})},
               {f64({100.97864845824004, 2.731009708211786, 0.6002738587883126, 0.20000996725443349})},
               {f64({-10001.65489139431, -4.255119093985695, -0.06758847728286892, -0.0025458668842255217})});
  t.add("bessel_j0", [](auto& x) { return bessel_j0(x[0]); })
      .unary(uniform(-4, 4))
      .integers(Integers::fraction)
      .example("values", {f64({-3, 0.5, 5, 25})},
               {f64({-0.26005195490193345, 0.9384698072408129, -0.1775967713143383, 0.09626678327595811})},
               {f64({0.3390589585259365, -0.2422684576748739, 0.32757913759146523, 0.1253502495802899})});
  t.add("bessel_j1", [](auto& x) { return bessel_j1(x[0]); })
      .unary(uniform(-4, 4))
      .integers(Integers::fraction)
      .example("values", {f64({-3, 0.5, 5, 25})},
               {f64({-0.3390589585259365, 0.2422684576748739, -0.32757913759146523, -0.1253502495802899})},
               {f64({-0.37307160774391224, 0.4539328918910651, -0.11208094379604526, 0.10128079325916971})});
  t.add("bessel_y0", [](auto& x) { return bessel_y0(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.5, 5, 25})}, {f64({-0.44451873350670656, -0.30851762524903376, -0.12724943226800614})},
               {f64({1.471472392670243, -0.14786314339122683, 0.09882996478323741})});
  t.add("bessel_y1", [](auto& x) { return bessel_y1(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0.5, 5, 25})}, {f64({-1.471472392670243, 0.14786314339122683, -0.09882996478323741})},
               {f64({2.4984260518337797, -0.33809025392727915, -0.12329623367667664})});
  t.add("spherical_bessel_j0", [](auto& x) { return spherical_bessel_j0(x[0]); })
      .unary(uniform(-4, 4))
      .integers(Integers::fraction)
      .example("values", {f64({-3, 0.001, 5, 25})},
               {f64({0.04704000268662241, 0.9999998333333416, -0.1917848549326277, -0.005294070003910921})},
               {f64({0.34567749976235596, -0.0003333333000000012, 0.0950894080791708, 0.03985987527469538})});
}

void add_odds(Table& t) {
  t.add("entr", [](auto& x) { return entr(x[0]); })
      .unary(positive())
      .integers(Integers::fraction)
      .example("values", {f64({0, 1, 2, -1, NAN})}, {f64({0, 0, -2 * std::log(2.), -INFINITY, NAN})});
  t.add("logit", [](auto& x) { return logit(x[0]); })
      .unary(uniform(0.1, 0.9))
      .on({{{3, 4}, away_from({0.3, 0.7}, 0, 1)}}, [](auto& x) { return logit(x[0], 0.3); })
      .integers(Integers::fraction)
      .example("values", {f64({1e-09, 0.2, 0.5, 0.50000001, 0.99})},
               {f64({-20.72326583594641, -1.3862943611198906, 0, 4.000000020099038e-08, 4.595119850134589})},
               {f64({1000000000.9999999, 6.25, 4, 4.000000000000002, 101.01010101010093})})
      .example("ends", {f64({0, 1, -1, 2})}, {f64({-INFINITY, INFINITY, NAN, NAN})},
               {f64({INFINITY, INFINITY, NAN, NAN})});
  t.add("xlogy", [](auto& x) { return xlogy(x[0], x[1]); })
      .binary(uniform(-2, 2), positive())
      .on({{{3, 4}, positive()}}, [](auto& x) { return xlogy(x[0], 2.5); })
      .on({{{3, 4}, positive()}}, [](auto& x) { return xlogy(2, x[0]); })
      .reference([](double a, double b) { return a == 0 && !std::isnan(b) ? 0 : a * std::log(b); })
      .promoting()
      .integers(Integers::fraction)
      .example("zeros", {f64({0, 0, 1}), f64({0, 2, 1})}, {f64({0, 0, 0})},
               {f64({0, std::log(2.), 0}), f64({NAN, 0, 1})})
      .bad(Wrong::shape, "do not broadcast", [] { xlogy(leaf({2}), leaf({3})); });
  t.add("xlog1py", [](auto& x) { return xlog1py(x[0], x[1]); })
      .binary(uniform(-2, 2), positive())
      .on({{{3, 4}, positive()}}, [](auto& x) { return xlog1py(x[0], 2.5); })
      .on({{{3, 4}, positive()}}, [](auto& x) { return xlog1py(2, x[0]); })
      .reference([](double a, double b) { return a == 0 && !std::isnan(b) ? 0 : a * std::log1p(b); })
      .promoting()
      .integers(Integers::fraction)
      .bad(Wrong::shape, "do not broadcast", [] { xlog1py(leaf({2}), leaf({3})); });
}

}  // namespace

void add_special(Table& t) {
  add_errors(t);
  add_gamma(t);
  add_bessel(t);
  add_odds(t);
}

}  // namespace xgrad::test
