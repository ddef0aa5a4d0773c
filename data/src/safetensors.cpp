#include <xgrad/data/safetensors.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <xgrad/check.hpp>
#include <xgrad/atomic_file.hpp>
#include <xgrad/ops.hpp>

#include "input_file.hpp"
#include "raw_bytes.hpp"

namespace xgrad {
namespace {

using nlohmann::json;
constexpr std::uint64_t kMaxHeader = 100'000'000;  // the reference implementation's limit
static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

const char* file_type(DType d) {
  switch (d) {
    case DType::float32: return "F32";
    case DType::float64: return "F64";
    case DType::int64: return "I64";
    case DType::int32: return "I32";
    case DType::uint8: return "U8";
    case DType::boolean: return "BOOL";
  }
  return "";
}

// ---- values of the file's types as ours ----

float half_to_float(std::uint16_t h) {  // IEEE binary16
  const std::uint32_t sign = std::uint32_t{h} >> 15 << 31, exponent = h >> 10 & 31, fraction = h & 1023;
  if (exponent == 0) return (sign ? -1.f : 1.f) * static_cast<float>(fraction) * 0x1p-24f;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}
float bfloat_to_float(std::uint16_t h) { return std::bit_cast<float>(std::uint32_t{h} << 16); }

using Convert = Tensor (*)(const std::vector<char>& bytes, const Shape& shape);
template <class Stored, class Kept, Kept (*convert)(Stored)>
Tensor values(const std::vector<char>& bytes, const Shape& shape) {
  Tensor t = empty(shape, {dtype_of<Kept>});
  Kept* out = t.mutable_data<Kept>();
  for (std::size_t i = 0; i < bytes.size() / sizeof(Stored); ++i) {
    Stored v;
    std::memcpy(&v, bytes.data() + i * sizeof(Stored), sizeof v);
    out[i] = convert(v);
  }
  return t;
}
template <class To, class From>
To widen(From v) { return static_cast<To>(v); }
bool as_bool(std::uint8_t v) { return v != 0; }
std::int64_t checked(std::uint64_t v) {
  if (v > static_cast<std::uint64_t>(INT64_MAX)) throw std::range_error("a U64 value exceeds int64");
  return static_cast<std::int64_t>(v);
}

struct FileType {
  const char* name;
  std::uint64_t bytes, kept_bytes;  // of an element
  Convert read;
};
template <class Stored, class Kept, Kept (*convert)(Stored)>
constexpr FileType file_type_of(const char* name) {
  return {name, sizeof(Stored), sizeof(Kept), values<Stored, Kept, convert>};
}
constexpr FileType kTypes[] = {file_type_of<float, float, widen<float, float>>("F32"),
                               file_type_of<double, double, widen<double, double>>("F64"),
                               file_type_of<std::int64_t, std::int64_t, widen<std::int64_t, std::int64_t>>("I64"),
                               file_type_of<std::int32_t, std::int32_t, widen<std::int32_t, std::int32_t>>("I32"),
                               file_type_of<std::uint8_t, std::uint8_t, widen<std::uint8_t, std::uint8_t>>("U8"),
                               file_type_of<std::uint8_t, bool, as_bool>("BOOL"),
                               file_type_of<std::uint16_t, float, half_to_float>("F16"),
                               file_type_of<std::uint16_t, float, bfloat_to_float>("BF16"),
                               file_type_of<std::int8_t, std::int32_t, widen<std::int32_t, std::int8_t>>("I8"),
                               file_type_of<std::int16_t, std::int32_t, widen<std::int32_t, std::int16_t>>("I16"),
                               file_type_of<std::uint16_t, std::int32_t, widen<std::int32_t, std::uint16_t>>("U16"),
                               file_type_of<std::uint32_t, std::int64_t, widen<std::int64_t, std::uint32_t>>("U32"),
                               file_type_of<std::uint64_t, std::int64_t, checked>("U64")};

// ---- header ----

struct Entry {
  std::string name;
  const FileType* type;
  Shape shape;
  std::uint64_t begin, end;
};

// JSON that is an object, without duplicate names at any level.
json parse_header(const std::string& text, const data::InputFile& file) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos || text[text.find_first_not_of(" \t\r\n")] != '{')
    file.fail("not a safetensors file: the header is not a JSON object");
  // The parser takes a NUL for the end and would not look at what follows.
  if (text.find('\0') != std::string::npos) file.fail("not a safetensors file: the header is not valid JSON (a NUL byte)");
  std::vector<std::set<std::string>> names;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(value.get<std::string>()).second) twice = value.get<std::string>();
    return true;
  };
  // A header nested deeper than a tensor entry is wrong anyway; refuse before the parser builds it.
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') ++i;
    else if (c == '"') quoted = !quoted;
    else if (!quoted && (c == '{' || c == '[')) deepest = std::max(deepest, ++depth);
    else if (!quoted && (c == '}' || c == ']')) --depth;
  }
  if (deepest > 8) file.fail("not a safetensors file: the header is nested too deeply");
  json j = json::parse(text, watch, /*allow_exceptions=*/false);
  if (j.is_discarded() || !j.is_object()) file.fail("not a safetensors file: the header is not valid JSON");
  if (!twice.empty()) file.fail(fmt::format("the name '{}' appears twice in the header", twice));
  return j;
}

