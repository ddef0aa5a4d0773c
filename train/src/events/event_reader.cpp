#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/descriptor.hpp>
#include <xgrad/train/event_file.hpp>

#include "events/wire.hpp"

namespace xgrad::train {

using detail::MessageReader;

namespace {

constexpr const char* kReaderOp = "read_event_file";

class Reader {
 public:
  Reader(const std::string& path, const Location& at) : path_(path), at_(at) {}

  EventFile read() {
    const std::string bytes = content();
    std::string_view rest = bytes;
    constexpr std::size_t kHead = 12, kTail = 4;
    while (!rest.empty()) {
      offset_ = bytes.size() - rest.size();
      if (rest.size() < kHead) return incomplete();
      const auto length = little_endian(rest, 8);
      if (detail::masked_crc(rest.substr(0, 8)) != little_endian(rest.substr(8), 4))
        fail("the length's check sum is wrong");
      if (length > rest.size() - kHead || rest.size() - kHead - length < kTail) return incomplete();
      const std::string_view data = rest.substr(kHead, length);
      if (detail::masked_crc(data) != little_endian(rest.substr(kHead + length), 4))
        fail("the record's check sum is wrong");
      event(data);
      rest.remove_prefix(kHead + length + kTail);
    }
    return std::move(file_);
  }

 private:
  static std::uint64_t little_endian(std::string_view s, std::size_t n) {
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < n; ++i) v |= std::uint64_t{static_cast<unsigned char>(s[i])} << (8 * i);
    return v;
  }

  EventFile incomplete() {
    file_.complete = false;
    return std::move(file_);
  }

  [[noreturn]] void fail(const std::string& why) const {
    ErrorReport(kReaderOp, fmt::format("{}: at byte {}: {}", path_, offset_, why), at_).io_error();
  }
  [[noreturn]] void refuse(const std::string& why) const {
    ErrorReport(kReaderOp, fmt::format("{}: {}", path_, why), at_).io_error();
  }

  std::string content() const {
    if (path_.find('\0') != std::string::npos) refuse("a NUL character in the path");
    const Descriptor fd(
        uninterrupted([&] { return open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); }));
    struct stat s {};
    if (!fd || fstat(fd.get(), &s) != 0) refuse(std::strerror(errno));
    constexpr off_t kMost = off_t{1} << 30;
    if (!S_ISREG(s.st_mode)) refuse("not a file");
    if (s.st_size > kMost) refuse(fmt::format("{} bytes, at most {} are read", s.st_size, kMost));
    std::string bytes(static_cast<std::size_t>(s.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t n = uninterrupted([&] { return ::read(fd.get(), bytes.data() + have, bytes.size() - have); });
      if (n < 0) refuse(std::strerror(errno));
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
  }

  void event(std::string_view message) {
    ScalarEvent e;
    MessageReader fields(message);
    std::string_view summary;
    while (const auto f = fields.next()) {
      if (f->number == 1 && f->wire_type == 1) e.wall_time = f->as_double();
      if (f->number == 2 && f->wire_type == 0) e.step = static_cast<std::int64_t>(f->value);
      if (f->number == 3 && f->wire_type == 2) file_.file_version = f->bytes;
      if (f->number == 5 && f->wire_type == 2) summary = f->bytes;
    }
    if (fields.damaged()) fail("the event is no message");
    if (first_) file_.wall_time = e.wall_time;
    first_ = false;
    MessageReader values(summary);
    while (const auto f = values.next())
      if (f->number == 1 && f->wire_type == 2) value(f->bytes, e);
    if (values.damaged()) fail("the summary is no message");
  }

  void value(std::string_view message, ScalarEvent e) {
    bool scalar = false;
    MessageReader fields(message);
    while (const auto f = fields.next()) {
      if (f->number == 1 && f->wire_type == 2) e.tag = f->bytes;
      if (f->number == 2 && f->wire_type == 5) e.value = f->as_float(), scalar = true;
    }
    if (fields.damaged()) fail("the value is no message");
    if (scalar) file_.scalars.push_back(std::move(e));
  }

  const std::string& path_;
  const Location& at_;
  EventFile file_;
  bool first_ = true;
  std::size_t offset_ = 0;
};

}  // namespace

EventFile read_event_file(const std::string& path, Location at) { return Reader(path, at).read(); }

}  // namespace xgrad::train
