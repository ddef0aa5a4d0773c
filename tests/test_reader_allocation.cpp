// Files and memory that runs out: each allocation in turn fails while a file is read or saved. There must be an
// exception, nothing half done, and a library that goes on working.
#include <cstdlib>
#include <new>

#include <xgrad/data.hpp>
#include <xgrad/ops.hpp>

#include "file_support.hpp"
#include "support.hpp"

namespace {

// Allocations that still succeed; negative: all. From then on each fails, if `for_good`, or the one.
thread_local long left = -1;
thread_local bool for_good = false;

void* allocate(std::size_t bytes) {
  if (left == 0) {
    if (!for_good) left = -1;
    throw std::bad_alloc();
  }
  if (left > 0) --left;
  if (void* p = std::malloc(bytes)) return p;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }

using namespace xgrad;
using namespace xgrad::test;

namespace {

// Runs f with its k-th allocation failing, for every k, and calls check() after each. At least `fewest` must be hit.
void sweep(
    long fewest, const std::function<void()>& f, const std::function<void()>& check = [] {}) {
  f();
  for (const bool good : {false, true})
    for (long k = 0;; ++k) {
      left = k;
      for_good = good;
      bool failed = false, another = false;
      try {
        f();
      } catch (const std::bad_alloc&) {
        failed = true;
      } catch (const Error&) {
        failed = true;
      } catch (...) {
        another = true;
      }
      const bool all_succeeded = left > 0;
      left = -1;
      BOOST_TEST(!another, "allocation " << k << ": an exception of another kind");
      check();
      if (all_succeeded) {
        BOOST_TEST(!failed);
        BOOST_TEST(k >= fewest);
        break;
      }
    }
  f();
}

NamedTensors state() {
  NamedTensors s;
  for (int i = 0; i < 12; ++i) s.emplace_back(fmt::format("layer{}.a_rather_long_name.weight", i), full({3, 2}, i));
  return s;
}
const Metadata kMetadata{{"format", "pt"}, {"a note that is long enough for the heap", std::string(100, 'x')}};

}  // namespace

BOOST_AUTO_TEST_SUITE(reader_allocation)

BOOST_AUTO_TEST_CASE(safetensors) {
  const TempDir dir;
  const NamedTensors tensors = state();
  const std::string path = dir / "a.safetensors";
  save_safetensors(tensors, path, kMetadata);
  const std::string before = read_file(path);
  NamedTensors read;
  sweep(
      20, [&] { read = read_safetensors(path).tensors; }, [&] { BOOST_TEST(read.size() == tensors.size()); });
  sweep(
      20, [&] { save_safetensors(tensors, path, kMetadata); },
      [&] {
        BOOST_TEST((read_file(path) == before));
        BOOST_TEST(dir.names().size() == 1u);
      });
}

BOOST_AUTO_TEST_CASE(refused_safetensors) {
  const TempDir dir;
  const std::string header =
      R"({"a_rather_long_name_of_a_tensor":{"dtype":"U8","shape":[1,2,"x"],"data_offsets":[0,{"":[{}]}]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  const std::string path = write_file(dir / "bad", file + header);
  sweep(5, [&] {
    try {
      read_safetensors(path);
    } catch (const IoError&) {
    }
  });
}

BOOST_AUTO_TEST_CASE(csv_and_idx) {
  const TempDir dir;
  const std::string csv = "a_rather_long_name_of_a_column,b\n1,2\n\"3\"," + std::string(100, '4') + "e-90\n",
                    values = idx(0x09, {3, 2}, "abcdef");
  const std::string a = write_file(dir / "a.csv", csv), b = write_file(dir / "b.csv.gz", gzip(csv)),
                    c = write_file(dir / "c", values), d = write_file(dir / "d.gz", gzip(values));
  const std::string bad = write_file(dir / "bad.csv", "1,2\n3,x\n");
  for (const std::string& path : {a, b}) sweep(1, [&] { BOOST_TEST(data::read_csv(path).numel() == 4); });
  for (const std::string& path : {c, d}) sweep(1, [&] { BOOST_TEST(data::read_idx(path).numel() == 6); });
  sweep(5, [&] {
    try {
      data::read_csv(bad);
    } catch (const IoError&) {
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
