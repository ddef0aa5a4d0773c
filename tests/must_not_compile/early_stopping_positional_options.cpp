// expect: options by name: EarlyStopping({.patience = 5})
#include <xgrad/train.hpp>

// Other libraries have the smallest change first, then the patience.
xgrad::train::EarlyStopping stopping() { return xgrad::train::EarlyStopping({0, 5}); }
