// A last place that does not fit is counted.
// expect: function places, value of y
inline int places(int n, int k, int stride, int padding) { return (n + 2 * padding - k + stride - 1) / stride + 1; }
