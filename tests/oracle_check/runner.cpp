#include "runner.hpp"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace oracle {

namespace {

constexpr unsigned kSeconds = 60;  // for one record

NearValues near_values;  // of the record that is checked

void check(const Record& r, const std::string& folder) {
  static const std::map<std::string, void (*)(const Json&)> areas = {
      {"ops", check_ops},         {"nn", check_nn},           {"losses", check_losses}, {"opinfo", check_opinfo},
      {"special", check_special}, {"promote", check_promote}, {"optim", check_optim},   {"higher", check_higher},
      {"init", check_init},       {"e2e", check_e2e},         {"errors", check_errors}, {"semantics", check_semantics},
      {"sched", check_sched}};
  const std::string area = r.json.value("area", r.area);
  if (area == "files") return check_files(r.json, folder);
  const auto found = areas.find(area);
  if (found == areas.end()) throw Unsupported("area " + area);
  found->second(r.json);
}

Outcome outcome(const Record& r, const std::string& folder) {
  try {
    near_values = {};
    check(r, folder);
    if (near_values.values == 0) return {Verdict::passed, ""};
    return {Verdict::passed, fmt::format("{} {}", near_values.near, near_values.values)};
  } catch (const Unsupported& e) {
    return {Verdict::unsupported, e.what()};
  } catch (const std::exception& e) {
    return {Verdict::failed, e.what()};
  }
}

void one_line(std::string& s) {
  for (char& c : s)
    if (c == '\n' || c == '\r') c = ' ';
}

// In the child: one line per record, written at once.
[[noreturn]] void work(const std::vector<Record>& records, std::size_t first, const std::string& folder, int out) {
  for (std::size_t i = first; i < records.size(); ++i) {
    alarm(kSeconds);
    Outcome o = outcome(records[i], folder);
    one_line(o.message);
    const std::string line = fmt::format("{}{}\n", static_cast<char>(o.verdict), o.message);
    for (std::size_t sent = 0; sent < line.size();) {
      const ssize_t n = write(out, line.data() + sent, line.size() - sent);
      if (n <= 0) _exit(3);
      sent += static_cast<std::size_t>(n);
    }
  }
  _exit(0);
}

// Appends what one child has to say; returns how it ended.
int listen(int in, pid_t child, std::vector<Outcome>& outcomes) {
  std::FILE* pipe = fdopen(in, "r");
  std::string line;
  for (int c; (c = std::fgetc(pipe)) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    outcomes.push_back({static_cast<Verdict>(line.at(0)), line.substr(1)});
    line.clear();
  }
  std::fclose(pipe);
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

void note_near_values(const NearValues& v) { near_values = v; }

std::vector<Record> read_records(const std::string& file, const std::string& area) {
  std::vector<Record> records;
  std::ifstream in(file);
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Record r{area, {}, {}, Json::parse(line, nullptr, false)};
    if (r.json.is_discarded() || !r.json.is_object())
      throw std::runtime_error(fmt::format("{}:{}: not a JSON object", file, number));
    r.id = r.json.value("id", fmt::format("{}/line {}", area, number));
    for (const char* key : {"op", "optimizer", "scheduler", "kind", "format"})
      if (r.json.contains(key)) r.names.push_back(r.json[key]);
    r.names.push_back(r.id.starts_with(area + "/") ? r.id.substr(area.size() + 1) : r.id);
    r.names.push_back("*");
    records.push_back(std::move(r));
  }
  return records;
}

std::vector<Outcome> run_records(const std::vector<Record>& records, const std::string& folder) {
  std::vector<Outcome> outcomes;
  while (outcomes.size() < records.size()) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
      close(ends[0]);
      work(records, outcomes.size(), folder, ends[1]);
    }
    close(ends[1]);
    const int status = listen(ends[0], child, outcomes);
    if (outcomes.size() == records.size()) break;
    const bool late = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
    outcomes.push_back({Verdict::failed, late ? fmt::format("no answer in {} s", kSeconds)
                                         : WIFSIGNALED(status)
                                             ? fmt::format("crashed with signal {}", WTERMSIG(status))
                                             : fmt::format("the process ended with status {}", WEXITSTATUS(status))});
  }
  return outcomes;
}

}  // namespace oracle
