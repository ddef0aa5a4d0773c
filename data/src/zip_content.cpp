#include <algorithm>
#include <array>
#include <new>

#include <fmt/format.h>
#include <zlib.h>

#include "shown.hpp"
#include "zip_archive.hpp"

namespace xgrad::data {

struct ZipContent::Inflater {
  z_stream stream{};
  bool ended = false;
  std::array<unsigned char, 1 << 16> piece;
  Inflater() {
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();  // without a header of its own
  }
  ~Inflater() { inflateEnd(&stream); }
};

ZipContent::ZipContent(const InputFile& file, const ZipMember& member) : file_(file), member_(member) {
  if (member.deflated) inflater_ = std::make_unique<Inflater>();
}

ZipContent::~ZipContent() = default;

void ZipContent::report(const std::string& reason) const {
  file_.fail(fmt::format("'{}': {}", shown(member_.name), reason));
}

std::size_t ZipContent::read_some(void* to, std::size_t n) {
  const std::size_t got = inflater_ ? read_deflated(to, n) : read_stored(to, n);
  crc_ = static_cast<std::uint32_t>(crc32_z(crc_, static_cast<const unsigned char*>(to), got));
  if (got == 0 && n > 0) check_end();
  return got;
}

std::size_t ZipContent::read_stored(void* to, std::size_t n) {
  const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(n, member_.stored_bytes - taken_));
  file_.read_at(member_.begin + taken_, to, now);
  taken_ += now;
  return now;
}

std::size_t ZipContent::read_deflated(void* to, std::size_t n) {
  z_stream& z = inflater_->stream;
  z.next_out = static_cast<unsigned char*>(to);
  z.avail_out = static_cast<uInt>(n);
  while (!inflater_->ended && z.avail_out > 0) {
    if (z.avail_in == 0) refill();
    const int code = inflate(&z, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    inflater_->ended = code == Z_STREAM_END;
    if (code == Z_BUF_ERROR && z.avail_in == 0 && taken_ == member_.stored_bytes)
      fail("damaged: the compressed data end too early");
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      fail(fmt::format("damaged compressed data: {}", z.msg ? z.msg : "not deflate"));
  }
  return n - z.avail_out;
}

void ZipContent::refill() {
  z_stream& z = inflater_->stream;
  const auto now =
      static_cast<std::size_t>(std::min<std::uint64_t>(inflater_->piece.size(), member_.stored_bytes - taken_));
  file_.read_at(member_.begin + taken_, inflater_->piece.data(), now);
  taken_ += now;
  z.next_in = inflater_->piece.data();
  z.avail_in = static_cast<uInt>(now);
}

void ZipContent::check_end() {
  const std::uint64_t unused = member_.stored_bytes - taken_ + (inflater_ ? inflater_->stream.avail_in : 0);
  if (unused != 0) fail(fmt::format("damaged: {} bytes behind the compressed data", unused));
  if (offset_ != member_.bytes) fail(fmt::format("damaged: {} bytes stated, {} found", member_.bytes, offset_));
  if (crc_ != member_.crc) fail(fmt::format("damaged: check sum {:08x} stated, {:08x} found", member_.crc, crc_));
}

}  // namespace xgrad::data
