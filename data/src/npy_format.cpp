#include "npy_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "shown.hpp"

namespace xgrad::data {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are written as little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::uint32_t kMostNpyHeader = 1 << 16;

// NumPy's letters and the names of stored types.
struct Code {
  const char *numpy, *stored;
};
constexpr Code kCodes[] = {{"b1", "BOOL"}, {"u1", "U8"},  {"i1", "I8"},  {"u2", "U16"}, {"i2", "I16"}, {"f2", "F16"},
                           {"u4", "U32"},  {"i4", "I32"}, {"f4", "F32"}, {"u8", "U64"}, {"i8", "I64"}, {"f8", "F64"}};

// The header's text, a literal of a Python dict with the keys descr, fortran_order and shape in any order.
class HeaderText {
 public:
  HeaderText(ByteSource& from, std::string_view text) : from_(from), text_(text) {}

  NpyHeader parse() {
    expect('{');
    while (!take('}')) {
      member();
      if (!take(',') && look() != '}') wrong(", or }");
    }
    if (look() != 0 || at_ < text_.size()) wrong("nothing behind }");
    for (const auto& [seen, key] :
         {std::pair{has_type_, "descr"}, {has_order_, "fortran_order"}, {has_shape_, "shape"}})
      if (!seen) from_.fail(fmt::format("the header has no '{}'", key));
    check_size();
    return header_;
  }

 private:
  void member() {
    const std::string_view key = string();
    expect(':');
    bool& seen = key == "descr" ? has_type_ : key == "fortran_order" ? has_order_ : has_shape_;
    if (key != "descr" && key != "fortran_order" && key != "shape")
      from_.fail(fmt::format("the header has an unknown key '{}'", shown(key)));
    if (std::exchange(seen, true)) from_.fail(fmt::format("the header has '{}' twice", key));
    if (key == "descr")
      type();
    else if (key == "fortran_order")
      header_.fortran_order = truth();
    else
      shape();
  }

  void type() {
    if (look() == '[') from_.fail("arrays of records are not supported");
    const std::string_view full = string();
    std::string_view code = full;
    const char order = code.empty() ? ' ' : code.front();
    if (std::string_view("<>=|").find(order) != std::string_view::npos) code.remove_prefix(1);
    if (code.starts_with('O')) from_.fail("arrays of Python objects are pickles, which can run code: refused");
    header_.type = nullptr;
    for (const Code& c : kCodes)
      if (code == c.numpy) header_.type = find_stored_type(c.stored);
    if (!header_.type) from_.fail(fmt::format("values of type '{}' are not supported", shown(full)));
    header_.swapped = order == '>' && header_.type->bytes > 1;
  }

  void shape() {
    expect('(');
    bool comma = true;
    while (!take(')')) {
      if (!comma) wrong(", or )");
      if (header_.shape.rank() == kMaxRank)
        from_.fail(fmt::format("more than {} dimensions are not supported", kMaxRank));
      header_.shape.push_back(size());
      comma = take(',');
      if (!comma && header_.shape.rank() == 1) wrong(", as in (3,)");
    }
  }

  std::int64_t size() {
    look();
    std::int64_t n = 0;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text_[at_] - '0', &n))
        from_.fail("the header states a size that overflows 64 bits");
    if (at_ == begin) wrong("a size");
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // as Python 2 wrote it
    return n;
  }

  bool truth() {
    look();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    wrong("True or False");
  }

  std::string_view string() {
    const char quote = look();
    if (quote != '\'' && quote != '"') wrong("a string");
    const std::size_t begin = ++at_;
    at_ = std::min(text_.find(quote, begin), text_.size());
    if (at_ == text_.size()) wrong(quote == '"' ? "\"" : "'");
    return text_.substr(begin, at_++ - begin);
  }

  // The next character that is no space, 0 at the end.
  char look() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    const bool there = look() == c && at_ < text_.size();
    at_ += there;
    return there;
  }
  void expect(char c) {
    if (!take(c)) wrong(std::string(1, c));
  }
  [[noreturn]] void wrong(const std::string& expected) {
    from_.fail(fmt::format("the header is damaged: expected {} at its character {}: '{}'", expected, at_ + 1,
                           shown(text_.substr(std::min(at_, text_.size()), 20))));
  }

  // Zeros must not hide an overflow of the other sizes.
  void check_size() const {
    std::uint64_t most = std::max(header_.type->bytes, header_.type->kept_bytes);
    for (const std::int64_t n : header_.shape)
      if (__builtin_mul_overflow(most, static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1)), &most) ||
          most > INT64_MAX)
        from_.fail("the stated size overflows 64 bits");
  }

  ByteSource& from_;
  std::string_view text_;
  std::size_t at_ = 0;
  NpyHeader header_{};
  bool has_type_ = false, has_order_ = false, has_shape_ = false;
};

