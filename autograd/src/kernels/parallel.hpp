#pragma once

#include <xgrad/parallel.hpp>
