#!/usr/bin/env bash
# docs.sh: installs Doxygen if it is missing and builds the guide and the reference as web pages in build/docs/html.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh --docs
command -v doxygen >/dev/null || { echo "docs.sh: install doxygen first" >&2; exit 1; }
version=$(sed -nE 's/.*kVersion = "([^"]*)".*/\1/p' include/xgrad/version.hpp)

rm -rf build/docs
mkdir -p build/docs
# Doxygen's own layout, with the entries on the left named after what they lead to, and functions before classes.
doxygen -l build/docs/layout.xml
sed -i -E -e 's/(<tab type="(namespacemembers|concepts|hierarchy|classmembers|globals|examples)" visible=)"yes"'\
'/\1"no"/' \
  -e 's/(<tab type="pages" visible="yes" title=)""/\1"Guide"/' \
  -e 's/(<tab type="modules" visible="yes" title=)""/\1"Reference by part"/' build/docs/layout.xml
awk '/<group>/ {group = 1} /<\/group>/ {group = 0} group && /<classes / {classes = $0; next} {print}
     classes && /<functions / {print classes; classes = ""}' build/docs/layout.xml >build/docs/layout.new
mv build/docs/layout.new build/docs/layout.xml

(cat docs/Doxyfile; echo "PROJECT_NUMBER = $version") | doxygen -
cp docs/images/*.svg docs/course/*.svg build/docs/html/
echo "wrote build/docs/html/index.html"
