# Run by xgrad_page() when building: joins a page of HTML, its style sheets and its scripts into C++ source that defines
# `const std::string_view NAME`. Variables: OUTPUT NAME NAMESPACE PAGE BODY STYLES SCRIPTS (lists with "|").
# What only people read is left out: indentation, lines that are a comment, spaces beside operators. A script's line is
# taken apart no further than can be done without knowing JavaScript: at its double quotes.
cmake_minimum_required(VERSION 3.25)

function(joined result files)
  string(REPLACE "|" ";" files "${files}")
  set(text "")
  foreach(file ${files})
    file(READ ${file} part)
    string(APPEND text "\n${part}")
  endforeach()
  string(REGEX REPLACE "\n *(/\\*[^\n]*\\*/)?(\n|$)" "\n" text "${text}")
  string(REGEX REPLACE "\n[ \n]*(/\\*[^\n]*\\*/\n[ \n]*)*" "\n" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

function(closer result code)
  string(REGEX REPLACE " *([=<>!&|?:+*,;(){}]+) *" "\\1" code "${code}")
  set(${result} "${code}" PARENT_SCOPE)
endfunction()

function(closer_line result line)
  set(done "")
  while(TRUE)
    string(FIND "${line}" "\"" first)
    if(first EQUAL -1)
      break()
    endif()
    string(SUBSTRING "${line}" 0 ${first} code)
    math(EXPR first "${first} + 1")
    string(SUBSTRING "${line}" ${first} -1 line)
    string(FIND "${line}" "\"" second)
    math(EXPR second "${second} + 1")
    string(SUBSTRING "${line}" 0 ${second} text)
    string(SUBSTRING "${line}" ${second} -1 line)
    closer(code "${code}")
    string(APPEND done "${code}\"${text}")
  endwhile()
  closer(line "${line}")
  set(${result} "${done}${line}" PARENT_SCOPE)
endfunction()

function(closer_script result script)
  set(done "")
  while(NOT script STREQUAL "")
    string(FIND "${script}" "\n" end)
    if(end EQUAL -1)
      set(line "${script}")
      set(script "")
    else()
      string(SUBSTRING "${script}" 0 ${end} line)
      math(EXPR end "${end} + 1")
      string(SUBSTRING "${script}" ${end} -1 script)
    endif()
    # Templates, regular expressions and escaped quotes stay as they are, and what stands behind them.
    string(REGEX MATCH "^[^`'\\\\]+" code "${line}")
    string(LENGTH "${code}" end)
    string(SUBSTRING "${line}" ${end} -1 rest)
    string(REGEX MATCHALL "\"" quotes "${code}")
    list(LENGTH quotes quotes)
    math(EXPR odd "${quotes} % 2")
    if(NOT odd AND NOT line MATCHES "/[^ /]*[^ ]/|[(,] */")
      closer_line(code "${code}")
    endif()
    string(APPEND done "${code}${rest}\n")
  endwhile()
  set(${result} "${done}" PARENT_SCOPE)
endfunction()

file(READ ${PAGE} page)
joined(style "${STYLES}")
string(REGEX REPLACE "/\\*[^*]*\\*/" "" style "${style}")
string(REGEX REPLACE "[ \n]*([{};,])[ \n]*" "\\1" style "${style}")
string(REGEX REPLACE ": +" ":" style "${style}")
string(REPLACE ";}" "}" style "${style}")
joined(body "${BODY}")
joined(script "${SCRIPTS}")
closer_script(script "${script}")
foreach(part style body script)
  string(TOUPPER ${part} mark)
  string(REPLACE "@@${mark}@@" "${${part}}" page "${page}")
endforeach()
string(FIND "${page}" ")xgrad-page\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${PAGE} or a part of it contains the end of the C++ string it is put into")
endif()
file(WRITE ${OUTPUT} "// Made by cmake/join_page.cmake.
#include <string_view>

namespace ${NAMESPACE} {

extern const std::string_view ${NAME};
const std::string_view ${NAME} = R\"xgrad-page(${page})xgrad-page\";

}  // namespace ${NAMESPACE}
")
