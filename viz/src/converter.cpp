#include "converter.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <xgrad/atomic_file.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/descriptor.hpp>

#include "child_process.hpp"

namespace xgrad::viz {
namespace {

// By their ends, which a program that broke off did not write.
bool is_whole_picture(const std::string& bytes, const std::string& suffix) {
  const auto last = bytes.find_last_not_of(" \r\n");
  const std::string_view trimmed(bytes.data(), last == std::string::npos ? 0 : last + 1);
  if (suffix == "svg") return trimmed.ends_with("</svg>");
  if (suffix == "pdf") return bytes.starts_with("%PDF") && trimmed.ends_with("%%EOF");
  return bytes.starts_with("\x89PNG") && bytes.ends_with("IEND\xae\x42\x60\x82");
}

bool holds(const std::string& path, const std::string& text) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat s;
  if (!file || fstat(file.get(), &s) != 0 || !S_ISREG(s.st_mode)) return false;
  if (static_cast<std::uint64_t>(s.st_size) != text.size()) return false;
  std::string content(text.size(), '\0');
  std::size_t have = 0;
  while (have < content.size()) {
    const ssize_t n = uninterrupted([&] { return read(file.get(), content.data() + have, content.size() - have); });
    if (n <= 0) return false;
    have += static_cast<std::size_t>(n);
  }
  return content == text;
}

std::string keep_text(const char* op, const std::string& text, const std::string& path, const Converter& converter,
                      const Location& at) {
  const std::string stem = path.substr(0, path.rfind('.'));
  for (int number = 0;; ++number) {
    const std::string kept =
        fmt::format("{}{}.{}", stem, number ? fmt::format("-{}", number) : "", converter.text_suffix);
    if (write_new_file_atomically(op, kept, {{text.data(), text.size()}}, at) || holds(kept, text)) return kept;
  }
}

}  // namespace

std::string suffix_of(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos || path.find('/', dot) != std::string::npos ? "" : path.substr(dot + 1);
}

std::string save_converted(const char* op, const std::string& text, const std::string& path, const Converter& converter,
                           const Location& at) {
  const xgrad::detail::CallSite site(at);
  ChildResult r = run_child(converter.command, text, converter.timeout);
  const bool whole = r.outcome == Outcome::unknown && is_whole_picture(r.output, suffix_of(path));
  if (whole || (r.outcome == Outcome::done && !r.output.empty())) {
    write_file_atomically(op, path, {{r.output.data(), r.output.size()}}, at);
    return path;
  }
  const std::string kept = keep_text(op, text, path, converter, at);
  if (r.outcome == Outcome::done || r.outcome == Outcome::unknown)
    r.message = fmt::format("no whole picture came out of it ({})", r.message);
  const bool missing = r.outcome == Outcome::missing;
  if (!missing && r.outcome != Outcome::timed_out)
    ErrorReport(op,
                fmt::format("{} could not draw {}: {}; the {} is in {}", converter.command[0], path, r.message,
                            converter.text_noun, kept),
                at)
        .io_error();
  const std::string why =
      missing ? fmt::format("{} not found", converter.name)
              : fmt::format("{} took longer than {} s", converter.command[0], converter.timeout.count());
  const std::string install = missing ? fmt::format("apt install {}, then ", converter.package) : "";
  // Not fmt::print, which throws where standard error is closed: the text is saved, and that is what counts.
  std::fputs(
      fmt::format("{}: wrote {}; {}{} {} -o {}\n", why, kept, install, fmt::join(converter.command, " "), kept, path)
          .c_str(),
      stderr);
  return kept;
}

}  // namespace xgrad::viz
