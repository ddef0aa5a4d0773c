// xgrad_side DIR: exports every model to DIR/NAME.onnx, with its inputs and outputs in DIR/NAME.json.
#include <filesystem>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include "models.hpp"

namespace {

using xgrad::Tensor;

nlohmann::json described(const std::vector<Tensor>& tensors) {
  nlohmann::json all = nlohmann::json::array();
  for (const Tensor& t : tensors)
    all.push_back({{"dtype", xgrad::name(t.dtype())},
                   {"dims", std::vector<std::int64_t>(t.shape().begin(), t.shape().end())},
                   {"data", t.detach().to_vector<double>()}});
  return all;
}

void write_all(const std::filesystem::path& folder) {
  for (const xgrad::exchange::Case& c : xgrad::exchange::cases()) try {
      const std::filesystem::path path = folder / (c.name + ".onnx");
      const xgrad::exchange::Exported e = c.save(path.string());
      nlohmann::json runs = nlohmann::json::array();
      runs.push_back({{"inputs", described(e.inputs)}, {"outputs", described(e.outputs)}});
      if (!e.other_inputs.empty())
        runs.push_back({{"inputs", described(e.other_inputs)}, {"outputs", described(e.other_outputs)}});
      std::ofstream(folder / (c.name + ".json")) << runs;
    } catch (const xgrad::Error& problem) {
      throw xgrad::ValueError(c.name + ": " + problem.what());
    }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: xgrad_side DIR\n";
    return 2;
  }
  std::filesystem::remove_all(argv[1]);
  std::filesystem::create_directories(argv[1]);
  write_all(argv[1]);
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
