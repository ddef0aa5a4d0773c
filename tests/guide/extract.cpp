// guide_extract DOCUMENT.md OUT.cpp: turns the C++ of a document into one test program.
//
// ```cpp blocks. One with main() is a program of its own. Of all others, includes and definitions (struct, class,
//     template, namespace, using, enum, functions) are visible in the whole document, and statements run in order;
//     their variables live until the next "## " heading.
//     One whose first line is a comment with a path ("// nn/src/x.cpp") is a source file, outside of all this.
// ```text block after a ```cpp block, before any other block or heading: what that block prints. See harness.cpp.
// Tables with a column named "xgrad": the code in it runs row by row, with the variables of its section, and may print.
#include <algorithm>
#include <cctype>
#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Block {
  int line = 0;  // of its first line of code
  std::string code;
  std::string output;
  bool has_output = false;
  bool table_row = false;
};
using Section = std::vector<Block>;

bool starts_with(const std::string& s, const char* prefix) { return s.rfind(prefix, 0) == 0; }

std::string trimmed(const std::string& s) {
  const std::size_t first = s.find_first_not_of(" \t"), last = s.find_last_not_of(" \t");
  return first == std::string::npos ? "" : s.substr(first, last - first + 1);
}

// Cells of a table row; "\|" is a bar within a cell.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|')
      cells.back() += line[++i];
    else if (line[i] == '|')
      cells.emplace_back();
    else
      cells.back() += line[i];
  }
  for (std::string& c : cells) c = trimmed(c);
  return cells;
}

// The pieces in `backticks` of a cell, as statements.
std::string code_of(const std::string& cell) {
  static const std::regex piece("`([^`]+)`");
  std::string code;
  for (std::sregex_iterator it(cell.begin(), cell.end(), piece), last; it != last; ++it) {
    code += (*it)[1].str() + "; ";
  }
  return code;
}

class Document {
 public:
  explicit Document(const std::string& path) : in_(path) {
    if (!in_) throw std::runtime_error("cannot read " + path);
    while (next()) {
      if (starts_with(line_, "## ")) sections.emplace_back();
      if (starts_with(line_, "#")) awaits_output_ = false;
      if (starts_with(line_, "```"))
        fence();
      else if (starts_with(line_, "|"))
        table();
    }
  }
  std::vector<Section> sections{1};

 private:
  bool next() {
    ++number_;
    return static_cast<bool>(std::getline(in_, line_));
  }

  void fence() {
    const std::string language = trimmed(line_.substr(3));
    const int first = number_ + 1;
    std::string text;
    bool closed = false;
    while (next() && !(closed = starts_with(line_, "```"))) text += line_ + "\n";
    if (!closed) throw std::runtime_error("line " + std::to_string(first - 1) + ": this block never ends");
    if (language == "text" && awaits_output_) {
      sections.back().back().output = text;
      sections.back().back().has_output = true;
    }
    awaits_output_ = language == "cpp";
    if (awaits_output_) sections.back().push_back({first, text});
  }

  void table() {
    const std::vector<std::string> head = cells_of(line_);
    std::size_t column = 0;
    while (column < head.size() && head[column] != "xgrad") ++column;
    next();  // the dashes
    while (in_.peek() == '|' && next()) {
      const std::vector<std::string> cells = cells_of(line_);
      if (column >= cells.size()) continue;
      const std::string code = code_of(cells[column]);
      if (!code.empty()) sections.back().push_back({number_, code + "\n", "", false, true});
    }
  }

  std::ifstream in_;
  std::string line_;
  int number_ = 0;
  bool awaits_output_ = false;
};

std::string without_comments(const std::string& s) {
  static const std::regex comment("//[^\n]*");
  const std::string bare = std::regex_replace(s, comment, "");
  const std::size_t first = bare.find_first_not_of(" \t\n");
  return first == std::string::npos ? "" : bare.substr(first);
}

