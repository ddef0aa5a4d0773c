// Hostile and very large files: a reader takes at most 4 times the file (or what a compressed one really holds) plus
// 64 MiB. Each is read in a child process, whose highest resident size is compared with that before. Run with
// --log_level=message to see the figures.
#include <cstdio>
#include <malloc.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include <xgrad/data.hpp>
#include <xgrad/train/checkpoint.hpp>

#include "file_support.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasured = false;  // their own memory would be measured
#else
constexpr bool kMeasured = true;
#endif

constexpr std::uint64_t kMiB = 1 << 20;

// A line of /proc/self/status in KiB: VmRSS now, VmHWM at most.
std::uint64_t status(const char* key) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key)) return std::stoull(line.substr(line.find_first_of("0123456789")));
  return 0;
}

struct Outcome {
  std::string message;  // of the IoError, or "read"
  std::uint64_t bytes = 0;
};

Outcome in_child(const std::function<void()>& read) {
  int ends[2];
  BOOST_REQUIRE(pipe(ends) == 0);
  malloc_trim(0);  // so that the child does not use again, unseen, what was freed here
  const pid_t child = fork();
  if (child == 0) {
    std::string message = "read";
    const std::uint64_t before = status("VmRSS");
    try {
      read();
    } catch (const IoError& e) {
      message = e.what();
    } catch (const std::exception& e) {
      message = std::string("another exception: ") + e.what();
    }
    message = fmt::format("{} {}", status("VmHWM") - before, message);
    const ssize_t written = write(ends[1], message.data(), std::min<std::size_t>(message.size(), 4000));
    _exit(written > 0 ? 0 : 1);
  }
  close(ends[1]);
  std::string report(4096, '\0');
  report.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], report.data(), report.size()), 0)));
  close(ends[0]);
  int ended = 0;
  waitpid(child, &ended, 0);
  BOOST_REQUIRE_MESSAGE(ended == 0 && !report.empty(), "the child died");
  return {report.substr(report.find(' ') + 1), std::stoull(report) * 1024};
}

// Reads `content` (as a file of that name) and expects this in the outcome: "read", or part of the IoError.
struct Hostile {
  TempDir dir;

  template <class F>
  void check(const std::string& what, std::uint64_t content_bytes, const F& read, const std::string& expected) const {
    const Outcome o = in_child(read);
    BOOST_TEST_MESSAGE(fmt::format("{}: {:.1f} MiB of content, {:.1f} MiB of memory; {:.90}", what,
                                   static_cast<double>(content_bytes) / kMiB, static_cast<double>(o.bytes) / kMiB,
                                   o.message));
    BOOST_TEST((o.message.find(expected) != std::string::npos), what << ": " << o.message);
    if (kMeasured) BOOST_TEST(o.bytes <= 4 * content_bytes + 64 * kMiB, what << ": " << o.bytes / kMiB << " MiB");
  }

