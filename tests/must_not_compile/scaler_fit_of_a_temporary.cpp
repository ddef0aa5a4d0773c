// expect: use of deleted function
#include <xgrad/data.hpp>

const xgrad::data::Scaler& fitted(const xgrad::Tensor& x) { return xgrad::data::StandardScaler().fit(x); }
