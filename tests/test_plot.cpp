// Plots, contour maps and grids of images: well-formed text, the right places and colours, files, and bad arguments.
#include <xgrad/viz/image_grid.hpp>
#include <xgrad/viz/plot.hpp>

#include "environment.hpp"
#include "picture_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using viz::Plot;

namespace {

// The area of z < level as a share of the map, and its pieces.
struct Sublevel {
  double share = 0;
  std::size_t pieces = 0;
};
Sublevel sublevel(Tensor (*f)(const Tensor& x, const Tensor& y), double level, std::int64_t n = 41) {
  const Tensor axis = linspace(-1, 1, n, {kFloat64});
  const std::string svg = Plot({.width = 1000, .height = 1000})
                              .contours(axis, axis, f(axis.unsqueeze(0), axis.unsqueeze(1)), {level})
                              .svg();
  check_well_formed(svg);
  const std::string d = attribute(svg, "evenodd", "d");
  if (d.empty()) return {};
  const double width = std::stod(attribute(svg, "fill=\"none\" stroke=\"#9AA3AD\"", "width")),
               height = std::stod(attribute(svg, "fill=\"none\" stroke=\"#9AA3AD\"", "height"));
  return {area(loops(d)) / (width * height), loops(d).size()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plot)

BOOST_AUTO_TEST_CASE(lines_points_bands_and_rules) {
  Plot p({.title = "a < b & \"c\"", .x_label = "x", .y_label = "y"});
  p.band({0, 1, 2}, {0, 0, 0}, {1, 2, 1}, {.label = "band"}).line({0, 1, 2}, {0, 1, 4}, {.label = "one"});
  p.line(arange(3), tensor({1., 2., 3.}),
         {.label = "two",
          .dashed = true,
          .opacity = 0.5,
          .marker = viz::Marker::square,
          .marker_every = 2,
          .casing = true});
  for (const auto m :
       {viz::Marker::circle, viz::Marker::triangle, viz::Marker::diamond, viz::Marker::cross, viz::Marker::star})
    p.points({1}, {1}, {.marker = m});
  p.vertical(1, "here").horizontal(2, "there");
  const std::string svg = p.svg();
  check_well_formed(svg);
  BOOST_TEST(has(svg, "a &lt; b &amp; &quot;c&quot;"));
  for (const char* text : {">band<", ">one<", ">two<", ">here<", ">there<", ">x<", ">y<"})
    BOOST_TEST(count(svg, text) == 1u, text);
  BOOST_TEST(has(svg, "stroke=\"#D55E00\""));  // the second colour of the palette, after the band
  BOOST_TEST(has(svg, "stroke-dasharray=\"6 4\""));
  BOOST_TEST(svg == p.svg());
}

BOOST_AUTO_TEST_CASE(epochs_have_no_halves) {
  const auto svg = [](std::vector<double> x) { return Plot().line(x, {0.123, 0.456}).svg(); };
  for (const char* tick : {">1.2<", ">1.5<", ">2.0<"}) {
    BOOST_TEST(!has(svg({1, 2}), tick), tick);
  }
  BOOST_TEST((has(svg({1, 2}), ">1<") && has(svg({1, 2}), ">2<")));
  BOOST_TEST((has(svg({1, 2.25}), ">1.2<") && has(svg({1, 2.25}), ">2.0<")));
}

BOOST_AUTO_TEST_CASE(labels_of_rules_keep_off_the_lines) {
  const auto x_of = [](const std::string& svg, const std::string& label) {
    const std::size_t end = svg.find(">" + label), start = svg.rfind("<text x=\"", end) + 9;
    BOOST_REQUIRE(end != std::string::npos);
    return std::stod(svg.substr(start, svg.find('"', start) - start));
  };
  const auto plot = [](std::vector<double> x) {
    viz::Plot p({.width = 640, .x_range = viz::Range{0, 10}, .y_range = viz::Range{0, 10}});
    p.line(x, {5.3, 5.3}).horizontal(5, "level");
    return p.svg();
  };
  BOOST_TEST(x_of(plot({0, 4}), "level") > 500);   // right, where it stands when nothing is in the way
  BOOST_TEST(x_of(plot({6, 10}), "level") < 100);  // left of the line
}

BOOST_AUTO_TEST_CASE(numbers_land_where_they_belong) {
  const std::string svg = Plot({.width = 400, .height = 300, .x_range = viz::Range{0, 10}, .y_range = viz::Range{0, 1}})
                              .line({0, 5, 10}, {0, 0.5, 1}, {.color = "#123456"})
                              .svg();
  const auto l = loops(attribute(svg, "#123456", "d"));
  BOOST_REQUIRE((l.size() == 1 && l[0].size() == 3));
  const std::string frame = "fill=\"none\" stroke=\"#9AA3AD\"";
  const double x = std::stod(attribute(svg, frame, "x")), y = std::stod(attribute(svg, frame, "y"));
  const double w = std::stod(attribute(svg, frame, "width")), h = std::stod(attribute(svg, frame, "height"));
  BOOST_TEST(std::fabs(l[0][0].first - x) + std::fabs(l[0][0].second - (y + h)) < 0.3);
  BOOST_TEST(std::fabs(l[0][1].first - (x + w / 2)) + std::fabs(l[0][1].second - (y + h / 2)) < 0.3);
  BOOST_TEST(std::fabs(l[0][2].first - (x + w)) + std::fabs(l[0][2].second - y) < 0.3);
  for (const char* tick : {">0<", ">10<", ">0.2<"}) BOOST_TEST(has(svg, tick), tick);
}

BOOST_AUTO_TEST_CASE(log_scales) {
  Plot p({.y_scale = viz::Scale::log});
  const std::string svg = p.line({0, 1, 2, 3}, {1e-5, 0, -1, 1e7}, {.color = "#123456"}).svg();
  check_well_formed(svg);
  BOOST_TEST(count(attribute(svg, "#123456", "d"), "M") == 2u);  // a gap where there is no logarithm
  BOOST_TEST(has(svg, ">0.001<"));
  BOOST_TEST(has(svg, ">10⁶<"));
  const std::string narrow = Plot({.x_scale = viz::Scale::log}).line({2, 3, 4}, {1, 2, 3}).svg();
  check_well_formed(narrow);
  BOOST_TEST(has(narrow, ">3.0<"));
}

BOOST_AUTO_TEST_CASE(gaps_empty_and_extreme_values) {
  const std::string svg = Plot()
                              .line({0, 1, 2, 3, 4}, {0, 1, kNan, 1, kInf}, {.color = "#123456"})
                              .band({0, 1, 2}, {0, kNan, 0}, {1, 1, 1})
                              .points({kNan}, {1})
                              .svg();
  check_well_formed(svg);
  BOOST_TEST(count(attribute(svg, "#123456", "d"), "M") == 2u);
  check_well_formed(Plot().svg());
  check_well_formed(Plot().line({}, {}).svg());
  check_well_formed(Plot().line({1}, {5}).svg());
  check_well_formed(Plot().line({0, 1}, {0, 0}).svg());
  check_well_formed(Plot().line({0, 1}, {1e300, -1e300}).svg());
  check_well_formed(Plot().line({0, 1}, {1e-300, 2e-300}).svg());
  check_well_formed(Plot({.y_range = viz::Range{0, 1}}).line({0, 1}, {0, 1e30}).svg());
  check_well_formed(Plot({.y_scale = viz::Scale::log}).line({0, 1}, {-1, -2}).svg());
  check_well_formed(Plot().line(zeros({0}), zeros({0}, {kInt64})).vertical(3).svg());
}

BOOST_AUTO_TEST_CASE(no_plot_is_blank_without_a_word) {
  const auto note = [](const Plot& p) {
    const std::string svg = p.svg();
    check_well_formed(svg);
    const auto at = svg.find("class=\"left-out\">");
    return at == std::string::npos ? "" : svg.substr(at + 17, svg.find('<', at) - at - 17);
  };
  const std::vector<double> x{1, 2, 3}, none{kNan, kInf, -kInf}, zeros{0, 0, -1};
  const viz::PlotOptions log_x{.x_scale = viz::Scale::log}, log_y{.y_scale = viz::Scale::log},
      high{.y_range = viz::Range{5, 6}};
  BOOST_TEST(note(Plot().line(x, none)) == "Not shown: 3 points not finite");
  BOOST_TEST(note(Plot().points(x, {1, kNan, 3})) == "Not shown: 1 point not finite");
  BOOST_TEST(note(Plot(log_y).line(x, zeros)) == "Not shown: 3 points not above 0, on a log axis");
  BOOST_TEST(note(Plot(log_x).line(zeros, x)) == "Not shown: 3 points not above 0, on a log axis");
  BOOST_TEST(note(Plot(high).line(x, x)) == "Not shown: 3 points outside the range of the axes");
  BOOST_TEST(note(Plot(high).points(x, {1, 9, 1})) == "Not shown: 3 points outside the range of the axes");
  BOOST_TEST(note(Plot(high).band(x, x, x).line(x, none)) ==
             "Not shown: 3 points not finite, 3 points outside the range of the axes");
  BOOST_TEST(note(Plot().line({}, {})) == "Not shown: series without points");
  BOOST_TEST(note(Plot().line(x, x)) == "");
  BOOST_TEST(note(Plot(high).line(x, {1, 9, 1})) == "");  // crosses the picture
  BOOST_TEST(note(Plot(log_y).band(x, zeros, x)) == "");  // its edge is that of the axis
}

BOOST_AUTO_TEST_CASE(points_without_neighbours_are_dots) {
  const std::string one = Plot().line({1}, {2}, {.color = "#123456"}).svg(),
                    gaps = Plot().line({1, 2, 3, 4, 5}, {1, kNan, 3, kNan, 5}, {.color = "#123456"}).svg();
  for (const std::string* svg : {&one, &gaps}) {
    const auto dots = svg->find("stroke=\"#123456\" stroke-width=\"4\"");
    BOOST_REQUIRE(dots != std::string::npos);
    const std::string tag = svg->substr(svg->rfind("<path", dots), dots - svg->rfind("<path", dots));
    BOOST_TEST(count(tag, "h0") == (svg == &one ? 1u : 3u));
    BOOST_TEST(has(tag, "stroke-linecap=\"round\""));
  }
  BOOST_TEST(!has(Plot().line({1, 2}, {1, 2}).svg(), "stroke-width=\"4\""));
}

BOOST_AUTO_TEST_CASE(a_band_ends_at_the_end_of_a_log_axis) {
  const auto outline = [](const std::vector<double>& low) {
    const viz::PlotOptions log_y{.y_scale = viz::Scale::log, .y_range = viz::Range{0.1, 10}};
    return attribute(Plot(log_y).band({1, 2, 3}, low, {2, 2, 2}, {.color = "#123456"}).svg(), "fill=\"#123456\"", "d");
  };
  BOOST_TEST(outline({1, 0, 1}) == outline({1, 0.1, 1}));
  BOOST_TEST(outline({1, -5, 1}) == outline({1, 0.1, 1}));
  BOOST_TEST(outline({1, kNan, 1}) != outline({1, 0.1, 1}));
}

BOOST_AUTO_TEST_CASE(series_of_any_numbers) {
  const std::vector<float> floats{1, 2, 3};
  const std::vector<int> whole{1, 2, 3};
  const std::array<std::int64_t, 3> fixed{1, 2, 3};
  const std::string svg = Plot().line({1, 2, 3}, {1, 2, 3}).svg();
  BOOST_TEST(Plot().line(floats, floats).svg() == svg);
  BOOST_TEST(Plot().line(whole, fixed).svg() == svg);
  BOOST_TEST(Plot().line(std::vector<bool>{true}, std::vector<long>{1}).svg() == Plot().line({1}, {1}).svg());
}

BOOST_AUTO_TEST_CASE(contours_enclose_what_lies_below) {
  const auto disc = sublevel([](const Tensor& x, const Tensor& y) { return square(x) + square(y); }, 0.25);
  BOOST_TEST(disc.pieces == 1u);
  BOOST_TEST(std::fabs(disc.share - 3.14159265 * 0.25 / 4) < 2e-3);
  const auto ring =
      sublevel([](const Tensor& x, const Tensor& y) { return abs(square(x) + square(y) - 0.4); }, 0.2, 201);
  BOOST_TEST(ring.pieces == 2u);
  BOOST_TEST(std::fabs(ring.share - 3.14159265 * 0.4 / 4) < 2e-3);
  const auto half = sublevel([](const Tensor& x, const Tensor& y) { return x + 0 * y; }, 0);  // up to the rim
  BOOST_TEST(half.pieces == 1u);
  BOOST_TEST(std::fabs(half.share - 0.5) < 1e-3);
  const auto quarters = sublevel([](const Tensor& x, const Tensor& y) { return x * y; }, 0.0, 40);
  BOOST_TEST(std::fabs(quarters.share - 0.5) < 1e-3);
  const auto all = sublevel([](const Tensor& x, const Tensor& y) { return x * y; }, 5);
  BOOST_TEST((all.pieces == 1u && std::fabs(all.share - 1) < 1e-3));
  BOOST_TEST(sublevel([](const Tensor& x, const Tensor& y) { return x * y; }, -5).pieces == 0u);
  // Where there is no logarithm there is no value: outside.
  const auto hole = sublevel([](const Tensor& x, const Tensor& y) { return log(x) + 0 * y; }, 5);
  BOOST_TEST((hole.pieces == 1u && std::fabs(hole.share - 0.5) < 0.05));
}

BOOST_AUTO_TEST_CASE(bad_arguments) {
  Plot p;
  const auto message = expect<ShapeError>({"viz::Plot", "x has 2 values, y has 3", "test_plot.cpp"}, [&] {
    p.line({1, 2}, {1, 2, 3});
  });
  expect<ShapeError>({"low has 1"}, [&] { p.band({1, 2}, {1}, {1, 2}); });
  expect<ShapeError>({"high has 1"}, [&] { p.band({1, 2}, {1, 2}, {1}); });
  expect<ShapeError>({"x has 1 values, y has 0"}, [&] { p.points({1}, {}); });
  expect<ValueError>({"'red' is not a colour", "#0072B2"}, [&] { p.line({1}, {1}, {.color = "red"}); });
  expect<ValueError>({"marker_every is 0"}, [&] { p.line({1}, {1}, {.marker_every = 0}); });
  expect<ValueError>({"opacity 2"}, [&] { p.points({1}, {1}, {.opacity = 2}); });
  expect<ValueError>({"opacity"}, [&] { p.band({1}, {1}, {1}, {.opacity = kNan}); });
  for (const double width : {0., -1., 500., kNan, kInf}) {
    expect<ValueError>({"viz::Plot", "width", "100 pixels"}, [&] { p.line({1}, {1}, {.width = width}); });
    expect<ValueError>({"viz::Plot", "size", "100 pixels"}, [&] { p.points({1}, {1}, {.size = width}); });
  }
  expect<ValueError>({"vertical", "not finite"}, [&] { p.vertical(kInf); });
  expect<ValueError>({"horizontal", "not finite"}, [&] { p.horizontal(kNan); });
  expect<ShapeError>({"contours", "z must be (2, 3)", "(3, 2)"}, [&] {
    p.contours({0, 1, 2}, {0, 1}, zeros({3, 2}), {1});
  });
  expect<ValueError>({"x must hold at least 2"}, [&] { p.contours({0}, {0, 1}, zeros({2, 1}), {1}); });
  expect<ValueError>({"y must hold", "increasing"}, [&] { p.contours({0, 1}, {1, 1}, zeros({2, 2}), {1}); });
  expect<ValueError>({"levels"}, [&] { p.contours({0, 1}, {0, 1}, zeros({2, 2}), Tensor(zeros({0}))); });
  expect<ValueError>({"undefined"}, [&] { p.contours({0, 1}, {0, 1}, Tensor(), {1}); });
  expect<ValueError>({"size 50 x 420"}, [] { Plot q({.width = 50}); });
  expect<ValueError>({"x_range", "the first one smaller"}, [] { Plot q({.x_range = viz::Range{1, 1}}); });
  expect<ValueError>({"y_range", "log scale"}, [] {
    Plot q({.y_scale = viz::Scale::log, .y_range = viz::Range{0, 1}});
  });
  for (const int side : {INT_MAX, 30001, INT_MIN}) {
    expect<ValueError>({"from 100 to 30000 pixels"}, [&] { Plot q({.width = side}); });
    expect<ValueError>({"from 100 to 30000 pixels"}, [&] { Plot q({.height = side}); });
  }
  for (const viz::Range r : {viz::Range{1, 1 + 2.3e-16}, viz::Range{1e300, 1e300 * (1 + 1e-15)}, viz::Range{0, 5e-324},
                             viz::Range{-1.7e308, 1.7e308}})
    expect<ValueError>({"x_range", "too narrow or too wide"}, [&] { Plot q({.x_range = r}); });
  expect<ValueError>({"y_range", "too narrow"}, [] {
    Plot q({.y_scale = viz::Scale::log, .y_range = viz::Range{1, 1 + 2.3e-16}});
  });
  BOOST_TEST(count(p.svg(), "<path") == count(Plot().svg(), "<path"));  // nothing was added
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(image_grid)

BOOST_AUTO_TEST_CASE(pixels_and_colours) {
  const Tensor ramp = tensor({{{0., 1.}, {0.5, kNan}}});  // (1, 2, 2)
  const std::string svg = viz::image_grid_svg({ramp}, {.tile = 20});
  check_well_formed(svg);
  const auto images = pngs(svg);
  BOOST_REQUIRE(images.size() == 1u);
  const Png& p = images[0];
  BOOST_TEST((p.width == p.height && p.width % 2 == 0 && p.width >= 20));
  const std::uint32_t a = p.width / 4, b = 3 * p.width / 4;
  BOOST_TEST((p.pixel(a, a) == std::array{255, 255, 255}));  // ink: 0 is white
  BOOST_TEST((p.pixel(b, a) == std::array{0, 0, 0}));
  BOOST_TEST((p.pixel(a, b) == std::array{128, 128, 128}));
  BOOST_TEST((p.pixel(b, b) == std::array{0xB3, 0x00, 0x1B}));  // not a number
  const auto gray = pngs(viz::image_grid_svg({ramp}, {.colors = viz::Colors::gray}));
  BOOST_TEST((gray[0].pixel(0, 0) == std::array{0, 0, 0}));
  const auto diverging = pngs(viz::image_grid_svg({tensor({{{-1., 0., 1.}}})}));
  const Png& d = diverging.at(0);
  BOOST_TEST((d.pixel(0, 0) == std::array{0x76, 0x2A, 0x83}));
  BOOST_TEST((d.pixel(d.width / 2, 0) == std::array{0xF7, 0xF7, 0xF7}));
  BOOST_TEST((d.pixel(d.width - 1, 0) == std::array{0x1B, 0x78, 0x37}));
  const Tensor red = cat({ones({1, 1, 2, 2}), zeros({1, 2, 2, 2})}, 1);
  BOOST_TEST((pngs(viz::image_grid_svg({red})).at(0).pixel(0, 0) == std::array{255, 0, 0}));
}

BOOST_AUTO_TEST_CASE(ranges) {
  const Tensor two = cat({full({1, 1, 1, 2}, 0.5), tensor({0., 1.}).reshape({1, 1, 1, 2})});
  BOOST_TEST((pngs(viz::image_grid_svg({two})).at(0).pixel(0, 0) == std::array{128, 128, 128}));
  const auto fixed = pngs(viz::image_grid_svg({two}, {.range = viz::Range{0, 0.5}}));
  BOOST_TEST((fixed.at(0).pixel(0, 0) == std::array{0, 0, 0}));
  const Tensor apart = tensor({{{0., 1.}}, {{0., 10.}}});  // two images
  const auto own = pngs(viz::image_grid_svg({apart}, {.shared_range = false}));
  BOOST_TEST((own.at(0).pixel(own[0].width - 1, 0) == std::array{0, 0, 0}));
  BOOST_TEST((own.at(1).pixel(own[1].width - 1, 0) == std::array{0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(one_value_all_over_is_not_nothing) {
  const auto first = [](const Tensor& t, const viz::ImageGridOptions& o = {}) {
    return pngs(viz::image_grid_svg({t}, o)).at(0).pixel(0, 0);
  };
  BOOST_TEST((first(full({1, 2, 2}, 3.)) == std::array{0, 0, 0}));
  BOOST_TEST((first(full({1, 2, 2}, 3.), {.shared_range = false}) == std::array{0, 0, 0}));
  BOOST_TEST((first(full({1, 2, 2}, 3.), {.colors = viz::Colors::gray}) == std::array{255, 255, 255}));
  BOOST_TEST((first(full({1, 2, 2}, -3.)) == std::array{0x76, 0x2A, 0x83}));
  BOOST_TEST((first(zeros({1, 2, 2})) == std::array{255, 255, 255}));
}

BOOST_AUTO_TEST_CASE(rows_labels_and_captions) {
  const TempDir dir;
  const std::string path = dir / "grid.svg";
  BOOST_TEST(viz::image_grid(
                 {rand({3, 4, 6}), rand({2, 1, 4, 6})}, path,
                 {.title = "t<", .row_labels = {"first", "second"}, .captions = {"0", "1", "2", "3", "4"}}) == path);
  const std::string svg = read_file(path);
  check_well_formed(svg);
  BOOST_TEST(count(svg, "<image") == 5u);
  for (const char* text : {">first<", ">second<", ">4<", "t&lt;"}) BOOST_TEST(has(svg, text), text);
  viz::image_grid(rand({7, 1, 8, 8}), path, {.columns = 3});
  BOOST_TEST(count(read_file(path), "<image") == 7u);
  viz::image_grid(rand({5, 3, 8, 8}).transpose(2, 3), path);  // not contiguous, nearly a square
  BOOST_TEST(count(read_file(path), "<image") == 5u);
}

BOOST_AUTO_TEST_CASE(bad_arguments) {
  const auto draw = [](const Tensor& t, const viz::ImageGridOptions& o = {}) { return viz::image_grid_svg({t}, o); };
  expect<ShapeError>({"viz::image_grid", "(N, H, W)", "(2, 2)", "test_plot.cpp"}, [&] {
    viz::image_grid_svg({ones({2, 2})});
  });
  expect<ShapeError>({"(N, 3, H, W)", "(2, 4, 5, 5)"}, [&] { draw(ones({2, 4, 5, 5})); });
  expect<ShapeError>({"(4, 8, 8, 3)", "permute({0, 3, 1, 2})"}, [] { viz::image_grid(ones({4, 8, 8, 3}), "x.svg"); });
  expect<ShapeError>({"(4, 8)", "(N, H, W)"}, [] { viz::image_grid(ones({4, 8}), "x.svg"); });
  expect<ShapeError>({"no pixels"}, [&] { draw(ones({0, 1, 5, 5})); });
  expect<ShapeError>({"no images"}, [] { viz::image_grid_svg({}); });
  expect<ValueError>({"undefined"}, [&] { draw(Tensor()); });
  expect<ValueError>({"must not be negative"}, [&] { draw(ones({1, 2, 2}), {.gap = -1}); });
  expect<ValueError>({"at most 30000 pixels"}, [&] { draw(ones({1, 2, 2}), {.tile = INT_MAX}); });
  expect<ValueError>({"at most 30000 pixels"}, [&] { draw(ones({1, 2, 2}), {.gap = INT_MAX}); });
  expect<ValueError>({"too wide"}, [&] { draw(ones({1, 2, 2}), {.range = viz::Range{-1.7e308, 1.7e308}}); });
  expect<ValueError>({"range from 1 to 0"}, [&] { draw(ones({1, 2, 2}), {.range = viz::Range{1, 0}}); });
  expect<ShapeError>({"2 row labels for 1 rows"}, [&] { draw(ones({1, 2, 2}), {.row_labels = {"a", "b"}}); });
  expect<ShapeError>({"2 captions for 1 images"}, [&] { draw(ones({1, 2, 2}), {.captions = {"a", "b"}}); });
  expect<ValueError>({"'x.gif'", ".svg, .png or .pdf"}, [] { viz::image_grid(ones({1, 2, 2}), "x.gif"); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(picture_files)

BOOST_AUTO_TEST_CASE(all_formats) {
  const TempDir dir;
  const Plot p = Plot({.title = "t"}).line({0, 1}, {0, 1});
  BOOST_TEST(p.save(dir / "p.svg") == dir / "p.svg");
  BOOST_TEST(read_file(dir / "p.svg") == p.svg());
  if (!have_rsvg()) return;
  BOOST_TEST(p.save(dir / "p.png") == dir / "p.png");
  BOOST_TEST(read_file(dir / "p.png").starts_with("\x89PNG"));
  BOOST_TEST(p.save(dir / "p.pdf") == dir / "p.pdf");
  BOOST_TEST(read_file(dir / "p.pdf").starts_with("%PDF"));
  BOOST_TEST(viz::image_grid(rand({2, 4, 4}), dir / "g.png") == dir / "g.png");
}

BOOST_AUTO_TEST_CASE(unknown_suffix_and_unwritable_path) {
  const Plot p;
  for (const char* path : {"p.gif", "p", "dir.svg/p", "p.SVG"})
    expect<ValueError>({"viz::Plot", path, ".svg, .png or .pdf"}, [&] { p.save(path); });
  for (const char* path : {"/no/such/folder/p.svg", "/no/such/folder/p.png"})
    expect_warning({"viz::Plot", "/no/such/folder/p."}, [&] { BOOST_TEST(p.save(path).empty()); });
  const char* grid = "/no/such/folder/g.svg";
  expect_warning({"viz::image_grid", grid}, [&] { BOOST_TEST(viz::image_grid(ones({1, 2, 2}), grid).empty()); });
}

BOOST_AUTO_TEST_CASE(without_rsvg_the_svg_is_kept) {
  const TempDir dir;
  const Plot p = Plot().line({0, 1}, {0, 1});
  const PathGuard nothing(dir.path());
  CaughtErrors errors;
  BOOST_TEST(p.save(dir / "p.png") == dir / "p.svg");
  const std::string text = errors.text();
  for (const char* fact :
       {"rsvg-convert not found", "wrote", "p.svg", "apt install librsvg2-bin", "rsvg-convert -f png"})
    BOOST_TEST(has(text, fact), fact << " is missing in " << text);
  BOOST_TEST(read_file(dir / "p.svg") == p.svg());
}

BOOST_AUTO_TEST_CASE(a_failing_converter_is_a_warning) {
  const TempDir dir;
  write_file(dir / "rsvg-convert", "#!/bin/sh\ncat >/dev/null\necho broken >&2\nexit 3\n");
  std::filesystem::permissions(dir / "rsvg-convert", std::filesystem::perms::owner_all);
  const PathGuard path(std::string(dir.path()) + ":/bin:/usr/bin");
  for (const char* name : {"p.pdf", "p.png"})
    expect_warning({"viz::Plot", "broken", "p.svg"}, [&] { BOOST_TEST(Plot().save(dir / name) == dir / "p.svg"); });
  BOOST_TEST(read_file(dir / "p.svg") == Plot().svg());
}

BOOST_AUTO_TEST_SUITE_END()
