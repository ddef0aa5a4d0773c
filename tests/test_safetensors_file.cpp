// Safetensors files that are mapped: values, shared memory, files that change meanwhile, hostile ones.
#include <sstream>
#include <unistd.h>

#include <xgrad/data/safetensors_file.hpp>
#include <xgrad/nn/linear.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using Mapped = data::SafetensorsFile;

namespace {

std::string file_of(const std::string& header, const std::string& values) {
  const std::uint64_t n = header.size();
  std::string s(8, '\0');
  std::memcpy(s.data(), &n, 8);
  return s + header + values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_as_when_it_is_read) {
  const TempDir dir;
  const NamedTensors all{{"w", randn({3, 4})},
                         {"d", randn({5}, {kFloat64})},
                         {"n", tensor({-1, 5})},
                         {"u", full({3}, 255, {kUInt8})},
                         {"flags", tensor({true, false, true})},
                         {"none", zeros({3, 0, 2})},
                         {"scalar", full({}, 2.5)}};
  save_safetensors(all, dir / "x", {{"epoch", "3"}});
  const Mapped f(dir / "x");
  BOOST_TEST((f.keys() == std::vector<std::string>{"d", "flags", "n", "none", "scalar", "u", "w"}));
  BOOST_TEST(f.offset_keys().front() == "d");
  BOOST_TEST((f.size() == 7 && f.contains("w") && !f.contains("v")));
  BOOST_TEST(f.metadata().at("epoch") == "3");
  for (const auto& [name, t] : all) {
    BOOST_TEST(same_bits(f.get_tensor(name), t), name);
    BOOST_TEST((f.get_slice(name).get_shape() == t.shape()));
  }
  BOOST_TEST(same_bits(f.tensors(), load_safetensors(dir / "x")));
  BOOST_TEST(same_bits(data::safe_open(dir / "x").get_tensor("w"), all[0].second));
  std::ostringstream printed;
  printed << f;
  BOOST_TEST(printed.str().starts_with("SafetensorsFile(7 tensors: d, n, "));
  expect_op<ValueError>("get_tensor", {"there is no tensor 'v'", "d, flags, n, none, scalar, u, w"},
                        [&] { f.get_tensor("v"); });
  expect_op<ValueError>("get_slice", {"there is no tensor 'v'"}, [&] { f.get_slice("v"); });
}

BOOST_AUTO_TEST_CASE(memory_is_that_of_the_file) {
  const TempDir dir;
  save_safetensors({{"w", ones({1 << 20})}}, dir / "x");
  Tensor kept;
  const std::int64_t before = memory_stats().live_bytes;
  {
    const Mapped f(dir / "x");
    Tensor w = f.get_tensor("w");
    BOOST_TEST(w.data<float>() == f.get_tensor("w").data<float>());
    w[0] = 7;  // in this process alone
    BOOST_TEST(f.get_tensor("w")[0].item() == 7);
    kept = w;
  }
  BOOST_TEST(memory_stats().live_bytes - before < (1 << 16));
  BOOST_TEST(kept[0].item() == 7);  // the object is gone
  BOOST_TEST(kept.sum().item() == (1 << 20) + 6);
  BOOST_TEST(load_safetensors(dir / "x")[0].second[0].item() == 1);
}

BOOST_AUTO_TEST_CASE(a_state_is_copied_once) {
  const TempDir dir;
  const nn::Linear saved(1024, 1024);
  save_safetensors(saved.state_dict(), dir / "net");
  nn::Linear net(1024, 1024);
  reset_peak_memory_stats();
  const std::int64_t before = memory_stats().live_bytes;
  net.load_state_dict(Mapped(dir / "net").tensors());
  BOOST_TEST(memory_stats().peak_bytes - before < (1 << 20));  // the weights are 4 MiB
  BOOST_TEST(same_bits(net.state_dict(), saved.state_dict()));
  // Gradients of mapped weights are those of any others.
  const Mapped f(dir / "net");
  Tensor w = f.get_tensor("weight").requires_grad_(), x = randn({2, 1024});
  matmul(x, w.t()).sum().backward();
  BOOST_TEST(allclose(w.grad(), x.sum({0}).expand({1024, 1024})));
}

BOOST_AUTO_TEST_CASE(parts) {
  const TempDir dir;
  const Tensor w = arange(0, 24, 1, {kFloat32}).reshape({4, 3, 2});
  save_safetensors({{"w", w}}, dir / "x");
  const Mapped f(dir / "x");
  const data::SafetensorsSlice s = f.get_slice("w");
  BOOST_TEST((s.get_dtype() == "F32" && s.get_shape() == Shape{4, 3, 2}));
  BOOST_TEST(same_bits(s.index({Slice{1, 3}, 0}), w.index({Slice{1, 3}, 0})));
  BOOST_TEST(same_bits(s[-1], w[3]));
  BOOST_TEST(s[2].data<float>() == f.get_tensor("w").data<float>() + 12);
  expect<IndexError>({"4"}, [&] { s[4]; });
}

// Types that must be converted: only the rows that are asked for.
BOOST_AUTO_TEST_CASE(parts_of_converted_types) {
  const TempDir dir;
  std::string values;
  for (const int high : {0x3f, 0x40, 0x40, 0xbf, 0xc0, 0x41}) values += {'\x80', static_cast<char>(high)};  // bfloat16
  const std::string path =
      write_file(dir / "x", file_of(R"({"b":{"dtype":"BF16","shape":[3,2],"data_offsets":[0,12]}})", values));
  const Mapped f(path);
  const Tensor whole = f.get_tensor("b");
  check_close(whole, {1, 4, 4, -1, -4, 16}, 0);
  const data::SafetensorsSlice s = f.get_slice("b");
  BOOST_TEST(s.get_dtype() == "BF16");
  const std::vector<std::vector<Index>> all{{0},
                                            {-1},
                                            {Slice{1, 3}},
                                            {Slice{-2}, 1},
                                            {Slice{0, Slice::kEnd, 2}},
                                            {Slice{2, 1}},
                                            {Slice{-9, 9}, Slice{1}},
                                            {None, 1},
                                            {Ellipsis, 0},
                                            {tensor({2, 0})}};
  for (const std::vector<Index>& index : all) BOOST_TEST(same_bits(s.index(index), whole.index(index)));
  expect<IndexError>({"3"}, [&] { s[3]; });
  expect<IndexError>({}, [&] { s.index({0, 0, 0}); });
}

BOOST_AUTO_TEST_CASE(data_that_is_not_aligned_is_copied) {
  const TempDir dir;
  for (int pad = 0; pad < 8; ++pad) {
    const float v[2] = {1.5f, -2};
    const std::string header =
        R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})" + std::string(static_cast<std::size_t>(pad), ' ');
    const std::string path = write_file(dir / "x", file_of(header, std::string(reinterpret_cast<const char*>(v), 8)));
    check_close(Mapped(path).get_tensor("x"), {1.5, -2}, 0);
  }
}

