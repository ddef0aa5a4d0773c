// Boost.Test, cheaper to compile.
#pragma once

#include <string>

#include <boost/test/unit_test.hpp>

// The macros of test cases print five texts each on their way, a third of a test's code; file and line are enough.
#undef BOOST_TEST_CHECKPOINT
#define BOOST_TEST_CHECKPOINT(text) BOOST_TEST_PASSPOINT()

namespace xgrad::test {

// What was going on when the program ended in what no test expects.
inline void checkpoint(const std::string& text, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  boost::unit_test::unit_test_log.set_checkpoint(file, static_cast<std::size_t>(line), text);
}

}  // namespace xgrad::test
