#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "shown.hpp"
#include "zip_archive.hpp"

namespace xgrad::data {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20, kCentralBytes = 46, kLocalBytes = 30;
constexpr std::uint32_t kIn64 = 0xffffffff;  // the value stands in a field of 64 bits elsewhere
constexpr std::uint64_t kMostMembers = 1 << 20;

// Little-endian numbers one after the other.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t left() const { return bytes_.size(); }
  std::uint64_t take(std::size_t width) {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < width; ++i) v |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << 8 * i;
    bytes_.remove_prefix(width);
    return v;
  }
  std::uint32_t u16() { return static_cast<std::uint32_t>(take(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(take(4)); }
  std::uint64_t u64() { return take(8); }
  std::string_view text(std::size_t n) {
    const std::string_view t = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return t;
  }

 private:
  std::string_view bytes_;
};

std::string bytes_at(const InputFile& file, std::uint64_t offset, std::uint64_t n) {
  std::string bytes(n, '\0');
  file.read_at(offset, bytes.data(), n);
  return bytes;
}

struct Directory {
  std::uint64_t members, bytes, offset;
};

class DirectoryReader {
 public:
  explicit DirectoryReader(const InputFile& file) : file_(file) {}

  std::vector<ZipMember> read() {
    const Directory d = find();
    const std::string all = bytes_at(file_, d.offset, d.bytes);
    Fields fields(all);
    std::vector<ZipMember> members;
    members.reserve(d.members);
    for (std::uint64_t i = 0; i < d.members; ++i) members.push_back(entry(fields));
    if (fields.left() != 0)
      file_.fail(
          fmt::format("the archive's directory has {} bytes more than its {} members", fields.left(), d.members));
    check_names(members);
    place(members, d.offset);
    return members;
  }

 private:
  // The record at the end: the last place where a comment of the stated length reaches the end of the file.
  Directory find() {
    const std::uint64_t size = file_.file_bytes(), most = std::min<std::uint64_t>(size, kEndBytes + 0xffff);
    const std::string tail = bytes_at(file_, size - most, most);
    for (std::uint64_t back = kEndBytes; back <= most; ++back) {
      Fields f(std::string_view(tail).substr(most - back, kEndBytes));
      if (f.u32() != kEnd) continue;
      const std::uint32_t disk = f.u16(), first_disk = f.u16(), here = f.u16(), members = f.u16();
      const std::uint32_t bytes = f.u32(), offset = f.u32(), comment = f.u16();
      if (comment != back - kEndBytes) continue;
      const std::uint64_t end = size - back;
      if (here == 0xffff || members == 0xffff || bytes == kIn64 || offset == kIn64) return find64(end);
      return checked({members, bytes, offset}, end, disk != 0 || first_disk != 0 || here != members);
    }
    file_.fail("not a zip archive, or cut short: the record at its end is missing");
  }

  Directory find64(std::uint64_t end) {
    if (end < kLocatorBytes) file_.fail("the archive's record of 64-bit sizes is missing");
    const std::string locator_bytes = bytes_at(file_, end - kLocatorBytes, kLocatorBytes);
    Fields locator(locator_bytes);
    const bool is_locator = locator.u32() == kLocator64;
    const std::uint32_t disk = locator.u32();
    const std::uint64_t where = locator.u64();
    const std::uint32_t disks = locator.u32();
    if (!is_locator || where > end - kLocatorBytes || end - kLocatorBytes - where < kEnd64Bytes)
      file_.fail("the archive's record of 64-bit sizes is missing");
    const std::string record_bytes = bytes_at(file_, where, kEnd64Bytes);
    Fields f(record_bytes);
    if (f.u32() != kEnd64) file_.fail("the archive's record of 64-bit sizes is missing");
    f.text(12);  // its own size, and versions
    const std::uint32_t this_disk = f.u32(), first_disk = f.u32();
    const std::uint64_t here = f.u64(), members = f.u64(), bytes = f.u64(), offset = f.u64();
    return checked({members, bytes, offset}, where,
                   disk != 0 || disks > 1 || this_disk != 0 || first_disk != 0 || here != members);
  }

  // `end`: where the directory must end.
  Directory checked(const Directory& d, std::uint64_t end, bool several) {
    if (several) file_.fail("archives of several disks are not supported");
    if (d.bytes > end || d.offset != end - d.bytes)
      file_.fail(
          fmt::format("the archive's directory is stated at {} with {} bytes, but ends at {}", d.offset, d.bytes, end));
    if (d.members > kMostMembers || d.members > d.bytes / kCentralBytes)
      file_.fail(fmt::format("the archive states {} members in a directory of {} bytes", d.members, d.bytes));
    return d;
  }

  ZipMember entry(Fields& f) {
    if (f.left() < kCentralBytes || f.u32() != kCentral) file_.fail("the archive's directory is damaged");
    f.text(4);  // versions
    const std::uint32_t flags = f.u16(), method = f.u16();
    f.text(4);  // time and date
    ZipMember m;
    m.crc = f.u32();
    m.stored_bytes = f.u32();
    m.bytes = f.u32();
    const std::uint32_t name = f.u16(), extra = f.u16(), comment = f.u16(), disk = f.u16();
    f.text(6);  // attributes
    m.begin = f.u32();
    if (f.left() < std::uint64_t{name} + extra + comment) file_.fail("the archive's directory is damaged");
    m.name = f.text(name);
    extend(m, Fields(f.text(extra)));
    f.text(comment);
    const auto refuse = [&](const std::string& why) { file_.fail(fmt::format("'{}': {}", shown(m.name), why)); };
    if (m.name.find('\0') != std::string::npos) refuse("the name holds a NUL byte");
    if (flags & 0x2041) refuse("the member is encrypted");
    if (method != 0 && method != 8)
      refuse(fmt::format("compressed by method {}; stored and deflate are supported", method));
    if (disk != 0) refuse("archives of several disks are not supported");
    m.deflated = method == 8;
    if (!m.deflated && m.stored_bytes != m.bytes)
      refuse(fmt::format("stored with {} bytes, but {} are stated", m.stored_bytes, m.bytes));
    if (m.deflated && m.bytes / kDeflateRatio > m.stored_bytes)
      refuse(fmt::format("{} compressed bytes cannot hold {}", m.stored_bytes, m.bytes));
    return m;
  }

  // The fields of 64 bits, for those that have no room in the entry.
  void extend(ZipMember& m, Fields extra) {
    while (extra.left() >= 4) {
      const std::uint32_t id = extra.u16(), size = extra.u16();
      if (size > extra.left()) file_.fail(fmt::format("'{}': the archive's directory is damaged", shown(m.name)));
      Fields f(extra.text(size));
      if (id != 1) continue;
      for (std::uint64_t* field : {&m.bytes, &m.stored_bytes, &m.begin})
        if (*field == kIn64 && f.left() >= 8) *field = f.u64();
    }
  }

  void check_names(const std::vector<ZipMember>& members) {
    std::unordered_set<std::string_view> names;
    for (const ZipMember& m : members)
      if (!names.insert(m.name).second) file_.fail(fmt::format("the archive has two members '{}'", shown(m.name)));
  }

  // From where each entry says that its local header lies, to where its content lies.
  void place(std::vector<ZipMember>& members, std::uint64_t directory) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    ranges.reserve(members.size());
    for (ZipMember& m : members) {
      const std::uint64_t header = m.begin;
      const auto outside = [&] {
        file_.fail(fmt::format("'{}': the member runs past the archive's contents", shown(m.name)));
      };
      if (header > directory || directory - header < kLocalBytes) outside();
      const std::string bytes = bytes_at(file_, header, kLocalBytes);
      Fields f(bytes);
      const bool is_local = f.u32() == kLocal;
      f.text(2);
      const std::uint32_t flags = f.u16(), method = f.u16();
      f.text(16);
      const std::uint32_t name = f.u16(), extra = f.u16();
      m.begin = header + kLocalBytes + name + extra;
      if (m.begin > directory || directory - m.begin < m.stored_bytes) outside();
      if (!is_local || (flags & 1) || (method == 8) != m.deflated ||
          bytes_at(file_, header + kLocalBytes, name) != m.name)
        file_.fail(fmt::format("'{}': the member's header differs from the archive's directory", shown(m.name)));
      ranges.emplace_back(header, m.begin + m.stored_bytes);
    }
    std::ranges::sort(ranges);
    for (std::size_t i = 1; i < ranges.size(); ++i)
      if (ranges[i].first < ranges[i - 1].second) file_.fail("members of the archive overlap");
  }

  const InputFile& file_;
};

}  // namespace

std::vector<ZipMember> read_zip_directory(const InputFile& file) {
  if (file.compressed()) file.fail("an archive within a .gz file is not supported");
  return DirectoryReader(file).read();
}

}  // namespace xgrad::data
