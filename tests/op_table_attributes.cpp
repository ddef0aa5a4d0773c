// Whatever numbers an operation keeps for its backward pass, it tells, or there is a reason why not.
#include <map>
#include <set>

#include <boost/test/unit_test.hpp>

#include "op_table_graphs.hpp"

namespace xgrad::test {
namespace {

const char* const kShapes = "keeps shapes, which the graph has";
const char* const kPlace = "keeps where a view lies in its memory, which nobody told it";
const char* const kName = "keeps what its name says";
constexpr std::size_t kNumber = 4;  // bytes; a function that is called again, and a type, are fewer

// Operations without attributes that keep numbers.
const std::map<std::string, const char*>& reasons() {
  static const std::map<std::string, const char*> all{
      {"reshape", kShapes},
      {"view", kShapes},
      {"flatten", kShapes},
      {"repeat", kShapes},
      {"matmul", kShapes},
      {"mm", kShapes},
      {"mv", kShapes},
      {"bmm", kShapes},
      {"dot", kShapes},
      {"masked_select", kShapes},
      {"masked_scatter", kShapes},
      {"masked_select_backward", kShapes},
      {"grid_sample", kShapes},
      {"max_unpool1d", kShapes},
      {"max_unpool2d", kShapes},
      {"max_unpool3d", kShapes},
      {"embedding", kShapes},
      {"embedding_backward", kShapes},  // padding_idx, where there is one
      {"copy_slices", kPlace},
      {"as_strided", kPlace},
      {"xlogy", kName},
      {"xlog1py", kName},
      {"logaddexp", kName},
      {"logaddexp2", kName},
      {"as_strided_scatter", kPlace},
  };
  return all;
}

BOOST_AUTO_TEST_CASE(numbers_of_operations_are_told) {
  std::map<std::string, std::size_t> silent;
  std::size_t telling = 0;
  for_recorded_operations([&](const tape::OpNode& n) {
    BOOST_CHECK_MESSAGE(n.of_library, n.op << " is not marked as an operation of the library");
    telling += !n.attributes.empty();
    if (n.attributes.empty() && n.kept_bytes >= kNumber) silent[n.op] = n.kept_bytes;
    std::set<std::string> names;
    for (const Attribute& a : n.attributes)
      BOOST_CHECK_MESSAGE(names.insert(a.name).second, n.op << " tells " << a.name << " twice");
  });
  BOOST_TEST(telling > 200u);
  for (const auto& [op, bytes] : silent)
    BOOST_CHECK_MESSAGE(reasons().contains(op), op << " keeps " << bytes << " bytes and tells nothing");
  for (const auto& [op, reason] : reasons())
    BOOST_CHECK_MESSAGE(silent.contains(op), op << " needs no reason any more");
}

}  // namespace
}  // namespace xgrad::test
