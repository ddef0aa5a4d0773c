# Doxygen's input filter for headers: the plain // comments above and behind declarations become documentation, line by
# line, so that line numbers stay. What it understands is how the headers are written:
#   // text            above a declaration: its documentation, also of further forms of a function that follow at once
#   f();  // text      its documentation
#   // ---- text ----  heading of a group of declarations
#   //   code          (three blanks or more) an example
#   // text            at the top of a file: about the file
# Everything in namespace xgrad belongs to the page of its part (groups.dox).

function part(file) {
  if (file ~ /\/ops\/|\/ops\.hpp$/) return "ops"
  if (file ~ /\/custom|\/(elementwise|vec|simd\/math|simd\/scalar|autograd|check|parallel|array|xtensor)\.hpp$/) return "custom"
  if (match(file, /(nn|optim|data|viz|train)\/include/)) return substr(file, RSTART, RLENGTH - 8)
  return "autograd"
}

# Text of a comment, safe from being taken for HTML, a command or a link to somewhere.
function plain(s) {
  sub(/[ \t]*NOLINT.*$/, "", s)
  gsub(/\\/, "\\\\", s)
  gsub(/@/, "\\@", s)
  gsub(/&/, "\\\\&", s)
  gsub(/</, "\\<", s)
  gsub(/>/, "\\>", s)
  gsub(/#/, "\\#", s)
  gsub(/\*/, "\\*", s)
  return s
}

# Name of the function a line declares, without digits: conv1d and conv2d are forms of one function.
function function_name(line) {
  sub(/\(.*$/, "", line)
  sub(/^.*[ \t&*]/, "", line)
  gsub(/[0-9]/, "", line)
  return line
}

function related(a, b) { return a != "" && b != "" && (index(a, b) || index(b, a)) }

# Doxygen takes a class that derives from a specialisation of its own template for a circle: without the base.
function without_own_base(line,    words, base) {
  if (line !~ /^class [A-Za-z_]+ : public [A-Za-z_]+</) return line
  split(line, words, /[ <]/)
  base = words[5]
  return words[2] == base ? "class " base " {" : line
}

# Whether a line ends between parentheses, in a list of parameters.
function in_parameters(line,    copy) {
  copy = line
  return gsub(/\(/, "", line) > gsub(/\)/, "", copy)
}

# Brace by brace: D a scope with declarations, B a body.
function follow_braces(line,    i, c) {
  for (i = 1; i <= length(line); ++i) {
    c = substr(line, i, 1)
    if (c == "{") {
      scopes = scopes (statement ~ /(^|[ \t;}])(namespace|class|struct|enum|union)[ \t][^()]*$/ ? "D" : "B")
      statement = ""
    } else if (c == "}") {
      scopes = substr(scopes, 1, length(scopes) - 1)
      statement = ""
    } else if (c == ";") {
      statement = ""
    } else {
      statement = statement c
    }
  }
  statement = statement " "
}

function in_body() { return scopes ~ /B/ }

# Ends a heading's group when its scope ends.
function close_heading() {
  if (heading_depth == 0 || length(scopes) >= heading_depth) return ""
  heading_depth = 0
  return "/** @} */ "
}

BEGIN { top = 1 }

# Doxygen 1.9.8 takes a namespace that follows a class which ends in a private section for private as well.
/^ (private|protected):/ { in_private = 1 }
/^};/ {
  if (in_private) $0 = " public: " $0
  in_private = 0
}

FNR == 1 { group = part(FILENAME) }

# Comment lines.
/^[ \t]*\/\/( |$)/ && !in_body() {
  text = $0
  sub(/^[ \t]*\/\/ ?/, "", text)
  if (text ~ /^ ?---- .* ----$/) {
    gsub(/^ ?---- | ----$/, "", text)
    print (heading_depth ? "/** @} */ " : "") "/** @name " plain(text) " */ /** @{ */"
    heading_depth = length(scopes)
    carried = ""
    next
  }
  if (text ~ /NOLINT/) { print; next }
  code = text ~ /^  /
  line = code ? text : plain(text)
  if (code && !in_code) line = "@code{.cpp}\n" line
  if (!code && in_code) line = "@endcode\n" line
  # Line numbers: an example's two extra lines take the place of the blank comment lines around it.
  if (in_code && !code) sub(/^@endcode\n/, "@endcode ", line)
  if (code && !in_code) sub(/^@code\{\.cpp\}\n/, "@code{.cpp} ", line)
  in_code = code
  if (top && !about) { about = 1; print "/// @file\n/// " line; next }
  print "/// " line
  block = in_block ? block " " line : line
  in_block = 1
  carried = ""
  next
}

# All other lines.
{
  line = $0
  prefix = ""
  if (in_code) { print "/// @endcode"; in_code = 0 }
  if (in_block) { carried = block ~ /@code/ ? "" : block; fresh = 1 }
  in_block = 0
  if (line ~ /^#pragma once/) { top = 0; carried = ""; about = 1 }

  comment = ""
  code_part = line
  if (match(line, /[^ \t].*[;,{})][ \t]+\/\/ /) || match(line, /^[ \t]*[A-Za-z_]+,?[ \t]+\/\/ /)) {
    at = index(line, "// ")
    code_part = substr(line, 1, at - 1)
    comment = substr(line, at + 3)
  }

  if (line ~ /^[ \t]*$/) { carried = ""; print; next }
  starts = statement ~ /^[ \t]*$/
  declares = starts && !in_body() && code_part ~ /\(/ && code_part !~ /^[ \t]*(namespace|using|#|static_assert|template|friend|extern)/
  if (declares && carried != "" && fresh) documented = function_name(code_part)
  if (declares && carried != "" && !fresh && comment == "" && related(documented, function_name(code_part)))
    prefix = "/** " carried " */ "
  keep = starts && fresh && code_part ~ /\{[ \t]*$/ && code_part !~ /\(/ ? "" : carried
  body_before = in_body()
  follow_braces(code_part)
  closing = close_heading()
  if (body_before || in_body()) carried = keep = ""  # what follows a function with a body stands for itself

  if (comment != "" && !body_before && !in_body() && code_part ~ /;[ \t]*$|,[ \t]*$|\}[ \t]*$|[A-Za-z0-9][ \t]*$/ && code_part !~ /^[ \t]*[})]/ &&
      !in_parameters(code_part) && plain(comment) !~ /^[ \t]*$/) {
    sub(/[ \t]+$/, "", code_part)
    line = code_part "  ///< " plain(comment)
    carried = ""
  } else {
    line = code_part
    carried = keep
  }
  if (statement ~ /^[ \t]*$/) fresh = 0

  if (code_part ~ /^namespace xgrad[a-z:]* \{/ && code_part !~ /detail/) {
    line = line " /** @addtogroup " group " */ /** @{ */"
    group_open = 1
  } else if (group_open && scopes == "") {
    closing = closing "/** @} */ "
    group_open = 0
  }
  print prefix closing without_own_base(line)
}