// Splits code into its outermost statements and definitions, each with its number of the first line.
struct Chunk {
  int line;
  std::string text;
};

class Splitter {
 public:
  Splitter(const std::string& code, int line) : code_(code), line_(line) {}
  std::vector<Chunk> split() {
    while (i_ < code_.size()) step();
    if (!trimmed_all(text_).empty()) chunks_.push_back({start_line(), text_});
    return chunks_;
  }

 private:
  static std::string trimmed_all(const std::string& s) {
    const std::size_t first = s.find_first_not_of(" \t\n");
    return first == std::string::npos ? "" : s.substr(first);
  }
  int start_line() const { return line_ - static_cast<int>(std::count(text_.begin(), text_.end(), '\n')); }
  void take(std::size_t n) {
    for (; n > 0 && i_ < code_.size(); --n) {
      if (code_[i_] == '\n') ++line_;
      text_ += code_[i_++];
    }
  }
  void take_string(char quote) {
    take(1);
    while (i_ < code_.size() && code_[i_] != quote) take(code_[i_] == '\\' ? 2 : 1);
    take(1);
  }
  void finish() {
    take(code_.find('\n', i_) == std::string::npos ? 0 : comment_to_end());
    chunks_.push_back({start_line(), text_});
    text_.clear();
  }
  // Characters of a comment behind a statement, which belongs to it.
  std::size_t comment_to_end() const {
    const std::size_t end = code_.find('\n', i_);
    const std::string rest = trimmed(code_.substr(i_, end - i_));
    return rest.empty() || starts_with(rest, "//") ? end - i_ : 0;
  }
  // Whether the brace just closed ends a definition or a compound statement.
  bool ends_here() const {
    const std::size_t next = code_.find_first_not_of(" \t\n", i_);
    if (next == std::string::npos) return true;
    if (std::string(";,).}]-+*/?:[").find(code_[next]) != std::string::npos) return code_.compare(next, 2, "//") == 0;
    return code_.compare(next, 4, "else") != 0 && code_.compare(next, 5, "catch") != 0;
  }
  void step() {
    const char c = code_[i_];
    if (c == '"' || (c == '\'' && !(i_ > 0 && std::isalnum(code_[i_ - 1])))) return take_string(c);
    if (code_.compare(i_, 2, "//") == 0) return take(code_.find('\n', i_) - i_);
    if (c == '#' && without_comments(text_).empty()) {
      take(code_.find('\n', i_) - i_);
      return finish();
    }
    take(1);
    if (c == '(' || c == '{' || c == '[') ++depth_;
    if (c == ')' || c == '}' || c == ']') --depth_;
    if (depth_ == 0 && (c == ';' || (c == '}' && ends_here()))) finish();
  }

  const std::string& code_;
  std::size_t i_ = 0;
  int line_, depth_ = 0;
  std::string text_;
  std::vector<Chunk> chunks_;
};

// "Tensor f(const Tensor& x) {...}": something before the first outermost brace ends like a parameter list.
bool is_function(const std::string& code) {
  int depth = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i] == '(' || code[i] == '[') ++depth;
    if (code[i] == ')' || code[i] == ']') --depth;
    if (depth == 0 && (code[i] == ';' || code[i] == '=')) return false;
    if (depth == 0 && code[i] == '{') {
      static const std::regex head(
          R"(^(?!(if|for|while|switch|do|try|return|else)\b)[\w:<>,&*\s]+[\s&*]\w+\s*\([\s\S]*\)\s*(const)?\s*$)");
      return std::regex_match(code.substr(0, i), head);
    }
  }
  return false;
}

bool is_definition(const std::string& code) {
  static const std::regex keyword(R"(^(struct|class|template|namespace|using|enum|union)\b)");
  return std::regex_search(code, keyword) || is_function(code);
}

std::string quoted(const std::string& s) { return "R\"guide(" + s + ")guide\""; }

