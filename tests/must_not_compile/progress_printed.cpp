// expect: it draws itself: progress.update()
#include <xgrad/xgrad.hpp>

void print(std::ostream& os, const xgrad::train::Progress& progress) { os << progress; }
