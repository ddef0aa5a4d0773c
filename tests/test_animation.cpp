// Frames of plots as one picture that moves.
#include <xgrad/viz/animation.hpp>

#include "environment.hpp"
#include "picture_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using viz::Plot;

namespace {

using Frames = std::vector<std::vector<std::vector<Plot>>>;

Plot part(int points, const std::string& title = "path") {
  Plot plot({.title = title, .x_range = viz::Range{0, 4}, .y_range = viz::Range{0, 16}});
  std::vector<double> x, y;
  for (int i = 0; i < points; ++i) x.push_back(i), y.push_back(i * i);
  plot.points({2}, {8}, {.label = "goal", .color = "#445566", .marker = viz::Marker::star});
  return plot.line(x, y, {.label = "way", .color = "#112233"});
}
Frames growing() {
  Frames frames;
  for (const int n : {2, 3, 3, 5}) frames.push_back({{part(n), part(2)}});
  return frames;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(animation)

BOOST_AUTO_TEST_CASE(what_stays_is_there_once) {
  const std::string still = viz::subplots_svg({{part(5), part(2)}}, {.title = "title"}),
                    svg = viz::animation_svg(growing(), {.title = "title", .seconds = 4, .hold = 1});
  check_well_formed(svg);
  for (const char* once : {">title</text>", "<clipPath id=\"area-1\"", "<clipPath id=\"area-2\"", "goal", "way"})
    BOOST_TEST(count(svg, once) == count(still, once), once);
  BOOST_TEST(count(svg, "<g class=\"f") == 3u);  // frames 1 and 2 are equal
  BOOST_TEST(count(svg, "visibility=\"hidden\"") == 2u);
  BOOST_TEST(has(svg, "<g class=\"f3-4\">"));  // the last one is what is seen without CSS
  BOOST_TEST(count(svg, "stroke=\"#112233\"") == count(still, "stroke=\"#112233\"") + 2);
}

BOOST_AUTO_TEST_CASE(each_frame_has_its_time) {
  const std::string svg = viz::animation_svg(growing(), {.seconds = 4, .hold = 1});
  BOOST_TEST(has(svg, "@keyframes f0-1 { 0% { visibility: visible } 25%, 100% { visibility: hidden } }"));
  BOOST_TEST(has(svg,
                 "@keyframes f1-3 { 0% { visibility: hidden } 25% { visibility: visible } "
                 "75%, 100% { visibility: hidden } }"));
  BOOST_TEST(has(svg,
                 "@keyframes f3-4 { 0% { visibility: hidden } 75% { visibility: visible } "
                 "100% { visibility: visible } }"));
  BOOST_TEST(has(svg, ".f1-3 { animation: f1-3 4s step-end infinite }"));
  BOOST_TEST(has(svg, "@media (prefers-reduced-motion: no-preference)"));
  BOOST_TEST(has(viz::animation_svg(growing(), {.repeat = false}), "step-end forwards }"));
}

BOOST_AUTO_TEST_CASE(one_frame_is_a_still) {
  const std::string svg = viz::animation_svg({{{part(5)}}});
  check_well_formed(svg);
  BOOST_TEST(!has(svg, "visibility"));
}

// Axes that move take their clipping area along.
BOOST_AUTO_TEST_CASE(frames_that_have_little_in_common) {
  const auto far = [](double scale) { return Plot().line({0, 1}, {0, scale}, {.color = "#112233"}); };
  const std::string svg = viz::animation_svg({{{far(1)}}, {{far(100000)}}});
  check_well_formed(svg);
  for (const char* name : {"f0-1-area", "f1-2-area"}) {
    BOOST_TEST(count(svg, std::string("id=\"") + name) == 1u, name);
    BOOST_TEST(has(svg, std::string("url(#") + name), name);
  }
  // Another number of plots in the same room.
  const Plot wide({.width = 208}), narrow({.width = 100});
  const std::string other = viz::animation_svg({{{wide}}, {{narrow, narrow}}});
  check_well_formed(other);
  BOOST_TEST(count(other, "<g class=\"f") == 2u);
}

BOOST_AUTO_TEST_CASE(mistakes) {
  expect<ShapeError>({"viz::animation", "no frame", "test_animation.cpp"}, [] { viz::animation_svg({}); });
  expect<ShapeError>({"there is no plot"}, [] { viz::animation_svg({{{}}}); });
  expect<ShapeError>({"different sizes"}, [] { viz::animation_svg({{{part(2)}}, {{part(2), part(2)}}}); });
  for (const double seconds : {0., -1., 4000., kNan, kInf})
    expect<ValueError>({"seconds"}, [&] { viz::animation_svg(growing(), {.seconds = seconds}); });
  for (const double hold : {-1., 6., kNan})
    expect<ValueError>({"hold"}, [&] { viz::animation_svg(growing(), {.hold = hold}); });
  expect<ValueError>({"must end in"}, [] { viz::animation(growing(), "x.gif"); });
}

BOOST_AUTO_TEST_SUITE_END()
