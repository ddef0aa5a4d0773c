// What tests of pictures share: whether they are well-formed, the places in them, and the images embedded.
#pragma once

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>

#include "support.hpp"
#include "text_support.hpp"

namespace xgrad::test {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

// Every tag closed in order, every attribute quoted, nothing unescaped, no number that is none.
inline void check_well_formed(const std::string& svg, Location at = Location::current()) {
  std::vector<std::string> open;
  const auto complain = [&](const std::string& what) {
    BOOST_ERROR(fmt::format("{}: {} in\n{}", file_and_line(at), what, svg.substr(0, 2000)));
  };
  for (std::size_t i = 0; i < svg.size();) {
    if (svg[i] == '&' && svg.find(';', i) > i + 8) return complain("a bare &");
    if (svg[i] != '<') {
      ++i;
      continue;
    }
    const std::size_t end = svg.find('>', i);
    if (end == std::string::npos) return complain("an open tag");
    const std::string tag = svg.substr(i + 1, end - i - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (has(tag, "<") || count(tag, "\"") % 2) return complain("the tag " + tag);
    if (tag.starts_with("/")) {
      if (open.empty() || "/" + open.back() != tag) return complain("a stray " + tag);
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(name);
    }
    i = end + 1;
  }
  if (!open.empty()) complain("unclosed " + open.back());
  for (const char* word : {"=\"nan", "=\"inf", "nan,", ",nan", "inf,", ",inf", "=\"-inf"})
    if (has(svg, word)) complain(word);
}

// The value of an attribute of the first tag that contains `part`.
inline std::string attribute(const std::string& svg, const std::string& part, const std::string& name) {
  std::istringstream in(svg);
  for (std::string line; std::getline(in, line);)
    if (has(line, part)) {
      const auto from = line.find(" " + name + "=\"");
      if (from == std::string::npos) return "";
      const auto begin = from + name.size() + 3;
      return line.substr(begin, line.find('"', begin) - begin);
    }
  return "";
}

using Loop = std::vector<std::pair<double, double>>;
// The closed pieces of a path made of M, L and Z.
inline std::vector<Loop> loops(const std::string& path) {
  std::vector<Loop> out;
  for (std::size_t i = 0; i < path.size();) {
    if (path[i] == 'M') out.emplace_back();
    if (path[i] == 'Z') {
      ++i;
      continue;
    }
    double x = 0, y = 0;
    int n = 0;
    BOOST_REQUIRE(std::sscanf(path.c_str() + i + 1, "%lf,%lf%n", &x, &y, &n) == 2);
    out.back().emplace_back(x, y);
    i += 1 + static_cast<std::size_t>(n);
  }
  return out;
}
inline double area(const std::vector<Loop>& all) {
  double sum = 0;
  for (const Loop& l : all)
    for (std::size_t i = 0; i < l.size(); ++i) {
      const auto &a = l[i], &b = l[(i + 1) % l.size()];
      sum += a.first * b.second - b.first * a.second;
    }
  return std::fabs(sum) / 2;
}

inline std::string unbase64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    buffer = buffer << 6 | static_cast<unsigned>(digits.find(c));
    if ((bits += 6) >= 8) out += static_cast<char>(buffer >> (bits -= 8) & 255);
  }
  return out;
}

struct Png {
  std::uint32_t width = 0, height = 0;
  std::size_t bytes = 3;  // of a pixel: red, green, blue and perhaps opacity
  std::string rows;       // after each filter byte
  std::array<int, 3> pixel(std::uint32_t x, std::uint32_t y) const {
    const std::size_t at = y * (width * bytes + 1) + 1 + x * bytes;
    return {static_cast<unsigned char>(rows.at(at)), static_cast<unsigned char>(rows.at(at + 1)),
            static_cast<unsigned char>(rows.at(at + 2))};
  }
  int opacity(std::uint32_t x, std::uint32_t y) const {
    return static_cast<unsigned char>(rows.at(y * (width * bytes + 1) + 1 + x * bytes + 3));
  }
};
// Reads what the grid writes, check sums included.
inline std::vector<Png> pngs(const std::string& svg) {
  std::vector<Png> out;
  const std::string start = "data:image/png;base64,";
  for (auto at = svg.find(start); at != std::string::npos; at = svg.find(start, at + 1)) {
    const auto begin = at + start.size();
    const std::string file = unbase64(svg.substr(begin, svg.find('"', begin) - begin));
    BOOST_REQUIRE(file.starts_with("\x89PNG\r\n\x1a\n"));
    const auto word = [&](std::size_t i) {
      std::uint32_t v = 0;
      for (std::size_t k = 0; k < 4; ++k) v = v << 8 | static_cast<unsigned char>(file.at(i + k));
      return v;
    };
    Png png;
    std::string data;  // of all its chunks
    for (std::size_t i = 8; i < file.size();) {
      const std::uint32_t length = word(i);
      const std::string body = file.substr(i + 4, 4 + length);
      BOOST_TEST(word(i + 8 + length) ==
                 crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
      if (body.starts_with("IHDR"))
        png.width = word(i + 8), png.height = word(i + 12), png.bytes = file.at(i + 17) == 6 ? 4 : 3;
      if (body.starts_with("IDAT")) data += body.substr(4);
      i += 12 + length;
    }
    png.rows.resize(std::size_t{png.height} * (png.width * png.bytes + 1));
    uLongf size = png.rows.size();
    BOOST_REQUIRE(uncompress(reinterpret_cast<Bytef*>(png.rows.data()), &size,
                             reinterpret_cast<const Bytef*>(data.data()), static_cast<uLong>(data.size())) == Z_OK);
    BOOST_REQUIRE(size == png.rows.size());
    out.push_back(std::move(png));
  }
  return out;
}

inline bool have_rsvg() {
  static const bool found = std::system("rsvg-convert --version >/dev/null 2>&1") == 0;
  return found;
}

}  // namespace xgrad::test
