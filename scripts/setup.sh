#!/usr/bin/env bash
# setup.sh [--benchmarks] [--docs] [--data] [--style] [--web]: installs the system packages that are missing, on Debian
# and Ubuntu. Elsewhere it says what to install when something is missing. --benchmarks adds libtorch and what the
# comparison with it needs, --docs Doxygen, --data Fashion-MNIST in /usr/share/datasets/fashion-mnist (30 MB), --style
# clang-format 14 on the one system that has it, Debian 12, --web what the browser tests need: Chromium, and
# playwright-core and axe-core from npm in build/web.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache pkg-config
  libxtensor-dev libdnnl-dev libopenblas-openmp-dev libfmt-dev nlohmann-json3-dev zlib1g-dev libpng-dev
  libboost-test-dev libcli11-dev libeigen3-dev
  graphviz librsvg2-bin fonts-liberation
)
optional=()  # what only a check needs, which is skipped without
web=0
for arg in "$@"; do
  case $arg in
    --benchmarks) packages+=(libtorch-dev libjemalloc2 libbenchmark-dev) ;;
    --docs) packages+=(doxygen) ;;
    --data) packages+=(dataset-fashion-mnist) ;;
    --style) if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then optional+=(clang-format-14); fi ;;
    --web)
      web=1
      command -v chromium >/dev/null || optional+=(chromium)
      command -v node >/dev/null || optional+=(nodejs)
      command -v npm >/dev/null || optional+=(npm)
      ;;
    *)
      echo "usage: setup.sh [--benchmarks] [--docs] [--data] [--style] [--web]" >&2
      exit 2
      ;;
  esac
done

# Into the build folder; without them the browser tests are skipped.
install_web() {
  local folder
  folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/web
  if [ "$web" -eq 0 ] || [ -d "$folder/node_modules/axe-core" ]; then return 0; fi
  echo "setup.sh: installing playwright-core and axe-core in $folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error playwright-core@1 axe-core@4 ||
    echo "setup.sh: not installed: playwright-core, axe-core" >&2
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  missing=()
  for tool in c++ cmake dot; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  cat >&2 <<'TEXT'
setup.sh installs packages on Debian and Ubuntu only. Elsewhere, install these yourself:
  Homebrew: brew install gcc cmake ninja ccache pkgconf xtensor onednn openblas fmt nlohmann-json zlib libpng \
              boost cli11 eigen graphviz librsvg
  Fedora:   sudo dnf install gcc-c++ cmake ninja-build ccache pkgconf xtensor-devel onednn-devel openblas-devel \
              fmt-devel json-devel zlib-devel libpng-devel boost-devel cli11-devel eigen3-devel graphviz \
              librsvg2-tools liberation-sans-fonts
TEXT
  case " $* " in
    *" --data "*)
      echo "  Fashion-MNIST: put its four files in a folder and give that to the examples: --fashion DIR" >&2
      ;;
  esac
  if [ ${#missing[@]} -gt 0 ]; then
    echo "setup.sh: missing: ${missing[*]}" >&2
    exit 1
  fi
  install_web
  exit 0
fi

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" "${optional[@]}" 2>/dev/null |
  awk '$2 == "installed" {print $1}' || true)
missing_of() {
  for p in "$@"; do
    grep -qxF -- "$p" <<<"$installed" || echo "$p"
  done
}
mapfile -t missing < <(missing_of "${packages[@]}")
mapfile -t missing_optional < <(missing_of "${optional[@]}")
if [ $((${#missing[@]} + ${#missing_optional[@]})) -eq 0 ]; then
  install_web
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null; then
    as_root=(sudo)
  elif [ ${#missing[@]} -gt 0 ]; then
    echo "setup.sh: needs root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
fi
install() {
  echo "setup.sh: installing $*"
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
if [ ${#missing[@]} -eq 0 ]; then
  install "${missing_optional[@]}" || echo "setup.sh: not installed: ${missing_optional[*]}" >&2
else
  install "${missing[@]}" "${missing_optional[@]}"
fi
install_web
