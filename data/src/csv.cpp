#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <xgrad/data/files.hpp>
#include <xgrad/ops/factory.hpp>

#include "input_file.hpp"

namespace xgrad::data {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  if (s.size() >= 2 && s.front() == '"' && s.back() == '"') s = s.substr(1, s.size() - 2);
  return s;
}

std::vector<std::string_view> fields(std::string_view line, char delimiter) {
  std::vector<std::string_view> out;
  line = trimmed(line);
  while (true) {
    const auto cut = line.find(delimiter);
    out.push_back(trimmed(line.substr(0, cut)));
    if (cut == std::string_view::npos) return out;
    line.remove_prefix(cut + 1);
    if (delimiter == ' ') line = trimmed(line);
  }
}

bool parse(std::string_view s, double& v) {
  if (!s.empty() && s.front() == '+') s.remove_prefix(1);
  const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), v);
  return code == std::errc() && end == s.data() + s.size() && !s.empty();
}

std::string whole_text(InputFile& file) {
  std::string text;
  constexpr std::size_t kStep = 1 << 20, kMost = std::size_t{4} << 30;
  for (std::size_t got = kStep; got == kStep;) {
    const std::size_t before = text.size();
    if (before > kMost) file.fail("more than 4 GiB of text");
    text.resize(before + kStep);
    got = file.read(text.data() + before, kStep);
    text.resize(before + got);
  }
  return text;
}

// The values of one line, and the place of the first that is no number (-1: none).
std::ptrdiff_t read_row(std::string_view line, char delimiter, std::vector<double>& row) {
  row.clear();
  for (const std::string_view f : fields(line, delimiter)) {
    double v;
    if (!parse(f, v)) return static_cast<std::ptrdiff_t>(row.size());
    row.push_back(v);
  }
  return -1;
}

// A line of column names holds no number at all; a line of both is a damaged row.
bool all_names(std::string_view line, char delimiter) {
  double v;
  return std::ranges::none_of(fields(line, delimiter), [&](std::string_view f) { return parse(f, v); });
}

}  // namespace

Tensor read_csv(const std::string& path, const CsvOptions& o, Location at) {
  InputFile file("read_csv", path, at);
  if (!is_floating(o.dtype)) file.fail("dtype must be float32 or float64");
  const std::string text = whole_text(file);
  std::vector<double> values, row;
  std::size_t columns = 0, line_no = 0, rows = 0;
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);  // the mark some editors put in front of UTF-8
  while (!rest.empty()) {
    const auto cut = rest.find('\n');
    const std::string_view line = rest.substr(0, cut);
    rest.remove_prefix(cut == std::string_view::npos ? rest.size() : cut + 1);
    ++line_no;
    if (static_cast<int>(line_no) <= o.skip_rows || trimmed(line).empty()) continue;
    if (const std::ptrdiff_t bad = read_row(line, o.delimiter, row); bad >= 0) {
      if (rows == 0 && static_cast<int>(line_no) == o.skip_rows + 1 && all_names(line, o.delimiter)) continue;
      file.fail(fmt::format("line {}: column {}: '{}' is not a number", line_no, bad + 1, fields(line, o.delimiter)[static_cast<std::size_t>(bad)]));
    }
    if (rows == 0) columns = row.size();
    if (row.size() != columns) file.fail(fmt::format("line {}: expected {} columns, found {}", line_no, columns, row.size()));
    values.insert(values.end(), row.begin(), row.end());
    ++rows;
  }
  if (rows == 0) file.fail("no rows of numbers");
  const Tensor t = from_vector(values, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
  return t.to(o.dtype);
}

}  // namespace xgrad::data
