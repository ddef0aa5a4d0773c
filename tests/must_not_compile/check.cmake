# Fails unless CXX refuses SOURCE, says what the first line of SOURCE expects, and does so in at most 20 lines (GCC 12).
file(STRINGS ${SOURCE} first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must be '// expect: text of the error message'")
endif()
string(REPLACE "\\;" ";" expected "${CMAKE_MATCH_1}")

# A second line may give options: "// flags: -Werror" for what is a warning that everybody gets.
file(STRINGS ${SOURCE} flags LIMIT_COUNT 1 REGEX "^// flags: ")
string(REPLACE "// flags: " "" flags "${flags}")
separate_arguments(flags)

string(REPLACE "|" ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND -I)
set(ENV{LC_ALL} C)
execute_process(COMMAND ${CXX} -std=c++20 -fsyntax-only -Wno-psabi ${flags} ${includes} ${SOURCE}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)

if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiles, but must not")
endif()
string(FIND "${errors}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${SOURCE} is refused, but not with '${expected}':\n${errors}")
endif()
string(REGEX MATCHALL "\n" newlines "${output}${errors}")
list(LENGTH newlines lines)
# GCC 14 says more about a static assertion and a deleted function than GCC 12.
execute_process(COMMAND ${CXX} -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
set(most 20)
if(version VERSION_GREATER_EQUAL 13)
  set(most 60)
endif()
if(COMPILER STREQUAL "GNU" AND lines GREATER ${most})
  message(FATAL_ERROR "${SOURCE} is refused in ${lines} lines, more than ${most}:\n${errors}")
endif()
