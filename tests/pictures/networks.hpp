// The networks that picture_gallery draws: each is one kind of graph that a picture must survive and tell the truth of.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

namespace gallery {

struct Network {
  std::string name;
  std::function<xgrad::Tensor()> build;  // runs it, in most cases with a backward pass, and returns what is drawn
  xgrad::viz::Options options = {};
};

std::vector<Network> layered_networks();
std::vector<Network> long_networks();
std::vector<Network> odd_networks();

}  // namespace gallery
