#include "safetensors_header.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "json_reader.hpp"
#include "shown.hpp"

namespace xgrad::safetensors {
namespace {

using data::InputFile;
using data::JsonReader;
using data::shown;

std::uint64_t in_heap(const std::string& s) { return s.size() > 15 ? s.size() + 17 : 0; }

// The fields of one entry as they come; `problem` is the first thing wrong with them.
struct Fields {
  const data::StoredType* type = nullptr;
  Shape shape;
  std::size_t rank = 0, offset_count = 0;
  std::uint64_t offsets[2] = {0, 0};
  bool seen[3] = {false, false, false};
  std::string problem;

  void note(std::string text) {
    if (problem.empty()) problem = std::move(text);
  }
};
constexpr const char* kFields[] = {"dtype", "shape", "data_offsets"};

class HeaderReader {
 public:
  HeaderReader(InputFile& file, std::uint64_t length)
      : file_(file), json_(file, length, "not a safetensors file: the header") {}

  // Text that is no JSON is reported first, then names given twice, then the first entry that is wrong.
  Header read() {
    if (json_.peek() != '{') json_.fail("is not a JSON object");
    bool metadata = false;
    json_.object([&](std::string name) {
      if (name != kMetadata) return read_entry(std::move(name));
      if (std::exchange(metadata, true)) twice_ = kMetadata;
      read_metadata();
    });
    json_.end();
    find_twice();
    if (!twice_.empty()) file_.fail(fmt::format("the name '{}' appears twice in the header", shown(twice_)));
    if (!problem_.empty()) file_.fail(problem_);
    return std::move(header_);
  }

 private:
  void note(const std::string& text) {
    if (problem_.empty()) problem_ = text;
  }
  void note(const std::string& name, const std::string& text) {
    note(fmt::format("tensor '{}': {}", shown(name), text));
  }
  void spend(std::uint64_t bytes) {
    if ((cost_ += bytes) > data::memory_for(file_.file_bytes()))
      file_.fail(fmt::format("more than {} tensors and {} texts of metadata: too many for a file of {} bytes",
                             header_.entries.size(), header_.metadata.size(), file_.file_bytes()));
  }

  void read_metadata();
  void read_entry(std::string name);
  void read_field(const std::string& key, Fields& f);
  void read_shape(Fields& f);
  void read_offsets(Fields& f);
  void keep(std::string name, const Fields& f);
  void find_twice();