// What is no bool must not become one by sharing its memory.
BOOST_AUTO_TEST_CASE(bools_are_made_bools) {
  const TempDir dir;
  const std::string path = write_file(
      dir / "x", file_of(R"({"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", std::string("\x00\x02\xff", 3)));
  BOOST_TEST((Mapped(path).get_tensor("b").to_vector<int>() == std::vector<int>{0, 1, 1}));
}

BOOST_AUTO_TEST_CASE(values_that_do_not_fit) {
  const TempDir dir;
  const std::string path = write_file(
      dir / "x", file_of(R"({"b":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}})", std::string(8, '\xff')));
  expect_op<IoError>("get_tensor", {"tensor 'b'", "exceeds int64"}, [&] { Mapped(path).get_tensor("b"); });
}

BOOST_AUTO_TEST_CASE(the_file_is_replaced_meanwhile) {
  const TempDir dir;
  save_safetensors({{"w", full({4}, 1)}}, dir / "x");
  const Mapped f(dir / "x");
  save_safetensors({{"w", full({2}, 2)}}, dir / "x");
  check_close(f.get_tensor("w"), {1, 1, 1, 1});
  check_close(Mapped(dir / "x").get_tensor("w"), {2, 2});
  std::filesystem::remove(dir / "x");
  check_close(f.get_tensor("w"), {1, 1, 1, 1});
}

BOOST_AUTO_TEST_CASE(the_file_is_cut_short_meanwhile) {
  const TempDir dir;
  const std::string path = dir / "x";
  save_safetensors({{"w", ones({4096})}, {"h", ones({3}, {kBool})}}, path);
  const Mapped f(path);
  BOOST_REQUIRE(truncate(path.c_str(), 100) == 0);
  const std::vector<std::string> facts{path, "when it was opened and has 100 now"};
  expect_op<IoError>("get_tensor", facts, [&] { f.get_tensor("w"); });
  expect_op<IoError>("get_tensor", facts, [&] { f.get_tensor("h"); });
  expect_op<IoError>("tensors", facts, [&] { f.tensors(); });
  const data::SafetensorsSlice s = f.get_slice("w");  // reads nothing yet
  expect_op<IoError>("get_slice", facts, [&] { s.index({0}); });
}

BOOST_AUTO_TEST_CASE(hostile_files) {
  const TempDir dir;
  const auto refuse = [&](const std::string& content, const std::string& fact, Location at = Location::current()) {
    const std::string path = write_file(dir / "bad", content);
    expect<IoError>(
        {fact, path}, [&] { Mapped file(path); }, at);
  };
  expect_op<IoError>("SafetensorsFile", {"no such file"}, [&] { Mapped file(dir / "missing"); });
  expect_op<IoError>("SafetensorsFile", {"not a regular file"}, [&] { Mapped file(dir / ""); });
  refuse("", "fewer than 8 bytes");
  refuse(std::string(8, '\xff'), "header length");
  refuse(file_of("{", ""), "is not valid JSON");
  refuse(file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "1234"), "8 bytes of data stated, 4");
  refuse(file_of(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12345678"), "do not hold the 12 bytes");
  refuse(file_of(R"({"x":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "1"), "F8_E4M3 is not supported");
  refuse(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],)"
                 R"("data_offsets":[1,3]}})",
                 "123"),
         "overlap");
  const std::string gz = write_file(dir / "x.gz", "");
  expect_op<IoError>("SafetensorsFile", {"a compressed file cannot be mapped"}, [&] { Mapped file(gz); });
}
