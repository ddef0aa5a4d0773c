// Numbers of optimizers and schedulers to and from a state_dict.
#pragma once

#include <span>

#include <xgrad/optim/option.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::optim {

// Appends one tensor per field: float64, int64 or bool; 0-d or a list.
void save_fields(std::span<const StateField> fields, const std::string& prefix, NamedTensors& out);

StateCopy value_of(const StateField& field);
// The field takes the value of the copy, which was made for it, and the copy that of the field.
void swap(const StateField& field, StateCopy& value) noexcept;
// The tensor as a value for the field; a problem in words when it does not fit (the field is not changed).
std::string read_field(const StateField& field, const Tensor& t, StateCopy& value);

}  // namespace xgrad::optim