  void safetensors(const std::string& what, const std::string& header, const std::string& values,
                   const std::string& expected) const {
    std::string file(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(file.data(), &length, 8);
    const std::string path = write_file(dir / "x.safetensors", file + header + values);
    check(
        what, file.size() + header.size() + values.size(), [&] { read_safetensors(path); }, expected);
  }
  void csv(const std::string& what, const std::string& text, const std::string& expected,
           const data::CsvOptions& o = {.dtype = kFloat64}) const {
    const std::string plain = write_file(dir / "x.csv", text), packed = write_file(dir / "x.csv.gz", gzip(text));
    check(
        what, text.size(), [&] { data::read_csv(plain, o); }, expected);
    check(
        what + ".gz", text.size(), [&] { data::read_csv(packed, o); }, expected);
  }
  void idx(const std::string& what, const std::string& content, const std::string& expected) const {
    const std::string plain = write_file(dir / "x.idx", content), packed = write_file(dir / "x.idx.gz", gzip(content));
    check(
        what, content.size(), [&] { data::read_idx(plain); }, expected);
    check(
        what + ".gz", content.size(), [&] { data::read_idx(packed); }, expected);
  }
};

// Text that repeats a piece up to a size.
std::string repeated(const std::string& piece, std::uint64_t bytes) {
  std::string s;
  s.reserve(bytes + piece.size());
  while (s.size() < bytes) s += piece;
  return s;
}

// A header of n entries: entry(i), then the rest of it.
template <class F>
std::string header_of(int n, const F& entry) {
  std::string s = "{";
  for (int i = 0; i < n; ++i) s += (i ? "," : "") + entry(i);
  return s + "}";
}
std::string empty_entry(int i) { return fmt::format(R"("{:x}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", i); }
std::string layer_entry(int i) {
  return fmt::format(
      R"("model.layers.{}.self_attn.q_proj.weight":{{"dtype":"F32","shape":[1,1],"data_offsets":[{},{}]}})", i, 4 * i,
      4 * i + 4);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(reader_memory, Hostile)

// Time is linear: 160,000 names took minutes when each was compared with all before.
BOOST_AUTO_TEST_CASE(safetensors_with_many_names) {
  safetensors("160,000 names", header_of(160000, empty_entry), "", "read");
  safetensors("250,000 layers", header_of(250000, layer_entry), std::string(1000000, '\0'), "read");
  safetensors("a name twice among 160,000", header_of(160000, [](int i) { return empty_entry(i % 159999); }), "",
              "twice");
  safetensors("800,000 names", header_of(800000, empty_entry), "", "too many for a file");
  safetensors("1,600,000 names, 92 MB", header_of(1600000, [](int i) { return " " + empty_entry(i); }), "",
              "too many for a file");
  safetensors("tiny metadata",
              "{\"__metadata__\":" + header_of(2000000, [](int i) { return fmt::format(R"("{:x}":"")", i); }) + "}", "",
              "too many for a file");
}

BOOST_AUTO_TEST_CASE(safetensors_with_long_values) {
  const std::uint64_t n = 24 * kMiB;
  const std::string letters(n, 'a'), metadata = R"({"__metadata__":{"k":")";
  safetensors("long metadata", metadata + letters + "\"}}", "", "read");
  safetensors("a string without end", metadata + letters, "", "not valid JSON");
  safetensors("a string with a wrong end", metadata + letters + "\\x\"}}", "", "not valid JSON");
  safetensors("a string of escapes", metadata + repeated("\\u0001", n) + "\"}}", "", "read");
  safetensors("a long name", "{\"" + letters + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", "", "read");
  safetensors("a long name of nothing", "{\"" + letters + "\":1}", "", "not an object");
  safetensors("a long field", R"({"a":{")" + letters + "\":1}}", "", "unknown field");
  safetensors("a long type", R"({"a":{"shape":[],"data_offsets":[0,1],"dtype":")" + letters + "\"}}", "1",
              "not supported");
  safetensors("a long number", R"({"a":{"dtype":"U8","shape":[)" + std::string(n, '1') + R"(],"data_offsets":[0,1]}})",
              "1", "whole number");
  safetensors("a long shape", R"({"a":{"dtype":"U8","shape":[1)" + repeated(",1", n) + R"(],"data_offsets":[0,1]}})",
              "1", "dimensions");
  safetensors("many offsets", R"({"a":{"dtype":"U8","shape":[],"data_offsets":[1)" + repeated(",1", n) + "]}}", "1",
              "two numbers");
  safetensors("deep arrays", "{\"a\":" + std::string(n, '['), "", "nested too deeply");
  safetensors("deep objects", repeated("{\"\":", n), "", "nested too deeply");
  safetensors("spaces", "{" + std::string(n, ' ') + "}", "", "read");
}

BOOST_AUTO_TEST_CASE(safetensors_of_types_that_grow) {
  const std::uint64_t n = 20 * kMiB;
  for (const auto& [type, width] :
       {std::pair("I8", 1), std::pair("BOOL", 1), std::pair("F16", 2), std::pair("U32", 4), std::pair("F64", 8)})
    safetensors(type,
                fmt::format(R"({{"a":{{"dtype":"{}","shape":[{}],"data_offsets":[0,{}]}}}})", type,
                            n / static_cast<std::uint64_t>(width), n),
                std::string(n, '\1'), "read");
}

BOOST_AUTO_TEST_CASE(idx_files) {
  const std::uint32_t n = 24 << 20;
  idx("int8", test::idx(0x09, {n}, std::string(n, '\1')), "read");
  idx("uint8", test::idx(0x08, {n}, std::string(n, '\1')), "read");
  idx("float64", test::idx(0x0E, {n / 8}, std::string(n, '\1')), "read");
  std::minstd_rand random(1);
  std::string noise(1 << 20, '\0');
  for (char& c : noise) c = static_cast<char>(random() >> 8);
  const std::string lie = gzip(test::idx(0x08, {1000, 1000, 1000}, noise)), path = write_file(dir / "lie.idx.gz", lie);
  check(
      "1 MB that claims 1e9 bytes", lie.size(), [&] { data::read_idx(path); },
      "1000000000 bytes of data expected, 1048576 found");
  const std::string cut = gzip(test::idx(0x09, {n + 50000}, std::string(n, '\1'))),
                    place = write_file(dir / "cut.idx.gz", cut);
  check(
      "24 MB that claim a little more", n, [&] { data::read_idx(place); },
      fmt::format("{} bytes of data expected, {} found", n + 50000, n));
}

BOOST_AUTO_TEST_CASE(csv_files) {
  const std::uint64_t n = 10 * kMiB;
  csv("one row", repeated("1,", n) + "1", "read");
  csv("one column", repeated("1\n", n), "read");
  csv("one column, float32", repeated("1\n", n), "read", {});
  csv("long numbers", repeated("0.12345678901234567,1.2345678901234567e-12\n", n), "read");
  csv("delimiters", std::string(n, ','), "line 1: column 1: '' is not a number");
  csv("delimiters behind names", "a" + std::string(n, ','), "no rows");
  csv("names without rows", repeated("ab,", n) + "c", "no rows");
  csv("blank lines", std::string(n, '\n'), "no rows");
  csv("a quote without end", "1,2\n3,\"" + repeated("4,5\n", n), "never closed");
  csv("quotes", std::string(n, '"'), "line 1");
  csv("a long number", "1,2\n3," + std::string(n, '4') + "\n", "too large");
  csv("a long text", "1,2\n3," + std::string(n, 'x') + "\n", "xxx...' is not a number");
  csv("a damaged end", repeated("1,2\n", n) + "3,x\n", "'x' is not a number");
  csv("a wider end", repeated("1,2\n", n) + repeated("3,", n), "expected 2 columns as in line 1");
}

BOOST_AUTO_TEST_CASE(checkpoints) {
  const std::string head = R"({"__metadata__":{"format":"xgrad-checkpoint","version":"1","epoch":"3")";
  const auto checkpoint = [&](const std::string& what, const std::string& header, const std::string& expected) {
    std::string file(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(file.data(), &length, 8);
    const std::string path = write_file(dir / "checkpoint", file + header);
    check(
        what, 8 + header.size(), [&] { train::load_checkpoint(path, {}); }, expected);
  };
  const auto entry = [](int i) {
    return fmt::format(R"("extra.{:x}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})", i);
  };
  checkpoint("a checkpoint of 120,000 tensors", head + "}," + header_of(120000, entry).substr(1), "read");
  checkpoint("a checkpoint of 120,000 optimizer tensors",
             head + "}," + header_of(120000, [&](int i) { return "\"optimizer" + entry(i).substr(6); }).substr(1),
             "read");
  checkpoint("a checkpoint with long metadata", head + ",\"extra.note\":\"" + std::string(24 * kMiB, 'a') + "\"}}",
             "read");
  checkpoint(
      "a checkpoint with much metadata",
      head + "," + header_of(100000, [](int i) { return fmt::format(R"("extra.{:x}":"{}")", i, i); }).substr(1) + "}",
      "read");
}

BOOST_AUTO_TEST_SUITE_END()
