# Compiler settings that every target shares, and the packages that the layers link.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

option(CAIRN_TESTS "Build the tests and benchmarks" ON)
option(CAIRN_FUZZ "Build the fuzz targets with libFuzzer (clang only)" OFF)
option(CAIRN_COVERAGE "Count the lines that tests run (GCC; see scripts/coverage)" OFF)
option(CAIRN_TIDY "Run clang-tidy on the product's files as they are compiled" OFF)
set(CAIRN_SANITIZE "" CACHE STRING "Sanitizer to build with: address or thread")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 sees overflows in std::vector::insert at -O2 where there are none.
  add_compile_options(-Wno-stringop-overflow)
endif()

if(CAIRN_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # It asks for the type of every function that is called through a pointer, and libraries built without it have none.
    add_compile_options(-fno-sanitize=function)
  endif()
elseif(CAIRN_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
elseif(CAIRN_SANITIZE)
  message(FATAL_ERROR "CAIRN_SANITIZE is '${CAIRN_SANITIZE}': use address or thread")
endif()

if(CAIRN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "CAIRN_FUZZ needs clang++, whose libFuzzer it uses: take the fuzz preset")
  endif()
  # Every function reports where it goes; only the fuzz targets link the fuzzer that listens.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(CAIRN_SANITIZE)
  add_library(cairn_sanitizer_options OBJECT "${CMAKE_SOURCE_DIR}/cmake/sanitizer_options.cpp")
  link_libraries(cairn_sanitizer_options)
endif()

if(CAIRN_TIDY)
  find_program(CLANG_TIDY_PROGRAM clang-tidy-14 REQUIRED)
endif()

if(CAIRN_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(spdlog REQUIRED)
find_package(leveldb REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
find_library(HWY_LIBRARY hwy REQUIRED)
add_library(hwy INTERFACE)
target_link_libraries(hwy INTERFACE "${HWY_LIBRARY}")
