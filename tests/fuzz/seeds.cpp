// fuzz_seeds DIR: writes small valid files to DIR/safetensors, DIR/npy, DIR/npz, DIR/idx, DIR/csv and DIR/gz.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include <zlib.h>

#include <xgrad/data/numpy.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/ops/factory.hpp>

namespace {

using namespace std::string_literals;

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

void write_gz(const std::filesystem::path& path, char reader, const std::string& content) {
  const std::filesystem::path packed = path.string() + ".tmp";
  const gzFile gz = gzopen(packed.c_str(), "wb");
  if (!gz) throw std::runtime_error("cannot write " + packed.string());
  const bool complete = gzwrite(gz, content.data(), static_cast<unsigned>(content.size())) > 0;
  if (gzclose(gz) != Z_OK || !complete) throw std::runtime_error("cannot write " + packed.string());
  std::ifstream in(packed, std::ios::binary);
  write(path, reader + std::string(std::istreambuf_iterator<char>(in), {}));
  std::filesystem::remove(packed);
}

void write_seeds(const std::filesystem::path& dir) {
  for (const char* name : {"safetensors", "npy", "npz", "idx", "csv", "gz"})
    std::filesystem::create_directories(dir / name);
  const std::string bytes = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03\1\2\3\4\5\6"s,
                    floats = "\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\x7f\xc0\0\0"s, csv = "a,b\n1,-2.5\n\"3\",+4e-1\r\n";
  write(dir / "idx/bytes", bytes);
  write(dir / "idx/floats", floats);
  write(dir / "csv/header", '\0' + csv);
  write(dir / "csv/spaces", "\2 1  2 \n3 4\n");
  write_gz(dir / "gz/idx", '\0', bytes);
  write_gz(dir / "gz/csv", '\1', csv);
  const xgrad::NamedTensors mixed = {{"x", xgrad::ones({2, 3})},
                                     {"n", xgrad::ones({}, {xgrad::kInt64})},
                                     {"none", xgrad::ones({0, 2}, {xgrad::kFloat64})},
                                     {"flags", xgrad::ones({3}, {xgrad::kBool})}};
  xgrad::save_safetensors(mixed, (dir / "safetensors/mixed").string(), {{"format", "pt"}});
  xgrad::save_npz(mixed, (dir / "npz/stored").string());
  xgrad::save_npz(mixed, (dir / "npz/deflated").string(), {.compressed = true});
  for (const auto& [name, t] : mixed) xgrad::save_npy(t, (dir / "npy" / name).string());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIR\n";
    return 2;
  }
  write_seeds(argv[1]);
}
