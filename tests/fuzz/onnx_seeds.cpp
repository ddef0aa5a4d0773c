// Small models for fuzz_onnx.
#include <string>

#include <xgrad/nn.hpp>
#include <xgrad/onnx.hpp>
#include <xgrad/ops.hpp>

void write_onnx_seeds(const std::string& folder) {
  using namespace xgrad;
  const onnx::SaveOptions any_batch{.input_names = {"x"}, .dynamic_axes = {{"x", {{0, "n"}}}}};
  onnx::save(nn::Sequential(nn::Linear(2, 3), nn::Tanh(), nn::Linear(3, 1)), rand({2, 2}), folder + "/dense",
             any_batch);
  onnx::save(nn::Sequential(nn::Conv2d(1, 2, 3), nn::BatchNorm2d(2), nn::ReLU(), nn::Flatten()), rand({1, 1, 4, 4}),
             folder + "/conv", any_batch);
  onnx::save(nn::LSTM(2, 2), rand({3, 1, 2}), folder + "/lstm");
}
