# Fails unless COMMAND ends with the code CODE and says what matches SAYS on standard error.
execute_process(COMMAND ${COMMAND} RESULT_VARIABLE code ERROR_VARIABLE said OUTPUT_QUIET)
if(NOT code EQUAL ${CODE} OR NOT said MATCHES "${SAYS}")
  message(FATAL_ERROR "${COMMAND}: expected code ${CODE} and '${SAYS}', got ${code} and:\n${said}")
endif()
