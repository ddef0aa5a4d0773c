// The table of torch.profiler: columns, units and order are its own.
#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/profiler.hpp>

namespace xgrad::profiler {
namespace {

struct Sorting {
  std::string_view name;
  double (*key)(const FunctionEventAvg&);
};
constexpr std::array<Sorting, 6> kSortings{{
    {"cpu_time", [](const FunctionEventAvg& r) { return r.cpu_time(); }},
    {"cpu_time_total", [](const FunctionEventAvg& r) { return r.cpu_time_total; }},
    {"self_cpu_time_total", [](const FunctionEventAvg& r) { return r.self_cpu_time_total; }},
    {"cpu_memory_usage", [](const FunctionEventAvg& r) { return static_cast<double>(r.cpu_memory_usage); }},
    {"self_cpu_memory_usage", [](const FunctionEventAvg& r) { return static_cast<double>(r.self_cpu_memory_usage); }},
    {"count", [](const FunctionEventAvg& r) { return static_cast<double>(r.count); }},
}};

std::string time_text(double us) {
  if (us >= 1e6) return fmt::format("{:.3f}s", us / 1e6);
  if (us >= 1e3) return fmt::format("{:.3f}ms", us / 1e3);
  return fmt::format("{:.3f}us", us);
}

std::string memory_text(std::int64_t bytes) {
  constexpr double kKilo = 1024;
  const auto b = static_cast<double>(bytes), size = std::fabs(b);
  if (size >= kKilo * kKilo * kKilo) return fmt::format("{:.2f} Gb", b / (kKilo * kKilo * kKilo));
  if (size >= kKilo * kKilo) return fmt::format("{:.2f} Mb", b / (kKilo * kKilo));
  if (size >= kKilo) return fmt::format("{:.2f} Kb", b / kKilo);
  return fmt::format("{} b", bytes);
}

std::string share(double part, double whole) { return fmt::format("{:.2f}%", whole > 0 ? 100 * part / whole : 0.0); }

// Characters, as far as they are one column wide: names are of operations and modules.
std::size_t columns(const std::string& s) {
  return static_cast<std::size_t>(
      std::ranges::count_if(s, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// At most so many columns, "..." in place of the rest.
std::string fitted(const std::string& s, std::size_t most) {
  if (columns(s) <= most) return s;
  std::size_t end = 0, n = 0;
  for (; end < s.size(); ++end)
    if ((static_cast<unsigned char>(s[end]) & 0xC0) != 0x80 && n++ == most - 3) break;
  return s.substr(0, end) + "...";
}

std::string laid_out(const std::vector<std::vector<std::string>>& rows) {
  constexpr std::size_t kLeast = 12;
  std::vector<std::size_t> widths(rows[0].size(), kLeast);
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], columns(row[c]));
  std::string rule;
  for (const std::size_t w : widths) rule += std::string(w, '-') + "  ";
  rule += '\n';
  std::string text = rule;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      text += std::string(widths[c] - columns(rows[r][c]), ' ') + rows[r][c] + "  ";
    text += '\n';
    if (r == 0) text += rule;
  }
  return text + rule;
}

}  // namespace

double EventList::self_cpu_time_total() const {
  double sum = 0;
  for (const FunctionEventAvg& r : *this) sum += r.self_cpu_time_total;
  return sum;
}

std::string EventList::table(std::string_view sort_by, int row_limit, Location at) const {
  std::vector<FunctionEventAvg> sorted(begin(), end());
  if (!sort_by.empty()) {
    const auto how = std::ranges::find(kSortings, sort_by, &Sorting::name);
    if (how == kSortings.end()) {
      std::string names;
      for (const Sorting& s : kSortings) names += fmt::format("{}{}", names.empty() ? "" : ", ", s.name);
      ErrorReport("table", fmt::format("cannot sort by '{}'", sort_by), at).help("one of " + names).value_error();
    }
    std::ranges::stable_sort(sorted, std::greater(), how->key);
  }
  if (row_limit < -1)
    ErrorReport("table", fmt::format("row_limit is {}, must be -1 (all rows) or more", row_limit), at).value_error();
  if (row_limit >= 0) sorted.resize(std::min(sorted.size(), static_cast<std::size_t>(row_limit)));
  const double whole = self_cpu_time_total();
  std::vector<std::vector<std::string>> rows{{"Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total",
                                              "CPU time avg", "CPU Mem", "Self CPU Mem", "# of Calls"}};
  constexpr std::size_t kLongest = 55;
  for (const FunctionEventAvg& r : sorted)
    rows.push_back({fitted(r.key, kLongest), share(r.self_cpu_time_total, whole), time_text(r.self_cpu_time_total),
                    share(r.cpu_time_total, whole), time_text(r.cpu_time_total), time_text(r.cpu_time()),
                    memory_text(r.cpu_memory_usage), memory_text(r.self_cpu_memory_usage), fmt::format("{}", r.count)});
  return laid_out(rows) + fmt::format("Self CPU time total: {}\n", time_text(whole));
}

std::ostream& operator<<(std::ostream& os, const EventList& list) { return os << list.table(); }

}  // namespace xgrad::profiler
