#!/usr/bin/env bash
# expect.sh PROGRAM PICTURE pass | todo FILE | wrong MISTAKE: runs the check of a lab and looks at what it says.
# pass: all checks pass. todo: none is wrong, and it tells the file and line of what is still to do. wrong: the first
# that is wrong is what MISTAKE expects ("// expect: function mul, gradient of a"), and that node, and no other, is
# marked in the picture.
set -euo pipefail
program=$1 picture=$2 what=$3 more=${4:-}
fail() {
  echo "expect.sh: $*" >&2
  exit 1
}
mkdir -p "$(dirname "$picture")"
rm -f "$picture"
status=0
output=$("$program" "$picture") || status=$?
printf '%s\n' "$output"

case $what in
  pass)
    [ "$status" -eq 0 ] || fail "exit status $status"
    grep -q ': this lab is done\.$' <<<"$output" || fail "not all checks pass"
    if grep -qE '^  (WRONG|to do)' <<<"$output"; then fail "a check does not pass"; fi
    [ ! -e "$picture" ] || fail "a picture without a mistake"
    ;;
  todo)
    [ "$status" -eq 1 ] || fail "exit status $status"
    grep -qE "^ +$more:[0-9]+: [A-Za-z:_]+: " <<<"$output" || fail "does not say what is to do"
    if grep -q '^  WRONG' <<<"$output"; then fail "a place to fill is called wrong"; fi
    ;;
  wrong)
    [ "$status" -eq 1 ] || fail "exit status $status"
    expected=$(sed -nE 's|^// expect: ||p' "$more")
    function=$(sed -nE 's/^function ([^,]+),.*/\1/p' <<<"$expected")
    kind=$(sed -nE 's/.*, (value|gradient) of .*/\1/p' <<<"$expected")
    node=$(sed -nE 's/.*, (value|gradient) of (.*)/\2/p' <<<"$expected")
    [ -n "$function" ] && [ -n "$kind" ] && [ -n "$node" ] || fail "cannot read: $expected"
    block=$(awk '/^  WRONG/ {++wrong} /^  (ok|to do)/ && wrong {exit} wrong == 1' <<<"$output")
    grep -qF "look at    $function in " <<<"$block" || fail "does not name $function"
    grep -qF "(the $kind of “$node” is marked)" <<<"$block" || fail "does not name the $kind of $node"
    [ "$(grep -c 'class="node wrong"' "$picture")" -eq 1 ] || fail "not one node is marked in $picture"
    marked=$(awk '/class="node wrong"/ {inside = 1} inside {print} inside && /<\/g>/ {exit}' "$picture")
    texts=$(sed -nE 's|^<text.*>([^<]*)</text>$|\1|p' <<<"$marked" | sed -E 's/^(&#160;|\xc2\xa0| )*//')
    grep -qxF -- "$node" <<<"$texts" || fail "another node than $node is marked"
    grep -qxF "wrong $kind" <<<"$texts" || fail "the marked node does not say what is wrong"
    ;;
  *) fail "what is '$what'?" ;;
esac
