// A layout without Graphviz: ranks as columns or rows, curves between them.
#pragma once

#include "explorer/layout.hpp"

namespace xgrad::viz {

PageLayout simple_layout(const Picture& p, const std::set<int>& collapsed, bool across);

}  // namespace xgrad::viz
