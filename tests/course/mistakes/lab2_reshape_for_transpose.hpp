// The shape is turned round, the numbers stay where they are.
// expect: function transpose, value of c
inline Array transpose(const Array& a) { return Array({a.shape[1], a.shape[0]}, a.data); }
