// Everything a training script needs: #include <xgrad/xgrad.hpp>.
#pragma once

#include <xgrad/autograd.hpp>
#include <xgrad/data.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/tensor.hpp>
#include <xgrad/train.hpp>
#include <xgrad/version.hpp>
#include <xgrad/viz.hpp>
