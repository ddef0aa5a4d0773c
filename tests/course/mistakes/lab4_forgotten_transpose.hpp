// X W for X Wᵀ.
// expect: function linear, value of Z
inline Var linear(const Var& X, const Var& W, const Var& b) { return add(matmul(X, W), b); }
