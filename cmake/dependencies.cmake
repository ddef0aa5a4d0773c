find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(xtensor CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)

# oneDNN. Not by its own package file: Debian's asks for the OpenCL headers, which nothing here needs.
find_path(XGRAD_DNNL_INCLUDE dnnl.h REQUIRED)
find_library(XGRAD_DNNL_LIBRARY dnnl REQUIRED)

# CBLAS and LAPACK for float64, by full path. Debian keeps each build of OpenBLAS in a folder of its own and lets an
# alternative choose one; the OpenMP build shares the threads of oneDNN and of the library, so it comes first.
set(openblas_openmp ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp)
find_path(XGRAD_CBLAS_INCLUDE cblas.h
  PATH_SUFFIXES ${openblas_openmp} openblas-openmp ${CMAKE_LIBRARY_ARCHITECTURE} openblas REQUIRED)
find_library(XGRAD_CBLAS_LIBRARY NAMES openblas HINTS /usr/lib/${openblas_openmp}
  PATH_SUFFIXES openblas-openmp REQUIRED)
mark_as_advanced(XGRAD_DNNL_INCLUDE XGRAD_DNNL_LIBRARY XGRAD_CBLAS_INCLUDE XGRAD_CBLAS_LIBRARY)
message(STATUS "xgrad: CBLAS and LAPACK from ${XGRAD_CBLAS_LIBRARY}")
