#include "compare.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>

namespace course {
namespace {

constexpr double kRelative = 1e-6, kAbsolute = 1e-9;

// Everything that came from the other process, as far as it came.
struct Told {
  std::map<std::string, Numbers> values, after_forward, after_backward, gradients;
  bool forward_ended = false, backward_ended = false, invalid_argument = false;
  std::string todo, exception;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  bool next(char& kind, std::string& text, Numbers& n) {
    std::uint32_t length = 0, dims = 0;
    std::uint64_t count = 0;
    n = {};
    if (!take(&kind, 1) || !take(&length, sizeof length) || left() < length) return false;
    text.assign(bytes_, at_, length), at_ += length;
    if (!take(&dims, sizeof dims) || left() / 8 < dims) return false;
    n.shape.resize(dims);
    if (!take(n.shape.data(), 8 * dims) || !take(&count, sizeof count) || left() / 8 < count) return false;
    n.data.resize(count);
    return take(n.data.data(), 8 * count);
  }

 private:
  std::size_t left() const { return bytes_.size() - at_; }
  bool take(void* to, std::size_t size) {
    if (left() < size) return false;
    if (size) std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }
  const std::string& bytes_;
  std::size_t at_ = 0;
};

Told read_told(const std::string& bytes) {
  Told told;
  Reader reader(bytes);
  char kind;
  std::string text;
  Numbers n;
  while (reader.next(kind, text, n)) {
    if (kind == 'v') told.values[text] = n;
    if (kind == 'a') (told.forward_ended ? told.after_backward : told.after_forward)[text] = n;
    if (kind == 'g') told.gradients[text] = n;
    if (kind == 'f') told.forward_ended = true;
    if (kind == 'b') told.backward_ended = true;
    if (kind == 't') told.todo = text;
    if (kind == 'e' || kind == 'i') told.exception = text;
    if (kind == 'i') told.invalid_argument = true;
  }
  return told;
}

bool filled(const Numbers& n) {
  std::size_t count = 1;
  for (std::int64_t size : n.shape) count *= static_cast<std::size_t>(std::max<std::int64_t>(size, 0));
  return n.data.size() == count;
}

bool same(const Numbers& a, const Numbers& b) { return filled(b) && a.shape == b.shape && differing(a, b).empty(); }

std::string quoted(const std::string& node) { return "“" + node + "”"; }

// found[at(i)] for each element i of `like`, as an array of its shape.
template <class At>
Numbers rearranged(const Numbers& like, const Numbers& found, At at) {
  Numbers n = like;
  for (std::size_t i = 0; i < n.data.size(); ++i) n.data[i] = found.data[at(i)];
  return n;
}

std::optional<double> common_factor(const Numbers& expected, const Numbers& found) {
  double k = 0;
  for (std::size_t i = 0; i < expected.data.size(); ++i)
    if (std::fabs(expected.data[i]) > std::fabs(k)) k = expected.data[i];
  if (k == 0) return {};
  const auto largest =
      static_cast<std::size_t>(std::find(expected.data.begin(), expected.data.end(), k) - expected.data.begin());
  k = found.data[largest] / expected.data[largest];
  for (std::size_t i = 0; i < expected.data.size(); ++i)
    if (!close(k * expected.data[i], found.data[i])) return {};
  return std::isfinite(k) ? std::optional(k) : std::nullopt;
}

// "" of a factor that tells nothing.
std::string factor_hint(double k) {
  if (close(0, k)) return "every number of it is 0";
  if (close(-1, k)) return "only the sign is wrong";
  const double times = std::round(k), parts = std::round(1 / k);
  if (std::fabs(times) >= 2 && close(times, k))
    return "it is " + text_of(times) +
           " times what it must be: is a factor missing or there twice, or a mean taken for a sum?";
  if (std::fabs(parts) >= 2 && close(1 / parts, k))
    return "it is 1/" + text_of(parts) + " of what it must be: is it divided by a number once too often?";
  return "";
}

// What the numbers look like, whatever made them; "" when they look like nothing known.
std::string likeness(const Numbers& expected, const Numbers& found) {
  const std::size_t count = expected.data.size();
  if (std::any_of(found.data.begin(), found.data.end(), [](double v) { return !std::isfinite(v); }))
    return "there is NaN or infinity in it: a division by 0, exp() of a large number, log() of 0, or a reference into "
           "a vector that has grown since?";
  if (found.shape != expected.shape) {
    if (found.data.size() > count)
      return "it has more numbers than it must have: is the sum over the broadcast dimensions missing?";
    if (found.data.size() == count) return "the numbers are as many as they must be: are they transposed?";
    return "it has fewer numbers than it must have";
  }
  if (const auto k = common_factor(expected, found); k && !factor_hint(*k).empty()) return factor_hint(*k);
  const std::size_t dims = expected.shape.size();
  if (dims < 2) return "";
  const auto rows = static_cast<std::size_t>(expected.shape[dims - 2]);
  const auto columns = static_cast<std::size_t>(expected.shape[dims - 1]), plane = rows * columns;
  if (rows == columns && dims == 2 &&
      same(expected, rearranged(expected, found, [&](std::size_t i) { return i % rows * rows + i / rows; })))
    return "it is the transpose of what it must be";
  if (plane > 1 && same(expected, rearranged(expected, found,
                                             [&](std::size_t i) { return i - i % plane + (plane - 1 - i % plane); })))
    return "its rows and columns run backwards: is the kernel flipped?";
  return "";
}

Numbers without(const Numbers& all, const Numbers& part) {
  Numbers n = all;
  for (std::size_t i = 0; i < n.data.size(); ++i) n.data[i] -= part.data[i];
  return n;
}

// One row of a gradient that should have been summed over all of them.
std::string row_hint(const Truth& truth, const Use& use, const Numbers& expected, const Numbers& found) {
  const auto from = truth.gradients.find(use.by);
  if (from == truth.gradients.end()) return "";
  const Numbers& g = from->second;
  const std::size_t size = expected.data.size();
  if (!filled(found) || size == 0 || g.data.size() <= size || g.data.size() % size != 0 ||
      found.shape != expected.shape)
    return "";
  for (std::size_t row = 0; row < g.data.size() / size; ++row)
    if (same(found, rearranged(expected, g, [&](std::size_t i) { return row * size + i; })))
      return "it is row " + std::to_string(row) + " of the gradient of " + quoted(use.by) +
             " alone: is the sum over the examples of the batch missing?";
  return "";
}

// X Y, or with transposes of them, for matrices that fit; without numbers otherwise.
Numbers product(const Numbers& x, bool turn_x, const Numbers& y, bool turn_y) {
  const auto size = [](const Numbers& n, bool turned, int dim) { return n.shape[turned ? 1 - dim : dim]; };
  if (x.shape.size() != 2 || y.shape.size() != 2 || size(x, turn_x, 1) != size(y, turn_y, 0)) return {};
  const auto at = [](const Numbers& n, bool turned, std::int64_t i, std::int64_t j) {
    return n.data[static_cast<std::size_t>(turned ? j * n.shape[1] + i : i * n.shape[1] + j)];
  };
  Numbers z{{size(x, turn_x, 0), size(y, turn_y, 1)}, {}};
  for (std::int64_t i = 0; i < z.shape[0]; ++i)
    for (std::int64_t j = 0; j < z.shape[1]; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < size(x, turn_x, 1); ++k) sum += at(x, turn_x, i, k) * at(y, turn_y, k, j);
      z.data.push_back(sum);
    }
  return z;
}

// The gradient of a matrix product with its factors turned, or in another order.
std::string product_hint(const Truth& truth, const Use& use, const Numbers& found) {
  const auto gradient = truth.gradients.find(use.by);
  if (use.op != "matmul" || gradient == truth.gradients.end() || !filled(found)) return "";
  for (const Use& other : truth.uses) {
    const auto factor = truth.values.find(other.node);
    if (other.by != use.by || other.node == use.node || factor == truth.values.end()) continue;
    for (int way = 0; way < 8; ++way) {
      const bool first = way & 1, second = way & 2, exchanged = way & 4;
      const Numbers &g = gradient->second, &b = factor->second;
      const Numbers z = exchanged ? product(b, first, g, second) : product(g, first, b, second);
      if (z.data.empty() || !same(z, found)) continue;
      const std::string G = "(∂L/∂" + use.by + ")" + ((exchanged ? second : first) ? "ᵀ" : "");
      const std::string B = other.node + ((exchanged ? first : second) ? "ᵀ" : "");
      return "it is " + (exchanged ? B + " " + G : G + " " + B) + ": is a transpose missing, or in the wrong place?";
    }
  }
  return "";
}

std::string gradient_hint(const Truth& truth, const std::string& node, const Numbers& expected, const Numbers& found) {
  std::vector<const Use*> uses;
  for (const Use& u : truth.uses)
    if (u.node == node) uses.push_back(&u);
  for (const Use* u : uses) {
    if (uses.size() < 2 || u->sent.shape != expected.shape || !filled(u->sent)) continue;
    const std::string use = u->op + (u->by.empty() ? "" : " (" + quoted(u->by) + ")");
    if (same(u->sent, found))
      return "only what its use in " + use + " sends is there: is it stored where it must be added?";
    if (same(without(expected, u->sent), found)) return "what its use in " + use + " sends is missing";
  }
  for (const Use* u : uses)
    for (const std::string& hint : {row_hint(truth, *u, expected, found), product_hint(truth, *u, found)})
      if (!hint.empty()) return hint;
  return "";
}

std::string sentence_about(const std::string& subject, const Numbers& expected, const Numbers& found) {
  if (!filled(found))
    return found.data.empty() ? subject + " has no numbers, must be " + text_of(expected)
                              : subject + " has " + std::to_string(found.data.size()) +
                                    " numbers, which do not fill its shape " + text_of_shape(found.shape);
  if (found.shape != expected.shape)
    return subject + " has the shape " + text_of_shape(found.shape) + ", must have " + text_of_shape(expected.shape);
  const std::vector<std::size_t> wrong = differing(expected, found);
  const std::size_t i = wrong.front();
  std::string s = subject + index_text(expected.shape, i) + " is " + text_of(found.data[i]) + ", must be " +
                  text_of(expected.data[i]);
  if (expected.data.size() > 1)
    s += "  (" + std::to_string(wrong.size()) + " of " + std::to_string(expected.data.size()) + " numbers differ)";
  return s;
}

class Judge {
 public:
  Judge(const Check& check, const Truth& truth, const ChildEnd& mine)
      : check_(check), truth_(truth), told_(read_told(mine.output)), end_(mine) {}

