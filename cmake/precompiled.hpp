// What most sources of the library include. All of it belongs to autograd, which every part may include.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>
