// Padding is counted once, not on both sides.
// expect: function places, value of y
inline int places(int n, int k, int stride, int padding) { return (n + padding - k) / stride + 1; }
