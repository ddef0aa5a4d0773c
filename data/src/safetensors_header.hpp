// The header of a safetensors file: which tensors it holds, and where.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/data/safetensors.hpp>

#include "input_file.hpp"
#include "stored_types.hpp"

namespace xgrad::safetensors {

inline constexpr std::uint64_t kMostHeader = 100'000'000;  // the reference implementation's limit
inline constexpr const char* kMetadata = "__metadata__";

// As small as it can be: a file may hold a million.
struct Entry {
  std::string name;
  std::uint64_t begin = 0;  // in the data
  std::uint32_t sizes = 0;  // where they begin in Header::sizes
  std::uint8_t type = 0, rank = 0;
};

struct Header {
  std::vector<Entry> entries;  // in the order of their data, without holes or overlaps
  std::vector<std::int64_t> sizes;
  Metadata metadata;

  Shape shape(const Entry& e) const { return std::span(sizes).subspan(e.sizes, e.rank); }
  const data::StoredType& type(const Entry& e) const { return data::stored_types()[e.type]; }
};

// Reads and checks the header; the data comes next. IoError for all that is wrong with it, and when the tensors would
// take more memory than a file of this size may ask for.
Header read_header(data::InputFile& file);

// Memory that a file's tensors and metadata take, in bytes. Whoever reads a checkpoint copies names and metadata once.
std::uint64_t cost_of_tensor(const std::string& name, std::size_t rank);
std::uint64_t cost_of_values(std::uint64_t kept_bytes);
std::uint64_t cost_of_metadata(const std::string& key, const std::string& value);

}  // namespace xgrad::safetensors
