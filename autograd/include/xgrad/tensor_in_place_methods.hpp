// Operations that change their tensor: x.exp_() puts exp(x) in the place of x, with its gradient. ShapeError when the
// result has another shape, DTypeError when the type of x cannot hold it, AutogradError on a leaf that requires grad.
// Of a temporary they return a value. What computes in place without a copy (add_, mul_, copy_, ...) stands in
// <xgrad/tensor.hpp>, which includes this.
#pragma once

#include <xgrad/random.hpp>
#include <xgrad/tensor_methods.hpp>

namespace xgrad {

// A base of Tensor, and of nothing else.
class XGRAD_API TensorInPlaceMethods {
 public:
  Tensor& abs_(Location at = Location::current()) &;
  Tensor abs_(Location at = Location::current()) &&;
  Tensor& neg_(Location at = Location::current()) &;
  Tensor neg_(Location at = Location::current()) &&;
  Tensor& sign_(Location at = Location::current()) &;
  Tensor sign_(Location at = Location::current()) &&;
  Tensor& sgn_(Location at = Location::current()) &;
  Tensor sgn_(Location at = Location::current()) &&;
  Tensor& square_(Location at = Location::current()) &;
  Tensor square_(Location at = Location::current()) &&;
  Tensor& sqrt_(Location at = Location::current()) &;
  Tensor sqrt_(Location at = Location::current()) &&;
  Tensor& rsqrt_(Location at = Location::current()) &;
  Tensor rsqrt_(Location at = Location::current()) &&;
  Tensor& reciprocal_(Location at = Location::current()) &;
  Tensor reciprocal_(Location at = Location::current()) &&;
  Tensor& exp_(Location at = Location::current()) &;
  Tensor exp_(Location at = Location::current()) &&;
  Tensor& exp2_(Location at = Location::current()) &;
  Tensor exp2_(Location at = Location::current()) &&;
  Tensor& expm1_(Location at = Location::current()) &;
  Tensor expm1_(Location at = Location::current()) &&;
  Tensor& log_(Location at = Location::current()) &;
  Tensor log_(Location at = Location::current()) &&;
  Tensor& log2_(Location at = Location::current()) &;
  Tensor log2_(Location at = Location::current()) &&;
  Tensor& log10_(Location at = Location::current()) &;
  Tensor log10_(Location at = Location::current()) &&;
  Tensor& log1p_(Location at = Location::current()) &;
  Tensor log1p_(Location at = Location::current()) &&;
  Tensor& sin_(Location at = Location::current()) &;
  Tensor sin_(Location at = Location::current()) &&;
  Tensor& cos_(Location at = Location::current()) &;
  Tensor cos_(Location at = Location::current()) &&;
  Tensor& tan_(Location at = Location::current()) &;
  Tensor tan_(Location at = Location::current()) &&;
  Tensor& asin_(Location at = Location::current()) &;
  Tensor asin_(Location at = Location::current()) &&;
  Tensor& acos_(Location at = Location::current()) &;
  Tensor acos_(Location at = Location::current()) &&;
  Tensor& atan_(Location at = Location::current()) &;
  Tensor atan_(Location at = Location::current()) &&;
  Tensor& sinh_(Location at = Location::current()) &;
  Tensor sinh_(Location at = Location::current()) &&;
  Tensor& cosh_(Location at = Location::current()) &;
  Tensor cosh_(Location at = Location::current()) &&;
  Tensor& asinh_(Location at = Location::current()) &;
  Tensor asinh_(Location at = Location::current()) &&;
  Tensor& acosh_(Location at = Location::current()) &;
  Tensor acosh_(Location at = Location::current()) &&;
  Tensor& atanh_(Location at = Location::current()) &;
  Tensor atanh_(Location at = Location::current()) &&;
  Tensor& sinc_(Location at = Location::current()) &;
  Tensor sinc_(Location at = Location::current()) &&;
  Tensor& deg2rad_(Location at = Location::current()) &;
  Tensor deg2rad_(Location at = Location::current()) &&;
  Tensor& rad2deg_(Location at = Location::current()) &;
  Tensor rad2deg_(Location at = Location::current()) &&;
  Tensor& erf_(Location at = Location::current()) &;
  Tensor erf_(Location at = Location::current()) &&;
  Tensor& erfc_(Location at = Location::current()) &;
  Tensor erfc_(Location at = Location::current()) &&;
  Tensor& erfinv_(Location at = Location::current()) &;
  Tensor erfinv_(Location at = Location::current()) &&;
  Tensor& lgamma_(Location at = Location::current()) &;
  Tensor lgamma_(Location at = Location::current()) &&;
  Tensor& digamma_(Location at = Location::current()) &;
  Tensor digamma_(Location at = Location::current()) &&;
  Tensor& i0_(Location at = Location::current()) &;
  Tensor i0_(Location at = Location::current()) &&;
  Tensor& logit_(std::optional<double> eps = {}, Location at = Location::current()) &;
  Tensor logit_(std::optional<double> eps = {}, Location at = Location::current()) &&;
  Tensor& floor_(Location at = Location::current()) &;
  Tensor floor_(Location at = Location::current()) &&;
  Tensor& ceil_(Location at = Location::current()) &;
  Tensor ceil_(Location at = Location::current()) &&;
  Tensor& round_(Location at = Location::current()) &;
  Tensor round_(Location at = Location::current()) &&;
  Tensor& round_(Size decimals, Location at = Location::current()) &;
  Tensor round_(Size decimals, Location at = Location::current()) &&;
  Tensor& trunc_(Location at = Location::current()) &;
  Tensor trunc_(Location at = Location::current()) &&;
  Tensor& fix_(Location at = Location::current()) &;
  Tensor fix_(Location at = Location::current()) &&;
  Tensor& frac_(Location at = Location::current()) &;
  Tensor frac_(Location at = Location::current()) &&;
  Tensor& nan_to_num_(double nan = 0, std::optional<double> posinf = {}, std::optional<double> neginf = {},
                      Location at = Location::current()) &;
  Tensor nan_to_num_(double nan = 0, std::optional<double> posinf = {}, std::optional<double> neginf = {},
                     Location at = Location::current()) &&;
  Tensor& bitwise_not_(Location at = Location::current()) &;
  Tensor bitwise_not_(Location at = Location::current()) &&;
  Tensor& logical_not_(Location at = Location::current()) &;
  Tensor logical_not_(Location at = Location::current()) &&;
  Tensor& relu_(Location at = Location::current()) &;
  Tensor relu_(Location at = Location::current()) &&;
  Tensor& sigmoid_(Location at = Location::current()) &;
  Tensor sigmoid_(Location at = Location::current()) &&;
  Tensor& tanh_(Location at = Location::current()) &;
  Tensor tanh_(Location at = Location::current()) &&;
  Tensor& tril_(Size offset = 0, Location at = Location::current()) &;
  Tensor tril_(Size offset = 0, Location at = Location::current()) &&;
  Tensor& triu_(Size offset = 0, Location at = Location::current()) &;
  Tensor triu_(Size offset = 0, Location at = Location::current()) &&;
  Tensor& pow_(const Tensor& y, Location at = Location::current()) &;
  Tensor pow_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& pow_(Scalar y, Location at = Location::current()) &;
  Tensor pow_(Scalar y, Location at = Location::current()) &&;
  Tensor& float_power_(const Tensor& y, Location at = Location::current()) &;
  Tensor float_power_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& float_power_(Scalar y, Location at = Location::current()) &;
  Tensor float_power_(Scalar y, Location at = Location::current()) &&;
  Tensor& atan2_(const Tensor& x, Location at = Location::current()) &;
  Tensor atan2_(const Tensor& x, Location at = Location::current()) &&;
  Tensor& hypot_(const Tensor& y, Location at = Location::current()) &;
  Tensor hypot_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& remainder_(const Tensor& y, Location at = Location::current()) &;
  Tensor remainder_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& remainder_(Scalar y, Location at = Location::current()) &;
  Tensor remainder_(Scalar y, Location at = Location::current()) &&;
  Tensor& fmod_(const Tensor& y, Location at = Location::current()) &;
  Tensor fmod_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& fmod_(Scalar y, Location at = Location::current()) &;
  Tensor fmod_(Scalar y, Location at = Location::current()) &&;
  Tensor& floor_divide_(const Tensor& y, Location at = Location::current()) &;
  Tensor floor_divide_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& floor_divide_(Scalar y, Location at = Location::current()) &;
  Tensor floor_divide_(Scalar y, Location at = Location::current()) &&;
  Tensor& copysign_(const Tensor& y, Location at = Location::current()) &;
  Tensor copysign_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& copysign_(Scalar y, Location at = Location::current()) &;
  Tensor copysign_(Scalar y, Location at = Location::current()) &&;
  Tensor& xlogy_(const Tensor& y, Location at = Location::current()) &;
  Tensor xlogy_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& xlogy_(Scalar y, Location at = Location::current()) &;
  Tensor xlogy_(Scalar y, Location at = Location::current()) &&;
  Tensor& lerp_(const Tensor& y, const Tensor& weight, Location at = Location::current()) &;
  Tensor lerp_(const Tensor& y, const Tensor& weight, Location at = Location::current()) &&;
  Tensor& lerp_(const Tensor& y, Scalar weight, Location at = Location::current()) &;
  Tensor lerp_(const Tensor& y, Scalar weight, Location at = Location::current()) &&;
  Tensor& addcmul_(const Tensor& a, const Tensor& b, Scalar value = 1, Location at = Location::current()) &;
  Tensor addcmul_(const Tensor& a, const Tensor& b, Scalar value = 1, Location at = Location::current()) &&;
  Tensor& addcdiv_(const Tensor& a, const Tensor& b, Scalar value = 1, Location at = Location::current()) &;
  Tensor addcdiv_(const Tensor& a, const Tensor& b, Scalar value = 1, Location at = Location::current()) &&;
  Tensor& addmm_(const Tensor& m1, const Tensor& m2, Scalar beta = 1, Scalar alpha = 1,
                 Location at = Location::current()) &;
  Tensor addmm_(const Tensor& m1, const Tensor& m2, Scalar beta = 1, Scalar alpha = 1,
                Location at = Location::current()) &&;
  Tensor& addmv_(const Tensor& m, const Tensor& v, Scalar beta = 1, Scalar alpha = 1,
                 Location at = Location::current()) &;
  Tensor addmv_(const Tensor& m, const Tensor& v, Scalar beta = 1, Scalar alpha = 1,
                Location at = Location::current()) &&;
  Tensor& addr_(const Tensor& v1, const Tensor& v2, Scalar beta = 1, Scalar alpha = 1,
                Location at = Location::current()) &;
  Tensor addr_(const Tensor& v1, const Tensor& v2, Scalar beta = 1, Scalar alpha = 1,
               Location at = Location::current()) &&;
  Tensor& baddbmm_(const Tensor& b1, const Tensor& b2, Scalar beta = 1, Scalar alpha = 1,
                   Location at = Location::current()) &;
  Tensor baddbmm_(const Tensor& b1, const Tensor& b2, Scalar beta = 1, Scalar alpha = 1,
                  Location at = Location::current()) &&;
  Tensor& addbmm_(const Tensor& b1, const Tensor& b2, Scalar beta = 1, Scalar alpha = 1,
                  Location at = Location::current()) &;
  Tensor addbmm_(const Tensor& b1, const Tensor& b2, Scalar beta = 1, Scalar alpha = 1,
                 Location at = Location::current()) &&;
  Tensor& bitwise_and_(const Tensor& y, Location at = Location::current()) &;
  Tensor bitwise_and_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& bitwise_and_(Scalar y, Location at = Location::current()) &;
  Tensor bitwise_and_(Scalar y, Location at = Location::current()) &&;
  Tensor& bitwise_or_(const Tensor& y, Location at = Location::current()) &;
  Tensor bitwise_or_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& bitwise_or_(Scalar y, Location at = Location::current()) &;
  Tensor bitwise_or_(Scalar y, Location at = Location::current()) &&;
  Tensor& bitwise_xor_(const Tensor& y, Location at = Location::current()) &;
  Tensor bitwise_xor_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& bitwise_xor_(Scalar y, Location at = Location::current()) &;
  Tensor bitwise_xor_(Scalar y, Location at = Location::current()) &&;
  Tensor& bitwise_left_shift_(const Tensor& y, Location at = Location::current()) &;
  Tensor bitwise_left_shift_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& bitwise_left_shift_(Scalar y, Location at = Location::current()) &;
  Tensor bitwise_left_shift_(Scalar y, Location at = Location::current()) &&;
  Tensor& bitwise_right_shift_(const Tensor& y, Location at = Location::current()) &;
  Tensor bitwise_right_shift_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& bitwise_right_shift_(Scalar y, Location at = Location::current()) &;
  Tensor bitwise_right_shift_(Scalar y, Location at = Location::current()) &&;
  Tensor& gcd_(const Tensor& y, Location at = Location::current()) &;
  Tensor gcd_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& lcm_(const Tensor& y, Location at = Location::current()) &;
  Tensor lcm_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& igamma_(const Tensor& y, Location at = Location::current()) &;
  Tensor igamma_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& igammac_(const Tensor& y, Location at = Location::current()) &;
  Tensor igammac_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& logical_and_(const Tensor& y, Location at = Location::current()) &;
  Tensor logical_and_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& logical_or_(const Tensor& y, Location at = Location::current()) &;
  Tensor logical_or_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& logical_xor_(const Tensor& y, Location at = Location::current()) &;
  Tensor logical_xor_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& clamp_min_(Scalar min, Location at = Location::current()) &;
  Tensor clamp_min_(Scalar min, Location at = Location::current()) &&;
  Tensor& clamp_min_(const Tensor& min, Location at = Location::current()) &;
  Tensor clamp_min_(const Tensor& min, Location at = Location::current()) &&;
  Tensor& clamp_max_(Scalar max, Location at = Location::current()) &;
  Tensor clamp_max_(Scalar max, Location at = Location::current()) &&;
  Tensor& clamp_max_(const Tensor& max, Location at = Location::current()) &;
  Tensor clamp_max_(const Tensor& max, Location at = Location::current()) &&;
  Tensor& cumsum_(Dim dim, Location at = Location::current()) &;
  Tensor cumsum_(Dim dim, Location at = Location::current()) &&;
  Tensor& cumprod_(Dim dim, Location at = Location::current()) &;
  Tensor cumprod_(Dim dim, Location at = Location::current()) &&;
  Tensor& renorm_(double p, Dim dim, double max_norm, Location at = Location::current()) &;
  Tensor renorm_(double p, Dim dim, double max_norm, Location at = Location::current()) &&;
  Tensor& index_put_(const std::vector<Index>& indices, const Tensor& values, bool accumulate = false,
                     Location at = Location::current()) &;
  Tensor index_put_(const std::vector<Index>& indices, const Tensor& values, bool accumulate = false,
                    Location at = Location::current()) &&;
  Tensor& index_put_(const std::vector<Index>& indices, Scalar value, bool accumulate = false,
                     Location at = Location::current()) &;
  Tensor index_put_(const std::vector<Index>& indices, Scalar value, bool accumulate = false,
                    Location at = Location::current()) &&;
  Tensor& index_add_(Dim dim, const Tensor& index, const Tensor& source, Scalar alpha = 1,
                     Location at = Location::current()) &;
  Tensor index_add_(Dim dim, const Tensor& index, const Tensor& source, Scalar alpha = 1,
                    Location at = Location::current()) &&;
  Tensor& index_copy_(Dim dim, const Tensor& index, const Tensor& source, Location at = Location::current()) &;
  Tensor index_copy_(Dim dim, const Tensor& index, const Tensor& source, Location at = Location::current()) &&;
  Tensor& index_fill_(Dim dim, const Tensor& index, Scalar value, Location at = Location::current()) &;
  Tensor index_fill_(Dim dim, const Tensor& index, Scalar value, Location at = Location::current()) &&;
  Tensor& index_fill_(Dim dim, const Tensor& index, const Tensor& value, Location at = Location::current()) &;
  Tensor index_fill_(Dim dim, const Tensor& index, const Tensor& value, Location at = Location::current()) &&;
  Tensor& index_reduce_(Dim dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                        bool include_self = true, Location at = Location::current()) &;
  Tensor index_reduce_(Dim dim, const Tensor& index, const Tensor& source, const std::string& reduce,
                       bool include_self = true, Location at = Location::current()) &&;
  Tensor& put_(const Tensor& index, const Tensor& source, bool accumulate = false, Location at = Location::current()) &;
  Tensor put_(const Tensor& index, const Tensor& source, bool accumulate = false, Location at = Location::current()) &&;
  Tensor& scatter_(Dim dim, const Tensor& index, const Tensor& src, Location at = Location::current()) &;
  Tensor scatter_(Dim dim, const Tensor& index, const Tensor& src, Location at = Location::current()) &&;
  Tensor& scatter_(Dim dim, const Tensor& index, Scalar value, Location at = Location::current()) &;
  Tensor scatter_(Dim dim, const Tensor& index, Scalar value, Location at = Location::current()) &&;
  Tensor& scatter_add_(Dim dim, const Tensor& index, const Tensor& src, Location at = Location::current()) &;
  Tensor scatter_add_(Dim dim, const Tensor& index, const Tensor& src, Location at = Location::current()) &&;
  Tensor& scatter_reduce_(Dim dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                          bool include_self = true, Location at = Location::current()) &;
  Tensor scatter_reduce_(Dim dim, const Tensor& index, const Tensor& src, const std::string& reduce,
                         bool include_self = true, Location at = Location::current()) &&;
  Tensor& masked_fill_(const Tensor& mask, Scalar value, Location at = Location::current()) &;
  Tensor masked_fill_(const Tensor& mask, Scalar value, Location at = Location::current()) &&;
  Tensor& masked_fill_(const Tensor& mask, const Tensor& value, Location at = Location::current()) &;
  Tensor masked_fill_(const Tensor& mask, const Tensor& value, Location at = Location::current()) &&;
  Tensor& masked_scatter_(const Tensor& mask, const Tensor& source, Location at = Location::current()) &;
  Tensor masked_scatter_(const Tensor& mask, const Tensor& source, Location at = Location::current()) &&;
  Tensor& eq_(const Tensor& y, Location at = Location::current()) &;
  Tensor eq_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& eq_(Scalar y, Location at = Location::current()) &;
  Tensor eq_(Scalar y, Location at = Location::current()) &&;
  Tensor& ne_(const Tensor& y, Location at = Location::current()) &;
  Tensor ne_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& ne_(Scalar y, Location at = Location::current()) &;
  Tensor ne_(Scalar y, Location at = Location::current()) &&;
  Tensor& lt_(const Tensor& y, Location at = Location::current()) &;
  Tensor lt_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& lt_(Scalar y, Location at = Location::current()) &;
  Tensor lt_(Scalar y, Location at = Location::current()) &&;
  Tensor& le_(const Tensor& y, Location at = Location::current()) &;
  Tensor le_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& le_(Scalar y, Location at = Location::current()) &;
  Tensor le_(Scalar y, Location at = Location::current()) &&;
  Tensor& gt_(const Tensor& y, Location at = Location::current()) &;
  Tensor gt_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& gt_(Scalar y, Location at = Location::current()) &;
  Tensor gt_(Scalar y, Location at = Location::current()) &&;
  Tensor& ge_(const Tensor& y, Location at = Location::current()) &;
  Tensor ge_(const Tensor& y, Location at = Location::current()) &&;
  Tensor& ge_(Scalar y, Location at = Location::current()) &;
  Tensor ge_(Scalar y, Location at = Location::current()) &&;
  Tensor& fill_diagonal_(Scalar value, bool wrap = false, Location at = Location::current()) &;
  Tensor fill_diagonal_(Scalar value, bool wrap = false, Location at = Location::current()) &&;
  // The tensor itself gets another shape; other handles of it see that, views of it do not. AutogradError where its
  // gradient is recorded: x = x.t().
  Tensor& t_(Location at = Location::current()) &;
  Tensor t_(Location at = Location::current()) &&;
  Tensor& transpose_(Dim dim0, Dim dim1, Location at = Location::current()) &;
  Tensor transpose_(Dim dim0, Dim dim1, Location at = Location::current()) &&;
  Tensor& squeeze_(Location at = Location::current()) &;
  Tensor squeeze_(Location at = Location::current()) &&;
  Tensor& squeeze_(const Dims& dims, Location at = Location::current()) &;
  Tensor squeeze_(const Dims& dims, Location at = Location::current()) &&;
  Tensor& unsqueeze_(Dim dim, Location at = Location::current()) &;
  Tensor unsqueeze_(Dim dim, Location at = Location::current()) &&;

