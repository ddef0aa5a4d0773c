# Precompiles HEADER as PRECOMPILED.gch, with the flags of check.sh.
string(REPLACE "|" ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND -I)
cmake_path(GET PRECOMPILED PARENT_PATH folder)
file(MAKE_DIRECTORY ${folder})
execute_process(COMMAND ${CXX} -std=c++20 -Wno-psabi ${includes} -x c++-header ${HEADER} -o ${PRECOMPILED}.gch
  COMMAND_ERROR_IS_FATAL ANY)
# What the compiler reads when it cannot use the other.
file(WRITE ${PRECOMPILED} "#include <xgrad/xgrad.hpp>\n")
