// One run of the model to export, as a list of operations.
#pragma once

#include <string>
#include <vector>

#include <xgrad/attributes.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/keep_state.hpp>
#include <xgrad/onnx.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::onnx {

// The function that errors name.
inline constexpr const char* kOp = "onnx::save";

// A tensor that an operation reads, or an output of the model.
struct Operand {
  enum class From { nothing, step, input, state, constant };
  From from = From::nothing;
  std::size_t index = 0;     // of the step, the input, the tensor of the model, or the constant
  std::uint32_t output = 0;  // of the step
  Shape shape = {};
  DType dtype = kFloat32;
};

struct Step {
  std::string op;
  bool of_library = true;
  Location at;
  std::string module;  // its path, or empty
  Attributes attributes;
  std::vector<Operand> operands;  // inputs, then what is only read
  std::vector<Shape> shapes;      // of the outputs
  std::vector<DType> dtypes;
  bool keeps = false;  // something for the backward pass
};

// Parameters and buffers of the model.
struct StateTensor {
  std::string name;
  Tensor value;
  bool parameter = false, frozen = false;
};

struct Trace {
  std::vector<Tensor> inputs;
  std::vector<Step> steps;
  std::vector<Tensor> constants;
  std::vector<Operand> outputs;
};

std::vector<StateTensor> state_of(const nn::Module& model, const Location& at);

// While it lives, the model is in eval mode, and its parameters all want gradients. At the end that is put back, and
// with it what the runs changed (KeepState).
class ExportMode {
 public:
  explicit ExportMode(const nn::Module& model);
  ~ExportMode();
  // ValueError: a run changed a buffer; a file has no state.
  void require_unchanged_buffers(const Location& at) const;
  ExportMode(const ExportMode&) = delete;
  ExportMode& operator=(const ExportMode&) = delete;

 private:
  const xgrad::detail::KeepState kept_;
  std::vector<std::pair<nn::Module, bool>> modes_;
  std::vector<Tensor> frozen_;
  struct Buffer {
    std::string name;
    Tensor tensor;
    std::uint32_t version;
  };
  std::vector<Buffer> buffers_;
};

Trace trace(const xgrad::detail::OnnxCall& call, const std::vector<Tensor>& inputs,
            const std::vector<StateTensor>& state, const Location& at);

// ValueError for a difference between two runs of the model: other operations, or a constant that follows an input.
// `sizes_differ`: the runs had inputs of other sizes, so that shapes, and constants of another shape, may differ.
void require_same(const Trace& a, const Trace& b, bool sizes_differ, const Location& at);

// NaN is the same as NaN.
bool same_option(const AttributeValue& a, const AttributeValue& b);

// "operation" and "module" of a message.
ErrorReport& add_step(ErrorReport& report, const Step& step);

}  // namespace xgrad::onnx
