// What the sanitizers do by default in every program of a sanitizer build; TSAN_OPTIONS and its
// like still win.

extern "C" const char* __tsan_default_options();
extern "C" const char* __ubsan_default_options();
extern "C" const char* __asan_default_options();

// LevelDB, spdlog and the other libraries are not instrumented: what they do among themselves looks
// like races.
extern "C" const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:second_deadlock_stack=1";
}

extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

extern "C" const char* __asan_default_options() {
  return "strict_string_checks=1:check_initialization_order=1";
}
