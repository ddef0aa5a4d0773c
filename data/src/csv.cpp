#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include <xgrad/data/files.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops/factory.hpp>

#include "csv_fields.hpp"
#include "shown.hpp"

namespace xgrad::data {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string_view trimmed(std::string_view s) {  // a field in quotes may have blanks inside them
  const auto begin = s.find_first_not_of(" \t");
  return begin == s.npos ? std::string_view() : s.substr(begin, s.find_last_not_of(" \t") + 1 - begin);
}

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

// The power of ten of a decimal number's first digit that is not zero.
std::int64_t magnitude(std::string_view s) {
  const auto e = s.find_first_of("eE");
  const std::string_view digits = s.substr(0, e);
  const auto point = std::min(digits.find('.'), digits.size()), first = digits.find_first_of("123456789");
  std::int64_t exponent = 0;
  if (e != s.npos) {
    const char* begin = s.data() + e + (s[e + 1] == '+' ? 2 : 1);
    if (std::from_chars(begin, s.data() + s.size(), exponent).ec != std::errc())
      exponent = *begin == '-' ? -(std::int64_t{1} << 62) : std::int64_t{1} << 62;
  }
  return exponent + static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
}

// A decimal number, as in C and independent of the locale, rounded once, to T. Too small for T is 0, too large
// infinity, although no text says so; the text of infinity itself sets `infinite`.
template <class T>
std::optional<double> parse(std::string_view s, bool& infinite) {
  infinite = false;
  s = trimmed(s);
  if (s.size() > 1 && s[0] == '+' && s[1] != '-') s.remove_prefix(1);
  T v = 0;
  const auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (s.empty() || end != s.data() + s.size() || code == std::errc::invalid_argument) return std::nullopt;
  if (s.back() == ')') return std::nullopt;  // nan(1), which only C reads
  if (code == std::errc::result_out_of_range)
    v = static_cast<T>(std::copysign(magnitude(s) < 0 ? 0 : kInfinity, s[0] == '-' ? -1 : 1));
  else
    infinite = std::isinf(v);
  return v;
}

// ---- a first line of names ----

// Text in the place of a number, rather than a name: a marker of missing values, a truth value, or a number that is
// written wrongly.
bool no_name(std::string_view s) {
  constexpr std::string_view kMissing[] = {"na",   "n/a",     "#n/a",    "<na>", "nil",  "none",
                                           "null", "missing", "unknown", "true", "false"};
  std::string lower(s.substr(0, 16));
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (std::ranges::find(kMissing, lower) != std::end(kMissing)) return true;
  if (s.find('\0') != s.npos || std::ranges::none_of(s, letter) || lower.starts_with("nan(")) return true;
  const std::string_view body = s.substr(std::min(s.find_first_not_of("+-"), s.size()));
  if (body.starts_with("0x") || body.starts_with("0X")) return true;
  return !body.empty() && digit(body[0]) && body.find_first_not_of("0123456789.,_'eE+-") == body.npos;
}

// Of a name that begins with a digit: "5 kg", "5x" or "1O" may be a value as well, "1st" and "2nd floor" are names.
bool perhaps_value(std::string_view s) {
  const auto first = s.find_first_not_of("+-.");
  if (first == s.npos || !digit(s[first])) return false;
  const std::string_view rest = s.substr(std::min(s.find_first_not_of("0123456789", first), s.size()));
  return std::ranges::none_of(std::initializer_list<std::string_view>{"st", "nd", "rd", "th"},
                              [&](std::string_view ordinal) { return rest.starts_with(ordinal); });
}

// What the first line holds, field by field.
struct FirstLine {
  std::int64_t names = 0, perhaps_values = 0, whole = 0, numbers = 0, blank = 0, wrong = 0;

