# xgrad_page(target NAME name NAMESPACE ns BODY file STYLES files... SCRIPTS files...): a page of HTML as the constant
# `const std::string_view ns::name` of the target, with viz/page/'s frame, style and script before its own. The title
# and the data are put in at run time, by <xgrad/detail/html_page.hpp>.
function(xgrad_page target)
  cmake_parse_arguments(PAGE "" "NAME;NAMESPACE;BODY" "STYLES;SCRIPTS" ${ARGN})
  set(shared ${PROJECT_SOURCE_DIR}/viz/page)
  set(styles ${shared}/base.css ${PAGE_STYLES})
  set(scripts ${shared}/base.js ${PAGE_SCRIPTS})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${PAGE_NAME}.cpp)
  list(JOIN styles "|" joined_styles)
  list(JOIN scripts "|" joined_scripts)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D NAME=${PAGE_NAME} -D NAMESPACE=${PAGE_NAMESPACE}
      -D PAGE=${shared}/page.html -D BODY=${PAGE_BODY} "-DSTYLES=${joined_styles}" "-DSCRIPTS=${joined_scripts}"
      -P ${PROJECT_SOURCE_DIR}/cmake/join_page.cmake
    DEPENDS ${shared}/page.html ${PAGE_BODY} ${styles} ${scripts} ${PROJECT_SOURCE_DIR}/cmake/join_page.cmake VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
