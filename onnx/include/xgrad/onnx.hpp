// ONNX files: save() writes a model as other programs run it, load() makes a module of a file. Built where protobuf is
// found; link xgrad::onnx.
//
//   onnx::save(net, x, "net.onnx", {.input_names = {"x"}, .dynamic_axes = {{"x", {{0, "batch"}}}}});
//   onnx::Model again = onnx::load("net.onnx");
//   Tensor y = again(x);
//
// Source of the format: the ONNX specification, operator set 17, IR version 8.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::onnx {

// Of the names of inputs and outputs: the dimensions that may have other sizes when the file is used, and their names.
using DynamicAxes = std::map<std::string, std::map<std::int64_t, std::string>>;

struct SaveOptions {
  ByName by_name = ByName();
  std::vector<std::string> input_names = {};   // "input.0", ... when not given
  std::vector<std::string> output_names = {};  // "output.0", ...
  DynamicAxes dynamic_axes = {};               // of inputs; those of outputs follow
  std::int64_t opset = 17;                     // the only one (ValueError)
};

}  // namespace xgrad::onnx

namespace xgrad::detail {

// Stands for a member of any type.
struct AnyMember {
  template <class T>
  operator T() const;
};

// All tensors of what forward returned, in order; undefined ones are left out.
template <class Y>
void append_tensors(const Y& y, std::vector<Tensor>& all) {
  if constexpr (std::is_base_of_v<Tensor, Y>) {
    if (y.defined()) all.push_back(y);
  } else if constexpr (std::is_same_v<Y, std::optional<Tensor>>) {
    if (y) append_tensors(*y, all);
  } else if constexpr (requires { std::tuple_size<Y>::value; }) {
    std::apply([&](const auto&... part) { (append_tensors(part, all), ...); }, y);
  } else if constexpr (requires { y.begin() == y.end(); }) {
    for (const auto& part : y) append_tensors(part, all);
  } else if constexpr (std::is_aggregate_v<Y>) {
    if constexpr (requires { Y{AnyMember(), AnyMember(), AnyMember(), AnyMember()}; }) {
      const auto& [a, b, c, d] = y;
      append_tensors(std::tie(a, b, c, d), all);
    } else if constexpr (requires { Y{AnyMember(), AnyMember(), AnyMember()}; }) {
      const auto& [a, b, c] = y;
      append_tensors(std::tie(a, b, c), all);
    } else if constexpr (requires { Y{AnyMember(), AnyMember()}; }) {
      const auto& [a, b] = y;
      append_tensors(std::tie(a, b), all);
    } else {
      const auto& [a] = y;
      append_tensors(a, all);
    }
  } else {
    static_assert(never<Y>, "xgrad: onnx::save exports what forward returns: tensors, or structures of tensors");
  }
}

// One call of the model to export.
using OnnxCall = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;
XGRAD_API void export_onnx(const nn::Module& model, const OnnxCall& call, const std::vector<Tensor>& inputs,
                           const std::string& path, const onnx::SaveOptions& options, const Location& at);
[[noreturn]] XGRAD_API void wrong_input_count(const nn::Module& model, std::size_t given, const Location& at);

// Asks forward, which tells what it takes; the call itself has a result that is deduced.
template <class M, std::size_t... I>
bool call_with(const M& m, const std::vector<Tensor>& in, std::vector<Tensor>& all, std::index_sequence<I...>) {
  if constexpr (requires { m.forward(in[I]...); }) {
    if (in.size() != sizeof...(I)) return false;
    append_tensors(m(in[I]...), all);
    return true;
  } else {
    return false;
  }
}

}  // namespace xgrad::detail

namespace xgrad::onnx {

// Runs the model on the examples, in eval mode, and writes what it computed to `path`, parameters and buffers inside
// under the names of state_dict(). Mode, parameters and random numbers are afterwards as before. With dynamic axes it
// is run again with several other sizes of each, up to five times the example's, and of all at once, so that sizes that
// follow an axis are told from constants; what changes only at sizes far from the example's is not noticed. It is also
// run with other values: floating ones drawn between the example's least and greatest and with the other sign, others
// moved and halfway to the least and greatest, one boolean switched; so nothing that depends on them is taken for a
// constant. A value read by the program that is the same in all of these runs is not noticed. Errors that the model
// throws for some sizes or values are passed over. The file is written whole or not at all. As PyTorch's
// torch.onnx.export(model, args, path).
// ValueError: an operation that ONNX cannot say, or whose sizes follow a dynamic axis in another way than as a
// multiple; dropout that is active in eval mode; ceil_mode of pools with dynamic sizes; a buffer that forward changes;
// an input that is not used, or that is used where nothing is recorded (values read by the program); names that are not
// unique; another opset. The message names the operation, its line and module. IoError: the file.
template <std::derived_from<nn::Module> M>
void save(const M& model, const std::vector<Tensor>& example_inputs, const std::string& path,
          const SaveOptions& options = {}, Location at = Location::current()) {
  detail::export_onnx(
      model,
      [&](const std::vector<Tensor>& in) {
        std::vector<Tensor> all;
        const bool called = [&]<std::size_t... N>(std::index_sequence<N...>) {
          return (detail::call_with(model, in, all, std::make_index_sequence<N + 1>()) || ...);
        }
        (std::make_index_sequence<8>());
        if (!called) detail::wrong_input_count(model, in.size(), at);
        return all;
      },
      example_inputs, path, options, at);
}
template <std::derived_from<nn::Module> M>
void save(const M& model, const Tensor& example_input, const std::string& path, const SaveOptions& options = {},
          Location at = Location::current()) {
  save(model, std::vector<Tensor>{example_input}, path, options, at);
}

// What load() makes of a file. Initializers are parameters and buffers, in modules that follow the dots in their names,
// so that state_dict() has the keys of the model that was exported. ShapeError, DTypeError, ... from a call name the
// node in the place of a module.
class XGRAD_API Model final : public nn::Layer<Model> {
 public:
  Model(const Model& o);
  Model(Model&&) noexcept = default;
  Model& operator=(const Model& o);
  Model& operator=(Model&&) noexcept = default;
  ~Model() = default;
  Model(nn::Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  // The output of a model with one input and one output, else a ValueError.
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
  // All outputs, for all inputs: model(std::vector{x, h}).
  std::vector<Tensor> forward(const std::vector<Tensor>& inputs, Location at = Location::current()) const;
  const std::vector<std::string>& input_names() const;
  const std::vector<std::string>& output_names() const;

 private:
  friend XGRAD_API Model load(const std::string& path, Location at);
  struct Parts;
  explicit Model(const std::string& label) : Layer(label) {}
  const Parts& parts() const;

  std::shared_ptr<void> parts_;
};

// Reads a model of operators that load_operators() lists. IoError, which names the node: a missing, cut or damaged
// file; an operator, attribute or type that is not known; a value that nothing computes, two that have one name, a
// cycle; sizes that overflow or do not match the data; values in other files. Takes at most four times the memory of
// the file and 64 MiB.
[[nodiscard]] XGRAD_API Model load(const std::string& path, Location at = Location::current());

// The operators of ONNX that load() knows, and the operations of this library that save() does, sorted.
XGRAD_API std::vector<std::string> load_operators();
XGRAD_API std::vector<std::string> save_operations();

}  // namespace xgrad::onnx
