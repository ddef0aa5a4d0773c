#include <algorithm>
#include <ostream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <xgrad/check.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops.hpp>

#include "refuse.hpp"
#include "repeated_name.hpp"
#include "safetensors_header.hpp"

namespace xgrad {
namespace {

using namespace safetensors;

SafetensorsContents read_tensors(const char* op, const std::string& path, const Location& at) {
  data::InputFile file(op, path, at);
  Header header = read_header(file);
  SafetensorsContents result;
  result.metadata = std::move(header.metadata);
  result.tensors.reserve(header.entries.size());
  for (Entry& e : header.entries) try {
      result.tensors.emplace_back(std::move(e.name), header.type(e).read(file, header.shape(e)));
    } catch (const std::range_error& problem) {
      file.fail(fmt::format("tensor '{}': {}", data::shown(e.name), problem.what()));
    }
  file.expect_end();
  return result;
}

// Text as JSON. Only strings ever become a json value: the destructor of an object or array allocates, and when there
// is no memory left that ends the program.
std::string quoted(const std::string& text, const Location& at) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    data::refuse("save_safetensors", "a name is not valid UTF-8", at);
  }
}

std::uint64_t bytes_of(const Tensor& t) {
  return static_cast<std::uint64_t>(t.numel()) * static_cast<std::uint64_t>(item_size(t.dtype()));
}

void check_names(const NamedTensors& tensors, const Location& at) {
  data::require_names("save_safetensors", tensors, at);
  if (std::ranges::any_of(tensors, [](const auto& t) { return t.first == kMetadata; }))
    data::refuse("save_safetensors", "the name '__metadata__' is reserved", at);
}

std::string header_text(const NamedTensors& tensors, const Metadata& metadata, const Location& at) {
  std::string text = "{";
  const auto separate = [&](char opening) {
    if (text.back() != opening) text += ',';
  };
  if (!metadata.empty()) {
    text += fmt::format("\"{}\":{{", kMetadata);
    for (const auto& [key, value] : metadata) {
      separate('{');
      text += quoted(key, at) + ':' + quoted(value, at);
    }
    text += '}';
  }
  std::uint64_t offset = 0;
  for (const auto& [name, t] : tensors) {
    separate('{');
    const std::uint64_t end = offset + bytes_of(t);
    text += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", quoted(name, at),
                        data::stored_type_of(t.dtype()).name, fmt::join(t.shape(), ","), offset, end);
    offset = end;
  }
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

// What reading would refuse is not written.
void check_readable(const NamedTensors& tensors, const Metadata& metadata, std::uint64_t header_bytes,
                    const Location& at) {
  if (header_bytes > kMostHeader)
    data::refuse(
        "save_safetensors",
        fmt::format("names and metadata take a header of {} bytes, at most {} are allowed", header_bytes, kMostHeader),
        at);
  std::uint64_t cost = 0, file_bytes = 8 + header_bytes;
  for (const auto& [name, t] : tensors) {
    cost += cost_of_tensor(name, t.shape().size()) + cost_of_values(bytes_of(t));
    file_bytes += bytes_of(t);
  }
  for (const auto& [key, value] : metadata) cost += cost_of_metadata(key, value);
  if (cost > data::memory_for(file_bytes))
    data::refuse(
        "save_safetensors",
        fmt::format("{} tensors and {} texts of metadata: too many for a file of {} bytes, reading would refuse it; "
                    "join small tensors into one",
                    tensors.size(), metadata.size(), file_bytes),
        at);
}

}  // namespace

SafetensorsContents read_safetensors(const std::string& path, Location at) {
  return read_tensors("read_safetensors", path, at);
}
NamedTensors load_safetensors(const std::string& path, Location at) {
  return read_tensors("load_safetensors", path, at).tensors;
}

void save_safetensors(const NamedTensors& tensors, const std::string& path, const Metadata& metadata, Location at) {
  check_names(tensors, at);
  NamedTensors sorted;
  sorted.reserve(tensors.size());
  for (const auto& [name, t] : tensors) sorted.emplace_back(name, t.detach().contiguous());
  // Wide types first, so that all data stays aligned; then by name.
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    const int wa = item_size(a.second.dtype()), wb = item_size(b.second.dtype());
    return wa != wb ? wa > wb : a.first < b.first;
  });
  const std::string text = header_text(sorted, metadata, at);
  check_readable(sorted, metadata, text.size(), at);
  const std::uint64_t length = text.size();
  std::vector<Bytes> pieces{{&length, 8}, {text.data(), text.size()}};
  pieces.reserve(2 + sorted.size());
  for (const auto& [name, t] : sorted)
    pieces.push_back({xgrad::detail::raw_bytes(t), static_cast<std::size_t>(bytes_of(t))});
  write_file_atomically("save_safetensors", path, pieces, at);
}

std::ostream& operator<<(std::ostream& os, const Metadata& m) {
  os << "{";
  for (const char* between = ""; const auto& [key, text] : m) os << std::exchange(between, ", ") << key << ": " << text;
  return os << "}";
}

std::ostream& operator<<(std::ostream& os, const SafetensorsContents& file) {
  return os << "tensors=" << file.tensors << ",\nmetadata=" << file.metadata;
}

}  // namespace xgrad
