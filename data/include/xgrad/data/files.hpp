// Readers of data files. Files are hostile input: every size is checked against what the file can hold before memory
// is taken, and an IoError names the file, the place and the reason. A name ending in .gz is decompressed on the way.
#pragma once

#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/data/dataset.hpp>

namespace xgrad::data {

// IDX, the format of MNIST: magic 0 0 type rank, sizes and values big-endian. uint8, int32, float32 and float64 keep
// their type; int8 and int16 become int32.
XGRAD_API Tensor read_idx(const std::string& path, Location at = Location::current());

// Images (n, rows, columns) uint8 and labels (n) int64 of an MNIST-like folder: <prefix>-images-idx3-ubyte[.gz] and
// <prefix>-labels-idx1-ubyte[.gz], prefix "train" or "t10k". IoError when the counts differ.
XGRAD_API TensorDataset read_mnist(const std::string& folder, const std::string& prefix = "train",
                                   Location at = Location::current());

struct CsvOptions {
  ByName by_name = ByName();
  char delimiter = ',';     // ' ' takes runs of blanks
  int skip_rows = 0;        // lines to leave out at the top, besides a first line of column names, found by itself
  DType dtype = kFloat32;   // or kFloat64
};
// Numbers in rows and columns -> (rows, columns). IoError "data.csv: line 7: expected 65 columns, found 64".
XGRAD_API Tensor read_csv(const std::string& path, const CsvOptions& options = {}, Location at = Location::current());

}  // namespace xgrad::data
