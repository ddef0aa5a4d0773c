// What tests/test_error_lines*.cpp ask of every message: it names the line of the user's program, and no file of the
// library.
#pragma once

#include <regex>

#include "support.hpp"

namespace xgrad::test {

// f throws an Error that names one of the lines of the statement it stands in (or, with `anywhere`, any of this file,
// for mistakes that show inside of a forward written here), and no other file.
inline void wrong(const std::function<void()>& f, bool anywhere = false, Location at = Location::current()) {
  static const std::regex place(R"(([A-Za-z0-9_./]+\.[ch]pp):(\d+))");
  const std::string here = file_and_line(at);
  try {
    f();
    BOOST_ERROR(here + ": nothing was thrown");
  } catch (const Error& e) {
    const std::string text = e.what(), file = std::filesystem::path(at.file_name()).filename().string();
    bool placed = false;
    for (std::sregex_iterator m(text.begin(), text.end(), place), end; m != end; ++m) {
      if ((*m)[1] != file) BOOST_ERROR(fmt::format("{}: '{}' in:\n{}", here, (*m)[1].str(), text));
      const auto line = std::stoul((*m)[2]);
      placed |= anywhere || (line >= at.line() && line <= at.line() + 5);
    }
    if (!placed) BOOST_ERROR(fmt::format("{}: its line is missing in:\n{}", here, text));
    if (text.find("/src/") != text.npos || text.find("include/xgrad") != text.npos)
      BOOST_ERROR(fmt::format("{}: a path of the library in:\n{}", here, text));
  } catch (const std::exception& e) {
    BOOST_ERROR(fmt::format("{}: not an xgrad::Error but {}", here, e.what()));
  }
}

inline void inside(const std::function<void()>& f, Location at = Location::current()) { wrong(f, true, at); }

inline const Tensor none;

inline std::vector<Tensor> leaf() { return {ones({2}, {.requires_grad = true})}; }

}  // namespace xgrad::test
