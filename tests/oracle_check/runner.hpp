// Running records in a process of their own, so that a crash or a hang counts as one failed record.
#pragma once

#include <string>
#include <vector>

#include "record.hpp"

namespace oracle {

struct Record {
  std::string area, id;
  // What a list of expected names may call it: operation, optimizer, kind, format, its id within the area, and "*".
  std::vector<std::string> names;
  Json json;
};

enum class Verdict : char { passed = 'p', failed = 'f', unsupported = 'u' };
struct Outcome {
  Verdict verdict;
  std::string message;
};

std::vector<Record> read_records(const std::string& file, const std::string& area);
// folder: where the records' files are.
std::vector<Outcome> run_records(const std::vector<Record>& records, const std::string& folder);

}  // namespace oracle
