// How much memory is in use, and which lines of the program keep it.
#include <sstream>
#include <thread>

#include <xgrad/memory.hpp>
#include <xgrad/memory_report.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {
std::int64_t bytes_of(const std::vector<MemoryRow>& rows, MemoryRow::Reason reason) {
  std::int64_t sum = 0;
  for (const MemoryRow& m : rows)
    if (m.reason == reason) sum += m.bytes;
  return sum;
}
const MemoryRow* row_at(const std::vector<MemoryRow>& rows, unsigned line) {
  for (const MemoryRow& m : rows)
    if (m.at.line() == line && std::string(m.at.file_name()).ends_with("test_memory_report.cpp")) return &m;
  return nullptr;
}
}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(nothing_is_reported_without_a_tracker) {
  expect<ValueError>({"memory_report", "no MemoryTracker", "test_memory_report.cpp"}, [] { memory_report(); });
}

BOOST_AUTO_TEST_CASE(tensors_of_every_size_are_counted) {
  for (const std::int64_t n : {1, 100, 4000, 4200, 100000}) {
    const MemoryStats before = memory_stats();
    std::vector<Tensor> kept;
    for (int i = 0; i < 1000; ++i) kept.push_back(empty({n}));
    const MemoryStats with = memory_stats();
    const std::int64_t least = 1000 * n * 4;
    BOOST_TEST(with.live_bytes - before.live_bytes >= least, n << " floats: " << with << " after " << before);
    BOOST_TEST(with.peak_bytes >= with.live_bytes, n << " floats: " << with);
    kept.clear();
    BOOST_TEST(memory_stats().live_bytes == before.live_bytes);
  }
}

BOOST_AUTO_TEST_CASE(small_tensors_count_in_the_peak_after_a_reset) {
  {
    std::vector<Tensor> warm;
    for (int i = 0; i < 1000; ++i) warm.push_back(empty({4000}));
  }
  reset_peak_memory_stats();
  const MemoryStats before = memory_stats();
  {
    std::vector<Tensor> kept;
    for (int i = 0; i < 1000; ++i) kept.push_back(empty({4000}));
  }
  const MemoryStats after = memory_stats();
  BOOST_TEST(after.live_bytes == before.live_bytes);
  BOOST_TEST(after.peak_bytes >= before.live_bytes + 16'000'000, after << ", before " << before);
  BOOST_TEST(after.peak_bytes <= before.live_bytes + 20'000'000, after << ", before " << before);
}

BOOST_AUTO_TEST_CASE(small_tensors_freed_by_another_thread) {
  const std::int64_t before = memory_stats().live_bytes;
  std::vector<Tensor> kept;
  for (int i = 0; i < 1000; ++i) kept.push_back(empty({4000}));
  std::thread([&] { kept.clear(); }).join();
  BOOST_TEST(memory_stats().live_bytes == before);
}

BOOST_AUTO_TEST_CASE(rows_name_the_line_the_operation_and_the_reason) {
  const MemoryTracker watch;
  const nn::Linear fc(64, 64);
  const Tensor x = ones({32, 64});  // this line
  const unsigned line = std::source_location::current().line() - 1;
  Tensor h = fc(x), y = tanh(h);  // saves its result
  const Tensor other = x * 2;
  std::vector<MemoryRow> rows = memory_report();
  BOOST_TEST(std::ranges::is_sorted(rows, std::greater(), &MemoryRow::bytes));
  BOOST_TEST(bytes_of(rows, MemoryRow::Reason::parameter) >= 64 * 65 * 4);
  BOOST_TEST(bytes_of(rows, MemoryRow::Reason::gradient) == 0);
  const MemoryRow *made = row_at(rows, line), *result = row_at(rows, line + 3), *saved = row_at(rows, line + 2);
  BOOST_REQUIRE(made);
  BOOST_TEST(made->operation == "ones");
  BOOST_TEST(bool(made->reason == MemoryRow::Reason::saved));  // by the layer
  BOOST_TEST(made->bytes >= 32 * 64 * 4);
  BOOST_TEST(made->blocks == 1);
  BOOST_REQUIRE(result);
  BOOST_TEST(result->operation == "mul");
  BOOST_TEST(bool(result->reason == MemoryRow::Reason::result));
  BOOST_REQUIRE(saved);
  BOOST_TEST(bool(std::ranges::any_of(rows, [&](const MemoryRow& m) {
    return m.operation == "tanh" && m.at.line() == line + 2 && m.reason == MemoryRow::Reason::saved;
  })));
  BOOST_TEST(bool(std::ranges::any_of(rows, [](const MemoryRow& m) { return m.module == "Linear"; })));

  y.sum().backward();
  rows = memory_report();
  BOOST_TEST(bytes_of(rows, MemoryRow::Reason::saved) == 0);
  BOOST_TEST(bytes_of(rows, MemoryRow::Reason::gradient) >= 64 * 65 * 4);
  std::ostringstream text;
  text << rows;
  for (const char* part : {"memory", "KiB", "reason", "parameter", "gradient", "in all", "test_memory_report.cpp:"})
    BOOST_TEST(text.str().find(part) != std::string::npos, text.str());
}

BOOST_AUTO_TEST_CASE(rows_of_equal_layers_are_one_line) {
  MemoryRow row;
  row.operation = "relu";
  row.bytes = 1 << 20;
  row.blocks = 1;
  row.reason = MemoryRow::Reason::saved;
  std::vector<MemoryRow> rows;
  for (int i = 0; i < 16; ++i) {
    row.module = "net.layers." + std::to_string(i);
    rows.push_back(row);
  }
  row.operation = "linear";
  row.bytes = 1500;
  row.module = "net.head";
  rows.push_back(row);
  std::ostringstream text;
  text << rows;
  BOOST_TEST(
      text.str() ==
      "          memory  blocks  reason              operation         line                      module\n"
      "    16 x 1.0 MiB      16  saved for backward  relu              (unknown)                 net.layers.0 and "
      "15 more\n"
      "         1.5 KiB       1  saved for backward  linear            (unknown)                 net.head\n"
      "        16.0 MiB      17  in all\n");
}

BOOST_AUTO_TEST_CASE(memory_that_was_freed_or_made_before_has_no_row) {
  const Tensor before = ones({1000});
  const MemoryTracker watch;
  const std::size_t known = memory_report().size();
  { const Tensor gone = ones({1000}); }
  BOOST_TEST(memory_report().size() == known);
  Tensor kept;
  {
    const MemoryTracker second;
    kept = ones({1000});
  }
  BOOST_TEST(memory_report().size() == known + 1);
}

BOOST_AUTO_TEST_CASE(what_was_made_in_a_tracker_is_known_until_it_goes) {
  Tensor kept;
  std::size_t rows;
  {
    const MemoryTracker watch;
    rows = memory_report().size();
    kept = ones({1000});
  }
  const Tensor not_seen = ones({1000});
  BOOST_TEST(memory_report().size() == rows + 1);
  kept = Tensor();
  BOOST_TEST(memory_report().size() == rows);
}

BOOST_AUTO_TEST_SUITE_END()
