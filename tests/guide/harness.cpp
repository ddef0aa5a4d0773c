#include "harness.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <regex>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace guide {
namespace {

const char* document_name = "";
int block_line = 0, blocks_run = 0, failures = 0;
int terminal = -1;  // the real standard output while a block has it
std::FILE* captured = nullptr;

void flush_all() {
  std::cout.flush();
  std::fflush(stdout);
}

std::string take_output() {
  flush_all();
  dup2(terminal, STDOUT_FILENO);
  close(terminal);
  terminal = -1;
  std::string text(static_cast<std::size_t>(std::ftell(captured)), '\0');
  std::rewind(captured);
  text.resize(std::fread(text.data(), 1, text.size(), captured));
  std::fclose(captured);
  return text;
}

// Lines without trailing blanks; places in a file count as equal, so that a document can say train.cpp:7.
std::vector<std::string> lines_of(const std::string& text) {
  static const std::regex place(R"([\w.-]+\.(cpp|md):\d+)");
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    lines.push_back(std::regex_replace(line, place, "FILE:LINE"));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// Whether `got` is `wanted`, in which "..." stands for anything.
bool line_matches(const std::string& wanted, const std::string& got) {
  std::size_t at = 0, from = 0;
  bool first = true;
  while (true) {
    const std::size_t dots = wanted.find("...", from);
    const std::string piece = wanted.substr(from, dots == std::string::npos ? dots : dots - from);
    const bool last = dots == std::string::npos;
    std::size_t found = first  ? (got.compare(0, piece.size(), piece) == 0 ? 0 : std::string::npos)
                        : last ? (got.size() >= at + piece.size() ? got.size() - piece.size() : std::string::npos)
                               : got.find(piece, at);
    if (found == std::string::npos || got.compare(found, piece.size(), piece) != 0) return false;
    at = found + piece.size();
    if (last) return at == got.size();
    from = dots + 3;
    first = false;
  }
}

// A line "..." of its own stands for any number of lines.
bool matches(const std::vector<std::string>& wanted, std::size_t i, const std::vector<std::string>& got,
             std::size_t j) {
  if (i == wanted.size()) return j == got.size();
  if (wanted[i] == "...") {
    for (std::size_t k = j; k <= got.size(); ++k)
      if (matches(wanted, i + 1, got, k)) return true;
    return false;
  }
  return j < got.size() && line_matches(wanted[i], got[j]) && matches(wanted, i + 1, got, j + 1);
}

}  // namespace

void begin(int line) {
  block_line = line;
  flush_all();
  captured = std::tmpfile();
  terminal = captured ? dup(STDOUT_FILENO) : -1;
  if (terminal < 0 || dup2(fileno(captured), STDOUT_FILENO) < 0) {
    std::perror("guide: cannot capture standard output");
    std::exit(2);
  }
}

void end(const char* expected) {
  ++blocks_run;
  std::fseek(captured, 0, SEEK_END);
  flush_all();
  std::fseek(captured, 0, SEEK_END);
  const std::string got = take_output();
  if (matches(lines_of(expected ? expected : ""), 0, lines_of(got), 0)) return;
  ++failures;
  std::printf("%s:%d: the block prints\n%s--- but the document %s\n%s\n", document_name, block_line, got.c_str(),
              expected ? "says" : "shows no output", expected ? expected : "");
}

int run(const char* document, void (*blocks)()) {
  document_name = document;
  try {
    blocks();
  } catch (const std::exception& e) {
    const std::string printed = terminal >= 0 ? (std::fseek(captured, 0, SEEK_END), take_output()) : "";
    std::printf("%s%s:%d: the block throws: %s\n", printed.c_str(), document, block_line, e.what());
    return 1;
  }
  std::printf("%s: %d blocks, %d failed\n", document, blocks_run, failures);
  return failures > 0;
}

}  // namespace guide
