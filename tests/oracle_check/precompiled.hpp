// What most sources of this program include.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/xgrad.hpp>
