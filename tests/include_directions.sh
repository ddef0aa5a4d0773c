#!/usr/bin/env bash
# include_directions.sh [FOLDER]: checks every #include of the libraries against the map in docs/architecture.md, below
# FOLDER (the source tree). A wrong one is reported as file:line: what is included: the rule; the exit status says
# whether there was one. include_directions.sh --self-test plants wrong ones and checks that each is reported.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)

# Lines `file:line:target` of all includes; targets as written, with < > or " ".
list_includes() {
  grep -rnE --include='*.hpp' --include='*.cpp' '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' \
    autograd nn optim data viz train onnx fronts include 2>/dev/null |
    sed -E 's/^([^:]+):([0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]*([<"][^>"]+[>"]).*/\1:\2:\3/'
}

# Lines `asks:file:line:word` of kernels that look at what only the tape should know.
list_questions() {
  local questions='\b(wants_grad|grad_enabled|needs_tape|requires_grad|grad_fn)\b'
  { grep -rnoE "$questions" autograd/src/kernels 2>/dev/null || true; } |
    sed 's/^/asks:/'
}

# Lines `link LIBRARY USED`: which library links which, as their CMakeLists.txt say.
list_links() {
  local library
  for library in autograd nn optim data viz train onnx fronts; do
    [ -f $library/CMakeLists.txt ] || continue
    tr '\n' ' ' <$library/CMakeLists.txt | sed -E 's/PRIVATE.*//' | { grep -oE 'xgrad_[a-z]+' || true; } |
      sed -nE "/^xgrad_part$/!s/^xgrad_(.*)/link $library \1/p"
  done
}

# Lines `header LIBRARY PATH`: whose public header <PATH> is.
list_headers() {
  local library
  for library in autograd nn optim data viz train onnx fronts; do
    [ -d $library/include ] || continue
    (cd $library/include && find xgrad -name '*.hpp' | sed "s/^/header $library /")
  done
  [ ! -d include ] || (cd include && find xgrad -name '*.hpp' | sed 's/^/header all /')
}

