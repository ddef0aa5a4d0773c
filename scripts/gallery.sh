#!/usr/bin/env bash
# gallery.sh [BUILD [OUT [TOPIC...]]]: builds and runs every program of examples/lectures and writes a page for each,
# with what it is about, the program, what it prints and its pictures, and an index. Each page is one file that asks for
# nothing: pictures are inside. BUILD: a build folder that is configured; left out, the preset "release" is. OUT:
# docs/gallery. At last the pages are looked over in a browser, where there is one. With topics, 08_batch_size or their
# like, only their pages are written, and no index.
#
# A page's text is examples/lectures/NN_topic.html: a line <h1>, a line "@summary ..." for the index, then HTML. A line
# "@picture FILE | what can be seen | caption" stands for a picture that the program writes.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-} out=${2:-docs/gallery}
if [ -z "$build" ]; then
  cmake --preset release >/dev/null
  build=build/release
fi
topics=("${@:3}")
if [ ${#topics[@]} -eq 0 ]; then
  cmake --build "$build" --target lectures
else
  cmake --build "$build" --target "${topics[@]/#/lecture_}"
fi
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

escaped() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }
title_of() { sed -n 's:.*<h1>\(.*\)</h1>.*:\1:p' "$1" | head -n 1; }
summary_of() { sed -n 's/^@summary //p' "$1" | head -n 1; }
address() { printf 'data:image/svg+xml;base64,%s' "$(base64 -w 0 "$1")"; }
# Of a picture in the index: as it is, or as an image where that is smaller.
thumbnail() {
  if [ "$(stat -c %s "$1")" -gt 60000 ]; then
    rsvg-convert -w 720 "$1" -o "${1%.svg}_small.png"
    printf 'data:image/png;base64,%s' "$(base64 -w 0 "${1%.svg}_small.png")"
  else
    address "$1"
  fi
}

# page_head TITLE CLASS
page_head() {
  cat <<HTML
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$1</title>
<style>
$(cat examples/lectures/gallery.css)
</style>
</head>
<body class="$2">
HTML
}

# The text of a page with its pictures.
article() {
  local line file seen caption
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      '@summary '*) ;;
      '@picture '*)
        IFS='|' read -r file seen caption <<<"${line#@picture }"
        read -r file <<<"$file"
        read -r seen <<<"$seen"
        read -r caption <<<"$caption"
        printf '<figure>\n<img src="%s" alt="%s">\n<figcaption>%s</figcaption>\n</figure>\n' \
          "$(address "$2/$file")" "$seen" "$caption"
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done <"$1"
}

# Code with its comments marked.
program() { escaped | sed 's:^\(.*[^"]\|\)\(//.*\)$:\1<span class="c">\2</span>:'; }

sources=(examples/lectures/[0-9][0-9]_*.cpp)
for i in "${!sources[@]}"; do
  source=${sources[$i]}
  name=$(basename "$source" .cpp) text=${source%.cpp}.html
  if [ ${#topics[@]} -gt 0 ] && [[ " ${topics[*]} " != *" $name "* ]]; then continue; fi
  echo "gallery.sh: $name"
  mkdir -p "$work/$name"
  "$build/examples/lectures/lecture_$name" --out "$work/$name" >"$work/$name.txt"
  {
    page_head "$(title_of "$text")" lecture
    printf '<nav aria-label="Lectures"><a href="index.html">All lectures</a>'
    if [ "$i" -gt 0 ]; then
      previous=${sources[$((i - 1))]}
      printf ' <a href="%s.html">← %s</a>' "$(basename "$previous" .cpp)" "$(title_of "${previous%.cpp}.html")"
    fi
    if [ $((i + 1)) -lt ${#sources[@]} ]; then
      next=${sources[$((i + 1))]}
      printf ' <a href="%s.html">%s →</a>' "$(basename "$next" .cpp)" "$(title_of "${next%.cpp}.html")"
    fi
    printf '</nav>\n<main>\n'
    article "$text" "$work/$name"
    printf '<h2>What it prints</h2>\n<pre tabindex="0" aria-label="Output">'
    escaped <"$work/$name.txt"
    printf '</pre>\n<h2>The program</h2>\n<pre tabindex="0" aria-label="Program"><code>'
    program <"$source"
    printf '</code></pre>\n</main>\n</body>\n</html>\n'
  } >"$work/page.html"
  mv "$work/page.html" "$out/$name.html"
  for page in "$work/$name"/*.html; do
    if [ -e "$page" ]; then cp "$page" "$out/"; fi
  done
done

if [ ${#topics[@]} -gt 0 ]; then exit; fi
{
  page_head "Lecture gallery" index
  cat <<'HTML'
<main>
<h1>Lecture gallery</h1>
<p>Each topic of an introductory course on neural networks as a short program: what it is about, what it prints, its
picture. <code>scripts/gallery.sh</code> makes these pages.</p>
<ol>
HTML
  for source in "${sources[@]}"; do
    name=$(basename "$source" .cpp) text=${source%.cpp}.html
    printf '<li><a href="%s.html"><img src="%s" alt="" loading="lazy"><span class="t">%s</span></a><p>%s</p></li>\n' \
      "$name" "$(thumbnail "$work/$name/$name.svg")" "$(title_of "$text")" "$(summary_of "$text")"
  done
  printf '</ol>\n</main>\n</body>\n</html>\n'
} >"$work/page.html"
mv "$work/page.html" "$out/index.html"
echo "gallery.sh: wrote $out/index.html"
status=0
tests/web/run.sh build/web tests/web/gallery.mjs "$out" || status=$?
[ $status -eq 77 ] || exit $status
