#!/usr/bin/env bash
# check.sh FILE... -- COMMAND...: fails unless the compiler COMMAND refuses each FILE, says what its first line expects
# ("// expect: text"), and does so in at most 20 lines (65 from GCC 13 on, which says more of a static assertion). A
# second line may give options for a file: "// flags: -Werror" for what is a warning that everybody gets.
#
# The headers take nearly all of the time, so the files are compiled together first, each in a namespace of its own;
# whatever is not refused there as it should be is compiled alone, and that decides.
set -euo pipefail
export LC_ALL=C

files=()
while [ "$1" != -- ]; do
  files+=("$1")
  shift
done
shift
compiler=("$@" -std=c++20 -fsyntax-only -Wno-psabi)
most=20
version=$("$1" -dumpversion)
if [ "${version%%.*}" -ge 13 ]; then most=65; fi
if "$1" --version | grep -q clang; then most=100000; fi  # not counted

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expected_of() { sed -nE '1s|^// expect: (.+)$|\1|p' "$1"; }
flags_of() { sed -nE '2s|^// flags: (.+)$|\1|p' "$1"; }
# refused FILE LOG: LOG says what is expected, shortly enough.
refused() {
  [ -s "$2" ] && grep -qF -- "$(expected_of "$1")" "$2" && [ "$(wc -l <"$2")" -le "$most" ]
}

# One source of those without flags. Headers stand in front; lines keep their numbers.
together() {
  local file
  printf '#include <xgrad/xgrad.hpp>\n'
  grep -hE '^#include' "$@" | sort -u
  for file in "$@"; do
    printf 'namespace case_%s {\n#line 1 "%s"\n' "$(basename "$file" .cpp)" "$file"
    sed -E 's|^#include.*||' "$file"
    printf '}\n'
  done
}

# What the compiler said of each file, in $work/NAME.log. A message is an error with what introduces it and its notes,
# and belongs to the first of our files that it names.
share_out() {
  awk -v work="$work" '
    function flush() {
      if (name != "") printf "%s", text > (work "/" name ".log")
      text = name = ""
      complete = 0
    }
    /^In file included| *from / || /^[^ ].*: (In |At )/ { intro = intro $0 "\n"; next }
    / (fatal )?error: | warning: / { if (complete) flush(); complete = 1 }
    { text = text intro $0 "\n"; intro = "" }
    name == "" && match(text, /must_not_compile\/[a-z0-9_]+\.cpp:/) { name = substr(text, RSTART + 17, RLENGTH - 22) }
    END { flush() }
  '
}

plain=()
for file in "${files[@]}"; do
  if [ -z "$(expected_of "$file")" ]; then
    echo "$file: the first line must be '// expect: text of the error message'"
    exit 1
  fi
  if [ -z "$(flags_of "$file")" ]; then plain+=("$file"); fi
done
together "${plain[@]}" >"$work/together.cpp"
"${compiler[@]}" "$work/together.cpp" 2>&1 | share_out || true

status=0
for file in "${files[@]}"; do
  log=$work/$(basename "$file" .cpp).log
  if refused "$file" "$log"; then continue; fi
  read -ra flags <<<"$(flags_of "$file")"
  echo "alone: $file"
  if "${compiler[@]}" "${flags[@]}" "$file" >"$log" 2>&1; then
    echo "$file compiles, but must not"
    status=1
  elif ! refused "$file" "$log"; then
    echo "$file is refused, but not with '$(expected_of "$file")' in at most $most lines:"
    cat "$log"
    status=1
  fi
done
exit $status
