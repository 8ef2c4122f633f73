# What scripts/run and scripts/test share: the list of Debian packages, and how the missing ones are installed.
# Sourced by bash with `set -euo pipefail`.

# To build cairnd and cairn-cli.
build_packages=(
  g++ cmake ninja-build
  libboost1.81-dev libexpected-dev libhwy-dev
  libleveldb-dev libsecp256k1-dev libsnappy-dev libspdlog-dev libssl-dev rapidjson-dev
)

# To build and run the tests besides.
test_packages=(libgtest-dev libgmock-dev openssl python3 python3-bitcoinlib python3-electrum clang-format-14)

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

# The packages among the arguments that are not installed, one a line.
missing_packages() {
  local package installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || echo "$package"
  done
}

# Installs what is missing of the packages named, as root or through sudo. Asks apt nothing when all are there.
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "This is no Debian: make sure that you have the equivalents of: $*"
    return
  fi
  local missing privilege=()
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] && return
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null ||
      die "these packages are missing, and installing them needs root or sudo: ${missing[*]}"
    privilege=(sudo)
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local apt=("${privilege[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  "${apt[@]}" update || die "apt-get update failed"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" || die "apt-get install failed"
}

# configure PRESET [cmake options...], in the tree $root
configure() {
  say "Configuring the $1 preset in build/$1"
  (cd "$root" && cmake --preset "$@" --log-level=WARNING)
}

# build PRESET [targets...], with every core
build() {
  local preset=$1 targets=()
  shift
  [[ $# -gt 0 ]] && targets=(--target "$@")
  say "Building build/$preset with $(nproc) jobs"
  cmake --build "$root/build/$preset" -j "$(nproc)" "${targets[@]}"
}

# Builds cairnd and cairn-cli for use, in build/release.
build_product() {
  local options=()
  # scripts/test may have configured the tests here: leave them, or it would have to build them again.
  if ! grep -qsx 'CAIRN_TESTS:BOOL=ON' "$root/build/release/CMakeCache.txt"; then
    options=(-DCAIRN_TESTS=OFF)
  fi
  configure release "${options[@]}" || die "the configuration failed; its messages are above"
  build release cairnd cairn-cli || die "the build failed; its messages are above"
}
