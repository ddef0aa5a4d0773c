#include "modules.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "classes.hpp"
#include "convolution.hpp"
#include "functions.hpp"
#include "language.hpp"
#include "recurrent.hpp"

namespace oracle {

namespace {

namespace nn = xgrad::nn;

Class recurrent(const char* name) {
  return {kRecurrentSignature, [name](Args& a) { return make_recurrent(name, a); }};
}

nn::GELUOptions gelu_options(Args& a) {
  const std::string kind = a.text("approximate", "none");
  if (kind != "none" && kind != "tanh") throw Unsupported("approximate " + kind);
  return {.approximate = kind == "tanh" ? xgrad::Gelu::tanh : xgrad::Gelu::none};
}

ClassTable basic_classes() {
  return {
      {"Linear",
       {"in_features out_features bias?",
        [](Args& a) {
          return any(nn::Linear(a.integer("in_features"), a.integer("out_features"), {.bias = a.flag("bias", true)}));
        }}},
      {"Identity", {"", [](Args&) { return any(nn::Identity()); }}},
      {"Flatten",
       {"start_dim? end_dim?",
        [](Args& a) {
          return any(nn::Flatten({.start_dim = a.integer("start_dim", 1), .end_dim = a.integer("end_dim", -1)}));
        }}},
      {"Dropout", {"p?", [](Args& a) { return any(nn::Dropout(nn::DropoutOptions{.p = a.real("p", 0.5)})); }}},
      {"ReLU", {"", [](Args&) { return any(nn::ReLU()); }}},
      {"Tanh", {"", [](Args&) { return any(nn::Tanh()); }}},
      {"Sigmoid", {"", [](Args&) { return any(nn::Sigmoid()); }}},
      {"LogSigmoid", {"", [](Args&) { return any(nn::LogSigmoid()); }}},
      {"SiLU", {"", [](Args&) { return any(nn::SiLU()); }}},
      {"LeakyReLU",
       {"negative_slope?",
        [](Args& a) { return any(nn::LeakyReLU({.negative_slope = a.real("negative_slope", 0.01)})); }}},
      {"ELU", {"alpha?", [](Args& a) { return any(nn::ELU({.alpha = a.real("alpha", 1)})); }}},
      {"GELU", {"approximate?", [](Args& a) { return any(nn::GELU(gelu_options(a))); }}},
      {"Softplus",
       {"beta? threshold?",
        [](Args& a) { return any(nn::Softplus({.beta = a.real("beta", 1), .threshold = a.real("threshold", 20)})); }}},
      {"Softmax", {"dim", [](Args& a) { return any(nn::Softmax({.dim = a.integer("dim")})); }}},
      {"LogSoftmax", {"dim", [](Args& a) { return any(nn::LogSoftmax({.dim = a.integer("dim")})); }}},
  };
}

const ClassTable& classes() {
  static const ClassTable table = [] {
    ClassTable t = basic_classes();
    add_norm_classes(t);
    add_attention_classes(t);
    for (const ModuleClass& c : convolution_classes()) t[c.name] = {c.signature, c.make};
    for (const char* name : {"RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"}) t[name] = recurrent(name);
    return t;
  }();
  return table;
}

// ---- modules as objects of the language ----

struct ModuleObject : Object {
  AnyModule any;
  explicit ModuleObject(AnyModule m) : any(std::move(m)) {}
  Value call(const std::string& method, List args, Dict named) override {
    nn::Module& m = any.module;
    if (method == "__call__" || method == "forward")
      return any.call ? any.call(args) : any.forward(args.at(0).tensor());
    if (method == "load_state_dict") {
      const Dict* state = args.empty() ? nullptr : args[0].dict();
      if (!state) throw Unsupported("load_state_dict without a dict");
      bool strict = true;
      for (const auto& [name, value] : named)
        if (name == "strict") strict = value.flag();
      xgrad::NamedTensors tensors;
      for (const auto& [key, value] : *state) tensors.emplace_back(key, value.tensor());
      m.load_state_dict(tensors, strict);
      return None{};
    }
    if (method == "parameters") return m.parameters();
    if (method == "state_dict") {
      Dict state;
      for (const auto& [name, tensor] : m.state_dict()) state.emplace_back(name, tensor);
      return state;
    }
    if (method == "eval")
      m.eval();
    else if (method == "train")
      m.train(args.empty() || args[0].flag());
    else if (method == "double")
      m.to(xgrad::kFloat64);
    else if (method == "requires_grad_")
      m.requires_grad_(args.empty() || args[0].flag());
    else if (method == "zero_grad")
      m.zero_grad();
    else
      throw Unsupported("method " + method + " of a module");
    return std::static_pointer_cast<Object>(std::make_shared<ModuleObject>(any));
  }
  Value attribute(const std::string& name) override {
    for (const auto& [key, tensor] : any.module.state_dict())
      if (key == name) return tensor;
    return Object::attribute(name);
  }
};

struct DatasetObject : Object {
  xgrad::data::TensorDataset set;
  explicit DatasetObject(xgrad::data::TensorDataset s) : set(std::move(s)) {}
  Value call(const std::string& method, List, Dict) override {
    if (method == "__len__") return set.size();
    throw Unsupported("method " + method + " of a dataset");
  }
};
xgrad::data::TensorDataset dataset_of(const Value& v) {
  if (const auto* o = v.get<std::shared_ptr<Object>>())
    if (const auto* d = dynamic_cast<const DatasetObject*>(o->get())) return d->set;
  const Tensor t = v.tensor();
  return {t, t};
}

}  // namespace

bool is_module(const std::string& name) { return classes().contains(name); }

AnyModule module_of(const Value& v) {
  if (const auto* o = v.get<std::shared_ptr<Object>>())
    if (const auto* m = dynamic_cast<const ModuleObject*>(o->get())) return m->any;
  if (const Namespace* n = v.get<Namespace>()) return parse_layer(n->path.substr(n->path.rfind('.') + 1));
  throw Unsupported("module " + v.describe());
}

AnyModule make_sequential(const std::vector<AnyModule>& parts) {
  struct Part : nn::Module {  // the same module with its forward
    std::function<Tensor(const Tensor&)> f;
    explicit Part(const AnyModule& m) : Module(m.module), f(m.forward) {}
    Tensor forward(const Tensor& x) const { return f(x); }
  };
  nn::Sequential s;
  for (const AnyModule& p : parts) s.push_back(Part(p));
  return oracle::any(s);
}

AnyModule parse_layer(const std::string& text) {
  const std::size_t open = text.find('(');
  const std::string name = text.substr(0, open);
  if (!is_module(name)) throw Unsupported("no module " + name);
  Interpreter language;
  const auto [args, named] =
      language.arguments(open == std::string::npos ? "" : text.substr(open + 1, text.rfind(')') - open - 1));
  return *make_module(name, args, named);
}

std::optional<AnyModule> make_module(const std::string& name, List positional, Dict named) {
  const auto found = classes().find(name);
  if (found == classes().end()) return std::nullopt;
  Args args(found->second.signature, std::move(positional), std::move(named));
  AnyModule m = found->second.make(args);
  args.require_all_used();
  return m;
}

void set_parameters(nn::Module& m, const xgrad::NamedTensors& state) {
  for (const auto& [name, tensor] : state)
    if (tensor.is_floating_point()) m.to(tensor.dtype());
  // A record may leave out buffers, which then have their first values; never a parameter.
  const xgrad::nn::LoadReport report = m.load_state_dict(state, false);
  const xgrad::NamedTensors buffers = m.named_buffers();
  for (const std::string& key : report.missing)
    if (std::ranges::none_of(buffers, [&](const auto& b) { return b.first == key; }))
      throw std::runtime_error("the record lacks the parameter " + key);
  if (!report.unexpected.empty()) throw std::runtime_error("the module has no parameter " + report.unexpected.front());
}

void add_modules(FunctionTable& t) {
  for (const auto& [name, c] : classes())
    t["nn." + name] = {c.signature, [make = c.make](Args& a) -> Value {
                         return std::static_pointer_cast<Object>(std::make_shared<ModuleObject>(make(a)));
                       }};
  t["nn.Sequential"] = {
      "*modules", [](Args& a) -> Value {
        std::vector<AnyModule> parts;
        for (const Value& v : *a["modules"].list()) parts.push_back(module_of(v));
        return std::static_pointer_cast<Object>(std::make_shared<ModuleObject>(make_sequential(parts)));
      }};
  add_optimizers(t);
  t["utils.data.TensorDataset"] = {"data target", [](Args& a) -> Value {
                                     const xgrad::data::TensorDataset set(a.tensor("data"), a.tensor("target"));
                                     return std::static_pointer_cast<Object>(std::make_shared<DatasetObject>(set));
                                   }};
  t["utils.data.DataLoader"] = {
      "dataset batch_size? shuffle? drop_last?", [](Args& a) -> Value {
        const xgrad::data::DataLoader loader(
            dataset_of(a["dataset"]),
            {.batch_size = a.integer("batch_size", 1), .shuffle = a.flag("shuffle"), .drop_last = a.flag("drop_last")});
        return loader.size();
      }};
}

}  // namespace oracle
