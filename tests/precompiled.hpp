// What most tests include.
#pragma once

#include <boost/test/unit_test.hpp>
// The macros of test cases print five texts each on their way, a third of a test's code; file and line are enough.
#undef BOOST_TEST_CHECKPOINT
#define BOOST_TEST_CHECKPOINT(text) BOOST_TEST_PASSPOINT()

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>