  InputFile& file_;
  JsonReader json_;
  Header header_;
  std::uint64_t cost_ = 0;
  std::string problem_, twice_;
};

void HeaderReader::read_metadata() {
  if (json_.peek() != '{') {
    json_.skip();
    return note("__metadata__ is not an object");
  }
  json_.object([&](std::string key) {
    if (json_.peek() != '"') {
      json_.skip();
      return note(fmt::format("__metadata__: '{}' is not a string", shown(key)));
    }
    std::string value = json_.string();
    spend(cost_of_metadata(key, value));
    if (header_.metadata.contains(key))
      twice_ = key;
    else
      header_.metadata.emplace(std::move(key), std::move(value));
  });
}

void HeaderReader::read_entry(std::string name) {
  if (json_.peek() != '{') {
    json_.skip();
    return note(name, "the entry is not an object");
  }
  Fields f;
  json_.object([&](const std::string& key) { read_field(key, f); });
  for (std::size_t i = 0; i < 3; ++i)
    if (!f.seen[i]) f.note(fmt::format("no {}", kFields[i]));
  if (f.problem.empty())
    keep(std::move(name), f);
  else
    note(name, f.problem);
}

void HeaderReader::read_field(const std::string& key, Fields& f) {
  const auto which = static_cast<std::size_t>(std::ranges::find(kFields, key) - std::begin(kFields));
  if (which == std::size(kFields)) {
    json_.skip();
    return f.note(fmt::format("unknown field '{}'", shown(key)));
  }
  if (std::exchange(f.seen[which], true)) twice_ = key;
  if (which == 1) return read_shape(f);
  if (which == 2) return read_offsets(f);
  if (json_.peek() != '"') {
    json_.skip();
    return f.note("dtype is not a string");
  }
  const std::string& dtype = json_.string();
  f.type = data::find_stored_type(dtype);
  if (!f.type) f.note(fmt::format("dtype {} is not supported", shown(dtype)));
}

void HeaderReader::read_shape(Fields& f) {
  if (json_.peek() != '[') {
    json_.skip();
    return f.note("shape is not an array");
  }
  f.shape = {};
  f.rank = 0;
  json_.array([&] {
    const std::optional<std::uint64_t> n = json_.whole_number();
    if (!n)
      f.note("a size is not a whole number >= 0");
    else if (*n > INT64_MAX)
      f.note("the element count overflows 64 bits");
    if (++f.rank <= static_cast<std::size_t>(kMaxRank)) f.shape.push_back(static_cast<std::int64_t>(n.value_or(0)));
  });
  if (f.rank > static_cast<std::size_t>(kMaxRank))
    f.note(fmt::format("{} dimensions, at most {} supported", f.rank, kMaxRank));
}

void HeaderReader::read_offsets(Fields& f) {
  f.offset_count = 0;
  if (json_.peek() != '[')
    json_.skip();
  else
    json_.array([&] {
      const std::optional<std::uint64_t> n = json_.whole_number();
      if (!n) f.note("an offset is not a whole number >= 0");
      if (++f.offset_count <= 2) f.offsets[f.offset_count - 1] = n.value_or(0);
    });
  if (f.offset_count != 2) f.note("data_offsets are not two numbers");
}

void HeaderReader::keep(std::string name, const Fields& f) {
  std::uint64_t bytes = f.type->bytes, most = f.type->kept_bytes;  // most: zeros must not hide an overflow
  for (const std::int64_t n : f.shape) {
    if (__builtin_mul_overflow(most, static_cast<std::uint64_t>(std::max<std::int64_t>(n, 1)), &most) ||
        most > INT64_MAX)
      return note(name, "the element count overflows 64 bits");
    bytes *= static_cast<std::uint64_t>(n);
  }
  const auto [begin, end] = f.offsets;
  if (end < begin || end - begin != bytes)
    return note(name, fmt::format("offsets [{}, {}) do not hold the {} bytes of {} {}", begin, end, bytes, f.type->name,
                                  to_string(f.shape)));
  if (!problem_.empty()) return;
  spend(cost_of_tensor(name, f.rank));
  name.shrink_to_fit();
  header_.entries.push_back({std::move(name), begin, static_cast<std::uint32_t>(header_.sizes.size()),
                             static_cast<std::uint8_t>(f.type - data::stored_types().data()),
                             static_cast<std::uint8_t>(f.rank)});
  header_.sizes.insert(header_.sizes.end(), f.shape.begin(), f.shape.end());
}

void HeaderReader::find_twice() {
  std::vector<Entry>& all = header_.entries;
  std::ranges::sort(all, {}, &Entry::name);
  if (const auto at = std::ranges::adjacent_find(all, {}, &Entry::name); at != all.end()) twice_ = at->name;
}

std::uint64_t elements(const Shape& shape) { return static_cast<std::uint64_t>(shape.numel()); }

// In file order, they must cover the data exactly: no holes, no overlaps, nothing after the last.
void check_layout(Header& header, std::uint64_t data_bytes, const InputFile& file) {
  const auto end_of = [&](const Entry& e) { return e.begin + elements(header.shape(e)) * header.type(e).bytes; };
  std::ranges::sort(header.entries, {},
                    [&](const Entry& e) { return std::tuple(e.begin, end_of(e), std::string_view(e.name)); });
  std::uint64_t at = 0;
  const Entry* before = nullptr;
  for (const Entry& e : header.entries) {
    const std::uint64_t end = end_of(e);
    if (e.begin < at)
      file.fail(
          fmt::format("tensor '{}': offsets [{}, {}) overlap '{}'", shown(e.name), e.begin, end, shown(before->name)));
    if (e.begin > at) file.fail(fmt::format("bytes {} to {} of the data belong to no tensor", at, e.begin));
    at = end;
    before = &e;
  }
  if (at != data_bytes) file.fail(fmt::format("{} bytes of data stated, {} found", at, data_bytes));
}

void check_cost(const Header& header, const InputFile& file) {
  std::uint64_t cost = 0;
  for (const Entry& e : header.entries)
    cost += cost_of_tensor(e.name, e.rank) + cost_of_values(elements(header.shape(e)) * header.type(e).kept_bytes);
  for (const auto& [key, value] : header.metadata) cost += cost_of_metadata(key, value);
  if (cost > data::memory_for(file.file_bytes()))
    file.fail(fmt::format("its {} tensors would take {} bytes of memory: too much for a file of {} bytes",
                          header.entries.size(), cost, file.file_bytes()));
}

}  // namespace

// Name and handle, 288 bytes of bookkeeping behind the handle, and at first the Entry, then perhaps the copy.
std::uint64_t cost_of_tensor(const std::string& name, std::size_t rank) {
  const std::uint64_t named = sizeof(NamedTensors::value_type) + in_heap(name);
  return named + 288 + std::max(named, sizeof(Entry) + 8 * rank);
}

// In lines of 64 bytes; small tensors come from classes of sizes, of up to a fourth more.
std::uint64_t cost_of_values(std::uint64_t kept_bytes) {
  const std::uint64_t lines = (kept_bytes + 63) / 64 * 64;
  return lines > 448 && lines <= 16 << 10 ? lines + lines / 4 : lines;
}

std::uint64_t cost_of_metadata(const std::string& key, const std::string& value) {
  return 2 * (sizeof(Metadata::value_type) + 48 + in_heap(key) + in_heap(value));
}

Header read_header(InputFile& file) {
  if (file.most_bytes() < 8) file.fail("not a safetensors file: fewer than 8 bytes");
  std::uint64_t length = 0;
  file.read_exactly(&length, 8);
  if (length > kMostHeader || length > file.most_bytes() - 8)
    file.fail(
        fmt::format("cut short, or not a safetensors file: header length {}, file size {}", length, file.most_bytes()));
  Header header = HeaderReader(file, length).read();
  check_layout(header, file.most_bytes() - 8 - length, file);
  check_cost(header, file);
  return header;
}

}  // namespace xgrad::safetensors
