# SPDX-License-Identifier: MIT
# soname_of(FILE OUT): the name by which the dynamic linker looks for the shared library FILE, for libraries that are
# loaded when they are needed and not linked.
function(soname_of file out)
  foreach(tool "${CMAKE_OBJDUMP};-p" "${CMAKE_READELF};-d")
    list(GET tool 0 program)
    if(NOT program)
      continue()
    endif()
    list(GET tool 1 option)
    execute_process(COMMAND ${program} ${option} ${file} OUTPUT_VARIABLE text ERROR_QUIET)
    if(text MATCHES "SONAME[^\n]*[ \\[]([^] \n]+)")
      set(${out} ${CMAKE_MATCH_1} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "${file} has no SONAME, or neither objdump nor readelf can tell it")
endfunction()
