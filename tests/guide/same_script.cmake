# Fails unless the first C++ block of README is the program PROGRAM, apart from its comment at the top.
file(READ ${README} readme)
file(READ ${PROGRAM} program)
string(REGEX REPLACE "^(//[^\n]*\n)+" "" program "${program}")
string(FIND "${readme}" "```cpp\n${program}```" at)
if(at EQUAL -1)
  message(FATAL_ERROR "the script in ${README} is not ${PROGRAM}")
endif()
