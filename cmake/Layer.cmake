# SPDX-License-Identifier: MIT
# add_layer(NAME LIBS ...): the static library xsuperd_NAME of src/NAME/*.cpp, and with tests the
# program test_NAME of tests/NAME/*.cpp, each of whose cases ctest runs by its own name.
function(add_layer name)
  cmake_parse_arguments(LAYER "" "" "LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(xsuperd_${name} STATIC ${sources})
  target_include_directories(xsuperd_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include)
  target_include_directories(xsuperd_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(xsuperd_${name} PUBLIC ${LAYER_LIBS})
  target_compile_options(xsuperd_${name} PRIVATE ${XSUPERD_WARNINGS})
endfunction()

function(add_layer_tests name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(test_${name} PRIVATE xsuperd_${name} Catch2::Catch2WithMain)
  target_compile_options(test_${name} PRIVATE ${XSUPERD_WARNINGS})
  catch_discover_tests(test_${name} TEST_PREFIX "${name}: " PROPERTIES TIMEOUT 60)
endfunction()
