// The 1 is divided by the stride as well.
// expect: function places, value of y
inline int places(int n, int k, int stride, int padding) { return (n + 2 * padding - k + 1) / stride; }
