// npy and npz, the files of NumPy: one array with its type and shape, and a zip archive of such files.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html describes the first, PKWARE's APPNOTE.TXT the
// second. Arrays of Python objects, which are pickles and can run code, are refused.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// numpy.load of a .npy file, also one that gzip has compressed (.npy.gz). bool, u1, i4, i8, f4 and f8 keep their type,
// in either byte order; f2 becomes float32, i1, i2 and u2 int32, u4 and u8 int64 (IoError for a value that does not
// fit). An array in Fortran's order is a view with the strides of that order. IoError names what is wrong and where for
// anything else: other types, damaged headers, more or fewer bytes than the shape asks for.
XGRAD_API Tensor load_npy(const std::string& path, Location at = Location::current());
// numpy.save: atomically, as save_safetensors does.
XGRAD_API void save_npy(const Tensor& tensor, const std::string& path, Location at = Location::current());

struct NpzOptions {
  ByName by_name = ByName();
  bool compressed = false;  // as numpy.savez_compressed does
};
// numpy.load of a .npz file: its arrays with their names, in the order of the archive. IoError for what load_npy
// refuses, and for an archive that is damaged (ranges, lengths, check sums), encrypted, compressed by another method
// than deflate, has a member that is no array, two of one name, or bytes in front; and for one whose content is larger
// than 1 GiB and more than 100 times the file, which is a bomb.
XGRAD_API NamedTensors load_npz(const std::string& path, Location at = Location::current());
// numpy.savez(path, **tensors): atomically. ValueError for a name that is empty, given twice, longer than 65,000 bytes
// or holds a NUL character.
XGRAD_API void save_npz(const NamedTensors& tensors, const std::string& path, const NpzOptions& options = {},
                        Location at = Location::current());

template <std::convertible_to<std::string> P, class T>
void save_npy(const P&, const T&) = delete;  // the tensor first: save_npy(x, "x.npy")
template <std::convertible_to<std::string> P, class T>
void save_npz(const P&, const T&) = delete;  // the tensors first: save_npz({{"x", x}}, "all.npz")
template <std::derived_from<Tensor> T>
void save_npz(const T&, const std::string&) = delete;  // with a name: save_npz({{"x", x}}, path); or save_npy(x, path)
template <std::same_as<Tensor> T>
void save_npz(const std::vector<T>&, const std::string&) = delete;  // with names: save_npz({{"x", x}, {"y", y}}, path)
template <class M>
requires requires(const M& m) { m.state_dict(); }
void save_npz(const M&, const std::string&) = delete;  // save_npz(net.state_dict(), "net.npz")

}  // namespace xgrad