std::uint64_t whole_number(const json& j, const std::string& what, const data::InputFile& file) {
  if (!j.is_number_unsigned()) file.fail(what + " is not a whole number >= 0");
  return j.get<std::uint64_t>();
}

Entry parse_entry(const std::string& name, const json& j, const data::InputFile& file) {
  const std::string who = fmt::format("tensor '{}': ", name);
  if (!j.is_object()) file.fail(who + "the entry is not an object");
  for (const auto& [key, value] : j.items())
    if (key != "dtype" && key != "shape" && key != "data_offsets") file.fail(fmt::format("{}unknown field '{}'", who, key));
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!j.contains(key)) file.fail(fmt::format("{}no {}", who, key));
  if (!j["dtype"].is_string()) file.fail(who + "dtype is not a string");
  Entry e{name, nullptr, {}, 0, 0};
  for (const FileType& t : kTypes)
    if (j["dtype"] == t.name) e.type = &t;
  if (!e.type) file.fail(fmt::format("{}dtype {} is not supported", who, j["dtype"].get<std::string>()));
  const json& shape = j["shape"];
  if (!shape.is_array()) file.fail(who + "shape is not an array");
  if (shape.size() > static_cast<std::size_t>(kMaxRank)) file.fail(fmt::format("{}{} dimensions, at most {} supported", who, shape.size(), kMaxRank));
  std::uint64_t bytes = e.type->bytes, most = e.type->kept_bytes;  // most: without the zeros, which must not hide an overflow
  for (const json& s : shape) {
    const std::uint64_t n = whole_number(s, who + "a size", file);
    if (__builtin_mul_overflow(most, std::max(n, std::uint64_t{1}), &most) || most > INT64_MAX) file.fail(who + "the element count overflows 64 bits");
    bytes *= n;
    e.shape.push_back(static_cast<std::int64_t>(n));
  }
  const json& offsets = j["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) file.fail(who + "data_offsets are not two numbers");
  e.begin = whole_number(offsets[0], who + "an offset", file);
  e.end = whole_number(offsets[1], who + "an offset", file);
  if (e.end < e.begin || e.end - e.begin != bytes)
    file.fail(fmt::format("{}offsets [{}, {}) do not hold the {} bytes of {} {}", who, e.begin, e.end, bytes, e.type->name, to_string(e.shape)));
  return e;
}

Metadata parse_metadata(const json& j, const data::InputFile& file) {
  Metadata m;
  if (!j.is_object()) file.fail("__metadata__ is not an object");
  for (const auto& [key, value] : j.items()) {
    if (!value.is_string()) file.fail(fmt::format("__metadata__: '{}' is not a string", key));
    m.emplace(key, value.get<std::string>());
  }
  return m;
}

