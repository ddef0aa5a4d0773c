// Bars, histograms, steps, error bars, heat maps, annotations, the second axis and several plots in one picture.
#include <xgrad/viz/plot.hpp>

#include "environment.hpp"
#include "picture_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using viz::Plot;

namespace {

struct Box {
  double x, y, width, height;
};
std::vector<Box> boxes(const std::string& svg, const std::string& fill) {
  std::vector<Box> all;
  for (auto at = svg.find("<rect x="); at != std::string::npos; at = svg.find("<rect x=", at + 1)) {
    const std::string tag = svg.substr(at, svg.find('>', at) - at);
    Box b{};
    if (has(tag, "fill=\"" + fill + "\"") &&
        std::sscanf(tag.c_str(), "<rect x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &b.x, &b.y, &b.width,
                    &b.height) == 4)
      all.push_back(b);
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plot_kinds)

BOOST_AUTO_TEST_CASE(bars_stand_on_the_axis) {
  const std::string svg =
      Plot().bar({"cat", "a < b", "dog"}, {1, 2, 4}, {.label = "n", .color = "#112233", .numbers = true}).svg();
  check_well_formed(svg);
  for (const char* text : {">cat<", ">a &lt; b<", ">dog<", ">4<", ">n<"}) BOOST_TEST(has(svg, text), text);
  const std::vector<Box> all = boxes(svg, "#112233");
  BOOST_REQUIRE(all.size() == 4u);  // the first one is in the legend
  BOOST_TEST(all[3].height / all[1].height == 4, boost::test_tools::tolerance(0.02));
  BOOST_TEST(all[1].y + all[1].height == all[3].y + all[3].height, boost::test_tools::tolerance(1e-3));
  const std::string stacked = Plot()
                                  .bar({0, 1}, {1, -1}, {.color = "#112233"})
                                  .bar({0, 1}, {1, 1}, {.color = "#445566", .bottom = {1, 0}})
                                  .svg();
  const Box low = boxes(stacked, "#112233").at(0), high = boxes(stacked, "#445566").at(0);
  BOOST_TEST(high.y + high.height == low.y, boost::test_tools::tolerance(1e-2));
  check_well_formed(Plot({.y_scale = viz::Scale::log}).bar({1, 2, 3}, {10, 0, kNan}).svg());
}

BOOST_AUTO_TEST_CASE(histograms_count) {
  const std::vector<double> v{0, 0.1, 0.2, 0.9, 1, kNan, kInf};
  const std::string svg = Plot().hist(v, {.color = "#112233", .bins = 2}).svg();
  const std::vector<Box> all = boxes(svg, "#112233");
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST(all[0].height / all[1].height == 1.5, boost::test_tools::tolerance(0.02));
  for (const auto& some : {std::vector<double>{}, {3, 3, 3}, {kNan}}) check_well_formed(Plot().hist(some).svg());
  expect<ValueError>({"hist", "0 bins", "test_plot_kinds.cpp"}, [&] { Plot().hist(v, {.bins = 0}); });
}

BOOST_AUTO_TEST_CASE(steps_and_error_bars) {
  const auto points = [](viz::StepWhere where) {
    const std::string svg = Plot().step({0, 2}, {0, 1}, {.color = "#112233"}, where).svg();
    return loops(attribute(svg, "#112233", "d")).at(0);
  };
  const auto pre = points(viz::StepWhere::pre), post = points(viz::StepWhere::post);
  BOOST_REQUIRE((pre.size() >= 3u && post.size() >= 3u));
  BOOST_TEST(pre[0].first == pre[1].first);      // up at once
  BOOST_TEST(post[0].second == post[1].second);  // up at the end
  const std::string svg = Plot().errorbar({1, 2}, {1, 2}, {0.5, 0}, {.label = "runs", .color = "#112233"}).svg();
  check_well_formed(svg);
  BOOST_TEST(count(svg, "stroke=\"#112233\"") >= 2u);
  expect<ValueError>({"errorbar", "-1"}, [] { Plot().errorbar({1}, {1}, {-1}); });
  expect<ShapeError>({"yerr"}, [] { Plot().errorbar({1}, {1}, {1, 2}); });
}

BOOST_AUTO_TEST_CASE(heat_maps) {
  const Tensor z = tensor({{0., 5.}, {10., kNan}});
  const std::string svg = Plot()
                              .imshow(z, {.cmap = viz::Colormap::Blues, .colorbar_label = "count", .numbers = true})
                              .xticks({0, 1}, {"no", "yes"})
                              .yticks({0, 1}, {"no", "yes"})
                              .svg();
  check_well_formed(svg);
  for (const char* text : {">0<", ">5<", ">10<", ">NaN<", ">yes<", ">count<"}) BOOST_TEST(has(svg, text), text);
  const Box first = boxes(svg, "#F7FBFF").at(0), third = boxes(svg, "#08306B").at(0);
  BOOST_TEST(first.y < third.y);  // row 0 is the upper one
  BOOST_TEST(boxes(svg, "#B3001B").size() == 1u);
  const std::string many = Plot().imshow(rand({300, 200})).svg();
  check_well_formed(many);
  BOOST_TEST(pngs(many).size() == 1u);
  const Tensor map = rand({45, 45});
  const std::string image = Plot().imshow(map).svg();
  BOOST_TEST(pngs(image).size() == 1u);
  BOOST_TEST(image.size() < 30000u);
  BOOST_TEST(pngs(Plot().imshow(map, {.numbers = true}).svg()).empty());  // cells with their numbers
  BOOST_TEST(boxes(Plot().imshow(tensor({{0., 1.}, {1., 0.}}), {.colorbar = false}).svg(), "#440154").size() == 2u);
  for (const auto map : {viz::Colormap::viridis, viz::Colormap::gray, viz::Colormap::PRGn})
    check_well_formed(Plot().imshow(randn({3, 4}), {.cmap = map}).svg());
  expect<ShapeError>({"imshow", "two dimensions"}, [] { Plot().imshow(zeros({3})); });
  expect<ValueError>({"vmin nan"}, [] { Plot().imshow(zeros({2, 2}), {.vmin = std::nan("")}); });
  check_well_formed(Plot().hist({-1.7e308, 1.7e308, 0}).svg());  // further apart than the last double
  expect<ValueError>({"vmin 2"}, [] { Plot().imshow(zeros({2, 2}), {.vmin = 2, .vmax = 1}); });
}

// Where a text begins.
double x_of(const std::string& svg, const std::string& text) {
  const auto end = svg.find(text);
  BOOST_REQUIRE(end != std::string::npos);
  return std::stod(svg.substr(svg.rfind("<text x=\"", end) + 9));
}

BOOST_AUTO_TEST_CASE(annotations_end_labels_and_the_second_axis) {
  Plot p({.y_scale = viz::Scale::log, .right_label = "rate"});
  p.line({0, 1, 2}, {1, 10, 100}, {.label = "loss & more", .end_label = true});
  p.line({0, 1, 2}, {1, 10, 99}, {.label = "other", .end_label = true});
  p.line({0, 1, 2}, {-0.1, -0.2, -0.3}, {.label = "lr", .right = true});
  p.annotate("the <best>", 1, 10);
  const std::string svg = p.svg();
  check_well_formed(svg);
  for (const char* text : {">loss &amp; more<", ">other<", ">lr<", ">rate<", ">the &lt;best&gt;<", ">−0.20<"})
    BOOST_TEST(count(svg, text) == 1u, text);
  BOOST_TEST(has(svg, "class=\"minor\""));
  const auto minor = svg.find("class=\"minor\"");
  BOOST_TEST(count(svg, "class=\"minor\"") == 1u);
  BOOST_TEST(
      !has(svg.substr(svg.rfind("<path", minor), minor - svg.rfind("<path", minor)), "h-3"));  // at the left only
  const std::string logs =
      Plot({.right_scale = viz::Scale::log}).line({0, 1}, {1, 50}, {.right = true}).line({0, 1}, {0, 1}).svg();
  BOOST_TEST((has(logs, "h-3\" class=\"minor\"") && !has(logs, "h3M")));
  BOOST_TEST(x_of(svg, ">loss &amp; more<") < x_of(svg, ">−0.20<"));  // inside the frame, by its own axis
  BOOST_TEST(!has(svg, "left-out"));                                  // below 0 is no matter on the other axis
  BOOST_TEST(!has(Plot().line({0, 1}, {1, 2}).svg(), "class=\"minor\""));
  expect<ShapeError>({"labels"}, [] { Plot().xticks({0, 1}, {"one"}); });
  expect<ValueError>({"annotate"}, [] { Plot().annotate("x", kNan, 0); });
}

BOOST_AUTO_TEST_CASE(several_plots) {
  const Plot a = Plot({.title = "a", .width = 300, .height = 200}).line({0, 1}, {0, 1});
  const std::string svg = viz::subplots_svg({{a, a}, {a}}, {.title = "all", .gap = 10});
  check_well_formed(svg);
  BOOST_TEST(has(svg, "viewBox=\"0 0 610 440\""));
  for (const char* part : {"id=\"area-1\"", "url(#area-3)", "x=\"310\" y=\"30\"", ">all<"})
    BOOST_TEST(has(svg, part), part);
  BOOST_TEST(!has(svg, "\"area\""));
  expect<ShapeError>({"there is no plot"}, [] { viz::subplots_svg({{}}); });
  expect<ValueError>({"must end in"}, [&] { viz::subplots({{a}}, "x.txt"); });
}

BOOST_AUTO_TEST_SUITE_END()
