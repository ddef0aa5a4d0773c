// TensorBoard's event files: what is written is read again, damaged files are refused, and TensorBoard reads them.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <xgrad/ops.hpp>
#include <xgrad/train/event_file.hpp>

#include "file_support.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using train::EventFile;
using train::read_event_file;
using train::SummaryWriter;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

struct Folder {
  std::string path = "event_files";
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(event_files)

BOOST_AUTO_TEST_CASE(written_and_read) {
  const Folder folder;
  SummaryWriter w(folder.path + "/run");
  BOOST_TEST(std::filesystem::path(w.path()).filename().string().starts_with("events.out.tfevents."));
  w.add_scalar("loss/train", 0.25);
  w.add_scalar("loss/train", -1.5, 1);
  w.add_scalar("lr ∂", 1e-3, 300);
  w.add_scalar("step", 1, -1);
  w.add_histogram("w", tensor({-1., 0., 0.5, 2.}), 1);
  w.add_image("first", rand({3, 4, 5}), 1);
  w.add_image("grey", full({2, 3}, 200, {.dtype = kUInt8}), 1);
  w.add_text("note", "**bold**", 1);
  w.flush();
  EventFile f = read_event_file(w.path());
  w.close();
  BOOST_TEST(f.complete);
  BOOST_TEST(f.file_version == "brain.Event:2");
  BOOST_TEST(f.wall_time > 1.7e9);
  BOOST_REQUIRE(f.scalars.size() == 4u);
  BOOST_TEST(f.scalars[1].step == 1);
  BOOST_TEST(f.scalars[1].value == -1.5f);
  BOOST_TEST(f.scalars[2].tag == "lr ∂");
  BOOST_TEST(f.scalars[2].step == 300);
  BOOST_TEST(f.scalars[3].step == -1);
  const std::string bytes = bytes_of(w.path());
  for (const char* part : {"\x89PNG", "note/text_summary", "**bold**"}) BOOST_TEST(has(bytes, part), part);
  // min, max, num, sum, sum_squares of the histogram: tag and double, little-endian.
  const double sums[] = {-1, 2, 4, 1.5, 5.25};
  std::string wanted;
  for (std::size_t i = 0; i < 5; ++i) {
    wanted += static_cast<char>((i + 1) << 3 | 1);
    wanted.append(reinterpret_cast<const char*>(&sums[i]), 8);
  }
  BOOST_TEST(has(bytes, wanted));
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const Folder folder;
  SummaryWriter w(folder.path);
  expect<ValueError>({"add_histogram 'w'", "no finite value", "test_event_file.cpp"},
                     [&] { w.add_histogram("w", zeros({0})); });
  expect<ShapeError>({"add_image", "(2, 3, 4)"}, [&] { w.add_image("i", zeros({2, 3, 4})); });
  w.close();
  w.close();
  expect<ValueError>({"is closed"}, [&] { w.add_scalar("a", 1); });
  put(folder.path + "/file", "");
  expect<IoError>({"SummaryWriter", folder.path + "/file/events.out"}, [&] { SummaryWriter(folder.path + "/file"); });
  expect<IoError>({"read_event_file", "none.tfevents"}, [&] { read_event_file("none.tfevents"); });
  expect<IoError>({"not a file"}, [&] { read_event_file(folder.path); });
}

// Every cut is seen as one, every changed bit is refused.
BOOST_AUTO_TEST_CASE(damaged_files) {
  const Folder folder;
  SummaryWriter w(folder.path);
  w.add_scalar("loss", 0.5, 7);
  w.close();
  const std::string whole = bytes_of(w.path()), path = folder.path + "/damaged";
  const std::size_t first = 16 + static_cast<unsigned char>(whole[0]);  // bytes of the first record
  for (std::size_t n = 0; n < whole.size(); ++n) {
    put(path, whole.substr(0, n));
    const EventFile f = read_event_file(path);
    BOOST_TEST(f.scalars.empty());
    BOOST_TEST(f.complete == (n == 0 || n == first), n);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 4);
    put(path, bytes);
    BOOST_CHECK_THROW(read_event_file(path), IoError);
  }
}

BOOST_AUTO_TEST_SUITE_END()
