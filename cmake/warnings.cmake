# Warnings, optimisation and sanitizers of the project's own targets, in one place.
add_library(xgrad_flags INTERFACE)
target_compile_options(xgrad_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-psabi)
if(XGRAD_WERROR)
  target_compile_options(xgrad_flags INTERFACE -Werror)
endif()
if(XGRAD_SANITIZE)
  target_compile_options(xgrad_flags INTERFACE -fsanitize=${XGRAD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(xgrad_flags INTERFACE -fsanitize=${XGRAD_SANITIZE})
endif()

# For the library only. errno and floating-point traps are not observed, which lets loops over sqrt vectorise;
# -ffast-math stays off: NaN and infinity keep their meaning.
add_library(xgrad_kernel_flags INTERFACE)
target_compile_options(xgrad_kernel_flags INTERFACE -fno-math-errno -fno-trapping-math $<$<CONFIG:Release>:-O3>)
if(XGRAD_NATIVE)
  target_compile_options(xgrad_kernel_flags INTERFACE -march=native)
endif()
