#include <algorithm>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/onnx.hpp>

#include "file/model_file.hpp"
#include "import/plan.hpp"

namespace xgrad::onnx {

struct Model::Parts {
  std::shared_ptr<const Plan> plan;
  std::vector<nn::Parameter> tensors;

  // The counterpart while a clone is being made, else `parts` itself.
  static std::shared_ptr<void> followed(const std::shared_ptr<void>& parts) {
    return xgrad::detail::counterpart(parts, [](const std::shared_ptr<void>& p) -> std::shared_ptr<void> {
      return std::make_shared<Parts>(*static_cast<const Parts*>(p.get()));
    });
  }
};

namespace {

constexpr int kDeepest = 64;

[[noreturn]] void wrong_name(const std::string& name, const char* why) {
  throw std::range_error(fmt::format("initializer '{}': {}", shown(name), why));
}

// Modules that have nothing but names: "layers", "layers.0", ... of initializers "layers.0.weight".
struct Folder {
  std::map<std::string, std::size_t> tensors;  // by the last part of their names
  std::map<std::string, Folder> folders;
  std::vector<const std::string*> order;  // of both, as in the file
};

void put_into(Folder& root, const std::string& name, std::size_t index) {
  Folder* at = &root;
  std::size_t begin = 0;
  for (int depth = 0;; ++depth) {
    const std::size_t dot = name.find('.', begin);
    const std::string part = name.substr(begin, dot - begin);
    if (part.empty()) wrong_name(name, "a part of its name between dots is empty");
    if (depth == kDeepest) wrong_name(name, "too many dots in its name");
    if (dot == std::string::npos) {
      if (at->folders.contains(part)) wrong_name(name, "its name is also that of a group of tensors");
      at->order.push_back(&at->tensors.emplace(part, index).first->first);
      return;
    }
    if (at->tensors.contains(part)) wrong_name(name, "a part of its name is also that of a tensor");
    const auto [inner, is_new] = at->folders.try_emplace(part);
    if (is_new) at->order.push_back(&inner->first);
    at = &inner->second;
    begin = dot + 1;
  }
}

void fill(nn::Module& module, const Folder& folder, const Plan& plan, std::vector<nn::Parameter>& shown,
          const Location& at) {
  for (const std::string* name : folder.order) {
    if (const auto inner = folder.folders.find(*name); inner != folder.folders.end()) {
      nn::Module child(fmt::format("{} tensors", inner->second.tensors.size()));
      fill(child, inner->second, plan, shown, at);
      module.register_module(*name, child, at);
      continue;
    }
    const std::size_t index = folder.tensors.at(*name);
    const PlanTensor& t = plan.tensors[index];
    shown[index] = t.buffer ? module.register_buffer(*name, t.value, true, at)
                            : module.register_parameter(*name, t.value, !t.frozen, at);
  }
}

}  // namespace

Model::Model(const Model& o) : Layer(o), parts_(Parts::followed(o.parts_)) {}
Model& Model::operator=(const Model& o) {
  Layer::operator=(o);
  parts_ = Parts::followed(o.parts_);
  return *this;
}

const Model::Parts& Model::parts() const {
  if (!parts_) xgrad::detail::empty_module(typeid(Model), Location());
  return *static_cast<const Parts*>(parts_.get());
}

Tensor Model::forward(const Tensor& x, Location at) const {
  const Plan& plan = *parts().plan;
  if (plan.inputs.size() != 1 || plan.outputs.size() != 1)
    ErrorReport("onnx::Model",
                fmt::format("the model has {} inputs and {} outputs", plan.inputs.size(), plan.outputs.size()), at)
        .help("call it with a list, which gives a list: model(std::vector{x, y})")
        .value_error();
  return forward(std::vector<Tensor>{x}, at)[0];
}

std::vector<Tensor> Model::forward(const std::vector<Tensor>& inputs, Location at) const {
  const Parts& p = parts();
  if (inputs.size() != p.plan->inputs.size())
    ErrorReport("onnx::Model",
                fmt::format("{} inputs given, the model has {}: {}", inputs.size(), p.plan->inputs.size(),
                            fmt::join(p.plan->input_names, ", ")),
                at)
        .value_error();
  return run_plan(*p.plan, {p.tensors.begin(), p.tensors.end()}, inputs, at);
}

const std::vector<std::string>& Model::input_names() const { return parts().plan->input_names; }
const std::vector<std::string>& Model::output_names() const { return parts().plan->output_names; }

Model load(const std::string& path, Location at) {
  const xgrad::detail::CallSite site(at);
  wire::ModelProto proto = read_model("onnx::load", path, at);
  try {
    Plan plan = make_plan(proto);
    proto.Clear();
    Model model(fmt::format("Model({} nodes)", plan.nodes.size()));
    auto parts = std::make_shared<Model::Parts>();
    parts->tensors.resize(plan.tensors.size());
    Folder root;
    for (std::size_t k = 0; k < plan.tensors.size(); ++k) put_into(root, plan.tensors[k].name, k);
    fill(model, root, plan, parts->tensors, at);
    for (PlanTensor& t : plan.tensors) t.value = Tensor();
    parts->plan = std::make_shared<const Plan>(std::move(plan));
    model.parts_ = std::move(parts);
    return model;
  } catch (const std::range_error& problem) {
    ErrorReport("onnx::load", fmt::format("{}: {}", path, problem.what()), at).io_error();
  }
}

}  // namespace xgrad::onnx
