// safetensors files: round trips, hostile files, crash-safe writing.
#include <csignal>
#include <sys/resource.h>
#include <thread>

#include <xgrad/data/safetensors.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

std::string with_length(std::uint64_t n, const std::string& rest) {
  std::string s(8, '\0');
  std::memcpy(s.data(), &n, 8);
  return s + rest;
}
std::string file_of(const std::string& header, const std::string& values = "") {
  return with_length(header.size(), header + values);
}

// {"NAME":{"dtype":..., "shape":..., "data_offsets":[b,e]}} without the outer braces.
std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, std::uint64_t begin,
                  std::uint64_t end) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", name, dtype, shape, begin, end);
}

struct Hostile {
  TempDir dir;
  void refuse(const std::string& content, const std::vector<std::string>& facts,
              Location at = Location::current()) const {
    const std::string path = write_file(dir / "bad.safetensors", content);
    std::vector<std::string> all = facts;
    all.push_back(path);
    expect<IoError>(
        all, [&] { read_safetensors(path); }, at);
  }
  SafetensorsContents read(const std::string& content) const {
    return read_safetensors(write_file(dir / "good.safetensors", content));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors_round_trip)

BOOST_AUTO_TEST_CASE(all_types_and_shapes) {
  const TempDir dir;
  const NamedTensors tensors{
      {"f32", randn({3, 4})},
      {"f64", randn({5}, {kFloat64})},
      {"i64", tensor({-1, 5})},
      {"i32", full({2, 2}, -7, {kInt32})},
      {"u8", full({3}, 255, {kUInt8})},
      {"bool", tensor({true, false, true})},
      {"scalar", full({}, 2.5)},
      {"none", zeros({3, 0, 2})},
      {"tilted", randn({4, 3}).t()},
      {"part", arange(0, 10, 1, {kFloat32}).slice(0, 1, 10, 3)},
      {"odd", full({1}, 9, {kUInt8})},
      {"wei\"rd \\ näme\n", from_vector(std::vector<double>{std::nan(""), INFINITY, -0.0, 5e-324})}};
  save_safetensors(tensors, dir / "all.safetensors", {{"epoch", "3"}, {"note", "a \"quoted\" word"}});
  const SafetensorsContents file = read_safetensors(dir / "all.safetensors");
  BOOST_TEST(file.tensors.size() == tensors.size());
  for (const auto& [name, t] : tensors) {
    const auto it =
        std::find_if(file.tensors.begin(), file.tensors.end(), [&, &n = name](const auto& e) { return e.first == n; });
    BOOST_REQUIRE((it != file.tensors.end()));
    BOOST_TEST(same_bits(t, it->second), name);
    BOOST_TEST((!it->second.requires_grad() && it->second.is_contiguous()));
  }
  BOOST_TEST(file.metadata.size() == 2u);
  BOOST_TEST(file.metadata.at("note") == "a \"quoted\" word");
  BOOST_TEST(dir.names().size() == 1u);
}

BOOST_AUTO_TEST_CASE(order_alignment_and_padding) {
  const TempDir dir;
  save_safetensors({{"b", ones({1})}, {"z", ones({3}, {kUInt8})}, {"a", ones({1})}, {"y", ones({2}, {kFloat64})}},
                   dir / "o");
  std::string order;
  for (const auto& [name, t] : load_safetensors(dir / "o")) order += name;
  BOOST_TEST(order == "yabz");
  std::uint64_t header = 0;
  const std::string text = read_file(dir / "o");
  std::memcpy(&header, text.data(), 8);
  BOOST_TEST(header % 8 == 0);
  BOOST_TEST(text.size() == 8 + header + 16 + 4 + 4 + 3);
  save_safetensors({{"y", ones({2}, {kFloat64})}, {"z", ones({3}, {kUInt8})}, {"b", ones({1})}, {"a", ones({1})}},
                   dir / "p");
  BOOST_TEST((read_file(dir / "p") == text));
}

BOOST_AUTO_TEST_CASE(nothing_at_all) {
  const TempDir dir;
  save_safetensors({}, dir / "none");
  BOOST_TEST(load_safetensors(dir / "none").empty());
}

BOOST_AUTO_TEST_CASE(types_of_other_writers) {
  const Hostile h;
  const auto values = [&](const std::string& dtype, const std::string& bytes, std::size_t width) {
    return h
        .read(file_of("{" + entry("x", dtype, fmt::format("[{}]", bytes.size() / width), 0, bytes.size()) + "}", bytes))
        .tensors[0]
        .second;
  };
  const Tensor f16 = values("F16", std::string("\x00\x3c\x00\xc0\x01\x00\x00\x7c\x00\x80\xff\x7b", 12), 2);
  BOOST_TEST((f16.dtype() == kFloat32));
  check_close(f16.slice(0, 0, 3), {1, -2, std::ldexp(1, -24)}, 0);
  BOOST_TEST(std::isinf(f16.to_vector<double>()[3]));
  BOOST_TEST(std::signbit(f16.to_vector<double>()[4]));
  BOOST_TEST(f16.to_vector<double>()[5] == 65504);
  check_close(values("BF16", std::string("\x80\x3f\xc0\xbf", 4), 2), {1, -1.5}, 0);
  BOOST_TEST((values("I8", "\xff\x7f", 1).dtype() == kInt32));
  check_close(values("I8", "\xff\x7f", 1), {-1, 127});
  check_close(values("I16", std::string("\xfe\xff", 2), 2), {-2});
  check_close(values("U16", std::string("\xfe\xff", 2), 2), {65534});
  BOOST_TEST((values("U32", std::string("\xff\xff\xff\xff", 4), 4).to_vector<std::int64_t>()[0] == 4294967295));
  BOOST_TEST((values("U64", std::string("\x05\0\0\0\0\0\0\0", 8), 8).dtype() == kInt64));
  check_close(values("BOOL", std::string("\x00\x01\x02", 3), 1), {0, 1, 1});
  h.refuse(file_of("{" + entry("x", "U64", "[1]", 0, 8) + "}", std::string(8, '\xff')), {"'x'", "U64"});
}

BOOST_AUTO_TEST_CASE(unusual_but_allowed) {
  const Hostile h;
  const std::string four("\0\0\x80\x3f", 4);
  check_close(h.read(file_of("  {" + entry("x", "F32", "[1]", 0, 4) + "}\n  ", four)).tensors[0].second,
              {1});  // spaces, unaligned
  const SafetensorsContents f =
      h.read(file_of("{" + entry("e", "F32", "[0]", 4, 4) + "," + entry("x", "F32", "[]", 0, 4) + "," +
                         entry("d", "I64", "[2,0]", 0, 0) + "}",
                     four));
  BOOST_TEST((f.tensors.size() == 3 && f.tensors[0].first == "d" && f.tensors[1].first == "x"));
  BOOST_TEST(h.read(file_of("{}")).tensors.empty());
  BOOST_TEST(h.read(file_of(R"({"__metadata__":{}})")).metadata.empty());
  BOOST_TEST(h.read(file_of("{" + entry("", "F32", "[1]", 0, 4) + "}", four)).tensors[0].first.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(safetensors_hostile)

BOOST_AUTO_TEST_CASE(lengths) {
  const Hostile h;
  h.refuse("", {"fewer than 8 bytes"});
  h.refuse("1234567", {"fewer than 8 bytes"});
  h.refuse("PK\x03\x04 a pickle in a zip", {"not a safetensors file", "header length"});  // 56
  h.refuse(std::string("\x80\x02}q\x00X\x06mumble mumble", 20), {"not a safetensors file", "header length"});
  h.refuse(with_length(~std::uint64_t{0}, "{}"), {"header length 18446744073709551615"});
  h.refuse(with_length(std::uint64_t{1} << 63, "{}"), {"header length"});
  h.refuse(with_length(3, "{}"), {"header length 3"});
  h.refuse(with_length(100'000'001, "{}"), {"header length"});
  h.refuse(with_length(0, ""), {"not a JSON object"});
  h.refuse(with_length(1, "{}"), {});
  expect_op<IoError>("load_safetensors", {"gone.safetensors", "no such file"},
                     [&] { load_safetensors(h.dir / "gone.safetensors"); });  // 55
  expect<IoError>({"not a regular file"}, [&] { read_safetensors(h.dir.path()); });
}

BOOST_AUTO_TEST_CASE(layout) {
  const Hostile h;
  const std::string a = entry("a", "F32", "[2]", 0, 8), data(64, '\0');
  const auto two = [&](const std::string& b) { return "{" + a + "," + b + "}"; };
  h.refuse(file_of(two(entry("b", "F32", "[2]", 4, 12)), data.substr(0, 12)),
           {"'b'", "[4, 12)", "overlap", "'a'"});  // 57
  h.refuse(file_of(two(entry("b", "F32", "[2]", 0, 8)), data.substr(0, 8)), {"'b'", "overlap"});
  h.refuse(file_of(two(entry("b", "F32", "[2]", 12, 20)), data.substr(0, 20)), {"8 to 12", "no tensor"});
  h.refuse(file_of("{" + entry("a", "F32", "[2]", 4, 12) + "}", data.substr(0, 12)), {"0 to 4"});
  h.refuse(file_of("{" + a + "}", data.substr(0, 9)), {"8", "9"});
  h.refuse(file_of("{" + a + "}", data.substr(0, 7)), {"8", "7"});
  h.refuse(file_of("{}", "x"), {"0", "1"});
  h.refuse(file_of("{" + entry("a", "F32", "[2]", 0, 4) + "}", data.substr(0, 4)),
           {"'a'", "[0, 4)", "8 bytes", "F32", "(2)"});
  h.refuse(file_of("{" + entry("a", "F32", "[2]", 8, 0) + "}", data.substr(0, 8)), {"'a'", "[8, 0)"});
  h.refuse(file_of(two(entry("e", "F32", "[0]", 4, 4)), data.substr(0, 8)), {});  // inside another tensor
  h.refuse(file_of(two(entry("e", "F32", "[0]", 100, 100)), data.substr(0, 8)), {"8 to 100"});
}

BOOST_AUTO_TEST_CASE(overflowing_shapes) {
  const Hostile h;
  for (const char* shape : {"[4611686018427387904,4]", "[4294967296,4294967296]", "[18446744073709551615]",
                            "[9223372036854775807,2]", "[2,9223372036854775808]"})
    h.refuse(file_of("{" + entry("a", "F32", shape, 0, 0) + "}"), {"'a'", "overflows 64 bits"});
  h.refuse(file_of("{" + entry("a", "F32", "[0,9223372036854775807,9223372036854775807,8]", 0, 0) + "}"),
           {"overflows 64 bits"});
  h.refuse(file_of("{" + entry("a", "F16", "[0,2305843009213693952]", 0, 0) + "}"), {"overflows 64 bits"});  // as f32
  h.refuse(file_of("{" + entry("a", "U8", "[1099511627776]", 0, 1099511627776) + "}", "1234"), {"1099511627776", "4"});
  h.refuse(file_of("{" + entry("a", "U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) + "}", "1"), {"9 dimensions", "8"});
}

BOOST_AUTO_TEST_CASE(names_given_twice) {
  const Hostile h;
  const std::string a = entry("a", "U8", "[1]", 0, 1);
  h.refuse(file_of("{" + a + "," + entry("a", "U8", "[1]", 0, 1) + "}", "1"), {"'a'", "twice"});
  h.refuse(file_of(R"({"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)" + a + "}", "1"), {"'a'", "twice"});
  h.refuse(file_of(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "1"), {"'dtype'", "twice"});
  h.refuse(file_of(R"({"__metadata__":{"k":"1","k":"2"}})"), {"'k'", "twice"});
}

BOOST_AUTO_TEST_CASE(bad_json) {
  const Hostile h;
  for (const char* text : {"[]", "null", "1", "\"a\"", "   ", "x{}", "\xEF\xBB\xBF{}"})
    h.refuse(file_of(text), {"not a JSON object"});
  for (const char* text : {"{", "{\"a\"", "{\"a\":}", "{} {}", "{}x", "{'a':1}", "{\"a\":1,}", "{\"a\":01}",
                           "{\"\xff\":1}", "{\"a\":NaN}", "{\"a\":\"\\ud800\"}", "{//c\n}"})
    h.refuse(file_of(text), {"JSON"});
  h.refuse(file_of(std::string("{}\0", 3)), {"JSON"});
  h.refuse(file_of("{\"a\":" + std::string(100000, '[') + std::string(100000, ']') + "}"), {"nested too deeply"});
  h.refuse(file_of("{\"__metadata__\":" + std::string(100000, '{')), {});
}

BOOST_AUTO_TEST_CASE(bad_entries) {
  const Hostile h;
  const auto one = [](const std::string& body) { return file_of("{\"a\":" + body + "}", "1234"); };
  h.refuse(one("1"), {"'a'", "not an object"});
  h.refuse(one("[]"), {"'a'", "not an object"});
  h.refuse(one("{}"), {"'a'", "dtype"});
  h.refuse(one(R"({"dtype":"F32","shape":[1]})"), {"'a'", "data_offsets"});
  h.refuse(one(R"({"dtype":"F32","data_offsets":[0,4]})"), {"'a'", "shape"});
  h.refuse(one(R"({"dtype":1,"shape":[1],"data_offsets":[0,4]})"), {"'a'", "dtype"});
  h.refuse(one(R"({"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]})"), {"'a'", "F8_E4M3", "not supported"});
  h.refuse(one(R"({"dtype":"f32","shape":[1],"data_offsets":[0,4]})"), {"'a'", "f32"});
  h.refuse(one(R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})"), {"'a'", "shape"});
  h.refuse(one(R"({"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})"), {"'a'", "size", "whole number"});
  h.refuse(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), {"'a'", "size", "whole number"});
  h.refuse(one(R"({"dtype":"F32","shape":["1"],"data_offsets":[0,4]})"), {"'a'", "size"});
  h.refuse(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})"), {"'a'", "data_offsets"});
  h.refuse(one(R"({"dtype":"F32","shape":[1],"data_offsets":[-4,0]})"), {"'a'", "offset"});
  h.refuse(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,1e3]})"), {"'a'", "offset"});
  h.refuse(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":1})"), {"'a'", "'extra'"});
  h.refuse(file_of(R"({"__metadata__":1})"), {"__metadata__"});
  h.refuse(file_of(R"({"__metadata__":{"k":1}})"), {"__metadata__", "'k'"});
}

