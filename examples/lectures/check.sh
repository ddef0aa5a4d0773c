#!/usr/bin/env bash
# check.sh PROGRAM SOURCE FOLDER [OPTION DIR]: runs a program of the gallery in its short form and compares the figures
# it prints ("name = value") with the lines of its source "// expect: NAME OP WHAT", OP one of < <= > >= ==, WHAT a
# number or another figure, which may be times a number: "// expect: wide < narrow * 0.5". It must write its picture,
# too. With an option of the program, "--tables DIR", the lines "// expect --tables: ..." count as well.
set -euo pipefail
program=$1 source=$2 folder=$3 option=${4:-none}
name=$(basename "$source" .cpp)
rm -rf "$folder"
output=$("$program" --short --out "$folder" "${@:4}")
printf '%s\n' "$output"
if ! grep -q '</svg>' "$folder/$name.svg"; then
  echo "check.sh: $name wrote no picture $folder/$name.svg" >&2
  exit 1
fi
printf '%s\n' "$output" | awk -v source="$source" -v option="$option" '
  $2 == "=" && NF == 3 { figure[$1] = $3 }
  function value(name) {
    if (name ~ /^[-+.0-9]/) return name + 0
    if (!(name in figure)) { print source ": no figure " name; wrong = 1; return 0 }
    return figure[name] + 0
  }
  END {
    while ((getline line < source) > 0) {
      if (sub("^// expect " option ": ", "// expect: ", line) == 0 && line !~ /^\/\/ expect: /) continue
      n = split(line, part, " ")
      left = value(part[3]); right = value(part[5])
      if (n == 7 && part[6] == "*") right *= part[7]
      else if (n != 5) { print source ": cannot read: " line; wrong = 1 }
      op = part[4]
      holds = op == "<" ? left < right : op == "<=" ? left <= right : op == ">" ? left > right : \
        op == ">=" ? left >= right : op == "==" && left == right
      ++checked
      if (!holds) { print source ": does not hold: " substr(line, 12) " (" left " and " right ")"; wrong = 1 }
    }
    if (checked == 0) { print source ": expects nothing"; wrong = 1 }
    exit wrong
  }' >&2
