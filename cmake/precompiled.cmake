# Precompiled headers (XGRAD_PCH). They come in front of a source, so they hide an include it forgot: the preset dev
# builds without them, and the headers are checked without them.
if(XGRAD_PCH AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(XGRAD_PCH OFF)
endif()

# xgrad_precompile(owner header PIE|PIC libraries...): object library `owner` holds `header`, precompiled for targets
# that are compiled with the same flags.
function(xgrad_precompile owner header code)
  if(NOT XGRAD_PCH)
    return()
  endif()
  add_library(${owner} OBJECT ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(${owner} PRIVATE ${ARGN})
  target_precompile_headers(${owner} PRIVATE ${header})
  set_target_properties(${owner} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(code STREQUAL "PIE")  # as in executables
    set_target_properties(${owner} PROPERTIES POSITION_INDEPENDENT_CODE OFF CXX_VISIBILITY_PRESET default
      VISIBILITY_INLINES_HIDDEN OFF)
    target_compile_options(${owner} PRIVATE ${CMAKE_CXX_COMPILE_OPTIONS_PIE})
  endif()
endfunction()

# Lets `target` use what `owner` holds.
function(xgrad_use_precompiled target owner)
  if(XGRAD_PCH)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()
