// Functions of std that are called with a Tensor by mistake, for the sake of the message: without these the compiler
// lists some forty lines of overloads for complex numbers and valarrays. Nothing here can be called. (Strictly, only
// the standard library declares functions in std; these have a parameter that no function of its own takes.)
//
// They are templates, so that with `using std::exp;` a plain exp(x) is xgrad's.
#pragma once

#include <xgrad/tensor.hpp>

namespace std {

template <class = void>
void abs(const xgrad::Tensor&) = delete;  // without std: abs(x), or xgrad::abs(x)
template <class = void>
void exp(const xgrad::Tensor&) = delete;  // without std: exp(x), or xgrad::exp(x)
template <class = void>
void expm1(const xgrad::Tensor&) = delete;  // without std: expm1(x), or xgrad::expm1(x)
template <class = void>
void log(const xgrad::Tensor&) = delete;  // without std: log(x), or xgrad::log(x)
template <class = void>
void log1p(const xgrad::Tensor&) = delete;  // without std: log1p(x), or xgrad::log1p(x)
template <class = void>
void sqrt(const xgrad::Tensor&) = delete;  // without std: sqrt(x), or xgrad::sqrt(x)
template <class = void>
void sin(const xgrad::Tensor&) = delete;  // without std: sin(x), or xgrad::sin(x)
template <class = void>
void cos(const xgrad::Tensor&) = delete;  // without std: cos(x), or xgrad::cos(x)
template <class = void>
void tanh(const xgrad::Tensor&) = delete;  // without std: tanh(x), or xgrad::tanh(x)
template <class = void>
void erf(const xgrad::Tensor&) = delete;  // without std: erf(x), or xgrad::erf(x)
template <class E>
void pow(const xgrad::Tensor&, const E&) = delete;  // without std: pow(x, 2), or xgrad::pow(x, 2)
template <class B>
requires(!std::is_base_of_v<xgrad::Tensor, B>) void pow(const B&, const xgrad::Tensor&)  // without std: pow(2, x)
    = delete;
template <class = void>
void max(const xgrad::Tensor&, const xgrad::Tensor&) = delete;  // element by element: maximum(x, y)
template <class = void>
void min(const xgrad::Tensor&, const xgrad::Tensor&) = delete;  // element by element: minimum(x, y)
template <class = void>
void to_string(const xgrad::Tensor&) = delete;  // without std: to_string(x), or xgrad::to_string(x)

}  // namespace std