// Turns the bytes of each value round.
class Swapped : public ByteSource {
 public:
  Swapped(ByteSource& from, std::size_t width) : from_(from), width_(width) {}

 private:
  void report(const std::string& reason) const override { from_.fail(reason); }
  // Asked for whole values only.
  std::size_t read_some(void* to, std::size_t n) override {
    const std::size_t got = from_.read(to, n);
    auto* bytes = static_cast<unsigned char*>(to);
    for (std::size_t i = 0; i + width_ <= got; i += width_) std::reverse(bytes + i, bytes + i + width_);
    return got;
  }

  ByteSource& from_;
  std::size_t width_;
};

}  // namespace

NpyHeader read_npy_header(ByteSource& from) {
  std::array<unsigned char, 8> start{};
  if (from.read(start.data(), start.size()) < start.size() ||
      !std::equal(kMagic.begin(), kMagic.end(), reinterpret_cast<const char*>(start.data())))
    from.fail("not an npy file: it does not start with \\x93NUMPY");
  const int major = start[6], minor = start[7];
  if (major < 1 || major > 3 || minor != 0)
    from.fail(fmt::format("version {}.{} of the npy format, 1.0 to 3.0 are supported", major, minor));
  std::array<unsigned char, 4> size{};
  from.read_exactly(size.data(), major == 1 ? 2 : 4);
  const std::uint32_t length =
      size[0] | std::uint32_t{size[1]} << 8 | std::uint32_t{size[2]} << 16 | std::uint32_t{size[3]} << 24;
  if (length > kMostNpyHeader)
    from.fail(fmt::format("a header of {} bytes is stated, at most {} are supported", length, kMostNpyHeader));
  std::string text(length, '\0');
  from.read_exactly(text.data(), length);
  return HeaderText(from, text).parse();
}

Tensor read_npy_values(ByteSource& from, const NpyHeader& header) {
  Shape stored = header.shape;
  if (header.fortran_order) std::reverse(stored.begin(), stored.end());
  Tensor values;
  try {
    if (header.swapped) {
      Swapped turned(from, header.type->bytes);
      values = header.type->read(turned, stored);
    } else {
      values = header.type->read(from, stored);
    }
  } catch (const std::range_error& problem) {
    from.fail(problem.what());
  }
  from.expect_end();
  if (!header.fortran_order || header.shape.rank() < 2) return values;
  std::vector<std::int64_t> order(header.shape.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(order.size() - 1 - i);
  return values.permute(order);
}

std::string npy_header(DType dtype, const Shape& shape) {
  const StoredType& type = stored_type_of(dtype);
  const auto code =
      std::ranges::find_if(kCodes, [&](const Code& c) { return std::string_view(c.stored) == type.name; });
  std::string text =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}", type.bytes == 1 ? '|' : '<',
                  code->numpy, fmt::join(shape, ", "), shape.rank() == 1 ? "," : "");
  // Spaces and a line's end, so that the values begin at a multiple of 64.
  constexpr std::size_t kBefore = 10;
  text.append(63 - (kBefore + text.size()) % 64, ' ');
  text += '\n';
  std::string start(kMagic);
  start += '\1';
  start += '\0';
  start += static_cast<char>(text.size() & 255);
  start += static_cast<char>(text.size() >> 8);
  return start + text;
}

}  // namespace xgrad::data
