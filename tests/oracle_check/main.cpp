// oracle_check DIR [--area a,b] [--list-failed | --only-failed-ids] [--scope FILE] [--compatibility FILE]
// Runs every record of DIR/*.jsonl against the library and counts. Exit status 0 only if nothing failed (with --scope:
// nothing of what the file names); 77, "skipped", when there is no such folder.
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
  std::fputs(
      "usage: oracle_check DIR [--area a,b,...] [--list-failed | --only-failed-ids] [--scope FILE] [--compatibility "
      "FILE]\n",
      stderr);
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
      if (const auto n = names_.find(r.area + " " + name); n != names_.end())
        return n->second || o.verdict != Verdict::unsupported;
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
  void add(const Counts& o) {
    passed += o.passed, failed += o.failed, unsupported += o.unsupported, intended += o.intended;
  }
};

class Report {
 public:
  explicit Report(const Options& o) : options_(o), intended_(intended_differences(o.compatibility)) {
    if (!o.scope.empty()) scope_.emplace(o.scope);
  }

  void area(const std::string& name, const std::vector<Record>& records, const std::vector<Outcome>& outcomes) {
    Counts n;
    for (std::size_t i = 0; i < records.size(); ++i) count(records[i], outcomes[i], n);
    total_.add(n);
    if (options_.ids_only) return;
    fmt::print("{}: {} passed, {} failed, {} unsupported of {}", name, n.passed, n.failed, n.unsupported, n.seen());
    fmt::print("{}{}\n", n.intended ? fmt::format(" (intended differences: {})", n.intended) : "",
               share_near(outcomes));
    std::fflush(stdout);
  }

  // Exit status.
  int finish() const {
    if (total_.seen() == 0) throw std::runtime_error("no records in " + options_.folder);
    const int failed = total_.failed + total_.unsupported;
    if (!options_.ids_only) {
      if (total_.intended) fmt::print("intended differences: {} ({})\n", total_.intended, options_.compatibility);
      if (scope_) fmt::print("in scope: {} passed, {} failed\n", scoped_.passed, scoped_.failed);
      fmt::print("{} passed, {} failed\n", total_.passed, failed);
    }
    return (scope_ ? scoped_.failed : failed) ? 1 : 0;
  }

 private:
  static std::string share_near(const std::vector<Outcome>& outcomes) {
    NearValues all;
    for (const Outcome& o : outcomes) {
      NearValues v;
      if (o.verdict != Verdict::passed || !(std::istringstream(o.message) >> v.near >> v.values)) continue;
      all.near += v.near, all.values += v.values;
    }
    if (all.values == 0) return "";
    return fmt::format("; {:.1f} % of {} values within {} ulp",
                       100 * static_cast<double>(all.near) / static_cast<double>(all.values), all.values,
                       NearValues::kUlps);
  }
  void count(const Record& record, const Outcome& o, Counts& n) {
    const bool in_scope = scope_ && scope_->counts(record, o);
    if (o.verdict == Verdict::passed) {
      ++n.passed;
      scoped_.passed += in_scope;
      return;
    }
    if (const auto reason = intended_.find(record.id); reason != intended_.end()) {
      ++n.intended;
      if (!options_.ids_only) fmt::print("INTENDED {}: {} ({})\n", record.id, o.message, reason->second);
      return;
    }
    const bool failed = o.verdict == Verdict::failed;
    ++(failed ? n.failed : n.unsupported);
    scoped_.failed += in_scope;
    if (options_.ids_only)
      fmt::print("{}\n", record.id);
    else if (options_.list || in_scope)
      fmt::print("{} {}: {}\n", failed ? "FAILED" : "UNSUPPORTED", record.id, o.message);
  }

  const Options& options_;
  std::map<std::string, std::string> intended_;
  std::optional<Scope> scope_;
  Counts total_, scoped_;
};

int run(const Options& o) {
  if (!std::filesystem::is_directory(o.folder)) {
    fmt::print("skipped: there is no folder {} with reference values (XGRAD_ORACLES)\n", o.folder);
    return 77;
  }
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(o.folder))
    if (f.path().extension() == ".jsonl") files.push_back(f.path());
  std::sort(files.begin(), files.end());
  Report report(o);
  for (const std::string& file : files) {
    const std::string area = std::filesystem::path(file).stem();
    if (!o.areas.empty() && !o.areas.contains(area)) continue;
    const std::vector<Record> records = read_records(file, area);
    report.area(area, records, run_records(records, o.folder));
  }
  return report.finish();
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
