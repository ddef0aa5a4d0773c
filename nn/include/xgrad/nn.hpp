// All modules and initialisers.
#pragma once

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/attention.hpp>
#include <xgrad/nn/bilinear.hpp>
#include <xgrad/nn/checkpoint_sequential.hpp>
#include <xgrad/nn/container.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/functional.hpp>
#include <xgrad/nn/functional_call.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/layer.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/loss.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/normalization.hpp>
#include <xgrad/nn/padding.hpp>
#include <xgrad/nn/parameter_vector.hpp>
#include <xgrad/nn/pooling.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/transformer.hpp>
