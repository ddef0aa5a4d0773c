// Every operation of the table called with what it may not like: whatever it says, it names the line of the call and no
// line of the library. The same for the lines that its nodes on the tape remember.
#include <regex>
#include <set>

#include <fmt/format.h>

#include <xgrad/tape.hpp>

#include "op_table.hpp"
#include "unit_test.hpp"

namespace xgrad::test {
namespace {

// Inputs in place of x[i]: undefined, of other types, ranks and sizes.
Tensors replacements(const Tensor& x) {
  Tensors out{Tensor(), ones({}), ones({0}), ones({2, 1, 3, 1, 2, 1, 1}), ones({17})};
  if (!x.defined()) return out;
  for (const DType type : {kFloat64, kInt64, kBool, kUInt8}) out.push_back(ones(x.shape(), {type}));
  Shape wider = x.shape();
  if (wider.rank() < kMaxRank) wider.push_back(2);
  out.push_back(ones(wider));
  return out;
}

// The files that a message names, apart from those of the table.
std::set<std::string> foreign_files(const std::string& text) {
  static const std::regex place(R"(([A-Za-z0-9_./]+\.[ch]pp):\d+)");
  std::set<std::string> files;
  for (std::sregex_iterator m(text.begin(), text.end(), place), end; m != end; ++m)
    if (const std::string file = (*m)[1]; !file.starts_with("op_table")) files.insert(file);
  return files;
}

struct Count {
  int errors = 0, unplaced = 0, foreign = 0;
};

void check_message(const Row& row, const std::string& text, Count& count) {
  ++count.errors;
  if (text.find("called at op_table") == std::string::npos && ++count.unplaced <= 20)
    BOOST_ERROR(row.name << ": no line of the call in:\n" << text);
  if (!foreign_files(text).empty() && ++count.foreign <= 20)
    BOOST_ERROR(row.name << ": a line of the library in:\n" << text);
}

BOOST_AUTO_TEST_CASE(errors_of_operations_name_the_line_of_the_call) {
  Count count;
  for (const Row& row : op_table())
    for (const Sample& sample : row.samples) {
      if (sample.size != Size::small) continue;
      const Tensors inputs = leaves(sample, make_inputs(row, sample, kFloat32), 0);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        for (const Tensor& other : replacements(inputs[i])) {
          if (row.name == "unbind" && other.defined() && other.numel() == 0) continue;  // its call takes the first part
          Tensors x = inputs;
          x[i] = other;
          checkpoint(fmt::format("{}, input {}", row.name, i));
          try {
            sample.call(x);
          } catch (const Error& e) {
            check_message(row, e.what(), count);
          }
        }
    }
  BOOST_TEST(count.errors > 1000);
  BOOST_TEST(count.unplaced == 0);
  BOOST_TEST(count.foreign == 0);
}

BOOST_AUTO_TEST_CASE(nodes_remember_the_line_of_the_call) {
  std::set<std::string> wrong;
  for (const Row& row : op_table())
    for (const Sample& sample : row.samples) {
      if (sample.size != Size::small) continue;
      const Tensors x = leaves(sample, make_inputs(row, sample, kFloat64));
      if (!gives_gradient(row, sample, x)) continue;
      for (const Tensor& y : sample.call(x)) {
        if (!y.defined() || !y.requires_grad()) continue;
        for (const tape::OpNode& n : tape::collect(y).nodes)
          if (const std::string file = n.at.file_name(); file.find("/tests/op_table") == std::string::npos)
            wrong.insert(row.name + ": " + n.op + " at " + file + ":" + std::to_string(n.at.line()));
      }
    }
  for (const std::string& w : wrong) BOOST_ERROR(w);
}

}  // namespace
}  // namespace xgrad::test
