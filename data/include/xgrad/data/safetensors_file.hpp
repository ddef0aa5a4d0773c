// A safetensors file whose tensors are read when they are asked for: safetensors.safe_open of Python.
//
//   data::SafetensorsFile f("net.safetensors");        // reads the header, maps the rest
//   Tensor w = f.get_tensor("fc1.weight");             // its memory is that of the file
//   net.load_state_dict(f.tensors());                  // copies once, from the file into the parameters
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <xgrad/data/safetensors.hpp>
#include <xgrad/ops/indexing.hpp>

namespace xgrad::data {

class SafetensorsSlice;

// The tensors of a file, of any size: pages of the file are read when their elements are. A tensor shares the memory of
// the file with every other one of the same name, and keeps it after this object is gone. Writing to one changes that
// memory in this process alone: the file is never changed.
//
// Copied instead, element by element, is what has another type here (F16, BF16, BOOL, I8, I16, U16, U32, U64, as
// load_safetensors converts them) and what is not aligned in the file.
//
// The file must stay as it is while its tensors are in use. save_safetensors to the same path is safe, as it puts a new
// file in the old one's place. When another program makes the file shorter, get_tensor, get_slice and tensors throw an
// IoError; the system ends a process that reads a lost page of a tensor it already has (SIGBUS). load_safetensors reads
// files that are not trusted to stay. When the content is changed in place, tensors may show it.
//
// A handle, as a Tensor is: copies show the same file.
class XGRAD_API SafetensorsFile {
 public:
  // IoError for all that read_safetensors refuses; .gz cannot be mapped.
  explicit SafetensorsFile(const std::string& path, Location at = Location::current());

  std::vector<std::string> keys() const;         // sorted
  std::vector<std::string> offset_keys() const;  // in the order of the data
  const Metadata& metadata() const;
  bool contains(const std::string& name) const;
  std::int64_t size() const;  // number of tensors

  // ValueError for a name that is not there, which lists those that are.
  Tensor get_tensor(const std::string& name, Location at = Location::current()) const;
  // The tensor before it is read: its shape, and parts of it.
  SafetensorsSlice get_slice(const std::string& name, Location at = Location::current()) const;
  // All of them, in the order of the data.
  NamedTensors tensors(Location at = Location::current()) const;

 private:
  struct State;
  friend class SafetensorsSlice;
  std::shared_ptr<const State> state_;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const SafetensorsFile& file);  // SafetensorsFile(path: 3 tensors)

// A tensor of a SafetensorsFile of which parts are read: f.get_slice("weight").index({Slice{0, 10}, 3}).
class XGRAD_API SafetensorsSlice {
 public:
  const Shape& get_shape() const { return shape_; }
  // The type of the elements in the file, by safetensors' name: "F32", "BF16".
  const std::string& get_dtype() const { return dtype_; }
  // As Tensor::index. Of a tensor that has to be copied, only the rows that the first index names are.
  Tensor index(const std::vector<Index>& indices, Location at = Location::current()) const;
  Tensor operator[](const Index& index) const { return this->index({index}); }

 private:
  friend class SafetensorsFile;
  SafetensorsSlice(std::shared_ptr<const SafetensorsFile::State> state, std::size_t entry, Shape shape,
                   std::string dtype);
  std::shared_ptr<const SafetensorsFile::State> state_;
  std::size_t entry_;
  Shape shape_;
  std::string dtype_;
};

// safetensors.safe_open(path, framework="pt")
inline SafetensorsFile safe_open(const std::string& path, Location at = Location::current()) {
  return SafetensorsFile(path, at);
}

}  // namespace xgrad::data