  void count(const std::string& text) {
    bool infinite;
    if (trimmed(text).empty())
      ++blank;
    else if (const auto v = parse<double>(text, infinite))
      ++(std::isfinite(*v) && std::ranges::all_of(trimmed(text), digit) ? whole : numbers);
    else if (no_name(trimmed(text)))
      ++wrong;
    else
      ++names, perhaps_values += perhaps_value(trimmed(text));
  }
  // Names, of which some may be whole numbers, such as years, but not most: in doubt it is a damaged row.
  bool is_header() const {
    return names > perhaps_values && wrong == 0 && numbers == 0 && (whole == 0 || names >= whole + blank);
  }
  bool is_row() const { return names + wrong + blank == 0; }
};

// ---- the table ----

struct Table {
  std::int64_t rows = 0, columns = 0, first_line = 0;
  FirstLine first;
};

// The size of the table, as far as it is sound: the fields of these rows are there, and none is blank.
Table measure(CsvFields fields) {
  Table t;
  while (fields.next()) {
    if (fields.damage()) return t;
    if (t.columns > 0) {
      if (fields.text().empty() || fields.ends_line() != (fields.column() == t.columns)) return t;
      t.rows += fields.ends_line();
      continue;
    }
    if (fields.column() == 1) t.first_line = fields.line();
    t.first.count(fields.text());
    if (!fields.ends_line()) continue;
    t.columns = fields.column();
    t.rows = t.first.is_row();
    if (!t.first.is_row() && !t.first.is_header()) return t;
  }
  return t;
}

class Filler {
 public:
  Filler(const InputFile& file, const Table& table, DType dtype) : file_(file), table_(table), dtype_(dtype) {}

  // Checks every field, and puts the numbers of the rows that were measured into `out`, and the first line, when it is
  // one of names, into `columns`.
  template <class T>
  void fill(CsvFields& fields, T* out, std::vector<std::string>& columns) const {
    std::int64_t row = 0;
    bool names = table_.first.is_header();
    while (fields.next()) {
      if (fields.damage()) refuse(fields, fields.damage());
      if (names) columns.emplace_back(trimmed(fields.text()));
      if (!names && fields.column() <= table_.columns) {
        const double v = number(fields, row);
        if (row < table_.rows) *out++ = static_cast<T>(v);
      }
      if (!fields.ends_line()) continue;
      check_width(fields);
      row += !names;
      names = false;
    }
    if (row == 0) file_.fail("no rows of numbers");
    if (row != table_.rows) file_.fail("it changed while it was read");
  }

 private:
  [[noreturn]] void refuse(const CsvFields& f, const std::string& problem) const {
    file_.fail(fmt::format("line {}: column {}: '{}' {}", f.line(), f.column(), shown(f.text()), problem));
  }

  double number(const CsvFields& f, std::int64_t row) const {
    bool infinite;
    const std::optional<double> v = (dtype_ == kFloat32 ? parse<float> : parse<double>)(f.text(), infinite);
    if (!v) {
      const bool perhaps_names = row == 0 && table_.first.names > 0;
      refuse(f, std::string("is not a number") +
                    (perhaps_names ? " (skip_rows leaves out a line of names and numbers)" : ""));
    }
    if (!infinite && std::isinf(*v)) refuse(f, fmt::format("is too large for {}", name(dtype_)));
    return *v;
  }

  void check_width(const CsvFields& f) const {
    if (f.column() != table_.columns)
      file_.fail(fmt::format("line {}: expected {} columns as in line {}, found {}", f.line(), table_.columns,
                             table_.first_line, f.column()));
  }

  const InputFile& file_;
  const Table& table_;
  DType dtype_;
};

// The file is read twice, first to measure the table, so that nothing as large as its numbers stands beside the tensor.
CsvTable read_table(const char* op, const std::string& path, const CsvOptions& o, const Location& at) {
  InputFile file(op, path, at);
  if (!is_floating(o.dtype)) file.fail("dtype must be float32 or float64");
  if (o.skip_rows < 0) file.fail(fmt::format("skip_rows must be >= 0, got {}", o.skip_rows));
  if (!can_delimit(o.delimiter)) file.fail(fmt::format("'{}' cannot be a delimiter", shown({&o.delimiter, 1})));
  const Table table = measure(CsvFields(file, o.delimiter, o.skip_rows));
  CsvTable t{{}, empty({table.rows, table.columns}, {o.dtype})};
  file.rewind();
  CsvFields fields(file, o.delimiter, o.skip_rows);
  const Filler filler(file, table, o.dtype);
  if (o.dtype == kFloat32)
    filler.fill(fields, xgrad::detail::own_pointer<float>(t.values), t.columns);
  else
    filler.fill(fields, xgrad::detail::own_pointer<double>(t.values), t.columns);
  return t;
}

}  // namespace

Tensor read_csv(const std::string& path, const CsvOptions& o, Location at) {
  return read_table("read_csv", path, o, at).values;
}
CsvTable read_csv_table(const std::string& path, const CsvOptions& o, Location at) {
  return read_table("read_csv_table", path, o, at);
}

}  // namespace xgrad::data
