// gradbench_check DIR: computes the functions of DIR/gradbench.jsonl with the library and compares. A line for each
// evaluation says how many records passed, failed and are unsupported. Exit status 0 only if nothing failed and
// something was compared; 77, "skipped", when there is no such file.
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "functions.hpp"

namespace {

using gradbench::Json;
using gradbench::numbers_of;

struct Count {
  int passed = 0, failed = 0, unsupported = 0;
};

// "" when all numbers agree within the record's tolerance.
std::string difference(const std::vector<double>& got, const std::vector<double>& want, double rtol, double atol) {
  if (got.size() != want.size()) return fmt::format("{} numbers, expected {}", got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!(std::abs(got[i] - want[i]) <= atol + rtol * std::abs(want[i])))
      return fmt::format("number {} is {}, expected {}", i, got[i], want[i]);
  return "";
}

void run(const Json& record, Count& count) {
  std::string problem;
  try {
    const auto got = gradbench::compute(record.at("eval"), record.at("function"), record.at("input"));
    if (!got) {
      ++count.unsupported;
      return;
    }
    problem = difference(*got, numbers_of(record.at("output")), record.at("rtol"), record.at("atol"));
  } catch (const std::exception& e) {
    problem = e.what();
  }
  ++(problem.empty() ? count.passed : count.failed);
  if (!problem.empty()) fmt::print("{}: {}\n", record.at("id").get<std::string>(), problem);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: gradbench_check DIR\n", stderr);
    return 2;
  }
  const std::string path = std::string(argv[1]) + "/gradbench.jsonl";
  std::ifstream file(path);
  if (!file) {
    fmt::print("skipped: there is no {}\n", path);
    return 77;
  }
  std::map<std::string, Count> counts;
  Count all;
  int line = 0;
  try {
    for (std::string text; std::getline(file, text);) {
      ++line;
      const Json record = Json::parse(text);
      run(record, counts[record.at("eval")]);
    }
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}:{}: {}\n", path, line, e.what());
    return 1;
  }
  for (const auto& [eval, c] : counts) {
    fmt::print("{}: {} passed, {} failed, {} unsupported\n", eval, c.passed, c.failed, c.unsupported);
    all = {all.passed + c.passed, all.failed + c.failed, all.unsupported + c.unsupported};
  }
  fmt::print("{} records: {} passed, {} failed, {} unsupported\n", line, all.passed, all.failed, all.unsupported);
  return all.failed == 0 && all.passed > 0 ? 0 : 1;
}
