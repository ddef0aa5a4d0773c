// What stands below a picture of a graph: signs with their meaning, and notes.
#pragma once

#include <string>
#include <vector>

namespace xgrad::viz {

// Entries one after the other, in lines about as wide as wanted, as a table of a Graphviz label.
class Legend {
 public:
  explicit Legend(std::size_t width) : width_(width) {}  // characters
  void swatch(const char* fill, const char* border, const char* text, const char* style = "solid", double line = 1.5);
  void arrow(const char* glyph, const char* colour, const char* text);
  void note(const std::string& text);  // in a line of its own
  void end_line() { used_ = width_; }
  std::string table() const;

 private:
  struct Entry {
    std::string sign, text;
  };
  void add(std::string sign, const std::string& text);

  std::size_t width_, used_ = 0;
  std::vector<std::vector<Entry>> lines_;
};

}  // namespace xgrad::viz
