#include "state_fields.hpp"

#include <fmt/format.h>

#include <xgrad/ops/factory.hpp>

namespace xgrad::optim {
namespace {

template <class T>
Tensor as_tensor(const T& v) {
  if constexpr (std::is_same_v<T, double>)
    return full({}, v, {kFloat64});
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return full({}, v, {kInt64});
  else if constexpr (std::is_same_v<T, bool>)
    return full({}, v, {kBool});
  else
    return from_vector(std::vector<double>(v.begin(), v.end()));
}

}  // namespace

void save_fields(std::span<const StateField> fields, const std::string& prefix, NamedTensors& out) {
  for (const StateField& f : fields)
    out.emplace_back(prefix + f.name, std::visit([](const auto* v) { return as_tensor(*v); }, f.value));
}

StateCopy value_of(const StateField& field) {
  return std::visit([](const auto* v) { return StateCopy(*v); }, field.value);
}

void swap(const StateField& field, StateCopy& value) noexcept {
  std::visit([&](auto* v) { std::swap(*v, std::get<std::remove_pointer_t<decltype(v)>>(value)); }, field.value);
}

std::string read_field(const StateField& field, const Tensor& t, StateCopy& value) {
  if (!t.defined()) return "undefined";
  value = value_of(field);
  return std::visit(
      [&](auto& v) -> std::string {
        using T = std::remove_reference_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::array<double, 2>> || std::is_same_v<T, std::vector<double>>) {
          const std::vector<double> all = t.to_vector<double>();
          if (t.dim() > 1 || all.size() != v.size())
            return fmt::format("shape {}, not ({})", to_string(t.shape()), v.size());
          std::copy(all.begin(), all.end(), v.begin());
        } else {
          if (t.numel() != 1) return fmt::format("shape {}, not one number", to_string(t.shape()));
          if (std::is_same_v<T, std::int64_t> && t.is_floating_point()) return "not an integer";
          v = t.item<T>();
        }
        return {};
      },
      value);
}

}  // namespace xgrad::optim
