// npy and npz files: round trips, what NumPy writes, damaged and hostile files.
#include <xgrad/data/numpy.hpp>

#include "file_support.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

std::string npy(const std::string& header, const std::string& values, int version = 1) {
  std::string s = "\x93NUMPY";
  s += static_cast<char>(version);
  s += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) s += static_cast<char>(header.size() >> 8 * i & 255);
  return s + header + values;
}
std::string header_of(const std::string& descr, const std::string& shape, bool fortran = false) {
  return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n", descr, fortran ? "True" : "False",
                     shape);
}

NamedTensors samples() {
  return {
      {"f32", randn({3, 4})},           {"f64", from_vector(std::vector<double>{std::nan(""), INFINITY, -0.0, 5e-324})},
      {"i64", tensor({-1, 5})},         {"i32", full({2, 2}, -7, {kInt32})},
      {"u8", full({3}, 255, {kUInt8})}, {"bool", tensor({true, false, true})},
      {"scalar", full({}, 2.5)},        {"none", zeros({3, 0, 2})},
      {"tilted", randn({4, 3}).t()},    {"wei\"rd/näme", ones({300, 300})}};
}

struct Files {
  TempDir dir;
  Tensor read(const std::string& content) const { return load_npy(write_file(dir / "good.npy", content)); }
  void refuse(const std::string& content, std::vector<std::string> facts, Location at = Location::current()) const {
    const std::string path = write_file(dir / "bad.npy", content);
    facts.push_back(path);
    expect<IoError>(
        facts, [&] { load_npy(path); }, at);
  }
  void refuse_archive(const std::string& content, std::vector<std::string> facts,
                      Location at = Location::current()) const {
    const std::string path = write_file(dir / "bad.npz", content);
    facts.push_back(path);
    expect<IoError>(
        facts, [&] { load_npz(path); }, at);
  }
};

void put(std::string& bytes, std::size_t at, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> 8 * i & 255);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(npy_files)

