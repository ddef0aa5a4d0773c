#include "converter.hpp"

#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <new>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/descriptor.hpp>
#include <xgrad/detail/atomic_file.hpp>

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

// Not fmt::print, which throws where standard error is closed.
void complain(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fputc('\n', stderr);
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

// In one line of a readable length.
std::string one_line(const std::string& message) {
  constexpr std::size_t kLongest = 300;
  std::string line;
  for (const char c : message) {
    const bool space = static_cast<unsigned char>(c) <= ' ' || c == 127;
    if (!space)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  while (line.ends_with(' ')) line.pop_back();
  if (line.size() <= kLongest) return line;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // not within a character
  return line.substr(0, end) + "...";
}

struct Attempt {
  bool whole = false, missing = false, late = false;
  std::string picture;
  std::string said;    // what the program wrote to standard error, or why there is no picture
  std::string fitted;  // what was changed to make it fit
};

// One picture on its way to its file.
class Conversion {
 public:
  Conversion(const char* op, const std::string& path, const Converter& converter, const Location& at)
      : op_(op), path_(path), converter_(converter), at_(at) {}

  std::string run(const Source& source, const Simpler& simpler, const Remark& remark) const {
    Attempt a = attempt(source, converter_.timeout);
    std::string notes;
    if (!a.whole && !a.missing && simpler) notes = try_again(a, source, simpler(a.late));
    if (!a.whole) return keep(source, a);
    try {
      write_file_atomically(op_, path_, {{a.picture.data(), a.picture.size()}}, at_);
    } catch (const Error& e) {
      complain(e.what());
      std::string kept;
      try {
        kept = keep_text(op_, source.text, path_, converter_, at_);
      } catch (const Error&) {  // nothing can be written there, as was said
        return kept;
      }
      complain(fmt::format("  help   the {} is in {}", converter_.text_noun, kept));
      return kept;
    }
    for (const std::string& note : {notes, a.fitted, remark ? remark(a.picture, a.said) : ""})
      if (!note.empty()) warn(op_, note, at_);
    return path_;
  }

 private:
  Attempt attempt(const Source& source, std::chrono::seconds timeout) const {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::string> command = source.command;
    std::string fitted;
    if (source.fit) {
      const ChildResult size = run(source.measure, source.text, timeout);
      if (size.outcome != Outcome::done && size.outcome != Outcome::unknown) return judged(size, command[0], timeout);
      fitted = source.fit(command, size.output);
    }
    const auto used = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - start);
    Attempt a = judged(run(command, source.text, timeout - used), command[0], timeout);
    a.fitted = fitted;
    return a;
  }

  ChildResult run(const std::vector<std::string>& command, const std::string& text, std::chrono::seconds time) const {
    try {
      return run_child(command, text, time, converter_.memory);
    } catch (const Error& e) {
      return {Outcome::failed, "", e.what()};
    }
  }

  Attempt judged(ChildResult r, const std::string& program, std::chrono::seconds timeout) const {
    Attempt a;
    const bool ended = r.outcome == Outcome::done || r.outcome == Outcome::unknown;
    a.whole = r.outcome == Outcome::done ? !r.output.empty() : ended && is_whole_picture(r.output, suffix_of(path_));
    a.missing = r.outcome == Outcome::missing;
    a.late = r.outcome == Outcome::timed_out;
    a.picture = std::move(r.output);
    a.said = a.whole     ? r.message
             : a.missing ? fmt::format("{} not found", converter_.name)
             : a.late    ? fmt::format("{} took longer than {} s", program, timeout.count())
             : ended     ? fmt::format("its output is not a complete picture ({})", one_line(r.message))
                         : one_line(r.message);
    return a;
  }

  // Replaces the attempt by a better one. What the user is to know then.
  std::string try_again(Attempt& first, const Source& source, const Source& less) const {
    Attempt second = attempt(less, converter_.second_timeout);
    if (!second.whole) {
      if (second.said != first.said) first.said += fmt::format("; {}: {}", less.reduced, second.said);
      return "";
    }
    const std::string notes = fmt::format("{}; {} is drawn {}", failure(first, source), path_, less.reduced);
    first = std::move(second);
    return notes;
  }

  std::string failure(const Attempt& a, const Source& source) const {
    return a.missing || a.late ? a.said : fmt::format("{} could not draw {}: {}", source.command[0], path_, a.said);
  }

  // The text in place of the picture, and what to do about it.
  std::string keep(const Source& source, const Attempt& a) const {
    std::string kept;
    try {
      kept = keep_text(op_, source.text, path_, converter_, at_);
    } catch (const Error&) {
      warn(op_, failure(a, source), at_);  // the caller only hears why the text is lost
      throw;
    }
    const std::string install = a.missing ? fmt::format("apt install {}, then ", converter_.package) : "";
    const bool later = a.missing || a.late;
    warn(op_,
         later ? fmt::format("{}: wrote {}; {}{} {} -o {}", a.said, kept, install, fmt::join(source.command, " "), kept,
                             path_)
               : fmt::format("{}; the {} is in {}", failure(a, source), converter_.text_noun, kept),
         at_);
    return kept;
  }

  const char* op_;
  const std::string& path_;
  const Converter& converter_;
  const Location& at_;
};

}  // namespace

std::string suffix_of(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos || path.find('/', dot) != std::string::npos ? "" : path.substr(dot + 1);
}

void require_path(const char* op, const std::string& path, const Location& at) {
  if (const auto nul = path.find('\0'); nul != std::string::npos)
    ErrorReport(op, fmt::format("the path has a NUL character after '{}'", path.substr(0, nul)), at).value_error();
}

void warn(const char* op, std::string_view text, const Location& at) noexcept {
  try {
    const std::string_view file(at.file_name());
    complain(
        fmt::format("xgrad: {}: {}\n  in     called at {}:{}", op, text, file.substr(file.rfind('/') + 1), at.line()));
  } catch (const std::exception&) {  // no memory for the words
    complain(op);
  }
}

void warn_of_exception(const char* op, const Location& at) noexcept {
  try {
    throw;
  } catch (const Error& e) {  // names path and place
    complain(e.what());
  } catch (const std::bad_alloc&) {
    warn(op, "not enough memory for the picture", at);
  } catch (const std::exception& e) {
    warn(op, e.what(), at);
  }
}

std::string save_converted(const char* op, const std::string& path, const Source& source, const Simpler& simpler,
                           const Converter& converter, const Remark& remark, const Location& at) {
  return Conversion(op, path, converter, at).run(source, simpler, remark);
}

}  // namespace xgrad::viz
