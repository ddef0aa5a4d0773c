// All that xgrad has for xtensor: its arrays as tensors and tensors as its arrays, and custom_op over arrays.
#pragma once

#include <xgrad/array.hpp>
#include <xgrad/custom/array_op.hpp>
