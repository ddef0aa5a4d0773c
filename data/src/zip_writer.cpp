#include <algorithm>
#include <new>

#include <zlib.h>

#include "zip_archive.hpp"

namespace xgrad::data {
namespace {

// The value, or that it stands in a wide field.
std::uint32_t narrow(std::uint64_t v) { return static_cast<std::uint32_t>(std::min<std::uint64_t>(v, zip::kIn64)); }

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
  zip::Local r;
  fill(r, e, wide);
  put(zip::record_text(r) + name + wide);
  if (compressed)
    put(std::move(deflated));
  else
    for (const Bytes& b : content) {
      pieces_.push_back(b);
      size_ += b.size;
    }
  entries_.push_back(std::move(e));
}

// What both headers of a member have.
void ZipWriter::fill(zip::Common& r, const Entry& e, const std::string& wide) {
  const bool ascii = std::ranges::all_of(e.name, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  r.flags = ascii ? 0 : zip::kUtf8Names;
  r.method = e.deflated ? zip::kDeflated : zip::kStored;
  r.crc = e.crc;
  r.stored_bytes = narrow(e.stored_bytes);
  r.bytes = narrow(e.bytes);
  r.name = static_cast<std::uint16_t>(e.name.size());
  r.extra = static_cast<std::uint16_t>(wide.size());
}

// The fields that have no room elsewhere.
std::string ZipWriter::wide_fields(const Entry& e, bool central) {
  std::string wide;
  const auto add = [&](std::uint64_t v) { zip::put_number(wide, v); };
  const bool local_pair = !central && std::max(e.bytes, e.stored_bytes) >= zip::kIn64;  // a local header: both or none
  if (e.bytes >= zip::kIn64 || local_pair) add(e.bytes);
  if (e.stored_bytes >= zip::kIn64 || local_pair) add(e.stored_bytes);
  if (central && e.header >= zip::kIn64) add(e.header);
  if (wide.empty()) return wide;
  std::string fields;
  zip::put_number(fields, zip::kWideFields);
  zip::put_number(fields, static_cast<std::uint16_t>(wide.size()));
  return fields + wide;
}

const std::vector<Bytes>& ZipWriter::finish() {
  const std::uint64_t directory = size_;
  for (const Entry& e : entries_) {
    const std::string wide = wide_fields(e, true);
    zip::Central r;
    fill(r, e, wide);
    r.header = narrow(e.header);
    put(zip::record_text(r) + e.name + wide);
  }
  const std::uint64_t end = size_, n = entries_.size();
  if (n >= zip::kMany || end >= zip::kIn64) {
    zip::End64 r;
    r.here = r.members = n;
    r.bytes = end - directory;
    r.offset = directory;
    zip::Locator locator;
    locator.end64 = end;
    put(zip::record_text(r) + zip::record_text(locator));
  }
  zip::End r;
  r.here = r.members = static_cast<std::uint16_t>(std::min<std::uint64_t>(n, zip::kMany));
  r.bytes = narrow(end - directory);
  r.offset = narrow(directory);
  put(zip::record_text(r));
  return pieces_;
}

}  // namespace xgrad::data
