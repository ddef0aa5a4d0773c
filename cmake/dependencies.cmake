find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(dnnl CONFIG REQUIRED)
find_package(xtensor CONFIG REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(ZLIB REQUIRED)

# CBLAS for float64. Debian keeps the OpenMP build of OpenBLAS in a folder of its own; it shares the threads of oneDNN
# and of the library, so it comes first.
find_path(XGRAD_CBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas-openmp openblas ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp
          ${CMAKE_LIBRARY_ARCHITECTURE} REQUIRED)
find_library(XGRAD_CBLAS_LIBRARY NAMES openblas cblas PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp REQUIRED
             HINTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp)
