#include <algorithm>
#include <new>

#include <zlib.h>

#include "zip_archive.hpp"

namespace xgrad::data {
namespace {

// Little-endian numbers one after the other.
class Record {
 public:
  Record& put(std::uint64_t v, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) text_ += static_cast<char>(v >> 8 * i & 255);
    return *this;
  }
  Record& u16(std::uint64_t v) { return put(v, 2); }
  Record& u32(std::uint64_t v) { return put(v, 4); }
  Record& u64(std::uint64_t v) { return put(v, 8); }
  Record& text(const std::string& t) {
    text_ += t;
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

constexpr std::uint64_t kIn64 = 0xffffffff, kVersion64 = 45, kUtf8Names = 1 << 11;
constexpr std::uint64_t kFirstDay = 1 << 5 | 1;  // 1980-01-01: same tensors, same file

std::string deflate_all(const std::vector<Bytes>& content) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&z, deflateEnd);
  std::string out;
  std::vector<unsigned char> piece(1 << 16);
  const auto run = [&](int flush) {
    do {
      z.next_out = piece.data();
      z.avail_out = static_cast<uInt>(piece.size());
      deflate(&z, flush);
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - z.avail_out);
    } while (z.avail_out == 0);
  };
  for (const Bytes& b : content) {
    constexpr std::size_t kMost = 1 << 30;
    for (std::size_t at = 0; at < b.size; at += kMost) {
      z.next_in = static_cast<unsigned char*>(const_cast<void*>(b.data)) + at;  // which zlib does not write to
      z.avail_in = static_cast<uInt>(std::min(kMost, b.size - at));
      run(Z_NO_FLUSH);
    }
  }
  run(Z_FINISH);
  return out;
}

}  // namespace

void ZipWriter::put(std::string text) {
  texts_.push_back(std::move(text));
  pieces_.push_back({texts_.back().data(), texts_.back().size()});
  size_ += texts_.back().size();
}

void ZipWriter::add(const std::string& name, const std::vector<Bytes>& content, bool compressed) {
  Entry e{name, compressed, 0, 0, 0, size_};
  for (const Bytes& b : content) {
    e.crc = static_cast<std::uint32_t>(crc32_z(e.crc, static_cast<const unsigned char*>(b.data), b.size));
    e.bytes += b.size;
  }
  std::string deflated;
  if (compressed) deflated = deflate_all(content);
  e.stored_bytes = compressed ? deflated.size() : e.bytes;
  const std::string wide = wide_fields(e, false);
  put(Record().u32(0x04034b50).text(common_fields(e)).u16(wide.size()).text(name).text(wide).take());
  if (compressed)
    put(std::move(deflated));
  else
    for (const Bytes& b : content) {
      pieces_.push_back(b);
      size_ += b.size;
    }
  entries_.push_back(std::move(e));
}

// From the version that is needed to the length of the name, which both headers of a member have.
std::string ZipWriter::common_fields(const Entry& e) {
  const bool ascii = std::ranges::all_of(e.name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  Record r;
  r.u16(kVersion64).u16(ascii ? 0 : kUtf8Names).u16(e.deflated ? 8 : 0).u16(0).u16(kFirstDay).u32(e.crc);
  r.u32(std::min(e.stored_bytes, kIn64)).u32(std::min(e.bytes, kIn64)).u16(e.name.size());
  return r.take();
}

// The fields that have no room elsewhere.
std::string ZipWriter::wide_fields(const Entry& e, bool central) {
  Record wide;
  const bool local_pair = !central && std::max(e.bytes, e.stored_bytes) >= kIn64;  // a local header has both or none
  if (e.bytes >= kIn64 || local_pair) wide.u64(e.bytes);
  if (e.stored_bytes >= kIn64 || local_pair) wide.u64(e.stored_bytes);
  if (central && e.header >= kIn64) wide.u64(e.header);
  const std::string fields = wide.take();
  return fields.empty() ? "" : Record().u16(1).u16(fields.size()).text(fields).take();
}

const std::vector<Bytes>& ZipWriter::finish() {
  const std::uint64_t directory = size_;
  for (const Entry& e : entries_) {
    const std::string wide = wide_fields(e, true);
    Record r;
    r.u32(0x02014b50).u16(kVersion64).text(common_fields(e)).u16(wide.size()).u16(0).u16(0).u16(0).u32(0);
    put(r.u32(std::min(e.header, kIn64)).text(e.name).text(wide).take());
  }
  const std::uint64_t end = size_, n = entries_.size();
  if (n >= 0xffff || end >= kIn64) {
    Record r;
    r.u32(0x06064b50).u64(44).u16(kVersion64).u16(kVersion64).u32(0).u32(0).u64(n).u64(n).u64(end - directory);
    put(r.u64(directory).u32(0x07064b50).u32(0).u64(end).u32(1).take());
  }
  const std::uint64_t shown = std::min<std::uint64_t>(n, 0xffff);
  Record r;
  r.u32(0x06054b50).u16(0).u16(0).u16(shown).u16(shown).u32(std::min(end - directory, kIn64));
  put(r.u32(std::min(directory, kIn64)).u16(0).take());
  return pieces_;
}

}  // namespace xgrad::data
