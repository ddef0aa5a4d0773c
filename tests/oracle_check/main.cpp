// oracle_check DIR [--area a,b] [--list-failed | --only-failed-ids] [--scope FILE] [--compatibility FILE]
// Runs every record of DIR/*.jsonl against the library and counts. Exit status 0 only if nothing failed (with --scope:
// nothing of what the file names).
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "runner.hpp"

namespace {

using namespace oracle;

struct Options {
  std::string folder, scope, compatibility = XGRAD_SOURCE_DIR "/docs/compatibility.md";
  std::set<std::string> areas;
  bool list = false, ids_only = false;
};

[[noreturn]] void usage() {
  std::fputs("usage: oracle_check DIR [--area a,b,...] [--list-failed | --only-failed-ids] [--scope FILE] [--compatibility FILE]\n", stderr);
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) usage();
      return argv[i];
    };
    if (a == "--area") {
      std::istringstream list(value());
      for (std::string area; std::getline(list, area, ',');) o.areas.insert(area);
    } else if (a == "--list-failed") {
      o.list = true;
    } else if (a == "--only-failed-ids") {
      o.ids_only = true;
    } else if (a == "--scope") {
      o.scope = value();
    } else if (a == "--compatibility") {
      o.compatibility = value();
    } else if (a.starts_with("-") || !o.folder.empty()) {
      usage();
    } else {
      o.folder = a;
    }
  }
  if (o.folder.empty()) usage();
  return o;
}

// Names that must pass, by area. "?" after a name: must not fail, but may need what the library does not have yet.
class Scope {
 public:
  explicit Scope(const std::string& file) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line.substr(0, line.find('#')));
      std::string area, name, mark;
      if (words >> area >> name) names_[area + " " + name] = !(words >> mark);
    }
  }
  bool counts(const Record& r, const Outcome& o) const {
    for (const std::string& name : r.names)
      if (const auto n = names_.find(r.area + " " + name); n != names_.end()) return n->second || o.verdict != Verdict::unsupported;
    return false;
  }

 private:
  std::map<std::string, bool> names_;  // area and name -> must be there
};

// The lines "- `record/id`: reason" of the documentation.
std::map<std::string, std::string> intended_differences(const std::string& file) {
  std::map<std::string, std::string> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t end = line.find("`: ");
    if (line.starts_with("- `") && end != std::string::npos) found[line.substr(3, end - 3)] = line.substr(end + 3);
  }
  return found;
}

struct Counts {
  int passed = 0, failed = 0, unsupported = 0, intended = 0;
  int seen() const { return passed + failed + unsupported + intended; }
};

int run(const Options& o) {
  const auto intended = intended_differences(o.compatibility);
  const std::optional<Scope> scope = o.scope.empty() ? std::nullopt : std::optional<Scope>(o.scope);
  Counts total, scoped;
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(o.folder))
    if (f.path().extension() == ".jsonl") files.push_back(f.path());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    const std::string area = std::filesystem::path(file).stem();
    if (!o.areas.empty() && !o.areas.contains(area)) continue;
    Counts n;
    const std::vector<Record> records = read_records(file, area);
    const std::vector<Outcome> outcomes = run_records(records, o.folder);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Outcome& r = outcomes[i];
      const bool in_scope = scope && scope->counts(records[i], r);
      if (r.verdict == Verdict::passed) {
        ++n.passed;
        scoped.passed += in_scope;
        continue;
      }
      const auto difference = intended.find(records[i].id);
      if (difference != intended.end()) {
        ++n.intended;
        if (!o.ids_only) fmt::print("intended difference {}: {} ({})\n", records[i].id, r.message, difference->second);
        continue;
      }
      (r.verdict == Verdict::failed ? n.failed : n.unsupported)++;
      scoped.failed += in_scope;
      if (o.ids_only) fmt::print("{}\n", records[i].id);
      else if (o.list || in_scope) fmt::print("{} {}: {}\n", r.verdict == Verdict::failed ? "FAILED" : "UNSUPPORTED", records[i].id, r.message);
    }
    if (!o.ids_only) {
      fmt::print("{}: {} passed, {} failed, {} unsupported of {}", area, n.passed, n.failed, n.unsupported, n.seen());
      fmt::print("{}\n", n.intended ? fmt::format(" ({} intended differences)", n.intended) : "");
    }
    total.passed += n.passed, total.failed += n.failed, total.unsupported += n.unsupported, total.intended += n.intended;
    std::fflush(stdout);
  }
  if (total.seen() == 0) throw std::runtime_error("no records in " + o.folder);
  if (!o.ids_only) {
    if (total.intended) fmt::print("{} intended differences ({})\n", total.intended, o.compatibility);
    if (scope) fmt::print("in scope: {} passed, {} failed\n", scoped.passed, scoped.failed);
    fmt::print("{} passed, {} failed\n", total.passed, total.failed + total.unsupported);
  }
  return (scope ? scoped.failed : total.failed + total.unsupported) ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::exception& e) {
    fmt::print(stderr, "oracle_check: {}\n", e.what());
    return 2;
  }
}
