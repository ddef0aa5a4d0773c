# awk -f bundle.awk FILE...: one source that holds several tests, each in a suite and namespace with the file's name, so
# that their helpers may have the same names. Headers are read once, in front; lines keep their numbers.
FNR == 1 { files[++count] = FILENAME }
/^#include/ {
  if (!($0 in seen)) {
    seen[$0] = 1
    includes = includes $0 "\n"
  }
  $0 = ""
}
{ text[count] = text[count] $0 "\n" }
END {
  printf "#include \"unit_test.hpp\"\n%s", includes
  for (i = 1; i <= count; ++i) {
    name = files[i]
    gsub(/.*\/|\.cpp$/, "", name)
    printf "BOOST_AUTO_TEST_SUITE(%s)\n#line 1 \"%s\"\n%sBOOST_AUTO_TEST_SUITE_END()\n", name, files[i], text[i]
  }
}