// In file order, they must cover the data exactly: no holes, no overlaps, nothing after the last.
void check_layout(std::vector<Entry>& entries, std::uint64_t data_bytes, const data::InputFile& file) {
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t at = 0;
  const Entry* before = nullptr;
  for (const Entry& e : entries) {
    if (e.begin < at) file.fail(fmt::format("tensor '{}': offsets [{}, {}) overlap '{}'", e.name, e.begin, e.end, before->name));
    if (e.begin > at) file.fail(fmt::format("bytes {} to {} of the data belong to no tensor", at, e.begin));
    at = e.end;
    before = &e;
  }
  if (at != data_bytes) file.fail(fmt::format("{} bytes of data stated, {} found", at, data_bytes));
}

SafetensorsFile read(const char* op, const std::string& path, const Location& at) {
  data::InputFile file(op, path, at);
  if (file.most_bytes() < 8) file.fail("not a safetensors file: fewer than 8 bytes");
  std::uint64_t length = 0;
  file.read_exactly(&length, 8);
  if (length > kMaxHeader || length > file.most_bytes() - 8)
    file.fail(fmt::format("cut short, or not a safetensors file: header length {}, file size {}", length, file.most_bytes()));
  std::string text(length, '\0');
  file.read_exactly(text.data(), length);
  const json header = parse_header(text, file);
  SafetensorsFile result;
  std::vector<Entry> entries;
  for (const auto& [name, j] : header.items()) {
    if (name == "__metadata__") result.metadata = parse_metadata(j, file);
    else entries.push_back(parse_entry(name, j, file));
  }
  check_layout(entries, file.most_bytes() - 8 - length, file);
  for (const Entry& e : entries) {
    std::vector<char> bytes(e.end - e.begin);
    file.read_exactly(bytes.data(), bytes.size());
    try {
      result.tensors.emplace_back(e.name, e.type->read(bytes, e.shape));
    } catch (const std::range_error& problem) {
      file.fail(fmt::format("tensor '{}': {}", e.name, problem.what()));
    }
  }
  file.expect_end();
  return result;
}

}  // namespace

SafetensorsFile read_safetensors(const std::string& path, Location at) { return read("read_safetensors", path, at); }
NamedTensors load_safetensors(const std::string& path, Location at) {
  return read("load_safetensors", path, at).tensors;
}

void save_safetensors(const NamedTensors& tensors, const std::string& path, const Metadata& metadata, Location at) {
  NamedTensors sorted;
  for (const auto& [name, t] : tensors) {
    require_defined("save_safetensors", t, at);
    if (name == "__metadata__") ErrorReport("save_safetensors", "the name '__metadata__' is reserved", at).value_error();
    sorted.emplace_back(name, t.detach().contiguous());
  }
  // Wide types first, so that all data stays aligned; then by name.
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    const int wa = item_size(a.second.dtype()), wb = item_size(b.second.dtype());
    return wa != wb ? wa > wb : a.first < b.first;
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::vector<Bytes> pieces(2);
  std::uint64_t offset = 0;
  for (const auto& [name, t] : sorted) {
    if (header.contains(name)) ErrorReport("save_safetensors", fmt::format("the name '{}' is given twice", name), at).value_error();
    const std::uint64_t bytes = static_cast<std::uint64_t>(t.numel()) * static_cast<std::uint64_t>(item_size(t.dtype()));
    header[name] = {{"dtype", file_type(t.dtype())}, {"shape", t.shape().vec()}, {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
    pieces.push_back({raw_bytes(t), static_cast<std::size_t>(bytes)});
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    ErrorReport("save_safetensors", "a name is not valid UTF-8", at).value_error();
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  pieces[0] = {&length, 8};
  pieces[1] = {text.data(), text.size()};
  write_file_atomically("save_safetensors", path, pieces, at);
}

}  // namespace xgrad
