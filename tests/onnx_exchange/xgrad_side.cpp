// xgrad_side DIR EXAMPLES: exports every model to DIR/NAME.onnx, with its inputs and outputs in DIR/NAME.json, and
// reads it again. EXAMPLES: the folder of the examples, every one of which must have its network here, or none to show.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include "models.hpp"

namespace {

using xgrad::Tensor;
using xgrad::exchange::Case;
using xgrad::exchange::Exported;
using xgrad::exchange::NoNetwork;

nlohmann::json described(const std::vector<Tensor>& tensors) {
  nlohmann::json all = nlohmann::json::array();
  for (const Tensor& t : tensors)
    all.push_back({{"dtype", xgrad::name(t.dtype())},
                   {"dims", std::vector<std::int64_t>(t.shape().begin(), t.shape().end())},
                   {"data", t.detach().to_vector<double>()}});
  return all;
}

// What a file that was read again gives: the same type and shape, and values equal to 1e-5 of 1 and of larger ones.
void require_equal(const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  if (got.size() != want.size()) throw xgrad::ValueError("read again: another number of outputs");
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].dtype() != want[i].dtype() || !(got[i].shape() == want[i].shape()))
      throw xgrad::ValueError("read again: an output of another type or shape");
    const std::vector<double> a = got[i].detach().to_vector<double>(), b = want[i].detach().to_vector<double>();
    for (std::size_t k = 0; k < a.size(); ++k) {
      const bool same = std::isfinite(b[k]) ? std::abs(a[k] - b[k]) <= 1e-5 * std::max(1.0, std::abs(b[k]))
                                            : a[k] == b[k] || (std::isnan(a[k]) && std::isnan(b[k]));
      if (!same)
        throw xgrad::ValueError("read again: " + std::to_string(a[k]) + " in place of " + std::to_string(b[k]));
    }
  }
}

void read_again(const std::string& path, const Exported& e) {
  const xgrad::onnx::Model model = xgrad::onnx::load(path);
  const xgrad::NoGradGuard off;
  require_equal(model(e.inputs), e.outputs);
  if (!e.other_inputs.empty()) require_equal(model(e.other_inputs), e.other_outputs);
}

void write(const std::filesystem::path& folder, const Case& c) {
  const std::string path = (folder / (c.name + ".onnx")).string();
  const Exported e = c.save(path);
  nlohmann::json runs = nlohmann::json::array();
  runs.push_back({{"inputs", described(e.inputs)}, {"outputs", described(e.outputs)}});
  if (!e.other_inputs.empty())
    runs.push_back({{"inputs", described(e.other_inputs)}, {"outputs", described(e.other_outputs)}});
  std::ofstream(folder / (c.name + ".json")) << runs;
  read_again(path, e);
}

void require_refused(const std::filesystem::path& folder, const Case& c) {
  const std::filesystem::path path = folder / (c.name + ".onnx");
  std::string said;
  try {
    c.save(path.string());
  } catch (const xgrad::ValueError& refusal) {
    said = refusal.what();
  }
  if (said.find(c.refusal) == std::string::npos || std::filesystem::exists(path))
    throw xgrad::ValueError("expected to be refused with '" + c.refusal + "', got '" + said + "'");
  std::cout << "refused: " << c.name << ": " << said.substr(0, said.find('\n')) << "\n";
}

// Every program in `folder` is one of `cases`, with something behind its name or not, or of `none`.
void require_all_programs(const std::filesystem::path& folder, const std::string& prefix,
                          const std::vector<Case>& cases, const std::vector<NoNetwork>& none) {
  int shown = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".cpp") continue;
    const std::string name = prefix + file.path().stem().string();
    int found = 0;
    for (const Case& c : cases) found += c.name == name || c.name.starts_with(name + "_");
    for (const NoNetwork& n : none) found += n.name == name;
    if (found == 0) throw xgrad::ValueError(file.path().string() + " has no model here: see tests/onnx_exchange");
    ++shown;
  }
  if (shown == 0) throw xgrad::ValueError("no programs in " + folder.string());
  for (const NoNetwork& n : none) std::cout << "no network: " << n.name << ": " << n.why << "\n";
}

void run(const std::filesystem::path& folder, const std::filesystem::path& examples) {
  using namespace xgrad::exchange;
  std::vector<Case> programs, all = cases();
  add_example_cases(programs, examples.string());
  add_lecture_cases(programs);
  require_all_programs(examples, "example_", programs, examples_without_network());
  require_all_programs(examples / "lectures", "lecture_", programs, lectures_without_network());
  all.insert(all.end(), programs.begin(), programs.end());
  int written = 0;
  for (const Case& c : all) try {
      if (!c.refusal.empty()) {
        require_refused(folder, c);
      } else {
        write(folder, c);
        ++written;
      }
    } catch (const xgrad::Error& problem) {
      throw xgrad::ValueError(c.name + ": " + problem.what());
    }
  std::cout << written << " models written and read again\n";
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: xgrad_side DIR EXAMPLES\n";
    return 2;
  }
  std::filesystem::remove_all(argv[1]);
  std::filesystem::create_directories(argv[1]);
  run(argv[1], argv[2]);
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
