include(CMakePackageConfigHelpers)
set(XGRAD_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/xgrad)
configure_package_config_file(cmake/xgradConfig.cmake.in ${PROJECT_BINARY_DIR}/xgradConfig.cmake
  INSTALL_DESTINATION ${XGRAD_CONFIG_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xgradConfig.cmake ${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake
  DESTINATION ${XGRAD_CONFIG_DIR})
install(EXPORT xgradTargets NAMESPACE xgrad:: DESTINATION ${XGRAD_CONFIG_DIR})

# For shared libraries only: a static build's own dependencies have no pkg-config files everywhere.
if(XGRAD_SHARED)
  file(RELATIVE_PATH XGRAD_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  set(XGRAD_PC_LIBS "-lxgrad_train -lxgrad_viz -lxgrad_data -lxgrad_optim -lxgrad_nn -lxgrad_autograd")
  configure_file(cmake/xgrad.pc.in ${PROJECT_BINARY_DIR}/xgrad.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/xgrad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/xgrad)
# What a lecturer hands out; its CMakeLists.txt finds this package.
install(DIRECTORY docs/course DESTINATION ${CMAKE_INSTALL_DATADIR}/xgrad USE_SOURCE_PERMISSIONS
  PATTERN build EXCLUDE)
