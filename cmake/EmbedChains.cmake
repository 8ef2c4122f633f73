# Writes OUTPUT, a C++ file that holds each file of CHAINS as a raw string, declared in src/genesis/embedded_chains.h.
set(body "#include \"src/genesis/embedded_chains.h\"\n\nnamespace cairn::genesis {\n\nconst std::vector<EmbeddedChain>& EmbeddedChains() {\n  static const std::vector<EmbeddedChain> chains = {\n")
foreach(chain IN LISTS CHAINS)
  get_filename_component(name "${chain}" NAME_WE)
  file(READ "${chain}" text)
  string(APPEND body "    {\"${name}\", R\"chain(${text})chain\"},\n")
endforeach()
string(APPEND body "  };\n  return chains;\n}\n\n}  // namespace cairn::genesis\n")
file(WRITE "${OUTPUT}" "${body}")