// A file whose header length begins with the magic number of gzip is still a safetensors file, and nothing else.
BOOST_AUTO_TEST_CASE(no_hidden_decompression) {
  const Hostile h;
  std::string header = "{" + entry("x", "U8", "[1]", 0, 1) + "}";
  header.append(0x088b1f - header.size(), ' ');
  check_close(h.read(file_of(header, "A")).tensors[0].second, {65});
}

// Every file cut short anywhere, and with any one byte changed, loads or is refused; nothing else.
BOOST_AUTO_TEST_CASE(cut_and_changed_files) {
  const TempDir dir;
  save_safetensors({{"weight", arange(0, 6, 1, {kFloat32}).reshape({2, 3})}, {"steps", full({}, 3)}}, dir / "good",
                   {{"k", "v"}});
  const std::string good = read_file(dir / "good");
  const auto attempt = [&](const std::string& content) {
    const std::string path = write_file(dir / "bad", content);
    try {
      read_safetensors(path);
      return true;
    } catch (const IoError&) {
      return false;
    }
  };
  for (std::size_t n = 0; n < good.size(); ++n) BOOST_TEST(!attempt(good.substr(0, n)), n);
  BOOST_TEST(!attempt(good + '\0'));
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int k = 0; k < 4; ++k) {
      std::string bad = good;
      state = state * 1664525u + 1013904223u;
      bad[i] = static_cast<char>(state >> 24);
      attempt(bad);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(safetensors_writing)

BOOST_AUTO_TEST_CASE(refused_names) {
  const TempDir dir;
  const std::string path = dir / "x";
  const Tensor t = ones({1});
  save_safetensors({{"a", t}}, path);
  const std::string before = read_file(path);
  expect_op<ValueError>("save_safetensors", {"'a'", "twice"}, [&] { save_safetensors({{"a", t}, {"a", t}}, path); });
  expect_op<ValueError>("save_safetensors", {"__metadata__"}, [&] { save_safetensors({{"__metadata__", t}}, path); });
  expect_op<ValueError>("save_safetensors", {"UTF-8"}, [&] { save_safetensors({{"\xff", t}}, path); });
  expect_op<ValueError>("save_safetensors", {"UTF-8"}, [&] { save_safetensors({{"a", t}}, path, {{"k", "\xff"}}); });
  expect_op<ValueError>("save_safetensors", {"undefined"}, [&] { save_safetensors({{"a", Tensor()}}, path); });
  BOOST_TEST((read_file(path) == before));
  BOOST_TEST(dir.names().size() == 1u);
}

// The text of the header, byte by byte.
BOOST_AUTO_TEST_CASE(header_text) {
  const TempDir dir;
  save_safetensors({{"b\"\n\u00e9", ones({2, 3})}, {"a", zeros({}, {kInt64})}}, dir / "x", {{"k", "v\\"}, {"e", ""}});
  const std::string file = read_file(dir / "x");
  std::string expected = R"({"__metadata__":{"e":"","k":"v\\"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                         R"("b\"\n)"
                         "\u00e9"
                         R"(":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}})";
  expected.append((8 - expected.size() % 8) % 8, ' ');
  BOOST_TEST(file.substr(8, file.size() - 8 - 32) == expected);
}

