#!/usr/bin/env bash
# folder.sh COURSE TESTS PREFIX FOLDER COMPILER SANITIZE: the course as students have it: a copy of the folder, built
# with the installed package by check.sh. What is still to do, what does not compile, what is missing and what is done
# is each said as such.
set -euo pipefail
course=$1 tests=$2 prefix=$3 folder=$4 compiler=$5 sanitize=${6//;/,}
fail() {
  echo "folder.sh: $*" >&2
  exit 1
}
says() {  # STATUS TEXT...: what check.sh 1 must end with, and say
  local status=0 output text
  output=$(./check.sh 1 picture.svg 2>&1) || status=$?
  printf '%s\n' "$output"
  [ "$status" -eq "$1" ] || fail "status $status where $1 was expected"
  for text in "${@:2}"; do grep -qF -- "$text" <<<"$output" || fail "does not say: $text"; done
}

rm -rf "$folder"
cp -r "$course" "$folder"
cd "$folder"
status=0
./check.sh 1 || status=$?
[ "$status" -eq 2 ] || fail "without a build folder"
cmake -B build -D CMAKE_PREFIX_PATH="$prefix" -D CMAKE_CXX_COMPILER="$compiler" \
  ${sanitize:+-D CMAKE_CXX_FLAGS=-fsanitize=$sanitize} >cmake.log || fail "$(cat cmake.log)"
says 1 'scalar.hpp:' 'wait for what is still to do in scalar.hpp'

cp "$tests/solutions/scalar.hpp" lab1/scalar.hpp
sed -i "s/const double z = std::exp(a.value());/const double z = std::exp(a.value())/" lab1/scalar.hpp
says 1 'does not compile yet' 'lab1/scalar.hpp:'

sed 's/inline Value div(/inline Value divide(/' "$tests/solutions/scalar.hpp" >lab1/scalar.hpp
says 1 'lab 1: Value div(Value, Value) is missing'

cp "$tests/solutions/scalar.hpp" lab1/scalar.hpp
says 0 'this lab is done'
