# Warnings, optimisation and sanitizers of the project's own targets, in one place.
add_library(xgrad_flags INTERFACE)
target_compile_options(xgrad_flags INTERFACE -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Wno-psabi
  -Wno-missing-field-initializers)  # designated initialisers leave members out on purpose
# Formulas name the parameters of an inner lambda after the tensors it is applied to: fuse([](auto g, auto y) ...,
# g, y). Clang's -Wshadow lets that pass.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports std::string concatenation as overlapping copies (GCC bug 105651).
  target_compile_options(xgrad_flags INTERFACE -Wshadow=compatible-local -Wno-restrict)
else()
  target_compile_options(xgrad_flags INTERFACE -Wshadow)
  # Before version 16 (P2468) Clang also tries == and != on tensors the other way round, finds the right one, and warns.
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
    target_compile_options(xgrad_flags INTERFACE -Wno-ambiguous-reversed-operator)
  endif()
endif()
if(XGRAD_WERROR)
  target_compile_options(xgrad_flags INTERFACE -Werror)
  # GCC 12's optimiser sees strings that overrun in code that cannot (bugs 105329, 105651): shown, no errors.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(xgrad_flags INTERFACE -Wno-error=array-bounds -Wno-error=stringop-overflow
      -Wno-error=stringop-overread -Wno-error=maybe-uninitialized)
  endif()
endif()
if(XGRAD_SANITIZE)
  string(REPLACE ";" "," sanitizers "${XGRAD_SANITIZE}")
  target_compile_options(xgrad_flags INTERFACE -fsanitize=${sanitizers} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(xgrad_flags INTERFACE -fsanitize=${sanitizers})
  # Where variables live in optimised code: no report shows it, and finding it out is half the work for vector code.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(xgrad_flags INTERFACE -fno-var-tracking)
  endif()
endif()
if(XGRAD_FUZZ)
  target_compile_options(xgrad_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# For the library only. errno and floating-point traps are not observed, which lets loops over sqrt vectorise;
# -ffast-math stays off: NaN and infinity keep their meaning.
# Kernels are tested as they are installed; what stands around them may be compiled faster than it runs.
set(XGRAD_PARTS_OPTIMISATION -O3 CACHE STRING "Optimisation of all parts but autograd in release builds")
add_library(xgrad_kernel_flags INTERFACE)
set(optimisation $<IF:$<STREQUAL:$<TARGET_PROPERTY:NAME>,xgrad_autograd>,-O3,${XGRAD_PARTS_OPTIMISATION}>)
set(XGRAD_DEBUG_OPTIMISATION "" CACHE STRING "Optimisation of all parts in debug builds")
target_compile_options(xgrad_kernel_flags INTERFACE -fno-math-errno -fno-trapping-math
  $<$<CONFIG:Release,RelWithDebInfo>:${optimisation}> $<$<CONFIG:Debug>:${XGRAD_DEBUG_OPTIMISATION}>)
if(XGRAD_NATIVE)
  target_compile_options(xgrad_kernel_flags INTERFACE -march=native)
endif()
# GCC clones small lambdas before it inlines them into the versions for each instruction set, and then calls the clone
# instead; comparisons in formulas became calls that way, four times slower.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(xgrad_kernel_flags INTERFACE -fno-ipa-sra -fno-ipa-cp)
endif()
