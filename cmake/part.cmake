include(CheckCXXSourceCompiles)

# Relocations of pointers into the library itself take about a bit each instead of 24 bytes: 3 % less to install
# and to load. From glibc 2.36 on, whose loader reads them.
set(CMAKE_REQUIRED_LINK_OPTIONS LINKER:-z,pack-relative-relocs)
check_cxx_source_compiles("#include <cstdlib>
#if !defined(__GLIBC__) || __GLIBC__ * 100 + __GLIBC_MINOR__ < 236
#error
#endif
int main() {}" XGRAD_PACKED_RELOCATIONS FAIL_REGEX "warning")
unset(CMAKE_REQUIRED_LINK_OPTIONS)

# What costs most in most sources is what their headers instantiate, so with XGRAD_UNITY the sources of a folder are
# compiled as one, and names in their unnamed namespaces must differ within a folder. The operations are too many for
# one, so there it is those with the same first letter; kernels take long by themselves, each for several instruction
# sets, and stay so. The preset dev compiles each source alone, and finds the include that it forgot.
option(XGRAD_UNITY "Compile the sources of a folder of a part together" ON)
function(xgrad_unity target)
  foreach(source ${ARGN})
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/src OUTPUT_VARIABLE group)
    string(REPLACE "/" "_" group ${group})
    if(group STREQUAL "ops")
      cmake_path(GET source STEM name)
      string(SUBSTRING ${name} 0 1 letter)
      string(APPEND group "_${letter}")
    endif()
    if(NOT group STREQUAL "kernels")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP "folder_${group}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # GCC takes what the sources define for what a header defines; GCC 12 loses track of a vector's memory, and has
  # std::sort() reach over the end of a short array. The preset dev keeps these warnings.
  target_compile_options(${target} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage;-Wno-free-nonheap-object;-Wno-array-bounds>)
endfunction()

# xgrad_part(name [PUBLIC parts...] [PRIVATE libraries...]): library xgrad_<name> from <name>/src, headers from
# <name>/include, exported as xgrad::<name>.
function(xgrad_part name)
  cmake_parse_arguments(PART "" "" "PUBLIC;PRIVATE" ${ARGN})
  set(target xgrad_${name})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/*.hpp)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp)
  if(XGRAD_SHARED)
    add_library(${target} SHARED ${sources})
  else()
    add_library(${target} STATIC ${sources})
  endif()
  add_library(xgrad::${name} ALIAS ${target})
  if(XGRAD_UNITY)
    xgrad_unity(${target} ${sources})
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION 0
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON VERIFY_INTERFACE_HEADER_SETS ${XGRAD_TESTS}
    INSTALL_RPATH $ORIGIN INSTALL_RPATH_USE_LINK_PATH ON)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${headers})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_compile_features(${target} PUBLIC cxx_std_20)
  if(XGRAD_SHARED AND XGRAD_PACKED_RELOCATIONS)
    target_link_options(${target} PRIVATE LINKER:-z,pack-relative-relocs)
  endif()
  # The headers' 64-byte vectors are always inlined; GCC would still warn that their calling convention changed.
  target_compile_options(${target} INTERFACE -Wno-psabi
    $<$<AND:$<CXX_COMPILER_ID:Clang>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,16>>:-Wno-ambiguous-reversed-operator>)
  target_link_libraries(${target} PUBLIC ${PART_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:xgrad_flags> $<BUILD_INTERFACE:xgrad_kernel_flags> ${PART_PRIVATE})
  install(TARGETS ${target} EXPORT xgradTargets FILE_SET HEADERS)
endfunction()
