# Installs BUILD_DIR below WORK_DIR, then builds and runs SOURCE_DIR against what was installed.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "failed (${status}): ${command}")
  endif()
endfunction()

set(flags "")
if(SANITIZE)
  string(REPLACE ";" "," SANITIZE "${SANITIZE}")
  set(flags -fsanitize=${SANITIZE})
endif()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --config ${CONFIG} --prefix ${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${WORK_DIR}/build -G "${GENERATOR}" -D CMAKE_CXX_COMPILER=${CXX}
  -D CMAKE_BUILD_TYPE=${CONFIG} -D CMAKE_CXX_FLAGS=${flags} -D CMAKE_PREFIX_PATH=${WORK_DIR}/prefix)
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build --parallel 2)
foreach(program consumer_O0 consumer_O2 consumer_fronts)
  run(${WORK_DIR}/build/${program})
endforeach()
if(EXISTS ${WORK_DIR}/build/consumer_onnx)
  execute_process(COMMAND ${WORK_DIR}/build/consumer_onnx WORKING_DIRECTORY ${WORK_DIR}
    COMMAND_ERROR_IS_FATAL ANY)
endif()

if(PKG_CONFIG AND SHARED)
  set(ENV{PKG_CONFIG_PATH} ${WORK_DIR}/prefix/${LIBDIR}/pkgconfig)
  execute_process(COMMAND ${PKG_CONFIG} --cflags --libs xgrad OUTPUT_VARIABLE options
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(options UNIX_COMMAND "${options}")
  run(${CXX} ${flags} ${SOURCE_DIR}/main.cpp ${SOURCE_DIR}/own_module.cpp ${SOURCE_DIR}/own_operations.cpp ${options}
    -Wl,-rpath,${WORK_DIR}/prefix/${LIBDIR}
    -o ${WORK_DIR}/consumer-pkg-config)
  run(${WORK_DIR}/consumer-pkg-config)
endif()
