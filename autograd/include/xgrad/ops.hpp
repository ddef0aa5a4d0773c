// All operations.
#pragma once

#include <xgrad/ops/attention.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/ctc_loss.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/normalization.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/margin_loss.hpp>
#include <xgrad/ops/padding.hpp>
#include <xgrad/ops/activation.hpp>
