# cairn_layer(NAME [USES layers...] [LINK libraries...] [FOLDER dir])
# One static library per layer: every .cpp of its folder (src/NAME unless FOLDER says otherwise).
function(cairn_layer NAME)
  cmake_parse_arguments(LAYER "" "FOLDER" "USES;LINK" ${ARGN})
  if(NOT LAYER_FOLDER)
    set(LAYER_FOLDER "src/${NAME}")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${LAYER_FOLDER}/*.cpp")
  list(TRANSFORM LAYER_USES PREPEND "cairn::")
  if(NOT sources)
    add_library(cairn_${NAME} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(cairn_${NAME} STATIC ${sources})
    set(scope PUBLIC)
  endif()
  add_library(cairn::${NAME} ALIAS cairn_${NAME})
  target_include_directories(cairn_${NAME} ${scope} "${CMAKE_SOURCE_DIR}/include" "${CMAKE_SOURCE_DIR}")
  target_link_libraries(cairn_${NAME} ${scope} ${LAYER_USES} ${LAYER_LINK})
  if(CAIRN_TIDY AND sources)
    set_target_properties(cairn_${NAME} PROPERTIES CXX_CLANG_TIDY "${CLANG_TIDY_PROGRAM};--quiet")
  endif()
endfunction()

# cairn_program(NAME [LINK libraries...]): src/apps/NAME.cpp (dashes become underscores) as a binary.
function(cairn_program NAME)
  cmake_parse_arguments(PROGRAM "" "" "LINK" ${ARGN})
  string(REPLACE "-" "_" source "${NAME}")
  add_executable(${NAME} "${CMAKE_SOURCE_DIR}/src/apps/${source}.cpp")
  target_link_libraries(${NAME} PRIVATE ${PROGRAM_LINK})
endfunction()

# cairn_embed_chains(TARGET): compiles genesis/*.json into TARGET as string literals.
function(cairn_embed_chains TARGET)
  file(GLOB chains CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/genesis/*.json")
  set(output "${CMAKE_BINARY_DIR}/generated/embedded_chains.cpp")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DCHAINS=${chains}" -P "${CMAKE_SOURCE_DIR}/cmake/EmbedChains.cmake"
    DEPENDS ${chains} "${CMAKE_SOURCE_DIR}/cmake/EmbedChains.cmake"
    VERBATIM)
  target_sources(${TARGET} PRIVATE "${output}")
endfunction()

# cairn_uses_asio(TARGET): for targets whose files include Asio or Beast. The bodies of Asio are compiled once, in
# cairn_asio, those of Beast in the target that uses it.
function(cairn_uses_asio TARGET)
  if(NOT TARGET cairn_asio)
    add_library(cairn_asio STATIC "${CMAKE_SOURCE_DIR}/cmake/asio_impl.cpp")
    target_link_libraries(cairn_asio PUBLIC Boost::headers Threads::Threads)
    cairn_asio_options(cairn_asio)
  endif()
  cairn_asio_options(${TARGET})
  target_link_libraries(${TARGET} PUBLIC cairn_asio)
endfunction()

# How everything that includes Asio is compiled. UBSan's checks of pointers report what Asio does on purpose.
function(cairn_asio_options TARGET)
  target_compile_definitions(${TARGET} PRIVATE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                             BOOST_ASIO_NO_DEPRECATED)
  if(CAIRN_SANITIZE STREQUAL "address")
    target_compile_options(${TARGET} PRIVATE -fno-sanitize=vptr,null,alignment,object-size)
  endif()
endfunction()

# cairn_uses_rapidjson(TARGET): for targets whose files include RapidJSON, which adds offsets to its buffer's null
# pointer before it asks for memory. Only Clang looks at that.
function(cairn_uses_rapidjson TARGET)
  if(CAIRN_SANITIZE STREQUAL "address" AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${TARGET} PRIVATE "-fsanitize-ignorelist=${CMAKE_SOURCE_DIR}/cmake/sanitizer_ignore.txt")
  endif()
endfunction()

# cairn_scan_kernels(): the files with kernels of the miner are optimised in every build, as tests hash much with them.
# Their sums stay in the order in which they are written: GCC would lengthen what a round waits for.
function(cairn_scan_kernels)
  set(options -O3)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND options -fno-tree-reassoc)
  endif()
  file(GLOB kernels CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/mining/hash/scan_*.cpp")
  list(FILTER kernels EXCLUDE REGEX "scan_select.cpp$")
  set_source_files_properties(${kernels} PROPERTIES COMPILE_OPTIONS "${options}")
endfunction()
