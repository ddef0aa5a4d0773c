#include <algorithm>

#include <fmt/format.h>

#include "repeated_name.hpp"
#include "zip_archive.hpp"

namespace xgrad::data {
namespace {

constexpr std::uint64_t kMostMembers = 1 << 20;

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
    zip::Reader fields(all);
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
    const std::uint64_t size = file_.file_bytes(), most = std::min<std::uint64_t>(size, zip::kBytes<zip::End> + 0xffff);
    const std::string tail = bytes_at(file_, size - most, most);
    for (std::uint64_t back = zip::kBytes<zip::End>; back <= most; ++back) {
      zip::End r;
      if (!zip::Reader(std::string_view(tail).substr(most - back)).record(r)) continue;
      if (r.comment != back - zip::kBytes<zip::End>) continue;
      const std::uint64_t end = size - back;
      if (r.here == zip::kMany || r.members == zip::kMany || r.bytes == zip::kIn64 || r.offset == zip::kIn64)
        return find64(end);
      return checked({r.members, r.bytes, r.offset}, end, r.disk != 0 || r.first_disk != 0 || r.here != r.members);
    }
    file_.fail("not a zip archive, or cut short: the record at its end is missing");
  }

  Directory find64(std::uint64_t end) {
    zip::Locator locator;
    zip::End64 r;
    const auto missing = [&] { file_.fail("the archive's record of 64-bit sizes is missing"); };
    if (end < zip::kBytes<zip::Locator>) missing();
    const std::uint64_t at = end - zip::kBytes<zip::Locator>;
    if (!read_at(at, locator) || locator.end64 > at || at - locator.end64 < zip::kBytes<zip::End64>) missing();
    if (!read_at(locator.end64, r)) missing();
    return checked({r.members, r.bytes, r.offset}, locator.end64,
                   locator.disk != 0 || locator.disks > 1 || r.disk != 0 || r.first_disk != 0 || r.here != r.members);
  }

  template <class R>
  bool read_at(std::uint64_t offset, R& r) {
    const std::string bytes = bytes_at(file_, offset, zip::kBytes<R>);
    return zip::Reader(bytes).record(r);
  }

  // `end`: where the directory must end.
  Directory checked(const Directory& d, std::uint64_t end, bool several) {
    if (several) file_.fail("archives of several disks are not supported");
    if (d.bytes > end || d.offset != end - d.bytes)
      file_.fail(
          fmt::format("the archive's directory is stated at {} with {} bytes, but ends at {}", d.offset, d.bytes, end));
    if (d.members > kMostMembers || d.members > d.bytes / zip::kBytes<zip::Central>)
      file_.fail(fmt::format("the archive states {} members in a directory of {} bytes", d.members, d.bytes));
    return d;
  }

  ZipMember entry(zip::Reader& f) {
    zip::Central r;
    if (f.left() < zip::kBytes<zip::Central> || !f.record(r) || f.left() < std::uint64_t{r.name} + r.extra + r.comment)
      file_.fail("the archive's directory is damaged");
    ZipMember m{std::string(f.text(r.name)), r.method == zip::kDeflated, r.crc, r.stored_bytes, r.bytes, r.header};
    extend(m, zip::Reader(f.text(r.extra)));
    f.text(r.comment);
    const auto refuse = [&](const std::string& why) { file_.fail(fmt::format("'{}': {}", shown(m.name), why)); };
    if (m.name.find('\0') != std::string::npos) refuse("the name holds a NUL byte");
    if (r.flags & zip::kEncrypted) refuse("the member is encrypted");
    if (r.method != zip::kStored && r.method != zip::kDeflated)
      refuse(fmt::format("compressed by method {}; stored and deflate are supported", r.method));
    if (r.disk != 0) refuse("archives of several disks are not supported");
    if (!m.deflated && m.stored_bytes != m.bytes)
      refuse(fmt::format("stored with {} bytes, but {} are stated", m.stored_bytes, m.bytes));
    if (m.deflated && m.bytes / kDeflateRatio > m.stored_bytes)
      refuse(fmt::format("{} compressed bytes cannot hold {}", m.stored_bytes, m.bytes));
    return m;
  }

  // The fields of 64 bits, for those that have no room in the entry.
  void extend(ZipMember& m, zip::Reader extra) {
    while (extra.left() >= 4) {
      const auto id = extra.number<std::uint16_t>(), size = extra.number<std::uint16_t>();
      if (size > extra.left()) file_.fail(fmt::format("'{}': the archive's directory is damaged", shown(m.name)));
      zip::Reader f(extra.text(size));
      if (id != zip::kWideFields) continue;
      for (std::uint64_t* field : {&m.bytes, &m.stored_bytes, &m.begin})
        if (*field == zip::kIn64 && f.left() >= 8) *field = f.number<std::uint64_t>();
    }
  }

  void check_names(const std::vector<ZipMember>& members) {
    std::vector<std::string_view> names;
    for (const ZipMember& m : members) names.push_back(m.name);
    if (const auto twice = repeated_name(std::move(names)))
      file_.fail(fmt::format("the archive has two members '{}'", shown(*twice)));
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
      if (header > directory || directory - header < zip::kBytes<zip::Local>) outside();
      zip::Local r;
      const bool is_local = read_at(header, r);
      const std::uint64_t name = header + zip::kBytes<zip::Local>;
      m.begin = name + r.name + r.extra;
      if (m.begin > directory || directory - m.begin < m.stored_bytes) outside();
      if (!is_local || (r.flags & 1) || (r.method == zip::kDeflated) != m.deflated ||
          bytes_at(file_, name, r.name) != m.name)
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
