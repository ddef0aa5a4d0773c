// Zip archives, as far as npz files need them: stored and deflated members, also of 4 GiB and more. Facts from PKWARE's
// APPNOTE.TXT 6.3.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/detail/atomic_file.hpp>

#include "input_file.hpp"
#include "zip_records.hpp"

namespace xgrad::data {

struct ZipMember {
  std::string name;
  bool deflated;
  std::uint32_t crc;
  std::uint64_t stored_bytes, bytes;  // in the archive, and of the content
  std::uint64_t begin;                // of the content in the archive
};

// The members in the order of the central directory. IoError for a damaged directory, ranges that overlap or leave the
// file, two members of one name, and whatever is not supported: encryption, several disks, other methods, bytes in
// front of the archive.
std::vector<ZipMember> read_zip_directory(const InputFile& file);

// The content of a member, from front to back. IoError for damaged data, a length or a check sum that differs.
class ZipContent : public ByteSource {
 public:
  ZipContent(const InputFile& file, const ZipMember& member);
  ~ZipContent() override;

 private:
  void report(const std::string& reason) const override;  // names the member
  std::size_t read_some(void* to, std::size_t n) override;
  std::size_t read_stored(void* to, std::size_t n);
  std::size_t read_deflated(void* to, std::size_t n);
  void refill();
  void check_end();

  struct Inflater;
  const InputFile& file_;
  const ZipMember& member_;
  std::uint64_t taken_ = 0;  // of the stored bytes
  std::uint32_t crc_ = 0;
  std::unique_ptr<Inflater> inflater_;
};

// Puts an archive together; its pieces, in order, are the content of the file.
class ZipWriter {
 public:
  // The pieces of a member must live as long as the writer.
  void add(const std::string& name, const std::vector<Bytes>& content, bool compressed);
  const std::vector<Bytes>& finish();

 private:
  struct Entry {
    std::string name;
    bool deflated;
    std::uint32_t crc;
    std::uint64_t stored_bytes, bytes, header;
  };
  static void fill(zip::Common& r, const Entry& e, const std::string& wide);
  static std::string wide_fields(const Entry& e, bool central);
  void put(std::string text);

  std::vector<Entry> entries_;
  std::deque<std::string> texts_;  // what the pieces point to, beside the contents
  std::vector<Bytes> pieces_;
  std::uint64_t size_ = 0;
};

}  // namespace xgrad::data
