// Everything a training script needs: #include <xgrad/xgrad.hpp>.
#pragma once

// clang-format off
// The headers that most messages of a compiler point to, before those that include them: it prints the way to each.
#include <xgrad/dtype.hpp>
#include <xgrad/shape.hpp>
#include <xgrad/tensor.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/bitwise.hpp>
#include <xgrad/ops/classification_loss.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/regression_loss.hpp>
#include <xgrad/ops/rounding.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/trigonometry.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/loss.hpp>
#include <xgrad/nn/container.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/optim/scheduler.hpp>
#include <xgrad/optim/scheduler_decay.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
// clang-format on

#include <xgrad/autograd.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/data.hpp>
#include <xgrad/distributions.hpp>
#include <xgrad/forward_ad.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/fusion.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/graph_node.hpp>
#include <xgrad/loop.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/memory_budget.hpp>
#include <xgrad/memory_report.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/profiler.hpp>
#include <xgrad/record.hpp>
#include <xgrad/saved_tensors_hooks.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/train.hpp>
#include <xgrad/version.hpp>
#include <xgrad/viz.hpp>
#include <xgrad/vmap.hpp>
