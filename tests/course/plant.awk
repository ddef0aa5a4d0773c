# plant.awk MISTAKE SOLUTION: the solution with one function, or struct, replaced by that of MISTAKE. It is found by its
# first line (the first line of MISTAKE that is no comment) up to the "(", and ends with the next line "}" or "};".
function head(line) {
  sub(/\(.*/, "(", line)
  return line
}
FNR == NR {
  if (first == "" && /^[ ]*\/\//) next
  if (first == "" && NF) first = head($0)
  if (first != "") text = text $0 "\n"
  next
}
skipping {
  if ($0 == "}" || $0 == "};") skipping = 0
  next
}
head($0) == first {
  printf "%s", text
  ++found
  skipping = $0 !~ /}$/
  next
}
{ print }
END {
  if (found != 1) {
    print "plant.awk: found " found + 0 " times, must be once: " first > "/dev/stderr"
    exit 1
  }
}
