# SPDX-License-Identifier: MIT
# precompile(TARGET HEADERS ...): TARGET has these headers of other libraries precompiled. precompiled_as(TARGET OTHER): TARGET
# takes those of OTHER, which must be compiled with the same options. Both are no more than speed: a file includes whatever it
# uses, which a build without this, and every build by another compiler than g++, shows.
option(XSUPERD_PRECOMPILE "precompile the headers that nearly all files include (g++ only)" ON)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(XSUPERD_PRECOMPILE OFF)
endif()
if(XSUPERD_PRECOMPILE)
  # g++ 12 forgets that std::string in a precompiled header is the system's, and warns of what it takes to happen in there.
  add_compile_options(-Wno-array-bounds -Wno-restrict -Wno-stringop-overread -Wno-stringop-overflow)
  if(XSUPERD_CCACHE)
    add_compile_options(-fpch-preprocess)  # or ccache keeps nothing
  endif()
endif()

# What nearly all files include, and what takes longest to read.
set(XSUPERD_COMMON_HEADERS
    <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <string> <string_view> <unordered_map>
    <utility> <variant> <vector>
    <fmt/format.h>
    <boost/asio/io_context.hpp> <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <boost/system/result.hpp>)

# And of our own what nearly all files of supervisor include: half of the time that they take. What other layers include is read
# sooner than what was made of it.
set(XSUPERD_HEADERS_OF_supervisor [["supervisor/control/command.hpp"]] [["supervisor/control/services.hpp"]]
    [["supervisor/control/view.hpp"]] [["supervisor/hand_over.hpp"]] [["supervisor/roster.hpp"]] [["xsuperd/config/loader.hpp"]]
    [["xsuperd/service/runner.hpp"]] [["xsuperd/service/surroundings.hpp"]])

function(precompile target)
  if(XSUPERD_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

function(precompiled_as target other)
  if(XSUPERD_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM ${other})
  endif()
endfunction()

# unite(TARGET): its files are compiled several at a time, each of which reads but once what all of them include: half the time
# of a whole build. No more than speed, too: a build without it, as of one who works on a file, is as right. Files that
# stand side by side must not give the same name to different things.
option(XSUPERD_UNITE "compile several files at a time: a whole build takes half the time, a change of one file more" ON)
if(XSUPERD_UNITE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-Wno-subobject-linkage)  # g++ takes files that are included for headers
endif()
function(unite target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${XSUPERD_UNITE} UNITY_BUILD_BATCH_SIZE 8)
endfunction()