// Time is linear, and nothing is written that reading would refuse.
BOOST_AUTO_TEST_CASE(many_names) {
  const TempDir dir;
  const Tensor none = zeros({0}, {kUInt8});
  NamedTensors many;
  for (int i = 0; i < 100000; ++i) many.emplace_back(fmt::format("layer{}", i), none);
  save_safetensors(many, dir / "many");
  BOOST_TEST(load_safetensors(dir / "many").size() == many.size());
  for (int i = 100000; i < 500000; ++i) many.emplace_back(fmt::format("{}", i), none);
  expect_op<ValueError>("save_safetensors", {"500000 tensors", "too many"},
                        [&] { save_safetensors(many, dir / "more"); });
  expect_op<ValueError>("save_safetensors", {"header", "at most 100000000"}, [&] {
    save_safetensors({}, dir / "more", {{"k", std::string(100'000'000, 'a')}});
  });
  BOOST_TEST(dir.names().size() == 1u);
}

// Permission bits do not stop root, so the folder is no folder, or does not exist.
BOOST_AUTO_TEST_CASE(unwritable_places) {
  const TempDir dir;
  const NamedTensors state{{"a", ones({1})}};
  write_file(dir / "file", "kept");
  expect<IoError>({dir / "file", "Not a directory"}, [&] { save_safetensors(state, (dir / "file") + "/ckpt"); });  // 60
  expect<IoError>({"no/such", "its folder does not exist"}, [&] { save_safetensors(state, dir / "no/such/ckpt"); });
  std::filesystem::create_directory(dir / "folder");
  expect<IoError>({dir / "folder", "directory"}, [&] { save_safetensors(state, dir / "folder"); });
  expect<IoError>({}, [&] { save_safetensors(state, ""); });
  BOOST_TEST((read_file(dir / "file") == "kept"));
  BOOST_TEST(dir.names().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_keeps_the_old_file) {
  const TempDir dir;
  const std::string path = dir / "ckpt";
  save_safetensors({{"a", ones({1})}}, path);
  const std::string before = read_file(path);
  rlimit old{};
  BOOST_REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, old.rlim_max};
  BOOST_REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const Tensor big = ones({100000});
  expect<IoError>({path, "File too large", "kept"}, [&] { save_safetensors({{"a", big}}, path); });
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST((read_file(path) == before));
  BOOST_TEST(dir.names().size() == 1u);
}