  Verdict verdict() {
    if (!told_.todo.empty()) return {.kind = Verdict::Kind::todo, .sentence = told_.todo, .function = check_.function};
    if (!check_.throws.empty()) return refusal();
    if (const auto v = forward()) return *v;
    if (check_.backward)
      if (const auto v = backward()) return *v;
    if (!end_.failed.empty() || !told_.exception.empty()) return stopped(truth_.result, "gradient", "afterwards, ");
    return {};
  }

 private:
  std::string derivative(const std::string& node) const {
    return "∂" + (check_.seed.data.empty() ? truth_.result : "L") + "/∂" + node;
  }
  std::string at_fault(const std::string& node, const std::string& what) const {
    const auto own = check_.gradient_by.find(node);
    return what == "gradient" && own != check_.gradient_by.end() ? own->second : check_.function;
  }
  const Numbers& expected(const std::string& node, const std::string& what) const {
    static const Numbers none;
    const auto& all = what == "value" ? truth_.values : truth_.gradients;
    const auto at = all.find(node);
    return at == all.end() ? none : at->second;
  }
  Verdict wrong(const std::string& node, const std::string& what, const Numbers& found, std::string sentence,
                std::string hint) const {
    return {Verdict::Kind::wrong,
            node,
            what,
            expected(node, what),
            found,
            std::move(sentence),
            at_fault(node, what),
            best_hint(std::move(hint), expected(node, what), found)};
  }
  // What is known of this very node, else what the check knows, else what the numbers look like.
  std::string best_hint(std::string hint, const Numbers& right, const Numbers& found) const {
    if (hint.empty()) hint = check_.hint;
    return hint.empty() && filled(found) ? likeness(right, found) : hint;
  }
  // It crashed, threw, or did not end, while it was to find this.
  Verdict stopped(const std::string& node, const std::string& what, const std::string& when) const {
    const std::string how = !told_.exception.empty() ? "it threw an exception: " + told_.exception
                            : !end_.failed.empty()   ? end_.failed
                                                     : "it came to its end too early";
    return wrong(node, what, {}, when + how, "");
  }
  Verdict refusal() const {
    if (told_.invalid_argument) return {};
    Verdict v{
        .kind = Verdict::Kind::wrong, .sentence = check_.throws, .function = check_.function, .hint = check_.hint};
    if (!told_.exception.empty()) v.sentence += "; but it threw another exception: " + told_.exception;
    if (!end_.failed.empty()) v.sentence += "; but " + end_.failed;
    return v;
  }

