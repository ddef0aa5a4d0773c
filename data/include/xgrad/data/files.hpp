// Readers of data files. Files are hostile input: every size is checked against what the file can hold before memory
// is taken, and an IoError names the file, the place and the reason. A name ending in .gz is decompressed on the way.
#pragma once

#include <string>
#include <vector>

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
  char delimiter = ',';    // ' ' takes runs of blanks
  int skip_rows = 0;       // lines to leave out at the top, besides a first line of column names, found by itself
  DType dtype = kFloat32;  // or kFloat64
};
// Numbers in rows and columns -> (rows, columns), rounded to the nearest dtype has. RFC 4180: fields may have quotes;
// lines end with LF, CR LF or CR. Blanks around a field and blank lines do not count, nor does a mark of UTF-8.
//   5  +5  -.5  1e-3  "5"  nan  inf      numbers, in any locale; 1e-400 is 0
//   1e400  0x10  1_000  +-5  n/a         none, nor is a blank field: nothing is left out or filled in
// The first line is one of names when no field is a number and one has a letter; also when some are whole numbers, such
// as years, and at least half are names ("2019,sales"). In doubt ("TRUE,FALSE", "5x,6x") it is a damaged row; skip_rows
// leaves it out.
// Every line has as many fields as the first. IoError "data.csv: line 7: expected 65 columns as in line 1, found 64",
// "data.csv: line 7: column 2: 'x4' is not a number".
XGRAD_API Tensor read_csv(const std::string& path, const CsvOptions& options = {}, Location at = Location::current());
template <Arithmetic C>
Tensor read_csv(const std::string&, C) = delete;  // options by name: read_csv("data.csv", {.delimiter = ';'})

// A table with the names of its columns, empty when the file has none.
struct XGRAD_API CsvTable {
  std::vector<std::string> columns;
  Tensor values;  // (rows, columns)
  // The column of a name, (rows), as a view. ValueError lists the names there are.
  Tensor column(const std::string& name, Location at = Location::current()) const;
  // The columns of these names in this order, (rows, names), as a copy.
  Tensor select(const std::vector<std::string>& names, Location at = Location::current()) const;
};
// read_csv with the line of names.
XGRAD_API CsvTable read_csv_table(const std::string& path, const CsvOptions& options = {},
                                  Location at = Location::current());

struct WriteCsvOptions {
  ByName by_name = ByName();
  std::vector<std::string> columns = {};  // names in a first line; empty: no such line
  char delimiter = ',';
};
// values (rows, columns), floating or integer, so that reading them gives the same bits; atomically. ShapeError:
// another rank or number of names; ValueError: a delimiter that read_csv refuses. IoError: what cannot be written.
XGRAD_API void write_csv(const std::string& path, const Tensor& values, const WriteCsvOptions& options = {},
                         Location at = Location::current());

}  // namespace xgrad::data
