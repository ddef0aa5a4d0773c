#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/files.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/detail/csv_field.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>

#include "csv_fields.hpp"

namespace xgrad::data {
namespace {

std::int64_t place_of(const std::vector<std::string>& columns, const std::string& name, const Location& at) {
  const auto found = std::ranges::find(columns, name);
  if (found == columns.end())
    ErrorReport("CsvTable",
                columns.empty() ? fmt::format("no column '{}': the columns have no names", name)
                                : fmt::format("no column '{}' among {}", name, fmt::join(columns, ", ")),
                at)
        .value_error();
  return found - columns.begin();
}

template <class T>
void append_rows(const std::vector<T>& values, std::int64_t columns, char delimiter, std::string& text) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{}", values[i]);
    text += (static_cast<std::int64_t>(i) + 1) % columns == 0 ? '\n' : delimiter;
  }
}

}  // namespace

Tensor CsvTable::column(const std::string& name, Location at) const {
  return values.select(1, place_of(columns, name, at), at);
}

Tensor CsvTable::select(const std::vector<std::string>& names, Location at) const {
  std::vector<std::int64_t> places;
  for (const std::string& n : names) places.push_back(place_of(columns, n, at));
  return index_select(values, 1, from_vector(places), at);
}

void write_csv(const std::string& path, const Tensor& values, const WriteCsvOptions& o, Location at) {
  constexpr const char* kName = "write_csv";
  require_defined(kName, values, at);
  require_rank(kName, values, 2, at);
  const std::int64_t columns = values.size(1);
  if (!o.columns.empty() && std::ssize(o.columns) != columns)
    ErrorReport(kName, fmt::format("{} names for {} columns", o.columns.size(), columns), at)
        .operand("values", values)
        .shape_error();
  if (!can_delimit(o.delimiter))
    ErrorReport(kName, fmt::format("'{}' cannot be a delimiter", o.delimiter), at).value_error();
  std::string text;
  for (std::size_t i = 0; i < o.columns.size(); ++i) {
    const std::string& name = o.columns[i];  // without quotes an empty one alone would be a blank line
    text +=
        (i ? std::string(1, o.delimiter) : "") + (name.empty() ? "\"\"" : xgrad::detail::csv_field(name, o.delimiter));
  }
  if (!o.columns.empty()) text += '\n';
  const Tensor plain = values.detach(at);
  if (values.dtype() == kFloat32)
    append_rows(plain.to_vector<float>(), columns, o.delimiter, text);
  else if (values.dtype() == kFloat64)
    append_rows(plain.to_vector<double>(), columns, o.delimiter, text);
  else
    append_rows(plain.to_vector<std::int64_t>(), columns, o.delimiter, text);
  write_file_atomically(kName, path, {{text.data(), text.size()}}, at);
}

}  // namespace xgrad::data

namespace xgrad::detail {

std::string csv_field(const std::string& text, char delimiter) {
  constexpr std::string_view kBlanks = " \t";
  const bool blank =
      !text.empty() && (kBlanks.find(text.front()) != kBlanks.npos || kBlanks.find(text.back()) != kBlanks.npos);
  if (!blank && text.find_first_of(std::string("\"\n\r") + delimiter) == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

}  // namespace xgrad::detail
