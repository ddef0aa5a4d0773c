# What `cmake --install --strip` does, for every installed release build: names of internal functions are a sixth of the
# libraries and serve debuggers only. Stands before the parts, since rules of installation run in their order.
if(XGRAD_STRIP)
  install(CODE [[
if(CMAKE_INSTALL_CONFIG_NAME STREQUAL "Release")
  set(CMAKE_INSTALL_DO_STRIP TRUE)
endif()]])
endif()
