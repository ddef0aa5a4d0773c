// safetensors, the checkpoint format of the PyTorch world: an 8-byte length, a JSON header, raw little-endian data.
// https://github.com/huggingface/safetensors describes it.
#pragma once

#include <concepts>
#include <iosfwd>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Texts under their names.
struct Metadata : std::map<std::string, std::string> {
  using map::map;
  Metadata() = default;
  Metadata(map texts) : map(std::move(texts)) {}  // NOLINT
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Metadata& m);  // {author: A, epochs: 3}

// Writes all tensors, atomically: to a temporary file in the same folder, flushed to disk, then renamed, so that a
// crash or a full disk leaves the old file or the new one. IoError names the path and the reason; ValueError for a name
// given twice, and for what reading would refuse: a header of more than 100,000,000 bytes, or so many tiny tensors that
// they would take more memory than 4 times the file and 64 MiB.
XGRAD_API void save_safetensors(const NamedTensors& tensors, const std::string& path, const Metadata& metadata = {},
                                Location at = Location::current());
template <class M>
requires requires(const M& m) { m.state_dict(); }
void save_safetensors(const M&, const std::string&) = delete;  // save_safetensors(net.state_dict(), "net.safetensors")
template <std::same_as<Tensor> T>
void save_safetensors(const std::vector<T>&, const std::string&) = delete;  // with names: net.state_dict()
template <std::derived_from<Tensor> T>
void save_safetensors(const T&, const std::string&) = delete;  // with a name: save_safetensors({{"x", x}}, path)
template <std::convertible_to<std::string> P, class T>
void save_safetensors(const P&, const T&) = delete;  // the tensors first: save_safetensors(net.state_dict(), path)

// Reads a whole file in the order of the data. F16 and BF16 become float32; I8, I16 and U16 int32; U32 and U64 int64
// (IoError for a U64 value that does not fit). IoError names what is wrong and where for anything the format forbids:
// bad lengths, overlapping or missing bytes, duplicate names, sizes that overflow.
struct SafetensorsContents {
  NamedTensors tensors;
  Metadata metadata;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const SafetensorsContents& file);
XGRAD_API SafetensorsContents read_safetensors(const std::string& path, Location at = Location::current());
XGRAD_API NamedTensors load_safetensors(const std::string& path, Location at = Location::current());

}  // namespace xgrad
