// Pictures of what is at the end of things: the largest and smallest numbers, a million points, fifty series, texts
// longer than the picture.
#include <map>
#include <set>
#include <sstream>

#include <xgrad/random.hpp>
#include <xgrad/viz/image_grid.hpp>
#include <xgrad/viz/plot.hpp>

#include "environment.hpp"
#include "picture_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using viz::Plot;

namespace {

constexpr double kMax = std::numeric_limits<double>::max(), kTiniest = std::numeric_limits<double>::denorm_min();

struct Frame {
  double left, top, right, bottom;
};
Frame frame(const std::string& svg) {
  const auto side = [&](const char* name) {
    return std::stod(attribute(svg, "fill=\"none\" stroke=\"#9AA3AD\"", name));
  };
  const double x = side("x"), y = side("y");
  return {x, y, x + side("width"), y + side("height")};
}

// The line drawn in this colour, by corners; it must be inside the frame and fill most of its height.
Loop corners(const std::string& svg, const std::string& color = "#123456") {
  Loop all;
  for (const Loop& l : loops(attribute(svg, "stroke=\"" + color + "\"", "d")))
    all.insert(all.end(), l.begin(), l.end());
  return all;
}
void check_fills(const std::string& svg, Location at = Location::current()) {
  check_well_formed(svg, at);
  const Frame f = frame(svg);
  double low = kInf, high = -kInf;
  for (const auto& [x, y] : corners(svg)) {
    if (x < f.left - 0.2 || x > f.right + 0.2 || y < f.top - 0.2 || y > f.bottom + 0.2)
      BOOST_ERROR(fmt::format("{}: {}, {} is outside the frame", file_and_line(at), x, y));
    low = std::min(low, y), high = std::max(high, y);
  }
  if (!(high - low > 0.8 * (f.bottom - f.top)))
    BOOST_ERROR(fmt::format("{}: from {} to {} only", file_and_line(at), low, high));
}

struct Text {
  double x, y;
  std::string anchor, words;
};
std::vector<Text> texts(const std::string& svg) {
  std::vector<Text> all;
  std::istringstream in(svg);
  for (std::string line; std::getline(in, line);)
    if (const auto at = line.find("<text "); at != std::string::npos) {
      const std::string tag = line.substr(at);
      const auto words = tag.find('>') + 1;
      all.push_back({std::stod(attribute(tag, "<text", "x")), std::stod(attribute(tag, "<text", "y")),
                     attribute(tag, "<text", "text-anchor"), tag.substr(words, tag.find("</text>") - words)});
    }
  return all;
}
// A text of letters that are half as wide as high, such as most words: no wider than this.
double letters(const Text& t) { return 0.5 * 11 * static_cast<double>(t.words.size()); }

std::vector<double> million(double (*f)(std::int64_t)) {
  std::vector<double> v(1000000);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = f(static_cast<std::int64_t>(i));
  return v;
}
// Numbers in [0, 1) without order.
double scattered(std::int64_t i, std::int64_t salt) {
  const auto h = static_cast<std::uint64_t>(i + salt) * 0x9E3779B97F4A7C15u;
  return static_cast<double>((h ^ h >> 29) * 0xBF58476D1CE4E5B9u >> 11) * 0x1p-53;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plot_limits)

BOOST_AUTO_TEST_CASE(options_in_empty_braces) {
  Plot p({});
  BOOST_TEST(p.svg() == Plot().svg());
}

BOOST_AUTO_TEST_CASE(the_largest_and_smallest_numbers) {
  const viz::LineStyle ink{.color = "#123456"};
  for (const double v : {1e308, kMax, 1e307, 1e-300, 1e-320, 50 * kTiniest}) {
    check_fills(Plot().line({0, 1}, {-v, v}, ink).svg());
    check_fills(Plot().line({0, 1, 2}, {0, v / 2, v}, ink).svg());
    check_well_formed(Plot().line({-v, v}, {v, -v}).points({-v, 0, v}, {0, v, 0}).vertical(v).horizontal(-v).svg());
    check_well_formed(Plot().line({v}, {v}).svg());
    check_well_formed(Plot().band({-v, 0, v}, {-v, -v, -v}, {v, 0, v}).svg());
    check_well_formed(Plot({.x_scale = viz::Scale::log, .y_scale = viz::Scale::log}).line({v}, {v}).svg());
    check_well_formed(Plot({.y_range = viz::Range{0, 1}}).line({0, 1, 2}, {-v, v, 0.5}).svg());
  }
  check_fills(Plot().line({0, 1}, {0, kTiniest}, ink).svg());
  check_fills(Plot({.y_scale = viz::Scale::log}).line({0, 1, 2}, {kTiniest, 1, kMax}, ink).svg());
  check_fills(
      Plot({.x_scale = viz::Scale::log, .y_scale = viz::Scale::log}).line({1e-308, 1e308}, {1e308, 1e-308}, ink).svg());
}

BOOST_AUTO_TEST_CASE(a_line_that_leaves_the_picture_keeps_its_direction) {
  const std::string svg = Plot({.width = 400, .height = 300, .x_range = viz::Range{0, 2}, .y_range = viz::Range{0, 1}})
                              .line({0, 1, 2}, {0, 1e300, 0}, {.color = "#123456"})
                              .svg();
  const Frame f = frame(svg);
  for (const auto& [x, y] : corners(svg)) BOOST_TEST(std::min(std::fabs(x - f.left), std::fabs(x - f.right)) < 0.5);
  BOOST_TEST(corners(svg).size() >= 4u);  // up at the left, down at the right
}

BOOST_AUTO_TEST_CASE(ticks_can_be_told_apart) {
  const auto ticks = [](const std::string& svg) {
    std::vector<std::string> all;
    for (const Text& t : texts(svg)) all.push_back(t.words);
    return all;
  };
  const std::vector<std::pair<double, double>> ranges{{1234567, 1234570}, {1, 1 + 1e-9},     {-1e308, 1e308},
                                                      {1e-320, 2e-320},   {0, 3 * kTiniest}, {1e9, 1e9 + 1},
                                                      {1e300, 1.0001e300}};
  for (const auto& [low, high] : ranges) {
    const std::string svg = Plot().points({low, high}, {low, high}).svg();
    const std::vector<std::string> all = ticks(svg);
    std::set<std::pair<double, std::string>> places;
    for (const Text& t : texts(svg)) places.emplace(t.anchor == "end" ? -1 : 1, t.words);
    BOOST_TEST(places.size() == all.size(), low << " to " << high << ": a tick stands twice");
    BOOST_TEST(all.size() >= 4u, low << " to " << high);
  }
  // Counts of a million and more are still numbers.
  const std::string steps = Plot().line({0, 2000000}, {0, 1}).svg();
  BOOST_TEST((has(steps, ">1.4e+06<") && !has(steps, "color=\"#374151\">1<")));
}

BOOST_AUTO_TEST_CASE(ticks_stay_inside_the_picture_and_apart) {
  for (const int width : {100, 240, 640}) {
    const std::string svg = Plot({.width = width}).line({123456789, 123456790.5}, {1e-7, 1.00000001}).svg();
    double end = 0;
    for (const Text& t : texts(svg)) {
      if (t.anchor != "middle") continue;
      BOOST_TEST((t.x - letters(t) / 2 > end && t.x + letters(t) / 2 <= width),
                 t.words << " at " << t.x << " of " << width);
      end = t.x + letters(t) / 2;
    }
  }
}

BOOST_AUTO_TEST_CASE(single_points_of_lines_are_seen) {
  const std::string svg = Plot().line({1, 2, 3}, {kNan, 5, kInf}, {.color = "#123456"}).svg();
  check_well_formed(svg);
  BOOST_TEST(has(attribute(svg, "#123456", "d"), "h0"));  // with round ends: a dot
  for (const viz::Scale scale : {viz::Scale::linear, viz::Scale::log})
    for (const std::vector<double>& v :
         {std::vector<double>{}, {0}, {-1, -2}, {kNan, kInf, -kInf}, {1, kNan}, {kTiniest}}) {
      Plot p({.x_scale = scale, .y_scale = scale});
      check_well_formed(
          p.line(v, v, {.label = "l", .marker = viz::Marker::star}).points(v, v, {.label = "p"}).band(v, v, v).svg());
    }
}

BOOST_AUTO_TEST_CASE(contours_of_any_numbers) {
  const Tensor axis = linspace(-1, 1, 21, {kFloat64}), saddle = axis.unsqueeze(0) * axis.unsqueeze(1);
  for (const double v : {kMax, 1e308, 1e-300, 100 * kTiniest}) {
    const std::string svg = Plot().contours(axis, axis, saddle * v, {-v / 4, 0, v / 4}).svg();
    check_well_formed(svg);
    BOOST_TEST(count(svg, "evenodd") == 3u);
    const Frame f = frame(svg);
    const double share = area(loops(attribute(svg, "evenodd", "d"))) / ((f.right - f.left) * (f.bottom - f.top));
    BOOST_TEST((share > 0.7 && share < 0.85),
               v << ": " << share);  // below a quarter, drawn first: (3 + ln 4 / 4 …) / 4
    check_well_formed(Plot().contours(axis * v, axis, saddle, {0}).svg());
  }
  // On a log scale columns at 0 and below have no place.
  const std::string logs = Plot({.x_scale = viz::Scale::log}).contours({-1, 0, 1, 10}, {0, 1}, ones({2, 4}), {2}).svg();
  check_well_formed(logs);
  BOOST_TEST(loops(attribute(logs, "evenodd", "d")).size() == 1u);
  check_well_formed(Plot({.y_scale = viz::Scale::log}).contours({0, 1}, {-1, 0}, ones({2, 2}), {2}).svg());
  const Tensor holes = where(saddle < 0, full({21, 21}, kNan), saddle);
  const std::string red = Plot().contours(axis, axis, holes, {0.5}).svg();
  BOOST_TEST((has(red, "fill=\"#B3001B\"") && !has(logs, "#B3001B")));  // NaN is no level
  check_well_formed(Plot().contours(axis, axis, full({21, 21}, kInf), {0}).svg());
}

BOOST_AUTO_TEST_CASE(great_fields_are_drawn_as_fine_as_seen) {
  const Tensor axis = linspace(-1, 1, 1500, {kFloat64});
  const std::string svg = Plot({.width = 200, .height = 200})
                              .contours(axis, axis, square(axis.unsqueeze(0)) + square(axis.unsqueeze(1)), {0.25})
                              .svg();
  check_well_formed(svg);
  const Frame f = frame(svg);
  const double share = area(loops(attribute(svg, "evenodd", "d"))) / ((f.right - f.left) * (f.bottom - f.top));
  BOOST_TEST(std::fabs(share - 3.14159265 * 0.25 / 4) < 4e-3);
  BOOST_TEST(svg.size() < 60000u);
}

BOOST_AUTO_TEST_CASE(long_texts_have_lines_and_an_end) {
  std::string words;
  for (int i = 0; i < 200; ++i) words += "word" + std::to_string(i) + " ";
  for (const std::string& s : {words, std::string(2000, 'x')}) {
    const std::string svg = Plot({.title = s, .x_label = s, .y_label = s})
                                .line({0, 1}, {0, 1}, {.label = s})
                                .vertical(0.5, s)
                                .horizontal(0.5, s)
                                .svg();
    check_well_formed(svg);
    const Frame f = frame(svg);
    BOOST_TEST((f.bottom - f.top > 100 && f.right - f.left > 400));
    std::size_t cut = 0;
    for (const Text& t : texts(svg)) {
      BOOST_TEST(letters(t) < 640);
      cut += has(t.words, "…");
    }
    BOOST_TEST(cut == 6u, "title, both labels, legend and rules end in …, not " << cut);
    BOOST_TEST(has(svg, "<title>" + s));  // in full, for those who look it up
  }
  const auto titles = [](const std::string& s) {
    std::vector<std::string> lines;
    for (const Text& t : texts(Plot({.title = s}).svg()))
      if (t.anchor == "start") lines.push_back(t.words);
    return lines;
  };
  BOOST_TEST((titles("one\ntwo") == std::vector<std::string>{"one", "two"}));
  std::string all;
  for (const std::string& line : titles(words.substr(0, 200))) all += line + " ";
  BOOST_TEST(all.substr(0, 200) == words.substr(0, 200));  // nothing is lost where there is room
  BOOST_TEST(titles(std::string(40, 'W')).size() == 1u);
  BOOST_TEST(
      titles("损失函数的学习曲线损失函数的学习曲线损失函数的学习曲线损失函数的学习曲线损失函数的学习曲线损失函数")
          .size() == 2u);
}

BOOST_AUTO_TEST_CASE(characters_that_xml_forbids) {
  const std::string odd = "a\x01\x1f\x7f\xff\xc3(\xed\xa0\x80\xEF\xBF\xBE\xEF\xBF\xBFz<&>\"";
  const std::string svg =
      Plot({.title = odd, .x_label = odd}).line({0, 1}, {0, 1}, {.label = odd}).vertical(0.5, odd).svg();
  check_well_formed(svg);
  BOOST_TEST((!has(svg, "\xEF\xBF\xBE") && !has(svg, "\xEF\xBF\xBF") && !has(svg, "\x01") && has(svg, "\xEF\xBF\xBD")));
  check_well_formed(viz::image_grid_svg({rand({1, 2, 2})}, {.title = odd, .row_labels = {odd}, .captions = {odd}}));
  if (!have_rsvg()) return;
  const TempDir dir;
  BOOST_TEST(Plot({.title = odd, .y_label = odd}).save(dir / "p.png") == dir / "p.png");
}

BOOST_AUTO_TEST_CASE(fifty_series_can_be_told_apart) {
  for (const std::string& name :
       {std::string("series"), std::string("a series whose name is much too long for a legend,")}) {
    Plot p;
    for (int k = 0; k < 50; ++k) p.line({0, 1}, {0.0 + k, 1.0 + k}, {.label = fmt::format("{} {}", name, k)});
    const std::string svg = p.svg();
    check_well_formed(svg);
    const Frame f = frame(svg);
    BOOST_TEST((f.bottom - f.top) > 150);
    std::set<std::string> looks, labels;
    std::istringstream in(svg);
    for (std::string line; std::getline(in, line);)
      if (has(line, "stroke-linejoin"))
        looks.insert(attribute(line, "<path", "stroke") + attribute(line, "<path", "stroke-dasharray"));
    for (const Text& t : texts(svg))
      if (t.anchor == "start") labels.insert(t.words);
    BOOST_TEST(looks.size() == 50u);
    BOOST_TEST(labels.size() == 50u);
  }
  Plot many;
  for (int k = 0; k < 400; ++k) many.points({0.0 + k}, {1}, {.label = "s" + std::to_string(k)});
  BOOST_TEST(has(many.svg(), " more<"));
  BOOST_TEST(frame(many.svg()).bottom - frame(many.svg()).top > 150);
}

BOOST_AUTO_TEST_CASE(a_million_points_of_a_line) {
  const std::vector<double> x = million([](std::int64_t i) { return static_cast<double>(i); });
  // Waves with a single peak: every column of pixels must show what it showed with all points.
  const std::vector<double> y = million(
      [](std::int64_t i) { return i == 654321 ? 9 : std::sin(static_cast<double>(i) * 1e-4) + 0.1 * scattered(i, 7); });
  const std::string svg =
      Plot({.x_range = viz::Range{0, 1e6}, .y_range = viz::Range{-2, 10}}).line(x, y, {.color = "#123456"}).svg();
  check_well_formed(svg);
  BOOST_TEST(svg.size() < 1000000u);
  const Frame f = frame(svg);
  const auto place = [&](std::size_t i) {
    return std::pair(f.left + (f.right - f.left) * x[i] / 1e6, f.bottom - (f.bottom - f.top) * (y[i] + 2) / 12);
  };
  std::map<int, std::pair<double, double>> all, drawn;  // by column: highest and lowest
  const auto add = [](auto& columns, const std::pair<double, double>& p, double shift = 0) {
    auto [at, fresh] = columns.try_emplace(static_cast<int>(p.first + shift), p.second, p.second);
    at->second = {std::min(at->second.first, p.second), std::max(at->second.second, p.second)};
  };
  for (std::size_t i = 0; i < x.size(); ++i) add(all, place(i));
  std::istringstream in(svg);
  for (std::string line; std::getline(in, line);)
    if (has(line, "stroke=\"#123456\""))
      for (const Loop& l : loops(attribute(line, "<path", "d")))
        for (const auto& p : l)
          for (const double shift : {-0.2, 0.2}) add(drawn, p, shift);  // as far as places are rounded
  std::size_t wrong = 0;
  for (const auto& [column, ends] : all)
    wrong +=
        !drawn.contains(column) || drawn[column].first > ends.first + 0.1 || drawn[column].second < ends.second - 0.1;
  BOOST_TEST(all.size() > 500u);
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_million_points_without_order) {
  const std::vector<double> x = million([](std::int64_t i) { return scattered(i, 1); }),
                            y = million([](std::int64_t i) { return scattered(i, 2 << 20); });
  const viz::PlotOptions square{.width = 300, .height = 300, .x_range = viz::Range{0, 2}, .y_range = viz::Range{0, 2}};
  const std::string line = Plot(square).line(x, y).svg();
  check_well_formed(line);
  BOOST_TEST(line.size() < 3000000u);
  const std::string points = Plot(square).points(x, y, {.color = "#FF0000"}).points({1.5}, {1.5}).svg();
  check_well_formed(points);
  BOOST_TEST(points.size() < 3000000u);
  const auto images = pngs(points);
  BOOST_REQUIRE(images.size() == 1u);
  const Png& image = images[0];  // the plot's area at twice its size: a quarter of it is full
  BOOST_TEST(image.bytes == 4u);
  BOOST_TEST(image.opacity(image.width / 4, image.height * 3 / 4) == 255);
  BOOST_TEST(image.opacity(image.width * 3 / 4, image.height / 4) == 0);
  const auto middle = image.pixel(image.width / 4, image.height * 3 / 4);
  BOOST_TEST((middle[0] == 255 && middle[1] == middle[2]));  // red and the white between markers
  // Opacity adds up as it does one by one: here two markers of one half.
  std::vector<double> apart(60000);
  for (std::size_t i = 0; i < apart.size(); ++i) apart[i] = i < 59998 ? 1.9 : 0.5;
  const Png faint =
      pngs(Plot(square).points(apart, apart, {.color = "#FF0000", .size = 6, .opacity = 0.5}).svg()).at(0);
  BOOST_TEST(std::abs(faint.opacity(faint.width / 4, faint.height * 3 / 4) - 191) <= 2);
  if (!have_rsvg()) return;
  const TempDir dir;
  BOOST_TEST(Plot(square).line(x, y).save(dir / "line.png") == dir / "line.png");
  BOOST_TEST(Plot(square).points(x, y).save(dir / "points.png") == dir / "points.png");
}

BOOST_AUTO_TEST_CASE(wide_pictures_become_files) {
  if (!have_rsvg()) return;
  const TempDir dir;
  BOOST_TEST(Plot({.width = 30000, .height = 100}).line({0, 1}, {0, 1}).save(dir / "wide.png") == dir / "wide.png");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(image_grid_limits)

BOOST_AUTO_TEST_CASE(pixels_of_any_numbers) {
  for (const double v : {kMax, 1e308, 1e-300, 2 * kTiniest}) {
    const auto images = pngs(viz::image_grid_svg({tensor({{{-v, 0., v}}}, {kFloat64})}, {.colors = viz::Colors::gray}));
    const Png& gray = images.at(0);
    BOOST_TEST((gray.pixel(0, 0) == std::array{0, 0, 0}));
    BOOST_TEST(std::abs(gray.pixel(gray.width / 2, 0)[0] - 128) <= 1, v);
    BOOST_TEST((gray.pixel(gray.width - 1, 0) == std::array{255, 255, 255}));
    const auto signs = pngs(viz::image_grid_svg({tensor({{{-v, 0., v}}}, {kFloat64})}));
    BOOST_TEST((signs.at(0).pixel(0, 0) == std::array{0x76, 0x2A, 0x83}));
    BOOST_TEST((signs.at(0).pixel(signs[0].width - 1, 0) == std::array{0x1B, 0x78, 0x37}));
  }
  for (const double v : {kNan, kInf, -kInf})
    BOOST_TEST((pngs(viz::image_grid_svg({full({1, 1, 1}, v)})).at(0).pixel(0, 0) == std::array{0xB3, 0x00, 0x1B}));
}

BOOST_AUTO_TEST_CASE(captions_and_labels_do_not_overlap) {
  std::string words;
  for (int i = 0; i < 100; ++i) words += "word" + std::to_string(i) + " ";
  for (const int tile : {8, 28, 84}) {
    const std::string svg = viz::image_grid_svg(
        {rand({3, 4, 4}), rand({3, 4, 4})},
        {.tile = tile,
         .title = words,
         .row_labels = {words, "b"},
         .captions = {words, "Ankle boot", words, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "T-shirt/top", "1"}});
    check_well_formed(svg);
    const double width = std::stod(attribute(svg, "<svg", "width")),
                 height = std::stod(attribute(svg, "<svg", "height"));
    BOOST_TEST((width < 700 && height < 700));
    std::map<double, double> end;  // by line: where the last text ended
    for (const Text& t : texts(svg)) {
      const double half = letters(t) / 2;
      BOOST_TEST((t.y < height && t.x < width));
      if (t.anchor != "middle") continue;
      BOOST_TEST((t.x - half >= end[t.y] && t.x + half <= width), tile << ": " << t.words);
      end[t.y] = t.x + half;
    }
    BOOST_TEST((has(svg, ">1<") && has(svg, "…")));
  }
}

BOOST_AUTO_TEST_CASE(more_images_than_a_picture_holds) {
  expect<ValueError>({"viz::image_grid", "at most 30000", "tile"}, [] { viz::image_grid_svg({zeros({2000, 8, 8})}); });
  const std::string svg = viz::image_grid_svg({rand({500, 28, 28})});
  check_well_formed(svg);
  BOOST_TEST(svg.size() < 5000000u);
}

BOOST_AUTO_TEST_SUITE_END()
