// The version of the library; CMakeLists.txt checks that it is the project's.
#pragma once

#define XGRAD_VERSION_MAJOR 0
#define XGRAD_VERSION_MINOR 1
#define XGRAD_VERSION_PATCH 0

namespace xgrad {
inline constexpr const char* kVersion = "0.1.0";
}
