// fuzz_seeds DIR: writes small valid files to DIR/safetensors, DIR/npy, DIR/npz, DIR/idx, DIR/csv, DIR/gz, DIR/png and
// DIR/event_file. The first also suit fuzz_safetensors_file.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include <zlib.h>

#include <xgrad/data/images.hpp>
#include <xgrad/data/numpy.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/ops/factory.hpp>

#include "events/wire.hpp"

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

// A version, and a scalar with its tag and step.
void write_events(const std::filesystem::path& dir) {
  using xgrad::train::detail::framed;
  using xgrad::train::detail::MessageWriter;
  MessageWriter version, value, summary, event;
  version.real(1, 1.5e9);
  version.bytes(3, "brain.Event:2");
  value.bytes(1, "loss");
  value.real(2, 0.25f);
  summary.bytes(1, value.text());
  event.real(1, 1.5e9);
  event.number(2, 300);
  event.bytes(5, summary.text());
  write(dir / "file", '\0' + framed(version.text()) + framed(event.text()));
  write(dir / "records", '\xff' + version.text() + '\xff' + event.text());
}

// Written by the library, and by hand what it does not write: a palette, few bits, interlacing. The first byte is the
// fuzzer's: mode 3, check sums put right.
void write_images(const std::filesystem::path& dir) {
  const std::filesystem::path packed = dir / "x.tmp";
  for (const std::int64_t channels : {1, 2, 3, 4})
    for (const xgrad::DType type : {xgrad::kUInt8, xgrad::kInt32}) {
      xgrad::data::write_png(xgrad::ones({channels, 3, 5}, {type}), packed.string());
      std::ifstream in(packed, std::ios::binary);
      write(dir / (std::to_string(channels) + (type == xgrad::kUInt8 ? "_8" : "_16")),
            '\x0b' + std::string(std::istreambuf_iterator<char>(in), {}));
    }
  std::filesystem::remove(packed);
  const auto chunk = [](const std::string& type, const std::string& data) {
    const auto n = static_cast<char>(data.size());
    return std::string(3, '\0') + n + type + data + std::string(4, '\0');
  };
  const auto image = [&](const std::string& depth, const std::string& before, const std::string& rows) {
    std::string z(64, '\0');
    uLongf size = z.size();
    compress(reinterpret_cast<Bytef*>(z.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
    return "\x0b\x89PNG\r\n\x1a\n" + chunk("IHDR", "\0\0\0\2\0\0\0\2"s + depth) + before +
           chunk("IDAT", z.substr(0, size)) + chunk("IEND", "");
  };
  write(dir / "palette", image("\4\3\0\0\0"s, chunk("PLTE", "abcdef") + chunk("tRNS", "g"), "\0\1\0\x10"s));
  write(dir / "bits", image("\1\0\0\0\0"s, chunk("tRNS", "\0\1"s), "\0\x80\0\x40"s));
  write(dir / "interlaced", image("\x08\0\0\0\1"s, "", "\0\1\0\2\0\3\4"s));
}

void write_seeds(const std::filesystem::path& dir) {
  for (const char* name : {"safetensors", "npy", "npz", "idx", "csv", "gz", "png", "event_file"})
    std::filesystem::create_directories(dir / name);
  const std::string bytes = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03\1\2\3\4\5\6"s,
                    floats = "\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\x7f\xc0\0\0"s, csv = "a,b\n1,-2.5\n\"3\",+4e-1\r\n";
  write(dir / "idx/bytes", bytes);
  write(dir / "idx/floats", floats);
  write(dir / "csv/header", '\0' + csv);
  write(dir / "csv/spaces", "\2 1  2 \n3 4\n");
  write_events(dir / "event_file");
  write_images(dir / "png");
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
