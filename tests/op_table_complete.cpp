// The table against the library: every operation its source records, and every public function, has a row.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <xgrad/tape.hpp>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> source_files() {
  std::vector<std::filesystem::path> files;
  for (const char* part : {"autograd", "nn", "optim", "data", "viz", "train"}) {
    const std::filesystem::path folder = std::filesystem::path(XGRAD_SOURCE_DIR) / part;
    if (!std::filesystem::is_directory(folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp") files.push_back(entry.path());
  }
  return files;
}

std::set<std::string> all_matches(const std::string& text, const std::regex& pattern, int group) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) found.insert((*it)[group]);
  return found;
}

// Functions that record an operation under a name their caller gives: f(const char* op, ...) with record(op, ...)
// inside.
std::set<std::string> recording_helpers(const std::string& text) {
  std::set<std::string> helpers;
  const std::regex head(R"((\w+)\(const char\* op\b)"), body(R"(\brecord(_once)?\(\s*op\b)");
  for (std::sregex_iterator it(text.begin(), text.end(), head), end; it != end; ++it) {
    const auto from = static_cast<std::size_t>(it->position());
    const std::string function = text.substr(from, text.find("\n}\n", from) - from);
    if (std::regex_search(function, body)) helpers.insert((*it)[1]);
  }
  return helpers;
}

std::set<std::string> recorded_in_source() {
  std::set<std::string> names, helpers{"record", "record_once"};
  for (const auto& f : source_files()) helpers.merge(recording_helpers(read(f)));
  const std::regex use(fmt::format(R"(\b(?:{})(?:<[^<>;]*>)?\(\s*"(\w+)\")", fmt::join(helpers, "|")));
  for (const auto& f : source_files()) names.merge(all_matches(read(f), use, 1));
  return names;
}

// Everything that the rows record, in forward passes and in two passes back.
std::set<std::string> reached_by_rows() {
  std::set<std::string> names;
  for (const Row& row : op_table())
    for (const Sample& sample : row.samples) {
      const Tensors x = leaves(sample, make_inputs(row, sample, kFloat64));
      if (sample.size == Size::large || !gives_gradient(row, sample, x)) continue;
      Tensors roots = sample.call(x), wanted = x;
      for (int pass = 0; pass < 3 && !roots.empty(); ++pass) {
        Tensors seeds;
        const auto constant = [](const Tensor& t) { return !t.defined() || !t.requires_grad(); };
        std::erase_if(roots, constant);
        std::erase_if(wanted, constant);
        for (const Tensor& y : roots) {
          for (const tape::OpNode& n : tape::collect(y).nodes) names.insert(n.op);
          seeds.push_back(seed_like(y).requires_grad_());
        }
        roots = grad(roots, wanted, seeds, {.create_graph = true, .allow_unused = true});
        wanted.insert(wanted.end(), seeds.begin(), seeds.end());  // a gradient is a function of its seeds, too
      }
    }
  return names;
}

BOOST_AUTO_TEST_CASE(every_recorded_operation_has_a_row) {
  const std::set<std::string> source = recorded_in_source(), reached = reached_by_rows();
  BOOST_TEST(source.size() > 90u);
  for (const std::string& name : source)
    BOOST_CHECK_MESSAGE(reached.contains(name),
                        "operation \"" << name << "\" is recorded by the library, but by no row of the table");
  for (const Row& row : op_table())
    if (row.differentiable)
      BOOST_CHECK_MESSAGE(source.contains(row.name), "row \"" << row.name << "\" is of no operation of the library");
}

BOOST_AUTO_TEST_CASE(every_public_function_has_a_row) {
  std::set<std::string> covered;
  for (const Row& row : op_table()) covered.insert(row.functions.begin(), row.functions.end());
  const std::regex declaration(R"(XGRAD_API (?:Tensor|bool|ValuesIndices|std::vector<Tensor>) (\w+)\()");
  for (const char* header : {"elementwise", "index", "linalg", "loss", "reduce", "shape"}) {
    const auto file =
        std::filesystem::path(XGRAD_SOURCE_DIR) / "autograd/include/xgrad/ops" / (std::string(header) + ".hpp");
    const std::set<std::string> functions = all_matches(read(file), declaration, 1);
    BOOST_TEST(!functions.empty());
    for (const std::string& name : functions)
      BOOST_CHECK_MESSAGE(covered.contains(name), name << " of " << header << ".hpp has no row");
  }
}

}  // namespace
}  // namespace xgrad::test
