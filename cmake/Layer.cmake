# SPDX-License-Identifier: MIT
# add_layer(NAME LIBS ...): the static library xsuperd_NAME of src/NAME/*.cpp and the folders there, and with tests the
# program test_NAME of tests/NAME/*.cpp, each of whose cases ctest runs by its own name.
function(add_layer name)
  cmake_parse_arguments(LAYER "" "" "LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  if(NOT sources)
    add_library(xsuperd_${name} INTERFACE)
    target_link_libraries(xsuperd_${name} INTERFACE ${LAYER_LIBS})
    return()
  endif()
  add_library(xsuperd_${name} STATIC ${sources})
  target_include_directories(xsuperd_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include)
  target_include_directories(xsuperd_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(xsuperd_${name} PUBLIC ${LAYER_LIBS})
  target_compile_options(xsuperd_${name} PRIVATE ${XSUPERD_WARNINGS})
  unite(xsuperd_${name})
  if(name STREQUAL base OR name STREQUAL ctl OR XSUPERD_HEADERS_OF_${name})  # for curses ctl is compiled with options of its own
    precompile(xsuperd_${name} ${XSUPERD_COMMON_HEADERS} ${XSUPERD_HEADERS_OF_${name}})
  else()
    precompiled_as(xsuperd_${name} xsuperd_base)
  endif()
endfunction()

# What all programs of the tests are compiled with. They need not be fast, but are to be built soon.
function(set_test_options target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
  # g++ 12 takes temporaries inside Catch's macros for uninitialised.
  target_compile_options(${target} PRIVATE ${XSUPERD_WARNINGS} -Wno-maybe-uninitialized -Wno-restrict $<$<CONFIG:Release>:-O1>)
endfunction()

function(add_layer_tests name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE xsuperd_${name} Catch2::Catch2WithMain)
  set_test_options(test_${name})
  unite(test_${name})
  precompiled_as(test_${name} test_precompiled)
  # ThreadSanitizer takes ten times as long and more.
  set(patience 60)
  if(XSUPERD_SANITIZE)
    set(patience 300)
  endif()
  catch_discover_tests(test_${name} TEST_PREFIX "${name}: " PROPERTIES TIMEOUT ${patience} SKIP_REGULAR_EXPRESSION case-skipped:)
endfunction()
