# Run by xgrad_page() when building: joins a page of HTML, its style sheets and its scripts into C++ source that defines
# `const std::string_view NAME`. Variables: OUTPUT NAME NAMESPACE PAGE BODY STYLES SCRIPTS (lists with "|").
function(joined result files)
  string(REPLACE "|" ";" files "${files}")
  set(text "")
  foreach(file ${files})
    file(READ ${file} part)
    string(APPEND text "${part}")
  endforeach()
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

file(READ ${PAGE} page)
joined(style "${STYLES}")
joined(body "${BODY}")
joined(script "${SCRIPTS}")
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
