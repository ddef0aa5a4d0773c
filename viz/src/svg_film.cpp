#include "svg_film.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

// An element with its tags, or a text, which has nothing inside.
struct Element {
  std::string_view whole, open, close;
  std::vector<Element> inside;
};

std::size_t end_of_tag(std::string_view svg, std::size_t at) {
  return svg.find('>', at) + 1;  // attributes of drawings hold no ">"
}

Element parsed(std::string_view svg, std::size_t& at) {
  const std::size_t begin = at;
  if (svg[at] != '<') {
    at = std::min(svg.find('<', at), svg.size());
    return {svg.substr(begin, at - begin), {}, {}, {}};
  }
  at = end_of_tag(svg, at);
  Element e{{}, svg.substr(begin, at - begin), {}, {}};
  if (!e.open.ends_with("/>")) {
    while (!svg.substr(at).starts_with("</")) e.inside.push_back(parsed(svg, at));
    const std::size_t closing = at;
    at = end_of_tag(svg, at);
    e.close = svg.substr(closing, at - closing);
  }
  e.whole = svg.substr(begin, at - begin);
  return e;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

class Film {
 public:
  Film(std::size_t frames, double hold) : frames_(frames), hold_(hold) {}

  // The same element of each frame.
  std::string merged(const std::vector<const Element*>& of) {
    bool equal = true;
    for (const Element* e : of) equal = equal && e->whole == of[0]->whole;
    if (equal) return std::string(of[0]->whole);
    if (!same_kind(of)) return alternatives(of);
    std::string out(of[0]->open);
    for (std::size_t i = 0; i < of[0]->inside.size(); ++i) out += merged(children(of, i));
    return out + std::string(of[0]->close);
  }

  std::string style(double seconds, bool repeat) const {
    std::string css = "<style>@media (prefers-reduced-motion: no-preference) {\n";
    for (const auto& [run, name] : runs_) {
      const auto& [from, to] = run;
      css += fmt::format("@keyframes {} {{ ", name);
      if (from > 0) css += "0% { visibility: hidden } ";
      css += fmt::format("{:.6g}% {{ visibility: visible }} ", percent(from));
      css += to < frames_ ? fmt::format("{:.6g}%, 100% {{ visibility: hidden }} }}\n", percent(to))
                          : "100% { visibility: visible } }\n";
      css += fmt::format(".{0} {{ animation: {0} {1:.6g}s step-end {2} }}\n", name, seconds,
                         repeat ? "infinite" : "forwards");
    }
    return css + "}</style>\n";
  }

 private:
  static std::vector<const Element*> children(const std::vector<const Element*>& of, std::size_t i) {
    std::vector<const Element*> out;
    for (const Element* e : of) out.push_back(&e->inside[i]);
    return out;
  }

  // Whether they differ in their contents only, piece by piece. A clipping area must not: its name is used by others.
  static bool same_kind(const std::vector<const Element*>& of) {
    const Element& first = *of[0];
    if (!first.open.starts_with("<g") && !first.open.starts_with("<svg")) return false;
    for (const Element* e : of) {
      if (e->open != first.open || e->inside.size() != first.inside.size()) return false;
      for (std::size_t i = 0; i < first.inside.size(); ++i)
        if (first.inside[i].open.starts_with("<clipPath") && e->inside[i].whole != first.inside[i].whole) return false;
    }
    return true;
  }

  // Each of them in its time; neighbours that are equal are one.
  std::string alternatives(const std::vector<const Element*>& of) {
    std::string out;
    for (std::size_t from = 0, to = 0; from < of.size(); from = to) {
      while (to < of.size() && of[to]->whole == of[from]->whole) ++to;
      const std::string name = fmt::format("f{}-{}", from, to);
      runs_[{from, to}] = name;
      out += fmt::format("<g class=\"{}\"{}>{}</g>\n", name, to < frames_ ? " visibility=\"hidden\"" : "",
                         replaced(replaced(std::string(of[from]->whole), "id=\"area", "id=\"" + name + "-area"),
                                  "url(#area", "url(#" + name + "-area"));
    }
    return out;
  }

  // When a frame begins. All but the last one take the same time.
  double percent(std::size_t frame) const {
    return 100 * (1 - hold_) * static_cast<double>(frame) / static_cast<double>(frames_ - 1);
  }

  std::size_t frames_;
  double hold_;
  std::map<std::pair<std::size_t, std::size_t>, std::string> runs_;
};

}  // namespace

std::string film(const std::vector<std::string>& frames, double seconds, double hold, bool repeat) {
  std::vector<Element> trees;
  std::vector<const Element*> of;
  for (const std::string& svg : frames) {
    std::size_t at = 0;
    trees.push_back(parsed(svg, at));
  }
  for (const Element& e : trees) {
    if (e.open != trees[0].open) return {};
    of.push_back(&e);
  }
  Film all(frames.size(), hold);
  const std::string tag(trees[0].open);
  std::string out = all.merged(of);
  if (!out.starts_with(tag)) out = tag + "\n" + out + "</svg>";  // they have nothing in common: one inside of another
  return out.insert(tag.size(), fmt::format("\n{}", all.style(seconds, repeat))) + "\n";
}

}  // namespace xgrad::viz
