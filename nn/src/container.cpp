#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/container.hpp>

namespace xgrad::detail {

std::size_t wrap_index(const char* what, std::int64_t i, std::size_t size, Location at) {
  const auto n = static_cast<std::int64_t>(size);
  if (i < -n || i >= n) ErrorReport(what, fmt::format("index {} out of range, the size is {}", i, n), at).index_error();
  return static_cast<std::size_t>(i < 0 ? i + n : i);
}

void unknown_name(const char* what, const std::string& name, const std::vector<std::string>& names, Location at) {
  ErrorReport(what, fmt::format("no '{}' in it", name), at)
      .line("names", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")))
      .index_error();
}

}  // namespace xgrad::detail

namespace xgrad::nn {

ParameterList::ParameterList() : Module("ParameterList") {}
ParameterList::ParameterList(std::initializer_list<Tensor> parameters, Location where) : ParameterList() {
  for (const Tensor& p : parameters) push_back(p, where);
}
ParameterList& ParameterList::push_back(const Tensor& parameter, Location where) & {
  items_->push_back(register_parameter(std::to_string(size()), parameter, true, where));
  return *this;
}
Parameter& ParameterList::at(std::int64_t i, Location where) const {
  return (*items_)[detail::wrap_index("ParameterList", i, size(), where)];
}

ParameterDict::ParameterDict() : Module("ParameterDict") {}
ParameterDict::ParameterDict(std::initializer_list<std::pair<std::string, Tensor>> parameters, Location where)
    : ParameterDict() {
  for (const auto& [name, p] : parameters) add(name, p, where);
}
ParameterDict& ParameterDict::add(const std::string& name, const Tensor& parameter, Location where) & {
  Parameter p = register_parameter(name, parameter, true, where);
  items_->emplace_back(name, std::move(p));
  return *this;
}
Parameter& ParameterDict::at(const std::string& name, Location where) const {
  for (auto& [key, p] : *items_)
    if (key == name) return p;
  detail::unknown_name("ParameterDict", name, keys(), where);
}
bool ParameterDict::contains(const std::string& name) const {
  for (const auto& [key, p] : *items_)
    if (key == name) return true;
  return false;
}
std::vector<std::string> ParameterDict::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, p] : *items_) out.push_back(key);
  return out;
}

}  // namespace xgrad::nn