  std::optional<Verdict> forward() const {
    for (const std::string& node : truth_.nodes) {
      const auto found = told_.values.find(node);
      if (found == told_.values.end()) return stopped(node, "value", "while it computed " + quoted(node) + ", ");
      const Numbers& right = expected(node, "value");
      if (!same(right, found->second))
        return wrong(node, "value", found->second, sentence_about(node, right, found->second), "");
    }
    for (const std::string& node : truth_.nodes)
      if (const auto v = changed(node, told_.after_forward, "by what was computed after it")) return v;
    return {};
  }
  std::optional<Verdict> changed(const std::string& node, const std::map<std::string, Numbers>& later,
                                 const std::string& by) const {
    const auto now = later.find(node);
    if (now == later.end() || same(expected(node, "value"), now->second)) return {};
    return wrong(
        node, "value", now->second,
        sentence_about(node, expected(node, "value"), now->second) + "; it was right at first, and was changed " + by,
        "an operation must not write into its inputs: their numbers are needed on the way back");
  }
  std::optional<Verdict> backward() const {
    for (auto node = truth_.nodes.rbegin(); node != truth_.nodes.rend(); ++node) {
      if (!truth_.gradients.contains(*node)) continue;
      const Numbers& right = expected(*node, "gradient");
      const auto found = told_.gradients.find(*node);
      if (found == told_.gradients.end()) return stopped(truth_.result, "gradient", "in backward, ");
      if (same(right, found->second)) continue;
      if (found->second.data.empty() && !right.data.empty())
        return wrong(
            *node, "gradient", {},
            "no gradient arrived at " + quoted(*node) + ", " + derivative(*node) + " must be " + text_of(right), "");
      return wrong(*node, "gradient", found->second, sentence_about(derivative(*node), right, found->second),
                   gradient_hint(truth_, *node, right, found->second));
    }
    for (const std::string& node : truth_.nodes)
      if (const auto v = changed(node, told_.after_backward, "by the backward pass")) return v;
    return {};
  }

