#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/png_encoder.hpp>
#include <xgrad/viz/image_grid.hpp>

#include "axis.hpp"
#include "heatmap.hpp"
#include "plot_strokes.hpp"
#include "png.hpp"
#include "svg_file.hpp"
#include "svg_text.hpp"

namespace xgrad::viz {
namespace {

constexpr const char* kImageGridOp = "viz::image_grid";
constexpr double kGridLabelRow = 13, kMargin = 12;
constexpr double kLeastTitle = 420, kWidestLabel = 160, kLeastCaption = 48;
constexpr std::size_t kMostLines = 4;  // of a caption or a label
constexpr int kSharpness = 4;  // pixels of the embedded image per pixel of the picture, so that no viewer blurs edges
constexpr double kMostEmbeddedDots = 4e7;  // of all embedded images; more are embedded less sharply

// Images of one size as plain numbers, channel by channel.
struct Images {
  std::int64_t count, channels, height, width;
  std::vector<double> values;
  const double* image(std::int64_t i) const { return values.data() + i * channels * height * width; }
};

void require_images(const Tensor& t, const Location& at) {
  require_defined(kImageGridOp, t, at);
  const bool plain = t.dim() == 3, with_channels = t.dim() == 4 && (t.size(1) == 1 || t.size(1) == 3);
  if (!plain && !with_channels) {
    ErrorReport report(kImageGridOp, "images must be (N, H, W), (N, 1, H, W) or (N, 3, H, W)", at);
    report.operand("images", t);
    if (t.dim() == 4 && (t.size(3) == 1 || t.size(3) == 3))
      report.help("colours stand before the rows and columns: images.permute({0, 3, 1, 2})");
    report.shape_error();
  }
  if (t.numel() == 0) ErrorReport(kImageGridOp, "there are no pixels to draw", at).operand("images", t).shape_error();
}

Images read(const Tensor& t, const Location& at) {
  require_images(t, at);
  const bool plain = t.dim() == 3;
  return {t.size(0), plain ? 1 : t.size(1), t.size(-2), t.size(-1), t.detach().to_vector<double>()};
}

// From the smallest to the largest value; the first end is the larger one where there is none.
Range finite_range(const double* first, const double* last) {
  Range r{INFINITY, -INFINITY};
  for (; first != last; ++first)
    if (std::isfinite(*first)) r.low = std::min(r.low, *first), r.high = std::max(r.high, *first);
  return r;
}

// Of one value all over, the range from 0 to it: it is drawn at full strength, and 0 as nothing.
Range range_to_draw(const Range& r) {
  if (r.low > r.high || (r.low == 0 && r.high == 0)) return {0, 1};
  return r.low == r.high ? Range{std::min(r.low, 0.0), std::max(r.high, 0.0)} : r;
}

Rgb colour(double v, Colors colors, const Range& r) {
  const double largest = std::max(std::fabs(r.low), std::fabs(r.high));
  if (!std::isfinite(v)) return signed_colour(v, 1);
  if (colors == Colors::diverging) return signed_colour(std::clamp(v, -largest, largest), largest);
  const double t = r.high > r.low ? std::clamp(fraction(v, r), 0.0, 1.0) : 0,
               level = 255 * (colors == Colors::ink ? 1 - t : t);
  return {level, level, level};
}

class Grid {
 public:
  Grid(const std::vector<Tensor>& rows, const ImageGridOptions& o, const Location& at) : o_(o) {
    if (rows.empty()) ErrorReport(kImageGridOp, "there are no images", at).shape_error();
    for (const Tensor& t : rows) rows_.push_back(read(t, at));
    check(at);
    choose_colours();
    lay_out(at);
  }

  std::string svg() const {
    std::string s = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\" font-family=\"{2}\" role=\"img\">\n",
        width_, height_, kFontFamily);
    if (!o_.title.empty()) s += fmt::format("<title>{}</title>\n", escape(o_.title));
    s += fmt::format("<rect width=\"{:.0f}\" height=\"{:.0f}\" fill=\"#FFFFFF\"/>\n", width_, height_);
    s += texts(kMargin, 21, kTitleRow, title_, "start", kTitleSize, "#1A1A1A", " font-weight=\"bold\"");
    std::size_t caption = 0;
    double y = top_;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      const double row_height = tile_height(rows_[r]), middle = y + above(r) + row_height / 2;
      if (r < row_labels_.size()) {
        const double first = middle - kGridLabelRow * (lines(row_labels_[r]) - 1) / 2 + 4;
        s += texts(left_ - 8, first, kGridLabelRow, row_labels_[r], "end");
      }
      for (std::int64_t i = 0; i < rows_[r].count; ++i, ++caption)
        s += tile(rows_[r], i, left_ + side(rows_[r]) + static_cast<double>(i) * step(rows_[r]),
                  middle - row_height / 2, caption);
      y += row_room(r) + o_.gap;
    }
    return s + "</svg>\n";
  }

