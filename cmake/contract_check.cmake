# cmake -DPROGRAM=... -DSINCE=... -DDOCUMENT=... -P contract_check.cmake: writes the document of a service's contract, unless
# it would break a caller that was built with SINCE (empty: there is none yet).
if(SINCE)
  execute_process(COMMAND ${PROGRAM} contract diff ${SINCE} RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "the contract would break callers that were built with ${SINCE}:\n${said}"
                        "Take the change back, or give the new contract a new major version and its own document.")
  endif()
endif()
execute_process(COMMAND ${PROGRAM} contract RESULT_VARIABLE code OUTPUT_VARIABLE document ERROR_VARIABLE said)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} contract: exit ${code}\n${said}")
endif()
file(WRITE ${DOCUMENT} "${document}")
