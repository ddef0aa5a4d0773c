// What several tests need: expected errors, comparisons, temporary folders, raw files.
#pragma once

#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <typeinfo>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include <xgrad/memory.hpp>
#include <xgrad/ops.hpp>

#include "unit_test.hpp"

namespace xgrad::test {

inline std::string file_and_line(const Location& at) {
  return fmt::format("{}:{}", std::filesystem::path(at.file_name()).filename().string(), at.line());
}

// Runs f, which must throw an error of class `wanted` and nothing else, with every fact in its message, and leave no
// memory behind. Returns the message. (No template: tests call it with hundreds of lambdas.)
inline std::string expect(const std::type_info& wanted, const std::vector<std::string>& facts,
                          const std::function<void()>& f, Location at) {
  const std::int64_t before = memory_stats().live_bytes;
  const std::string place = file_and_line(at);
  std::string text;
  try {
    f();
    BOOST_ERROR(place + ": nothing was thrown");
    return text;
  } catch (const Error& e) {
    text = e.what();
    if (typeid(e) != wanted) BOOST_ERROR(fmt::format("{}: wrong class {}: {}", place, typeid(e).name(), text));
  } catch (const std::exception& e) {
    BOOST_ERROR(fmt::format("{}: not an xgrad::Error but {}: {}", place, typeid(e).name(), e.what()));
    return text;
  }
  for (const std::string& fact : facts)
    if (text.find(fact) == std::string::npos)
      BOOST_ERROR(fmt::format("{}: '{}' is missing in:\n{}", place, fact, text));
  if (const std::int64_t after = memory_stats().live_bytes; after != before)
    BOOST_ERROR(fmt::format("{}: {} bytes live before, {} after", place, before, after));
  return text;
}
template <class E>
std::string expect(const std::vector<std::string>& facts, const std::function<void()>& f,
                   Location at = Location::current()) {
  return expect(typeid(E), facts, f, at);
}

// The line below, for a message that must name it.
inline std::string next_line(Location at = Location::current()) {
  return fmt::format("{}:{}", std::filesystem::path(at.file_name()).filename().string(), at.line() + 1);
}

// The same for an operation: the message starts with its name and tells the line of the call, which must be the line of
// expect_op itself or one of the next three, when the statement is that long.
inline void expect_op(const std::type_info& wanted, const std::string& op, const std::vector<std::string>& facts,
                      const std::function<void()>& f, Location at) {
  const std::string text = expect(wanted, facts, f, at),
                    file = std::filesystem::path(at.file_name()).filename().string();
  bool placed = false;
  for (std::uint32_t line = at.line(); line <= at.line() + 3; ++line)
    placed |= text.find(fmt::format("called at {}:{}", file, line)) != std::string::npos;
  if (!placed) BOOST_ERROR(fmt::format("{}: its own line is missing in:\n{}", file_and_line(at), text));
  if (!text.starts_with("xgrad: " + op + ": "))
    BOOST_ERROR(fmt::format("{}: does not start with 'xgrad: {}: ':\n{}", file_and_line(at), op, text));
}
template <class E>
void expect_op(const std::string& op, const std::vector<std::string>& facts, const std::function<void()>& f,
               Location at = Location::current()) {
  expect_op(typeid(E), op, facts, f, at);
}

inline void check_close(const Tensor& t, const std::vector<double>& expected, double tolerance = 1e-6,
                        Location at = Location::current()) {
  const std::vector<double> v = t.detach().to_vector<double>();
  if (v.size() != expected.size()) {
    BOOST_ERROR(fmt::format("{}: {} values, expected {}", file_and_line(at), v.size(), expected.size()));
    return;
  }
  for (std::size_t i = 0; i < v.size(); ++i)
    if (!(std::fabs(v[i] - expected[i]) <= tolerance * (1 + std::fabs(expected[i]))) &&
        !(std::isnan(v[i]) && std::isnan(expected[i])))
      BOOST_ERROR(fmt::format("{}: element {} is {}, expected {}", file_and_line(at), i, v[i], expected[i]));
}

// Same dtype, shape and bits.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  const std::vector<double> x = a.detach().to_vector<double>(), y = b.detach().to_vector<double>();
  if (a.dtype() == kInt64) return a.to_vector<std::int64_t>() == b.to_vector<std::int64_t>();
  return std::equal(x.begin(), x.end(), y.begin(), [](double u, double v) {
    return std::bit_cast<std::uint64_t>(u) == std::bit_cast<std::uint64_t>(v);
  });
}

inline bool same_bits(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].first != b[i].first || !same_bits(a[i].second, b[i].second)) return false;
  return true;
}

// A folder that is removed with everything in it.
class TempDir {
 public:
  TempDir() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() / fmt::format("xgrad_test_{}_{}", getpid(), count++);
    std::filesystem::create_directories(path_);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& e : std::filesystem::directory_iterator(path_)) out.push_back(e.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
inline std::string write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  return path;
}
inline std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace xgrad::test