class Generator {
 public:
  explicit Generator(std::string name) : name_(std::move(name)) {}

  void add(const Section& section) {
    const std::string function = "section_" + std::to_string(sections_++);
    body_ << "void " << function << "() {\n";
    for (const Block& b : section) add(b);
    body_ << "}\n";
    calls_ << "  doc::" << function << "();\n";
  }
  void write(std::ostream& out) const {
    out << "// Made by guide_extract from " << name_ << ".\n#include \"harness.hpp\"\n"
        << includes_.str() << programs_.str() << "namespace doc {\n"
        << definitions_.str() << body_.str() << "}  // namespace doc\n"
        << "int main() {\n  return guide::run(" << quoted(name_) << ", [] {\n"
        << calls_.str() << "  });\n}\n";
  }

 private:
  std::string place(int line) const { return "#line " + std::to_string(line) + " \"" + name_ + "\"\n"; }

  void add(const Block& b) {
    static const std::regex path(R"(^// (\S+\.[ch]pp)\n)");
    std::smatch file;
    if (std::regex_search(b.code, file, path)) return add_file(b, file[1]);
    body_ << (b.table_row ? "{ " : "") << "guide::begin(" << b.line << ");\n";
    static const std::regex main_function(R"(\bint main\(\))");
    if (std::regex_search(b.code, main_function)) {
      const std::string program = "program_" + std::to_string(b.line);
      std::ostringstream own;
      for (const Chunk& c : Splitter(b.code, b.line).split())
        (is_include(c) ? includes_ : own)
            << place(c.line) << std::regex_replace(c.text, main_function, "void program()") << "\n";
      programs_ << "namespace " << program << " {\n" << own.str() << "\n}\n";
      body_ << "::" << program << "::program();\n";
    } else {
      for (const Chunk& c : Splitter(b.code, b.line).split())
        (is_include(c)                                             ? includes_
         : !b.table_row && is_definition(without_comments(c.text)) ? definitions_
                                                                   : body_)
            << place(c.line) << c.text << "\n";
    }
    body_ << "guide::end("
          << (b.has_output  ? quoted(b.output)
              : b.table_row ? "\"...\""
                            : "nullptr")
          << ");" << (b.table_row ? " }\n" : "\n");
  }
  // Includes of files that stand above in the document are left out.
  void add_file(const Block& b, const std::string& path) {
    for (const Chunk& c : Splitter(b.code, b.line).split()) {
      const std::string code = without_comments(c.text);
      const auto quoted_path = [&](const std::string& f) {
        const std::size_t at = code.find_first_of("<\""), end = code.find_first_of(">\"", at + 1);
        return at != std::string::npos && end != std::string::npos &&
               f.ends_with("/" + code.substr(at + 1, end - at - 1));
      };
      if (is_include(c) && (starts_with(code, "#pragma") || std::any_of(files_.begin(), files_.end(), quoted_path)))
        continue;
      (is_include(c) ? includes_ : programs_) << place(c.line) << c.text << "\n";
    }
    files_.push_back(path);
  }
  static bool is_include(const Chunk& c) { return starts_with(without_comments(c.text), "#"); }

  std::string name_;
  int sections_ = 0;
  std::vector<std::string> files_;
  std::ostringstream includes_, programs_, definitions_, body_, calls_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: guide_extract DOCUMENT.md OUT.cpp\n";
    return 2;
  }
  try {
    const std::string path = argv[1];
    const Document document(path);
    Generator generator(path.substr(path.rfind('/') + 1));
    for (const Section& s : document.sections) generator.add(s);
    std::ofstream out(argv[2]);
    generator.write(out);
    out.close();
    if (!out) throw std::runtime_error(std::string("cannot write ") + argv[2]);
  } catch (const std::exception& e) {
    std::cerr << "guide_extract: " << argv[1] << ": " << e.what() << "\n";
    return 1;
  }
}