 private:
  static double lines(const std::vector<std::string>& text) { return static_cast<double>(text.size()); }
  static std::string texts(double x, double y, double row, const std::vector<std::string>& text, const char* anchor,
                           double size = kPlotFont, const char* color = "#374151", const char* more = "") {
    std::string s;
    for (std::size_t i = 0; i < text.size(); ++i)
      s += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\"{}>{}</text>\n",
                       x, y + row * static_cast<double>(i), anchor, size, color, more, escape(text[i]));
    return s;
  }

  void check(const Location& at) const {
    if (o_.gap < 0 || o_.tile < 0 || o_.columns < 0)
      ErrorReport(kImageGridOp, "columns, tile and gap must not be negative", at).value_error();
    if (o_.gap > kMostPixels || o_.tile > kMostPixels)
      ErrorReport(kImageGridOp, fmt::format("tile {} and gap {}: at most {} pixels", o_.tile, o_.gap, kMostPixels), at)
          .value_error();
    if (o_.range && !std::isfinite(o_.range->high - o_.range->low))
      ErrorReport(kImageGridOp, fmt::format("range from {} to {} is too wide", o_.range->low, o_.range->high), at)
          .value_error();
    if (o_.range && !(std::isfinite(o_.range->low) && std::isfinite(o_.range->high) && o_.range->low < o_.range->high))
      ErrorReport(kImageGridOp,
                  fmt::format("range from {} to {}: the ends must be finite, the first one smaller", o_.range->low,
                              o_.range->high),
                  at)
          .value_error();
    std::int64_t images = 0;
    for (const Images& row : rows_) images += row.count;
    if (o_.row_labels.size() > rows_.size())
      ErrorReport(kImageGridOp, fmt::format("{} row labels for {} rows", o_.row_labels.size(), rows_.size()), at)
          .shape_error();
    if (static_cast<std::int64_t>(o_.captions.size()) > images)
      ErrorReport(kImageGridOp, fmt::format("{} captions for {} images", o_.captions.size(), images), at).shape_error();
  }

  void choose_colours() {
    shared_ = finite_range(rows_[0].values.data(), rows_[0].values.data() + rows_[0].values.size());
    bool in_colour = false;
    for (const Images& row : rows_) {
      const Range r = finite_range(row.values.data(), row.values.data() + row.values.size());
      shared_ = {std::min(shared_.low, r.low), std::max(shared_.high, r.high)};
      in_colour |= row.channels == 3;
    }
    shared_ = o_.range ? *o_.range : range_to_draw(shared_);
    colors_ = o_.colors != Colors::automatic  ? o_.colors
              : shared_.low < 0 && !in_colour ? Colors::diverging
                                              : Colors::ink;
  }

  void lay_out(const Location& at) {
    std::int64_t most = 0, longest = 0;
    for (const Images& row : rows_)
      most = std::max(most, row.count), longest = std::max({longest, row.height, row.width});
    // Whole pixels per pixel keep the squares equal.
    const double wanted = std::clamp(900.0 / static_cast<double>(most), 32.0, 84.0);
    zoom_ = o_.tile > 0 ? static_cast<double>(o_.tile) / static_cast<double>(longest)
                        : std::max(1.0, std::round(wanted / static_cast<double>(longest)));
    double label = 0;
    for (const std::string& l : o_.row_labels) {
      row_labels_.push_back(wrapped(l, kPlotFont, kWidestLabel, kMostLines));
      for (const std::string& line : row_labels_.back()) label = std::max(label, text_width(line, kPlotFont));
    }
    left_ = kMargin + (label > 0 ? label + 8 : 0);
    wrap_captions();
    width_ = left_ + kMargin;
    for (const Images& row : rows_)
      width_ = std::max(width_, left_ + static_cast<double>(row.count) * step(row) - o_.gap + kMargin);
    if (!o_.title.empty()) {
      const double room = std::max(width_, kLeastTitle) - 2 * kMargin;
      title_ = wrapped(o_.title, kTitleSize * kBold, room, 2 * kMostLines);
      for (const std::string& line : title_)
        width_ = std::max(width_, 2 * kMargin + text_width(line, kTitleSize) * kBold);
    }
    top_ = title_.empty() ? kMargin : 17 + kTitleRow * lines(title_);
    height_ = top_ + kMargin - o_.gap;
    for (std::size_t r = 0; r < rows_.size(); ++r) height_ += row_room(r) + o_.gap;
    width_ = std::ceil(width_);
    height_ = std::ceil(height_);
    if (std::max(width_, height_) > kMostPixels)
      ErrorReport(kImageGridOp,
                  fmt::format("the picture would have {:.0f} x {:.0f} pixels, at most {} each way are possible: draw "
                              "fewer images, more rows, or smaller ones (tile)",
                              width_, height_, kMostPixels),
                  at)
          .value_error();
  }

  // Captions are as wide as their image and the gap beside it; narrow images move apart for them.
  void wrap_captions() {
    double widest = 0;
    for (const std::string& c : o_.captions) widest = std::max(widest, text_width(c, kPlotFont) + 6);
    least_step_ = std::min(widest, kLeastCaption);
    std::size_t i = 0;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      double most = 0;
      for (std::int64_t k = 0; k < rows_[r].count && i < o_.captions.size(); ++k, ++i) {
        captions_.push_back(wrapped(o_.captions[i], kPlotFont, step(rows_[r]) - 4, kMostLines));
        most = std::max(most, lines(captions_.back()));
      }
      caption_room_.push_back(o_.captions.empty() ? 0 : 2 + kGridLabelRow * std::max(most, 1.0));
    }
  }

  // From one image of a row to the next.
  double step(const Images& row) const { return std::max(tile_width(row) + o_.gap, least_step_); }
  // Beside an image that stands in the middle of more room.
  double side(const Images& row) const { return (step(row) - o_.gap - tile_width(row)) / 2; }
  // Above the images of a row: what a higher label needs.
  double above(std::size_t r) const {
    const double label = r < row_labels_.size() ? kGridLabelRow * lines(row_labels_[r]) : 0;
    return std::max(0.0, (label - tile_height(rows_[r])) / 2);
  }
  // A row with its captions and its label.
  double row_room(std::size_t r) const {
    return above(r) + tile_height(rows_[r]) + std::max(caption_room_[r], above(r));
  }
  double tile_width(const Images& row) const { return zoom_ * static_cast<double>(row.width); }
  double tile_height(const Images& row) const { return zoom_ * static_cast<double>(row.height); }

  std::string tile(const Images& row, std::int64_t i, double x, double y, std::size_t caption) const {
    const double w = tile_width(row), h = tile_height(row);
    std::string s = fmt::format(
        "<image x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" href=\"data:image/png;base64,{}\"/>\n", x,
        y, w, h, base64(png(row, i)));
    s += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"none\" stroke=\"#C5CBD3\" "
        "stroke-width=\"0.8\"/>\n",
        x, y, w, h);
    if (caption < captions_.size()) s += texts(x + w / 2, y + h + 12, kGridLabelRow, captions_[caption], "middle");
    return s;
  }

  // Of an image in its embedded form.
  std::int64_t dots_per_pixel() const {
    double pixels = 0;
    for (const Images& row : rows_) pixels += static_cast<double>(row.count * row.height * row.width);
    const auto wanted = std::clamp<std::int64_t>(std::llround(zoom_), 1, 64) * (zoom_ > 1 ? kSharpness : 1);
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::sqrt(kMostEmbeddedDots / pixels)), 1, wanted);
  }

  std::string png(const Images& row, std::int64_t i) const {
    const double* v = row.image(i);
    const std::int64_t plane = row.height * row.width;
    const Range range =
        o_.shared_range || o_.range ? shared_ : range_to_draw(finite_range(v, v + row.channels * plane));
    const std::int64_t factor = dots_per_pixel();
    const std::int64_t width = row.width * factor, height = row.height * factor;
    std::vector<std::uint8_t> rgb(static_cast<std::size_t>(width * height * 3));
    std::size_t at = 0;
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t p = y / factor * row.width + x / factor;
        Rgb c = colour(v[p], colors_, range);
        if (row.channels == 3)
          for (std::int64_t k = 0; k < 3; ++k)
            c[static_cast<std::size_t>(k)] = colour(v[p + k * plane], Colors::gray, range)[static_cast<std::size_t>(k)];
        for (const double level : c) rgb[at++] = static_cast<std::uint8_t>(std::lround(level));
      }
    return xgrad::detail::encode_png({width, height, 3, 8, rgb});
  }

  const ImageGridOptions& o_;
  std::vector<Images> rows_;
  Range shared_{0, 1};
  Colors colors_ = Colors::ink;
  std::vector<std::string> title_;
  std::vector<std::vector<std::string>> row_labels_, captions_;  // in lines
  std::vector<double> caption_room_;                             // below each row
  double zoom_ = 1, left_ = 0, top_ = 0, least_step_ = 0, width_ = 0, height_ = 0;
};

}  // namespace

std::string image_grid_svg(const std::vector<Tensor>& rows, const ImageGridOptions& options, Location at) {
  const xgrad::detail::CallSite site(at);
  return Grid(rows, options, at).svg();
}

std::string image_grid(const std::vector<Tensor>& rows, const std::string& path, const ImageGridOptions& options,
                       Location at) {
  require_picture_path(kImageGridOp, path, at);
  const Grid grid(rows, options, at);  // finds mistakes in the arguments, before anything is drawn
  return save_svg(
      kImageGridOp, [&] { return grid.svg(); }, path, at);
}

std::string image_grid(const Tensor& images, const std::string& path, const ImageGridOptions& options, Location at) {
  require_picture_path(kImageGridOp, path, at);
  require_images(images, at);
  const std::int64_t n = images.size(0);
  if (options.columns < 0) ErrorReport(kImageGridOp, "columns, tile and gap must not be negative", at).value_error();
  const std::int64_t columns =
      options.columns ? options.columns : static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < n; i += columns) rows.push_back(images.slice(0, i, std::min(i + columns, n)));
  return image_grid(rows, path, options, at);
}

}  // namespace xgrad::viz
