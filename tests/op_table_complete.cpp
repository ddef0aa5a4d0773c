// The table against the library: every operation its source records, and every public function, has a row.

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <xgrad/autograd.hpp>
#include <xgrad/tape.hpp>

#include "op_table.hpp"
#include "op_table_graphs.hpp"
#include "unit_test.hpp"

namespace xgrad::test {

void for_recorded_operations(const std::function<void(const tape::OpNode&)>& f) {
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
          for (const tape::OpNode& n : tape::collect(y).nodes) f(n);
          seeds.push_back(seed_like(y).requires_grad_());
        }
        if (row.once) break;  // its gradient cannot be recorded
        roots = grad(roots, wanted, seeds, {.create_graph = true, .allow_unused = true});
        wanted.insert(wanted.end(), seeds.begin(), seeds.end());  // a gradient is a function of its seeds, too
      }
    }
}

namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> source_files(const std::string& part) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(XGRAD_SOURCE_DIR) / part))
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp") files.push_back(entry.path());
  return files;
}

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::size_t skip_space(const std::string& text, std::size_t at) {
  while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

std::string word_from(const std::string& text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && word(text[end])) ++end;
  return text.substr(at, end - at);
}

// The function called by the parenthesis at `at`: f of f( and of f<...>(.
std::string function_before(const std::string& text, std::size_t at) {
  std::size_t end = at;
  if (end > 0 && text[end - 1] == '>')
    while (end > 0 && text[--end] != '<') {
    }
  std::size_t begin = end;
  while (begin > 0 && word(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

// Calls f(function, position of the first argument) for every parenthesis.
template <class F>
void for_calls(const std::string& text, F f) {
  for (std::size_t at = text.find('('); at != std::string::npos; at = text.find('(', at + 1))
    f(function_before(text, at), skip_space(text, at + 1));
}

bool records(const std::string& function) {
  static const std::set<std::string> all{"record_op", "record_ahead", "record_number", "record_reading",
                                         "record_with_attributes"};
  return all.contains(function);
}

// Functions that record an operation under a name their caller gives: f(const char* op, ...) with record_op(op, ...)
// inside.
std::set<std::string> recording_helpers(const std::string& text) {
  std::set<std::string> helpers;
  for_calls(text, [&](const std::string& name, std::size_t first) {
    const std::string parameter = "const char* op";
    if (text.compare(first, parameter.size(), parameter) != 0) return;
    const std::string body = text.substr(first, text.find("\n}\n", first) - first);
    for_calls(body, [&](const std::string& inner, std::size_t argument) {
      if (records(inner) && word_from(body, argument) == "op") helpers.insert(name);
    });
  });
  return helpers;
}

// A part's recording helpers count within that part: the names of its internal functions may mean others elsewhere.
std::set<std::string> recorded_in_source() {
  std::set<std::string> names;
  for (const char* part : {"autograd", "nn", "optim", "data", "viz", "train"}) {
    std::set<std::string> helpers;
    std::vector<std::string> texts;
    for (const auto& f : source_files(part)) texts.push_back(read(f));
    for (const std::string& text : texts) helpers.merge(recording_helpers(text));
    for (const std::string& text : texts)
      for_calls(text, [&](const std::string& function, std::size_t first) {
        if (text[first] == '"' && (records(function) || helpers.contains(function)))
          names.insert(word_from(text, first + 1));
      });
  }
  return names;
}

// Names of the exported functions that return tensors.
std::set<std::string> declared_functions(const std::string& text) {
  std::set<std::string> names;
  const std::string mark = "XGRAD_API ";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1))
    for (const std::string type : {"Tensor ", "bool ", "ValuesIndices ", "std::vector<Tensor> "})
      if (text.compare(at + mark.size(), type.size(), type) == 0)
        names.insert(word_from(text, at + mark.size() + type.size()));
  return names;
}

std::set<std::string> reached_by_rows() {
  std::set<std::string> names;
  for_recorded_operations([&](const tape::OpNode& n) { names.insert(n.op); });
  return names;
}

BOOST_AUTO_TEST_CASE(every_recorded_operation_has_a_row) {
  const std::set<std::string> source = recorded_in_source(), reached = reached_by_rows();
  BOOST_TEST(source.size() > 90u);
  BOOST_TEST(source.contains("softmax_backward"));
  BOOST_TEST(source.contains("l1_loss"));  // by a helper
  // The gradient of a draw by its law is not the derivative of the numbers that one state of a generator gives:
  // test_distributions compares it with the law.
  const std::set<std::string> of_laws{"standard_gamma", "log_standard_gamma"};
  for (const std::string& name : source)
    BOOST_CHECK_MESSAGE(reached.contains(name) || of_laws.contains(name),
                        "operation \"" << name << "\" is recorded by the library, but by no row of the table");
  for (const Row& row : op_table())
    if (row.differentiable)
      BOOST_CHECK_MESSAGE(source.contains(row.name), "row \"" << row.name << "\" is of no operation of the library");
}

BOOST_AUTO_TEST_CASE(every_public_function_has_a_row) {
  std::set<std::string> covered;
  for (const Row& row : op_table()) covered.insert(row.functions.begin(), row.functions.end());
  int headers = 0;
  for (const auto& file : source_files("autograd/include/xgrad/ops")) {
    const std::string header = file.stem();
    if (header == "factory" || header == "sampling" || header == "draws") continue;  // of values, of chance
    const std::set<std::string> functions = declared_functions(read(file));
    for (const std::string& name : functions)
      BOOST_CHECK_MESSAGE(covered.contains(name), name << " of " << header << ".hpp has no row");
    headers += !functions.empty();
  }
  BOOST_TEST(headers > 25);
}

}  // namespace
}  // namespace xgrad::test