check() {
  cd "$1"
  { list_links; list_headers; list_questions; list_includes; } | awk '
    BEGIN {
      # autograd: which rooms a room may include.
      sees["core"] = " core "
      sees["tape"] = " core tape "
      sees["kernels"] = " core kernels "
      sees["ops"] = " core tape kernels ops "
      # Formulas of users become recorded operations from the third derivative on: custom calls what <xgrad/ops/...>
      # offers.
      sees["custom"] = " core tape kernels ops-public custom "
      sees["functions"] = " core tape kernels ops ops-public custom custom-public functions functions-public "
      sees["ops-public"] = " core tape ops-public "
      sees["custom-public"] = " core tape ops-public custom-public "
      sees["functions-public"] = " core tape ops-public functions-public "
      # Distributions are made of operations, as a program would make them.
      sees["distributions"] = " core tape ops-public distributions "
      sees["distributions-public"] = " core ops-public distributions-public "
      sees["xtensor"] = " core tape ops-public custom-public xtensor "
      says["core"] = "core includes no other room"
      says["tape"] = "core/tape includes core only"
      says["kernels"] = "kernels include core, without the tape"
      says["ops"] = "ops include core and kernels"
      says["custom"] = "custom includes core, kernels and the public headers of ops"
      says["distributions"] = "distributions include core and the public headers of ops"
      says["distributions-public"] = "public headers of distributions include those of core and ops"
      says["ops-public"] = "public headers of ops include those of core"
      says["custom-public"] = "public headers of custom include those of core and ops"
      says["functions"] = "functions include all rooms but xtensor"
      says["functions-public"] = "public headers of functions include those of core and ops"
      says["xtensor"] = "headers of other arrays include public headers of autograd"
    }
    # The room of autograd that a file or a public header belongs to.
    function room(path) {
      if (path ~ /^autograd\/src\/core\/tape\//) return "tape"
      if (path ~ /^autograd\/src\/(core|kernels|ops|custom|functions|distributions)\//) {
        split(path, part, "/"); return part[3]
      }
      if (path ~ /^autograd\/src\//) return "?"
      sub(/^autograd\/include\//, "", path)
      if (path ~ /^xgrad\/(xtensor|array|eigen|mdspan|custom\/array_op)\.hpp$/) return "xtensor"
      if (path ~ /^xgrad\/(autograd|forward_ad|record|tape|elementwise)\.hpp$/) return "tape"
      if (path ~ /^xgrad\/(attributes|backward_again|checkpoint|fmt)\.hpp$/) return "tape"
      if (path ~ /^xgrad\/(graph_node|saved_tensors_hooks)\.hpp$/) return "tape"
      if (path ~ /^xgrad\/detail\/(collect_last|node_times|strided_memory|trace_all)\.hpp$/) return "tape"
      if (path == "xgrad/p_norm.hpp") return "kernels"
      if (path ~ /^xgrad\/(functional|gradcheck|loop|vmap)\.hpp$/) return "functions-public"
      if (path ~ /^xgrad\/(ops|dlpack)\.hpp$/ || path ~ /^xgrad\/ops\//) return "ops-public"
      if (path == "xgrad/distributions.hpp" || path ~ /^xgrad\/distributions\//) return "distributions-public"
      if (path == "xgrad/custom.hpp" || path ~ /^xgrad\/custom\//) return "custom-public"
      return "core"
    }
    function report(rule) { printf "%s:%s: %s: %s\n", file, line, target, rule; wrong = 1 }

    /^asks:/ {
      split($0, at, ":")
      file = at[2]; line = at[3]; target = at[4]
      report("kernels do not ask the tape")
      next
    }
    $1 == "link" { links[$2, $3] = 1; next }
    $1 == "header" { owner[$3] = $2; next }
    {
      split($0, at, ":"); file = at[1]; line = at[2]; target = at[3]; ++includes
      name = substr(target, 2, length(target) - 2)
      quoted = substr(target, 1, 1) == "\""
      library = file; sub(/\/.*/, "", library)
      public = file ~ /^([a-z]+\/)?include\//
      if (public && quoted) { report("public headers include nothing of src"); next }
      if (public && name ~ /^(xtensor|xtl)\// && file != "autograd/include/xgrad/array.hpp") {
        report("no public header but <xgrad/array.hpp> includes xtensor"); next
      }
      if (name ~ /^xgrad\//) {
        if (!(name in owner)) { report("there is no such header"); next }
        used = owner[name]
        if (library == "include") next
        if (used == "all") { report("the header of everything is for programs"); next }
        if (used != library && !((library, used) in links)) { report(library " does not link " used); next }
      }
      if (library != "autograd") next
      if (quoted) {
        if (name !~ /^(core|kernels|ops|custom|functions|distributions)\//) {
          report("private headers are named by their room"); next
        }
        to = room("autograd/src/" name)
      } else if (name ~ /^xgrad\//) to = room(name)
      else next
      from = room(file)
      if (from == "?") {
        report("autograd/src has the rooms core, kernels, ops, custom, functions and distributions"); next
      }
      if (from == "ops" || from == "custom" || from == "functions" || from == "distributions") {
        if (to == "ops-public" || (to == from "-public")) next
      }
      if (index(sees[from], " " to " ") == 0) report(says[from])
    }
    END {
      if (!includes) { print "no #include found: is this the source tree?"; exit 1 }
      exit wrong
    }'
}

# expect FOLDER/NAME.EXT TEXT SHOWN RULE: TEXT as line 2 of a file in that folder of the tree of public headers, which
# must be reported.
expected=()
expect() {
  local file=${1%.*}_${#expected[@]}.${1##*.}
  mkdir -p "$tree/$(dirname "$file")"
  printf '#pragma once\n%s\n' "$2" >"$tree/$file"
  expected+=("$file:2: $3: $4")
}
plant() { expect "$1" "#include $2" "$2" "$3"; }

self_test() {
  local library
  tree=$(mktemp -d)
  trap 'rm -r "$tree"' EXIT
  for library in autograd nn optim data viz train onnx fronts; do
    mkdir "$tree/$library"
    cp -r "$here/$library/CMakeLists.txt" "$here/$library/include" "$tree/$library"
  done
  cp -r "$here/include" "$tree"
  plant autograd/src/core/planted.hpp '"kernels/gemm.hpp"' 'core includes no other room'
  plant autograd/src/core/planted.hpp '"core/tape/node.hpp"' 'core includes no other room'
  plant autograd/src/core/planted.hpp '<xgrad/autograd.hpp>' 'core includes no other room'
  plant autograd/src/core/tape/planted.cpp '<xgrad/ops/arithmetic.hpp>' 'core/tape includes core only'
  plant autograd/src/core/tape/planted.cpp '"kernels/reduce.hpp"' 'core/tape includes core only'
  plant autograd/src/kernels/planted.cpp '"core/tape/record.hpp"' 'kernels include core, without the tape'
  plant autograd/src/kernels/planted.cpp '<xgrad/elementwise.hpp>' 'kernels include core, without the tape'
  plant autograd/src/kernels/planted.cpp '"ops/matmul.hpp"' 'kernels include core, without the tape'
  plant autograd/src/ops/planted.cpp '"custom/planted.hpp"' 'ops include core and kernels'
  plant autograd/src/ops/planted.cpp '<xgrad/custom/dual.hpp>' 'ops include core and kernels'
  plant autograd/src/custom/planted.cpp '"ops/matmul.hpp"' 'custom includes core, kernels and the public headers of ops'
  plant autograd/src/ops/planted.cpp '<xgrad/functional.hpp>' 'ops include core and kernels'
  plant autograd/src/custom/planted.cpp '"functions/planted.hpp"' \
    'custom includes core, kernels and the public headers of ops'
  plant autograd/src/distributions/planted.cpp '"kernels/random.hpp"' \
    'distributions include core and the public headers of ops'
  plant autograd/src/ops/planted.cpp '<xgrad/distributions/continuous.hpp>' 'ops include core and kernels'
  plant autograd/src/loops/planted.cpp '"core/storage.hpp"' \
    'autograd/src has the rooms core, kernels, ops, custom, functions and distributions'
  plant autograd/src/ops/planted.cpp '"unary.hpp"' 'private headers are named by their room'
  plant autograd/include/xgrad/planted.hpp '<xgrad/ops/regression_loss.hpp>' 'core includes no other room'
  plant autograd/include/xgrad/ops/planted.hpp '<xgrad/custom.hpp>' 'public headers of ops include those of core'
  plant autograd/include/xgrad/planted.hpp '"core/storage.hpp"' 'public headers include nothing of src'
  plant nn/include/xgrad/nn/planted.hpp '<xtensor/xarray.hpp>' \
    'no public header but <xgrad/array.hpp> includes xtensor'
  plant autograd/src/core/planted.cpp '<xgrad/nn.hpp>' 'autograd does not link nn'
  plant optim/src/planted.cpp '<xgrad/nn/module.hpp>' 'optim does not link nn'
  plant viz/include/xgrad/viz/planted.hpp '<xgrad/train.hpp>' 'viz does not link train'
  plant onnx/src/planted.cpp '<xgrad/train.hpp>' 'onnx does not link train'
  plant data/src/planted.cpp '<xgrad/xgrad.hpp>' 'the header of everything is for programs'
  plant train/src/planted.cpp '<xgrad/no_such.hpp>' 'there is no such header'
  expect autograd/src/kernels/planted.cpp 'if (wants_grad(x)) return;' wants_grad 'kernels do not ask the tape'
  if check "$tree" >"$tree/report"; then
    echo "what was planted is no failure"
    return 1
  fi
  # Each of them, and nothing else.
  diff <(printf '%s\n' "${expected[@]}" | sort) <(sort "$tree/report") || return 1
  echo "each of the ${#expected[@]} planted lines was reported"
}

if [ "${1:-}" = --self-test ]; then self_test; else check "${1:-$here}"; fi
