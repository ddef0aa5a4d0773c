// Where operations stand: what <xgrad/ops/X.hpp> declares is defined in autograd/src/ops/X.cpp and has its rows in
// tests/op_table_X.cpp, so that whoever looks for one finds all three.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "reference_page.hpp"
#include "unit_test.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kHeaders = fs::path(XGRAD_SOURCE_DIR) / "autograd/include/xgrad";
const fs::path kSources = fs::path(XGRAD_SOURCE_DIR) / "autograd/src/ops";
const fs::path kTests = fs::path(XGRAD_SOURCE_DIR) / "tests";

std::string read(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The last word before the first parenthesis: the name of the function that the line declares or defines.
std::string function_of(const std::string& line) {
  const std::string head = line.substr(0, line.find('('));
  const std::size_t begin = head.find_last_of(" :&*>") + 1;
  return head.substr(begin);
}

// Functions that a header exports, without those of namespace detail.
std::set<std::string> declared(const fs::path& header) {
  std::set<std::string> names;
  bool detail = false;
  for (const std::string& line : lines_of(read(header))) {
    if (line == "namespace detail {") detail = true;
    if (line == "}  // namespace detail") detail = false;
    const std::size_t mark = line.find("XGRAD_API ");
    if (detail || mark == std::string::npos || line.find('(') == std::string::npos) continue;
    const std::string name = function_of(line.substr(mark));
    if (line.find("operator") == std::string::npos && line.find("extern template") != 0) names.insert(name);
  }
  return names;
}

// Functions that a source defines for others to call: not in a namespace within xgrad, no members.
std::set<std::string> defined(const fs::path& source) {
  std::set<std::string> names;
  int inner = 0;
  for (const std::string& line : lines_of(read(source))) {
    if (line == "namespace {" || line == "namespace detail {") ++inner;
    if (line == "}  // namespace" || line == "}  // namespace detail") --inner;
    const bool begins = !line.empty() && (std::isalpha(static_cast<unsigned char>(line[0])));
    if (inner > 0 || !begins || line.find('(') == std::string::npos) continue;
    const std::string head = line.substr(0, line.find('('));
    if (head.find("Tensor::") != std::string::npos || head.find("Methods::") != std::string::npos) continue;
    names.insert(function_of(line));
  }
  return names;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// Family -> what its header declares.
std::map<std::string, std::set<std::string>> families() {
  std::map<std::string, std::set<std::string>> all;
  for (const fs::path& header : files_in(kHeaders / "ops"))
    if (std::set<std::string> names = declared(header); !names.empty()) all[header.stem().string()] = std::move(names);
  return all;
}

BOOST_AUTO_TEST_CASE(a_header_and_a_source_of_one_name_hold_the_same_operations) {
  const auto all = families();
  BOOST_TEST(all.size() > 25u);
  BOOST_TEST(all.at("activation").contains("gelu"));
  BOOST_TEST(all.at("dropout").contains("feature_dropout"));
  std::map<std::string, std::string> home;
  for (const auto& [family, names] : all)
    for (const std::string& name : names) home[name] = family;
  for (const auto& [family, names] : all) {
    const fs::path source = kSources / (family + ".cpp");
    BOOST_REQUIRE_MESSAGE(fs::exists(source), family << ".hpp has no " << family << ".cpp");
    const std::set<std::string> here = defined(source);
    for (const std::string& name : names)
      BOOST_CHECK_MESSAGE(here.contains(name), name << " of " << family << ".hpp is not in " << family << ".cpp");
  }
  for (const fs::path& source : files_in(kSources)) {
    if (source.extension() != ".cpp") continue;
    for (const std::string& name : defined(source))
      if (home.contains(name)) {
        const auto declaring = all.find(source.stem().string());
        BOOST_CHECK_MESSAGE(declaring != all.end() && declaring->second.contains(name),
                            name << " of " << home[name] << ".hpp is defined in " << source.filename());
      }
  }
}

BOOST_AUTO_TEST_CASE(every_family_has_a_table_of_rows) {
  for (const auto& [family, names] : families()) {
    if (family == "factory" || family == "sampling" || family == "draws") continue;  // of values, of chance
    BOOST_CHECK_MESSAGE(fs::exists(kTests / ("op_table_" + family + ".cpp")), "no op_table_" << family << ".cpp");
  }
}

BOOST_AUTO_TEST_CASE(the_page_for_contributors_names_every_family) {
  const std::string page = read(fs::path(XGRAD_SOURCE_DIR) / "docs/adding_an_op.md");
  for (const auto& [family, names] : families())
    BOOST_CHECK_MESSAGE(page.find("`" + family + "`") != std::string::npos, family << " is missing");
}

BOOST_AUTO_TEST_CASE(public_headers_have_names_of_their_own) {
  std::map<std::string, std::string> seen;
  for (const auto& entry : fs::recursive_directory_iterator(kHeaders)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename().string();
    const auto [before, is_new] = seen.emplace(name, entry.path().string());
    BOOST_CHECK_MESSAGE(is_new, entry.path() << " and " << before->second << " have one name");
  }
}

BOOST_AUTO_TEST_CASE(families_have_room_to_grow) {
  for (const fs::path& folder : {kSources, kHeaders / "ops"})
    for (const fs::path& file : files_in(folder)) {
      const std::size_t n = lines_of(read(file)).size();
      BOOST_CHECK_MESSAGE(n < 600, file << " has " << n << " lines");
    }
}

// Family -> what docs/reference/ops.md lists under it.
std::map<std::string, std::set<std::string>> listed() {
  std::map<std::string, std::set<std::string>> all;
  std::string family;
  for (const std::string& line : lines_of(read(fs::path(XGRAD_SOURCE_DIR) / "docs/reference/ops.md"))) {
    if (line.size() > 2 && line.front() == '`' && line.back() == '`') family = line.substr(1, line.size() - 2);
    if (line.compare(0, 3, "| `") != 0) continue;
    std::string name = line.substr(3, line.find('`', 3) - 3);
    if (name.compare(0, 8, "linalg::") == 0) name = name.substr(8);
    all[family].insert(name);
  }
  return all;
}

BOOST_AUTO_TEST_CASE(the_reference_lists_every_operation) {
  const std::set<std::string> of_other_headers{"parse", "wrong_count", "cast_numbers"};  // of extents and values
  const auto all = families(), page = listed();
  xgrad::test::ReferencePage text("ops.md");
  for (const auto& [family, names] : all)
    for (const std::string& name : names)
      if (!of_other_headers.contains(name) && !(page.contains(family) && page.at(family).contains(name)))
        text.missing("`" + family + "`", name, read(kHeaders / "ops" / (family + ".hpp")));
  for (const auto& [family, names] : page)
    for (const std::string& name : names)
      BOOST_CHECK_MESSAGE(all.contains(family) && all.at(family).contains(name),
                          "docs/reference/ops.md lists " << name << ", which " << family << ".hpp has not");
}

}  // namespace
