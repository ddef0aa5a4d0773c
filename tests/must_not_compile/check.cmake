# Fails unless CXX refuses SOURCE and says what the first line of SOURCE expects.
file(STRINGS ${SOURCE} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be '// expect: text of the error message'")
endif()
set(expected "${CMAKE_MATCH_1}")

# A second line may give options: "// flags: -Werror" for what is a warning that everybody gets.
file(STRINGS ${SOURCE} flags LIMIT_COUNT 1 REGEX "^// flags: ")
string(REPLACE "// flags: " "" flags "${flags}")
separate_arguments(flags)

string(REPLACE "|" ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND -I)
set(ENV{LC_ALL} C)
execute_process(COMMAND ${CXX} -std=c++20 -fsyntax-only -Wno-psabi ${flags} ${includes} ${SOURCE}
  RESULT_VARIABLE status ERROR_VARIABLE errors)

if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must not")
endif()
string(FIND "${errors}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${SOURCE} is refused, but not with '${expected}':\n${errors}")
endif()
