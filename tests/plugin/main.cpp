// Loads the library named on the command line. Its memory of each thread must fit into what the C library has left
// for libraries that come later, see dlopen(3) and "static TLS".
#include <cstdio>
#include <dlfcn.h>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  void* const library = dlopen(arguments[1], RTLD_NOW);
  void* const found = library ? dlsym(library, "derivative_of_cube") : nullptr;
  if (!found) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const double slope = reinterpret_cast<double (*)(double)>(found)(2.0);
  std::printf("%g\n", slope);
  return slope == 12.0 ? 0 : 1;
}
