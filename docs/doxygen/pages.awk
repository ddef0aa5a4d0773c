# Doxygen's input filter for the guide: links to files that are no pages become plain text, links to a heading links to the
# page, which is what Doxygen knows; pictures stand beside the pages.
{
  gsub(/\.md#[a-z0-9-]+\)/, ".md)")
  while (match($0, /\[[^]]*\]\(#[^)]*\)/)) {
    text = substr($0, RSTART + 1, RLENGTH - 2)
    sub(/\].*$/, "", text)
    $0 = substr($0, 1, RSTART - 1) text substr($0, RSTART + RLENGTH)
  }
  while (match($0, /\[[^]]*\]\((\.\.\/)*(examples|benchmarks|tests|scripts|autograd|nn|optim|data|viz|train)[^)]*\)/)) {
    link = substr($0, RSTART, RLENGTH)
    text = link
    sub(/\]\(.*$/, "", text)
    sub(/^\[/, "", text)
    $0 = substr($0, 1, RSTART - 1) "`" text "`" substr($0, RSTART + RLENGTH)
  }
  if (match($0, /^!\[[^]]*\]\(.*\)$/)) {
    text = file = $0
    sub(/^!\[/, "", text)
    sub(/\].*$/, "", text)
    sub(/\)$/, "", file)
    sub(/^.*\//, "", file)
    $0 = "<img src=\"" file "\" alt=\"" text "\"/>"
  }
  if ($0 ~ /^ *```text/) sub(/```text/, "```")
  print
}
