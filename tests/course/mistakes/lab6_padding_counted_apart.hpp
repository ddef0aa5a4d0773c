// Picture and padding are each rounded down by themselves.
// expect: function places, value of y
inline int places(int n, int k, int stride, int padding) { return (n - k) / stride + 2 * padding / stride + 1; }
