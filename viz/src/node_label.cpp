#include "node_label.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "heatmap.hpp"
#include "naming.hpp"

namespace xgrad::viz {
namespace {

constexpr int kMaxCells = 16, kMaxColumns = 8;
constexpr std::size_t kSavesWidth = 56;     // characters
constexpr std::size_t kLongestTitle = 48;   // 500 of a title are in the tooltip
constexpr std::size_t kLongestStrip = 100;  // cells

// Graphviz takes \N and the like in a text for the node's name and such; that stops at two backslashes in a label, four
// in a tooltip, of which it draws one.
std::string escape_for_graphviz(const std::string& text, int backslashes) {
  const std::string one = "&#92;";
  std::string s = escape(text), many;
  for (int i = 0; i < backslashes; ++i) many += one;
  for (std::size_t at = 0; (at = s.find(one, at)) != std::string::npos; at += many.size())
    s.replace(at, one.size(), many);
  return s;
}

std::string small_row(const char* colour, const std::string& text) {
  return fmt::format(R"(<tr><td align="left" colspan="2"><font point-size="7.5" color="{}">{}</font></td></tr>)",
                     colour, text);
}

std::string stat_row(const char* caption, const char* colour, const Tensor& t) {
  return small_row(colour, fmt::format("{}  {}", caption, stats(t)));
}

// In lines of about the width of a row of numbers.
std::string saved_names(const PicNode& n) {
  std::string text;
  std::size_t width = 6;  // "saves "
  for (const std::string& name : n.saves) {
    const bool last = &name == &n.saves.back();
    if (width > 6 && width + name.size() > kSavesWidth) text += "<br align=\"left\"/>", width = 0;
    text += label_text(name) + (last ? "" : ", ");
    width += std::min(name.size(), kLongestTitle) + 2;
  }
  return text + (text.find("<br") == std::string::npos ? "" : "<br align=\"left\"/>");
}

std::size_t letters(const std::string& s) {
  return static_cast<std::size_t>(
      std::ranges::count_if(s, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// From nearly white to dark orange on a logarithmic scale.
std::string heat(double norm, double low, double high) {
  if (!std::isfinite(norm)) return kAlarm;
  constexpr Rgb kCold{0xF7, 0xF7, 0xF7}, kHot{0xB3, 0x47, 0x00};
  const double span = std::log(high) - std::log(low);
  const double t = norm <= 0 ? 0 : span > 0 ? std::clamp((std::log(norm) - std::log(low)) / span, 0.0, 1.0) : 1;
  Rgb c;
  for (std::size_t i = 0; i < 3; ++i) c[i] = kCold[i] + t * (kHot[i] - kCold[i]);
  return hex(c);
}

// Of several steps the largest; what is no number before all others.
double of_cell(const std::vector<double>& norms, std::size_t first, std::size_t count) {
  double largest = -1;
  for (std::size_t i = first; i < std::min(first + count, norms.size()); ++i)
    if (!(norms[i] <= largest)) largest = norms[i];
  return largest;
}

std::string norm_text(double norm) { return norm < 0 ? "none" : short_number(norm); }

std::string bytes_text(double bytes) {
  if (bytes < 1024) return fmt::format("{:.0f} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KB", bytes / 1024);
  return fmt::format("{:.1f} MB", bytes / 1024 / 1024);
}

}  // namespace

NodeStyle style_of(const PicNode& n) {
  if (n.kind == Kind::ghost && n.ghost_of == Kind::data) return {"#F8F9FA", "#6B7280", 1.0, "filled,dashed"};
  if (n.kind == Kind::ghost && n.ghost_of == Kind::module) return {"#F7F8F9", "#374151", 1.0, "filled,dashed"};
  if (n.kind == Kind::ghost && (n.ghost_of == Kind::operation || n.ghost_of == Kind::output))
    return {"#FFFFFF", "#4B5563", 1.0, "rounded,filled,dashed"};
  switch (n.kind) {
    case Kind::data:
      return {"#F1F3F5", "#6B7280", 1.0, "filled"};
    case Kind::parameter:
      return {"#DCEBFA", "#0072B2", 2.0, "filled"};
    case Kind::ghost:
      return {"#F3F8FD", "#0072B2", 1.0, "filled,dashed"};
    case Kind::frozen:
      return {"#DCEBFA", "#0072B2", 1.0, "filled,dashed"};
    case Kind::result:
      return {"#FFFFFF", "#111827", 1.4, "filled"};
    case Kind::module:
      return {"#EEF0F3", "#374151", 1.2, "filled"};
    case Kind::kept:
      return {"#FFF4D6", "#8A6100", 1.0, "filled"};
    case Kind::stub:
      return {"#FFFFFF", "#9AA3AD", 1.0, "filled,dotted"};
    case Kind::operation:
    case Kind::output:
      break;
  }
  return {"#FFFFFF", "#4B5563", 1.0, "rounded,filled"};
}

const char* class_of(Kind k) {
  switch (k) {
    case Kind::data:
      return "node-input";
    case Kind::parameter:
      return "node-parameter";
    case Kind::ghost:
      return "node-ghost";
    case Kind::frozen:
      return "node-frozen";
    case Kind::result:
      return "node-result";
    case Kind::output:
      return "node-output";
    case Kind::module:
      return "node-module";
    case Kind::kept:
      return "node-saved";
    case Kind::stub:
      return "node-stub";
    case Kind::operation:
      break;
  }
  return "node-op";
}

std::string svg_id(const PicNode& n) { return n.kind == Kind::module ? "module-" + escape(n.name) : n.id; }

std::string shape_text(const Shape& s) {
  return s.empty() ? "scalar" : fmt::format("{}", fmt::join(s.begin(), s.end(), "×"));
}
std::string label_text(const std::string& s, std::size_t longest) {
  return escape_for_graphviz(shortened(s, longest), 2);
}
// Graphviz takes quoted strings of up to 16,384 bytes.
std::string tooltip_text(const std::string& s) { return escape_for_graphviz(shortened(s, 500), 4); }

std::string type_text(const PicNode& n) { return fmt::format("{} [{}]", short_name(n.dtype), shape_text(n.shape)); }

int steps_per_cell(std::size_t steps) { return static_cast<int>((steps + kLongestStrip - 1) / kLongestStrip); }

std::string NodeLabels::title(const PicNode& n) const {
  const bool op = n.kind == Kind::operation || n.kind == Kind::result || n.kind == Kind::module;
  std::string text = label_text((n.kind == Kind::module ? "▸ " : "") + n.title, n.kind == Kind::module ? 80 : 48);
  if (!n.number.empty()) text += " " + n.number;
  const bool named = !n.name.empty() && n.kind != Kind::module;
  if (named) text += "&#160;&#160;";  // at the end: in SVG, spaces at the beginning of a text are none
  if (op) text = "<b>" + text + "</b>";
  if (!n.told.empty()) text += fmt::format(R"( <font point-size="8.5">{}</font>)", label_text(n.told));
  if (named) text += label_text(n.name);
  if (n.copies > 1 && n.kind != Kind::operation && n.kind != Kind::module && n.kind != Kind::output)
    text += fmt::format(R"( <font point-size="8.5" color="#374151">× {}</font>)", n.copies);
  if (const char* word = alarm(n))
    text = fmt::format("<font color=\"{}\"><b>{}&#160;</b></font> {}", kAlarm, word, text);
  if (n.kind == Kind::frozen) text += " <font point-size=\"7.5\" color=\"#5F6B76\">frozen</font>";
  return text;
}

namespace {
std::string duration(double microseconds) {
  const auto digits = [](double v) { return v < 9.95 ? 2 : v < 99.5 ? 1 : 0; };
  if (microseconds < 999.5) return fmt::format("{:.{}f} µs", microseconds, std::min(1, digits(microseconds)));
  const double ms = microseconds / 1e3;
  return ms < 999.5 ? fmt::format("{:.{}f} ms", ms, digits(ms)) : fmt::format("{:.2f} s", ms / 1e3);
}
}  // namespace

std::string time_text(const PicNode& n) {
  if (n.kind == Kind::ghost || (n.time.forward <= 0 && n.time.backward <= 0)) return "";
  return duration(n.time.forward) + (n.time.backward > 0 ? " · " + duration(n.time.backward) + " back" : "");
}

std::string NodeLabels::label(const PicNode& n) const {
  if (n.kind == Kind::stub) return fmt::format(R"(<font point-size="9" color="#374151">{}</font>)", n.title);
  std::string symbol;
  if (!n.symbol.empty()) {
    symbol = fmt::format("&#160;&#160;<i>{}</i>", n.symbol);
    if (n.layer) symbol += fmt::format("<font point-size=\"9\"><sup>[{}]</sup></font>&#160;", n.layer);
  }
  std::string s = fmt::format(
      "<table border=\"0\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"1\"><tr><td align=\"left\">{}</td><td "
      "align=\"right\">{}</td></tr>"
      "<tr><td align=\"left\" colspan=\"2\"><font point-size=\"8.5\" color=\"#5F6B76\">{}</font></td></tr>",
      title(n), symbol, facts(n));
  s += values(n) + strip(n);
  if (n.largest_grad >= 0) s += small_row("#B34700", "largest grad norm " + short_number(n.largest_grad));
  if (const std::string time = time_text(n); !time.empty()) s += small_row("#374151", time);
  for (const std::string& note : n.notes) s += small_row("#5F6B76", escape(note));
  if (!n.saves.empty()) s += small_row("#8A6100", "saves " + saved_names(n));
  return s + "</table>";
}

std::string NodeLabels::facts(const PicNode& n) const {
  if (n.kind == Kind::kept) {
    const double bytes = static_cast<double>(n.shape.numel()) * static_cast<double>(item_size(n.dtype)) * n.copies;
    return fmt::format("{} · {}", type_text(n), bytes_text(bytes));
  }
  if (n.kind != Kind::module) return type_text(n);
  std::string s = fmt::format("{} {}", n.operations, n.operations == 1 ? "op" : "ops");
  if (n.parameters) s += fmt::format(" · {} {}", n.parameters, n.parameters == 1 ? "parameter" : "parameters");
  return s + " · out " + type_text(n);
}

const char* NodeLabels::alarm(const PicNode& n) const {
  if (n.alarm) return n.alarm;
  const char* word = nullptr;
  const bool bad =
      (n.value.defined() && has_nonfinite(n.value, word, n.masks)) || (n.grad.defined() && has_nonfinite(n.grad, word));
  return bad ? word : nullptr;
}

bool NodeLabels::as_cells(const Tensor& t) const {
  if (p_.values == Values::cells) return t.numel() <= 256;
  return p_.values == Values::automatic && few_ && t.numel() <= kMaxCells &&
         (t.dim() == 0 || t.size(-1) <= kMaxColumns);
}

std::string NodeLabels::values(const PicNode& n) const {
  if (p_.values == Values::off || n.kind == Kind::module || (!n.value.defined() && !n.grad.defined())) return "";
  const Tensor& any = n.value.defined() ? n.value : n.grad;
  if (any.numel() == 0) return "";
  if (!as_cells(any)) {
    std::string s;
    if (n.value.defined()) s += stat_row("value", "#5F6B76", n.value);
    if (n.grad.defined()) s += stat_row("grad", "#B34700", n.grad);
    return s;
  }
  std::string top, bottom;
  const auto column = [&](const Tensor& t, const char* caption, const char* colour) {
    if (!t.defined()) return;
    top += "<td>" + cells(t, n.masks && &t == &n.value) + "</td>";
    bottom += fmt::format("<td><font point-size=\"7.5\" color=\"{}\">{}</font></td>", colour, caption);
  };
  column(n.value, "value", "#5F6B76");
  column(n.grad, "grad", "#B34700");
  return fmt::format(
      "<tr><td colspan=\"2\"><table border=\"0\" cellborder=\"0\" cellspacing=\"0\" "
      "cellpadding=\"2\"><tr>{}</tr><tr>{}</tr></table></td></tr>",
      top, bottom);
}

// One cell per step for the norm of the gradient, so that one that vanishes is seen.
std::string NodeLabels::strip(const PicNode& n) const {
  if (n.norms.empty() || p_.values == Values::off) return "";
  const auto each = static_cast<std::size_t>(steps_per_cell(n.norms.size()));
  const std::size_t cells = (n.norms.size() + each - 1) / each, width = std::max<std::size_t>(150 / cells, 2);
  std::string row;
  for (std::size_t i = 0; i < n.norms.size(); i += each) {
    const double norm = of_cell(n.norms, i, each);
    const std::string colour =
        norm < 0 ? "#FFFFFF" : heat(norm, std::max(p_.lowest_norm, 1e-300), std::max(p_.highest_norm, 1e-300));
    row += fmt::format(R"(<td width="{}" height="11" bgcolor="{}"></td>)", width, colour);
  }
  return fmt::format(
             R"(<tr><td align="left" colspan="2"><table border="1" color="#9AA3AD" cellborder="0" cellspacing="0" )"
             R"(cellpadding="0"><tr>{}</tr></table></td></tr>)",
             row) +
         small_row("#B34700", fmt::format("grad norm {} … {}", norm_text(n.norms.front()), norm_text(n.norms.back())));
}

double NodeLabels::width(const PicNode& n) const {
  const auto text = [](std::size_t count, double size) { return static_cast<double>(count) * size * 0.53; };
  const std::size_t name = n.name.empty() || n.kind == Kind::module ? 0 : std::min(letters(n.name), kLongestTitle) + 2;
  double w = text(std::min(letters(n.title), kLongestTitle) + name, 11) + (n.symbol.empty() ? 0 : 25);
  if (!n.told.empty()) w += text(letters(n.told) + 1, 8.5);
  w = std::max(w, text(letters(facts(n)), 8.5));
  if (p_.values != Values::off && n.kind != Kind::module) {
    double both = 0;
    for (const Tensor* t : {&n.value, &n.grad})
      if (t->defined() && t->numel() > 0) {
        const double columns = t->dim() ? static_cast<double>(t->size(-1)) : 1;
        as_cells(*t) ? both += 29 * columns + 8 : w = std::max(w, text(t->numel() == 1 ? 12 : 46, 7.5));
      }
    w = std::max(w, both);
  }
  if (!n.norms.empty()) w = std::max(w, n.norms.size() > 75 ? 206.0 : 155.0);
  for (const std::string& note : n.notes) w = std::max(w, text(letters(note), 7.5));
  std::size_t saves = 6;
  for (const std::string& s : n.saves) saves += std::min(letters(s), kLongestTitle) + 2;
  if (!n.saves.empty()) w = std::max(w, text(std::min(saves, kSavesWidth), 7.5));
  return w + 14;
}

double NodeLabels::height(const PicNode& n) const {
  double h = 38;
  if (p_.values != Values::off && n.kind != Kind::module) {
    double both = 0;
    for (const Tensor* t : {&n.value, &n.grad})
      if (t->defined() && t->numel() > 0) {
        const double columns = t->dim() ? std::max(1.0, static_cast<double>(t->size(-1))) : 1;
        as_cells(*t) ? both = std::max(both, 13 * static_cast<double>(t->numel()) / columns + 18) : h += 11;
      }
    h += both;
  }
  if (!n.norms.empty()) h += 26;
  if (n.largest_grad >= 0) h += 11;
  if (!time_text(n).empty()) h += 11;
  return h + 11 * static_cast<double>(n.notes.size() + (n.saves.empty() ? 0 : 1));
}

}  // namespace xgrad::viz
