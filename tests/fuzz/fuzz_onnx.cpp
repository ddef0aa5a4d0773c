// A model that is read has parameters and a text.
#include <sstream>

#include <xgrad/onnx.hpp>

#include "input.hpp"

using namespace xgrad;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  fuzz::expect_result_or_io_error([&] {
    const onnx::Model model = onnx::load(fuzz::file_with(bytes, n, ".onnx"));
    std::ostringstream text;
    text << model;
    fuzz::require(!text.str().empty() && !model.output_names().empty(), "a model without a text or an output");
    for (const auto& [name, t] : model.state_dict()) fuzz::require(t.defined() && !name.empty(), "a tensor is missing");
  });
  return 0;
}
