#include <algorithm>
#include <bit>
#include <numeric>
#include <ostream>
#include <stdexcept>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/safetensors_file.hpp>
#include <xgrad/ops.hpp>

#include "file_mapping.hpp"
#include "safetensors_header.hpp"
#include "shown.hpp"

namespace xgrad::data {

using safetensors::Entry;
using safetensors::Header;

struct SafetensorsFile::State : std::enable_shared_from_this<State> {
  Header header;
  std::uint64_t data_begin;
  FileMapping map;
  std::vector<std::size_t> by_name;  // entries, sorted

  explicit State(InputFile& file)
      : header(safetensors::read_header(file)), data_begin(file.offset()), map(file), by_name(header.entries.size()) {
    std::iota(by_name.begin(), by_name.end(), std::size_t{0});
    std::ranges::sort(by_name, {}, [&](std::size_t i) -> const std::string& { return header.entries[i].name; });
  }

  const Entry& entry(std::size_t i) const { return header.entries[i]; }
  char* memory(const Entry& e) const { return map.begin() + data_begin + e.begin; }
  bool can_share(const Entry& e) const {
    const StoredType& type = header.type(e);
    return type.same && std::bit_cast<std::uintptr_t>(memory(e)) % type.bytes == 0;
  }
  std::size_t find(const std::string& name) const;
  std::size_t require(const char* op, const std::string& name, const Location& at) const;
  Tensor tensor(const char* op, const Entry& e, const Location& at) const;
  Tensor converted(const char* op, const Entry& e, std::int64_t first, std::int64_t behind, const Location& at) const;
};

// The number of entries when there is none of this name.
std::size_t SafetensorsFile::State::find(const std::string& name) const {
  const auto at = std::ranges::lower_bound(by_name, name, {},
                                           [&](std::size_t i) -> const std::string& { return header.entries[i].name; });
  return at != by_name.end() && header.entries[*at].name == name ? *at : header.entries.size();
}

std::size_t SafetensorsFile::State::require(const char* op, const std::string& name, const Location& at) const {
  if (const std::size_t i = find(name); i < header.entries.size()) return i;
  constexpr std::size_t kMost = 20;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(by_name.size(), kMost); ++i) names.push_back(shown(entry(by_name[i]).name));
  ErrorReport(op, fmt::format("{}: there is no tensor '{}'", map.path(), shown(name)), at)
      .line("there are", fmt::format("{}{}", fmt::join(names, ", "), by_name.size() > kMost ? ", ..." : ""))
      .value_error();
}

// Rows `first` to `behind` of a tensor that cannot be shared; of one without dimensions, all.
Tensor SafetensorsFile::State::converted(const char* op, const Entry& e, std::int64_t first, std::int64_t behind,
                                         const Location& at) const {
  const StoredType& type = header.type(e);
  Shape shape = header.shape(e);
  std::uint64_t begin = data_begin + e.begin;
  if (shape.rank() > 0) {
    const std::int64_t rows = shape[0];
    if (rows > 0)
      begin += static_cast<std::uint64_t>(first) * type.bytes * static_cast<std::uint64_t>(shape.numel() / rows);
    shape[0] = behind - first;
  }
  FilePart part(map, begin, op, at);
  try {
    return type.read(part, shape);
  } catch (const std::range_error& problem) {
    part.fail(fmt::format("tensor '{}': {}", shown(e.name), problem.what()));
  }
}

Tensor SafetensorsFile::State::tensor(const char* op, const Entry& e, const Location& at) const {
  map.require_whole(op, at);
  const Shape shape = header.shape(e);
  if (!can_share(e)) return converted(op, e, 0, shape.rank() > 0 ? shape[0] : 1, at);
  if (shape.numel() == 0) return empty(shape, {*header.type(e).same}, at);
  return from_blob(
      static_cast<void*>(memory(e)), shape, *header.type(e).same, [kept = shared_from_this()] {}, at);
}

SafetensorsFile::SafetensorsFile(const std::string& path, Location at) {
  InputFile file("SafetensorsFile", path, at);
  if (file.compressed()) file.fail("a compressed file cannot be mapped: decompress it first");
  state_ = std::make_shared<const State>(file);
}

std::vector<std::string> SafetensorsFile::keys() const {
  std::vector<std::string> names;
  names.reserve(state_->by_name.size());
  for (const std::size_t i : state_->by_name) names.push_back(state_->entry(i).name);
  return names;
}

std::vector<std::string> SafetensorsFile::offset_keys() const {
  std::vector<std::string> names;
  names.reserve(state_->header.entries.size());
  for (const Entry& e : state_->header.entries) names.push_back(e.name);
  return names;
}

const Metadata& SafetensorsFile::metadata() const { return state_->header.metadata; }
bool SafetensorsFile::contains(const std::string& name) const {
  return state_->find(name) < state_->header.entries.size();
}
std::int64_t SafetensorsFile::size() const { return static_cast<std::int64_t>(state_->header.entries.size()); }

Tensor SafetensorsFile::get_tensor(const std::string& name, Location at) const {
  return state_->tensor("get_tensor", state_->entry(state_->require("get_tensor", name, at)), at);
}

SafetensorsSlice SafetensorsFile::get_slice(const std::string& name, Location at) const {
  const std::size_t i = state_->require("get_slice", name, at);
  const Entry& e = state_->entry(i);
  return {state_, i, state_->header.shape(e), state_->header.type(e).name};
}

NamedTensors SafetensorsFile::tensors(Location at) const {
  NamedTensors all;
  all.reserve(state_->header.entries.size());
  for (const Entry& e : state_->header.entries) all.emplace_back(e.name, state_->tensor("tensors", e, at));
  return all;
}

std::ostream& operator<<(std::ostream& os, const SafetensorsFile& file) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> names = file.offset_keys();
  const bool more = names.size() > kMost;
  if (more) names.resize(kMost);
  for (std::string& n : names) n = shown(n);
  return os << fmt::format("SafetensorsFile({} tensors: {}{})", file.size(), fmt::join(names, ", "),
                           more ? ", ..." : "");
}

SafetensorsSlice::SafetensorsSlice(std::shared_ptr<const SafetensorsFile::State> state, std::size_t entry, Shape shape,
                                   std::string dtype)
    : state_(std::move(state)), entry_(entry), shape_(shape), dtype_(std::move(dtype)) {}

Tensor SafetensorsSlice::index(const std::vector<Index>& indices, Location at) const {
  const Entry& e = state_->entry(entry_);
  if (!state_->can_share(e) && shape_.rank() > 0 && !indices.empty()) {
    const std::int64_t n = shape_[0];
    const auto wrapped = [&](std::int64_t i) { return i < 0 ? i + n : i; };
    std::vector<Index> rest = indices;
    std::int64_t first = 0, behind = n;
    if (const std::int64_t* i = indices[0].get<std::int64_t>(); i && wrapped(*i) >= 0 && wrapped(*i) < n) {
      first = wrapped(*i);
      behind = first + 1;
      rest[0] = 0;
    } else if (const Slice* s = indices[0].get<Slice>(); s && s->step > 0) {
      first = std::clamp<std::int64_t>(wrapped(s->start), 0, n);
      behind = std::max(first, std::clamp<std::int64_t>(wrapped(s->stop), 0, n));
      rest[0] = Slice{0, Slice::kEnd, s->step};
    }
    state_->map.require_whole("get_slice", at);
    return state_->converted("get_slice", e, first, behind, at).index(rest, at);
  }
  return state_->tensor("get_slice", e, at).index(indices, at);
}

}  // namespace xgrad::data