  const Check& check_;
  const Truth& truth_;
  const Told told_;
  const ChildEnd& end_;
};

}  // namespace

bool close(double expected, double found) {
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found);
  return expected == found || std::fabs(expected - found) <= kAbsolute + kRelative * std::fabs(expected);
}

std::vector<std::size_t> differing(const Numbers& expected, const Numbers& found) {
  std::vector<std::size_t> at;
  const bool comparable = expected.shape == found.shape && expected.data.size() == found.data.size();
  for (std::size_t i = 0; i < found.data.size(); ++i)
    if (!comparable || !close(expected.data[i], found.data[i])) at.push_back(i);
  return at;
}

std::string text_of(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "∞" : "−∞";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.5g", std::fabs(v));
  return (v < 0 ? "−" : "") + std::string(buffer);
}

std::string text_of(const Numbers& n) {
  constexpr std::size_t kMost = 8;
  if (n.shape.empty() && n.data.size() == 1) return text_of(n.data[0]);
  std::string s;
  for (std::size_t i = 0; i < std::min(n.data.size(), kMost); ++i) s += (i ? ", " : "") + text_of(n.data[i]);
  return "[" + s + (n.data.size() > kMost ? ", …" : "") + "]";
}

std::string text_of_shape(const std::vector<std::int64_t>& shape) {
  std::string s;
  for (std::int64_t size : shape) s += (s.empty() ? "" : "×") + std::to_string(size);
  return shape.empty() ? "of a single number" : shape.size() == 1 ? "(" + s + ")" : s;
}

std::string index_text(const std::vector<std::int64_t>& shape, std::size_t flat) {
  std::string s;
  for (std::size_t k = shape.size(); k-- > 0;) {
    const auto size = static_cast<std::size_t>(shape[k]);
    s.insert(0, "[" + std::to_string(flat % size) + "]");
    flat /= size;
  }
  return s;
}

Verdict judge(const Check& check, const Truth& truth, const ChildEnd& mine) {
  return Judge(check, truth, mine).verdict();
}

}  // namespace course