// Somebody else's link under the name of the temporary file is not followed.
BOOST_AUTO_TEST_CASE(planted_links_are_not_followed) {
  const TempDir dir;
  const std::string path = dir / "ckpt";
  write_file(dir / "victim", "precious");
  for (const std::string& end :
       {fmt::format(".tmp.{}", getpid()), fmt::format(".tmp.{}.0", getpid()), fmt::format(".tmp.{}.1", getpid())})
    std::filesystem::create_symlink("victim", path + end);
  save_safetensors({{"a", ones({1})}}, path);
  BOOST_TEST((read_file(dir / "victim") == "precious"));
  BOOST_TEST(load_safetensors(path).size() == 1u);
}

BOOST_AUTO_TEST_CASE(threads_saving_to_one_path_leave_a_whole_file) {
  const TempDir dir;
  const std::string path = dir / "ckpt";
  const auto save = [&](double value) {
    const Tensor t = full({20000}, value);
    for (int i = 0; i < 20; ++i) save_safetensors({{"a", t}}, path);
  };
  std::thread other(save, 1.0);
  save(2.0);
  other.join();
  const std::vector<double> v = load_safetensors(path)[0].second.to_vector<double>();
  BOOST_TEST(std::all_of(v.begin(), v.end(), [&](double x) { return x == v[0]; }));
  BOOST_TEST(dir.names().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