  // ---- random numbers in place of the values, without their gradient: ranges as in
  // <xgrad/ops/sampling.hpp> and <xgrad/ops/draws.hpp> ----
  Tensor& uniform_(double low = 0, double high = 1, const std::optional<Generator>& generator = {},
                   Location at = Location::current()) &;
  Tensor uniform_(double low = 0, double high = 1, const std::optional<Generator>& generator = {},
                  Location at = Location::current()) &&;
  Tensor& normal_(double mean = 0, double stddev = 1, const std::optional<Generator>& generator = {},
                  Location at = Location::current()) &;
  Tensor normal_(double mean = 0, double stddev = 1, const std::optional<Generator>& generator = {},
                 Location at = Location::current()) &&;
  Tensor& bernoulli_(double p = 0.5, const std::optional<Generator>& generator = {},
                     Location at = Location::current()) &;
  Tensor bernoulli_(double p = 0.5, const std::optional<Generator>& generator = {},
                    Location at = Location::current()) &&;
  Tensor& bernoulli_(const Tensor& p, const std::optional<Generator>& generator = {},
                     Location at = Location::current()) &;
  Tensor bernoulli_(const Tensor& p, const std::optional<Generator>& generator = {},
                    Location at = Location::current()) &&;
  Tensor& exponential_(double rate = 1, const std::optional<Generator>& generator = {},
                       Location at = Location::current()) &;
  Tensor exponential_(double rate = 1, const std::optional<Generator>& generator = {},
                      Location at = Location::current()) &&;
  Tensor& geometric_(double p, const std::optional<Generator>& generator = {}, Location at = Location::current()) &;
  Tensor geometric_(double p, const std::optional<Generator>& generator = {}, Location at = Location::current()) &&;
  Tensor& cauchy_(double median = 0, double sigma = 1, const std::optional<Generator>& generator = {},
                  Location at = Location::current()) &;
  Tensor cauchy_(double median = 0, double sigma = 1, const std::optional<Generator>& generator = {},
                 Location at = Location::current()) &&;
  Tensor& log_normal_(double mean = 1, double stddev = 2, const std::optional<Generator>& generator = {},
                      Location at = Location::current()) &;
  Tensor log_normal_(double mean = 1, double stddev = 2, const std::optional<Generator>& generator = {},
                     Location at = Location::current()) &&;
  // Integers of [low, high), of [0, high), of all from 0 that the type holds without gaps.
  Tensor& random_(std::int64_t low, std::int64_t high, const std::optional<Generator>& generator = {},
                  Location at = Location::current()) &;
  Tensor random_(std::int64_t low, std::int64_t high, const std::optional<Generator>& generator = {},
                 Location at = Location::current()) &&;
  Tensor& random_(std::int64_t high, const std::optional<Generator>& generator = {},
                  Location at = Location::current()) &;
  Tensor random_(std::int64_t high, const std::optional<Generator>& generator = {},
                 Location at = Location::current()) &&;
  Tensor& random_(const std::optional<Generator>& generator = {}, Location at = Location::current()) &;
  Tensor random_(const std::optional<Generator>& generator = {}, Location at = Location::current()) &&;

 protected:
  ~TensorInPlaceMethods() = default;
};

}  // namespace xgrad
