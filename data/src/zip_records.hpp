// The records of a zip archive, once for reading and writing. Facts from PKWARE's APPNOTE.TXT 6.3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xgrad::data::zip {

// A value that is stated here has no room in 32 (or 16) bits: it stands in a field of 64 bits elsewhere.
constexpr std::uint32_t kIn64 = 0xffffffff;
constexpr std::uint16_t kMany = 0xffff;
constexpr std::uint16_t kWideFields = 1;  // the id of these fields among the extra ones of a member
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kEncrypted = 0x2041, kUtf8Names = 1 << 11;

// A record is its signature and the members that `each` names, in this order, each as wide as its type, little-endian.

// What both headers of a member have.
struct Common {
  std::uint16_t version = 45, flags = 0, method = kStored, time = 0;
  std::uint16_t date = 1 << 5 | 1;  // 1980-01-01: same tensors, same file
  std::uint32_t crc = 0, stored_bytes = 0, bytes = 0;
  std::uint16_t name = 0, extra = 0;  // lengths

  template <class R, class F>
  static constexpr void each(R& r, F f) {
    f(r.version), f(r.flags), f(r.method), f(r.time), f(r.date), f(r.crc), f(r.stored_bytes), f(r.bytes);
    f(r.name), f(r.extra);
  }
};

// In front of the content, followed by name and extra fields.
struct Local : Common {
  static constexpr std::uint32_t kSignature = 0x04034b50;
};

// In the directory, followed by name, extra fields and comment.
struct Central : Common {
  static constexpr std::uint32_t kSignature = 0x02014b50;
  std::uint16_t made_by = 45, comment = 0, disk = 0, internal = 0;
  std::uint32_t external = 0, header = 0;

  template <class R, class F>
  static constexpr void each(R& r, F f) {
    f(r.made_by);
    Common::each(r, f);
    f(r.comment), f(r.disk), f(r.internal), f(r.external), f(r.header);
  }
};

// At the end of the file, followed by a comment.
struct End {
  static constexpr std::uint32_t kSignature = 0x06054b50;
  std::uint16_t disk = 0, first_disk = 0, here = 0, members = 0;
  std::uint32_t bytes = 0, offset = 0;  // of the directory
  std::uint16_t comment = 0;

  template <class R, class F>
  static constexpr void each(R& r, F f) {
    f(r.disk), f(r.first_disk), f(r.here), f(r.members), f(r.bytes), f(r.offset), f(r.comment);
  }
};

// In front of these two, when they have no room for something.
struct End64 {
  static constexpr std::uint32_t kSignature = 0x06064b50;
  std::uint64_t size = 44;  // of what follows
  std::uint16_t made_by = 45, version = 45;
  std::uint32_t disk = 0, first_disk = 0;
  std::uint64_t here = 0, members = 0, bytes = 0, offset = 0;

  template <class R, class F>
  static constexpr void each(R& r, F f) {
    f(r.size), f(r.made_by), f(r.version), f(r.disk), f(r.first_disk), f(r.here), f(r.members), f(r.bytes), f(r.offset);
  }
};
struct Locator {
  static constexpr std::uint32_t kSignature = 0x07064b50;
  std::uint32_t disk = 0;
  std::uint64_t end64 = 0;
  std::uint32_t disks = 1;

  template <class R, class F>
  static constexpr void each(R& r, F f) {
    f(r.disk), f(r.end64), f(r.disks);
  }
};

// With the signature.
template <class R>
constexpr std::uint64_t record_bytes() {
  std::uint64_t n = sizeof R::kSignature;
  R r;
  R::each(r, [&](const auto& field) { n += sizeof field; });
  return n;
}
template <class R>
inline constexpr std::uint64_t kBytes = record_bytes<R>();
static_assert(kBytes<Local> == 30 && kBytes<Central> == 46 && kBytes<End> == 22 && kBytes<End64> == 56 &&
              kBytes<Locator> == 20);

// Takes numbers, texts and records from the front of some bytes that hold at least these.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t left() const { return bytes_.size(); }
  template <class T>
  T number() {
    T v = 0;
    for (std::size_t i = 0; i < sizeof v; ++i) v |= static_cast<T>(T{static_cast<unsigned char>(bytes_[i])} << 8 * i);
    bytes_.remove_prefix(sizeof v);
    return v;
  }
  std::string_view text(std::size_t n) {
    const std::string_view t = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return t;
  }
  // Whether another record, or none, stands there.
  template <class R>
  bool record(R& r) {
    const bool is_one = number<std::uint32_t>() == R::kSignature;
    R::each(r, [&](auto& field) { field = number<std::remove_reference_t<decltype(field)>>(); });
    return is_one;
  }

 private:
  std::string_view bytes_;
};

template <class T>
void put_number(std::string& text, T v) {
  for (std::size_t i = 0; i < sizeof v; ++i) text += static_cast<char>(v >> 8 * i & 255);
}
template <class R>
std::string record_text(const R& r) {
  std::string text;
  put_number(text, R::kSignature);
  R::each(r, [&](auto field) { put_number(text, field); });
  return text;
}

}  // namespace xgrad::data::zip
