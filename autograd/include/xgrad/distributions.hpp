// Probability distributions: samples, densities with gradients to parameters and values, moments, divergences.
//
//   distributions::Categorical policy({.logits = net(state)});
//   Tensor action = policy.sample();
//   Tensor loss = -policy.log_prob(action) * reward;
#pragma once

#include <xgrad/distributions/continuous.hpp>
#include <xgrad/distributions/discrete.hpp>
#include <xgrad/distributions/distribution.hpp>
#include <xgrad/distributions/divergence.hpp>
#include <xgrad/distributions/multivariate.hpp>