BOOST_AUTO_TEST_CASE(all_types_and_shapes_come_back) {
  const TempDir dir;
  for (const auto& [name, t] : samples()) {
    save_npy(t, dir / "x.npy");
    const Tensor back = load_npy(dir / "x.npy");
    BOOST_TEST(same_bits(t, back), name);
    BOOST_TEST((!back.requires_grad() && back.is_contiguous()));
  }
  save_npy(ones({2, 3}), dir / "x.npy");
  const std::string text = read_file(dir / "x.npy");
  BOOST_TEST(text.size() == 128u + 24);
  BOOST_TEST(text.substr(10, 59) == "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  BOOST_TEST(text[127] == '\n');
}

BOOST_AUTO_TEST_CASE(what_others_write) {
  const Files f;
  const std::string one_two("\0\0\0\1\0\0\0\2", 8);
  check_close(f.read(npy(header_of(">i4", "(2,)"), one_two)), {1, 2});
  check_close(f.read(npy(header_of(">u2", "(4,)"), one_two)), {0, 1, 0, 2});
  BOOST_TEST((f.read(npy(header_of(">u2", "(4,)"), one_two)).dtype() == kInt32));
  check_close(f.read(npy(header_of("<f2", "(4,)"), std::string("\x00\x3c\x00\xc0\x01\x00\xff\x7b", 8))),
              {1, -2, 0x1p-24, 65504});
  check_close(f.read(npy(header_of("|i1", "(2,)"), "\xff\x02")), {-1, 2});
  for (const int version : {1, 2, 3}) check_close(f.read(npy(header_of("=u1", "(1,)"), "a", version)), {'a'});
  check_close(f.read(npy("{\"shape\":(2L,1),\"fortran_order\":False,\"descr\":\"u1\"}  ", "ab")), {'a', 'b'});
  const Tensor columns = f.read(npy(header_of("|u1", "(2, 3)", true), "abcdef"));
  BOOST_TEST((columns.shape() == Shape{2, 3}));
  check_close(columns, {'a', 'c', 'e', 'b', 'd', 'f'});
  check_close(load_npy(write_file(f.dir / "x.npy.gz", gzip(npy(header_of("|u1", "(3,)"), "abc")))), {'a', 'b', 'c'});
}

BOOST_AUTO_TEST_CASE(damaged_and_hostile) {
  const Files f;
  const std::string good = header_of("|u1", "(3,)");
  f.refuse("", {"not an npy file"});
  f.refuse("PK\3\4 and more", {"not an npy file"});
  f.refuse(npy(good, "abc", 4), {"version 4.0"});
  f.refuse(npy(good, "ab"), {"3 bytes of data expected, 2 found"});
  f.refuse(npy(good, "abcd"), {"more data than stated"});
  f.refuse(npy(good, "abc").substr(0, 30), {"bytes expected at offset 10"});
  f.refuse(npy(std::string(70000, ' '), "", 2), {"70000", "65536"});
  f.refuse(npy("[1, 2]", ""), {"expected {"});
  f.refuse(npy(good + std::string(1, '\0'), "abc"), {"nothing behind }"});
  f.refuse(npy(std::string(20, '\0'), "abc"), {"expected {", "\\x00"});
  f.refuse(npy("{'descr': '|u1', 'shape': (3,)}", "abc"), {"no 'fortran_order'"});
  f.refuse(npy("{'descr': '|u1', 'descr': '|u1'}", "abc"), {"'descr' twice"});
  f.refuse(npy("{'descr': '|u1', 'x': 1}", "abc"), {"unknown key 'x'"});
  f.refuse(npy("{'descr': '|u1", "abc"), {"expected '"});
  f.refuse(npy("{'descr': '|u1', 'fortran_order': 0, 'shape': (3,)}", "abc"), {"True or False"});
  for (const char* shape : {"3", "(3)", "(3.0,)", "(-3,)", "(,)", "(3,,)", "[3]", "(1 2)"})
    f.refuse(npy(header_of("|u1", shape), "abc"), {"the header is damaged"});
  f.refuse(npy(header_of("|u1", "(99999999999999999999,)"), ""), {"overflows 64 bits"});
  f.refuse(npy(header_of("<f8", "(4611686018427387905, 4, 0)"), ""), {"overflows 64 bits"});
  f.refuse(npy(header_of("<f4", "(1073741824,)"), "abcd"), {"4294967296 bytes of data expected, 4 found"});
  f.refuse(npy(header_of("|u1", "(1,1,1,1,1,1,1,1,1)"), "a"), {"more than 8 dimensions"});
  f.refuse(npy(header_of("|O", "(1,)"), "a"), {"pickles"});
  for (const char* type : {"<c8", "<U3", "|S3", "<M8[s]", "|V4", "", "<f16", "<f3", "float32", "<<f4"})
    f.refuse(npy(header_of(type, "(1,)"), std::string(16, 'a')), {"not supported"});
  f.refuse(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd"), {"records"});
  f.refuse(npy(header_of("<u8", "(1,)"), std::string(8, '\xff')), {"exceeds int64"});
  const std::string lie = write_file(f.dir / "lie.npy.gz", gzip(npy(header_of("<f4", "(2500,)"), "abcd")));
  expect<IoError>({lie, "10000 bytes expected", "4 found"}, [&] { load_npy(lie); });
  expect_op<IoError>("load_npy", {"no such file"}, [&] { load_npy(f.dir / "missing.npy"); });
  expect_op<ValueError>("save_npy", {"undefined"}, [&] { save_npy(Tensor(), f.dir / "x.npy"); });
  expect_op<IoError>("save_npy", {"no/such"}, [&] { save_npy(ones({1}), f.dir / "no/such.npy"); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(npz_files)

BOOST_AUTO_TEST_CASE(archives_come_back) {
  const TempDir dir;
  const NamedTensors all = samples();
  for (const bool compressed : {false, true}) {
    save_npz(all, dir / "all.npz", {.compressed = compressed});
    BOOST_TEST(same_bits(all, load_npz(dir / "all.npz")));
    BOOST_TEST((read_file(dir / "all.npz").size() < 10000) == compressed);
    const std::string first = read_file(dir / "all.npz");
    save_npz(all, dir / "all.npz", {.compressed = compressed});
    BOOST_TEST((read_file(dir / "all.npz") == first));
  }
  save_npz({}, dir / "none.npz");
  BOOST_TEST(load_npz(dir / "none.npz").empty());
  // More members than 16 bits count.
  NamedTensors many;
  for (int i = 0; i < 70000; ++i) many.emplace_back(std::to_string(i), tensor(i % 2 == 0));
  save_npz(many, dir / "many.npz");
  BOOST_TEST(same_bits(many, load_npz(dir / "many.npz")));
}

BOOST_AUTO_TEST_CASE(a_damaged_byte_is_found) {
  const Files f;
  for (const bool compressed : {false, true}) {
    const NamedTensors two{{"w", arange(0, 6, 1, {kFloat32})}, {"b", ones({100})}};
    save_npz(two, f.dir / "x.npz", {.compressed = compressed});
    const std::string good = read_file(f.dir / "x.npz");
    int refused = 0;
    for (std::size_t at = 0; at < good.size(); ++at)
      for (const int flip : {1, 128}) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ flip);
        try {
          const NamedTensors got = load_npz(write_file(f.dir / "bad.npz", bad));
          // Versions, times and attributes say nothing; a flag of UTF-8 changes no name here.
          BOOST_TEST(same_bits(got, two), fmt::format("byte {} ^ {}", at, flip));
        } catch (const IoError&) {
          ++refused;
        }
      }
    BOOST_TEST(refused > static_cast<int>(good.size()));
    for (std::size_t n = 0; n < good.size(); ++n) f.refuse_archive(good.substr(0, n), {});
    f.refuse_archive("front" + good, {"directory"});
    f.refuse_archive(good + "behind", {"the record at its end is missing"});
  }
}

BOOST_AUTO_TEST_CASE(hostile_archives) {
  const Files f;
  save_npz({{"w", ones({4})}}, f.dir / "x.npz");
  const std::string good = read_file(f.dir / "x.npz");
  const std::size_t end = good.size() - 22, central = good.find("PK\1\2");
  const auto with = [&](std::size_t at, std::uint64_t value, int width) {
    std::string s = good;
    put(s, at, value, width);
    return s;
  };
  f.refuse_archive("", {"not a zip archive"});
  f.refuse_archive(std::string(100000, 'P'), {"not a zip archive"});
  f.refuse_archive(with(central + 8, 1, 2), {"'w.npy'", "encrypted"});
  f.refuse_archive(with(central + 10, 12, 2), {"'w.npy'", "method 12"});
  f.refuse_archive(with(central + 20, 1000, 4), {"'w.npy'", "1000"});
  f.refuse_archive(with(central + 42, 4000, 4), {"'w.npy'", "past the archive's contents"});
  f.refuse_archive(with(end + 10, 5000, 2), {"disks"});
  f.refuse_archive(with(end + 16, 0xffffffff, 4), {"64-bit sizes"});
  std::string counts = with(end + 8, 5000, 2);
  put(counts, end + 10, 5000, 2);
  f.refuse_archive(counts, {"states 5000 members"});
  f.refuse_archive(with(good.find("NUMPY"), 'O', 1), {"'w.npy'", "not an npy file"});
  f.refuse_archive(with(central - 1, 0, 1), {"'w.npy'", "check sum"});
  // A member that is no array, and two of one name.
  std::string text = good;
  for (std::size_t at = text.find("w.npy"); at != std::string::npos; at = text.find("w.npy", at))
    text.replace(at, 5, "w.txt");
  f.refuse_archive(text, {"'w.txt' is not an array"});
  save_npz({{"v", ones({4})}, {"w", ones({4})}}, f.dir / "x.npz");
  std::string twice = read_file(f.dir / "x.npz");
  for (std::size_t at = twice.find("v.npy"); at != std::string::npos; at = twice.find("v.npy", at))
    twice.replace(at, 5, "w.npy");
  f.refuse_archive(twice, {"two members 'w.npy'"});
  // 1.5 GiB of zeros in 1.5 MB.
  const std::string bomb = f.dir / "bomb.npz";
  save_npz({{"w", zeros({100, 1000})}}, bomb, {.compressed = true});
  std::string inflated = read_file(bomb);
  const std::size_t entry = inflated.find("PK\1\2");
  put(inflated, entry + 24, 400000000, 4);
  f.refuse_archive(inflated, {"'w.npy'", "cannot hold 400000000"});
}

BOOST_AUTO_TEST_CASE(mistakes_of_callers) {
  const TempDir dir;
  const std::string path = dir / "x.npz";
  const Tensor x = ones({2});
  expect_op<ValueError>("save_npz", {"'x' is given twice"}, [&] { save_npz({{"x", x}, {"x", x}}, path); });
  expect_op<ValueError>("save_npz", {"no name"}, [&] { save_npz({{"", x}}, path); });
  expect_op<ValueError>("save_npz", {"70000 bytes"}, [&] { save_npz({{std::string(70000, 'n'), x}}, path); });
  expect_op<ValueError>("save_npz", {"NUL"}, [&] { save_npz({{std::string("a\0b", 3), x}}, path); });
  expect_op<ValueError>("save_npz", {"undefined"}, [&] { save_npz({{"x", Tensor()}}, path); });
  BOOST_TEST(dir.names().empty());
  expect_op<IoError>("load_npz", {"no such file"}, [&] { load_npz(path); });
  expect_op<IoError>("load_npz", {".gz"}, [&] { load_npz(write_file(dir / "x.npz.gz", gzip("abc"))); });
}

BOOST_AUTO_TEST_SUITE_END()
