// Datasets, loaders, readers and scalers; damaged files of every kind.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <numeric>
#include <sstream>
#include <thread>

#include <xgrad/data.hpp>
#include <xgrad/memory.hpp>

#include "file_support.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using data::DataLoader;
using data::Example;
using data::TensorDataset;

namespace {

std::string bytes(std::size_t n) {
  std::string s(n, '\0');
  for (std::size_t i = 0; i < n; ++i) s[i] = static_cast<char>(i * 7);
  return s;
}

TensorDataset ten() { return {arange(0, 20, 1, {kFloat32}).reshape({10, 2}), arange(10)}; }

std::vector<std::int64_t> targets(const DataLoader& loader) {
  std::vector<std::int64_t> out;
  for (auto& [x, y] : loader) {
    BOOST_TEST(x.size(0) == y.size(0));
    for (const std::int64_t t : y.to_vector<std::int64_t>()) out.push_back(t);
    BOOST_TEST(x.select(0, -1).to_vector<double>()[0] == 2 * static_cast<double>(out.back()));
  }
  return out;
}
std::vector<std::int64_t> counted(std::int64_t n) {
  std::vector<std::int64_t> v(static_cast<std::size_t>(n));
  std::iota(v.begin(), v.end(), 0);
  return v;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets)

BOOST_AUTO_TEST_CASE(tensor_dataset) {
  const TensorDataset set = ten();
  BOOST_TEST(set.size() == 10);
  check_close(set.get(3).data, {6, 7});
  BOOST_TEST(set.get(-1).target.item<std::int64_t>() == 9);
  const std::vector<std::int64_t> rows{4, 4, 0};
  check_close(set.get_batch(rows).data, {8, 9, 8, 9, 0, 1});
  check_close(set.slice(2, 4).target, {2, 3});
  BOOST_TEST(set.slice(8, 100).size() == 2);
  expect<IndexError>({"10"}, [&] { set.get(10); });
  const std::vector<std::int64_t> bad{0, 10};
  expect<IndexError>({"10"}, [&] { set.get_batch(bad); });
  expect_op<ValueError>("TensorDataset", {"3", "2"}, [] { TensorDataset(ones({3, 1}), ones({2})); });
  expect_op<ValueError>("TensorDataset", {"first dimension"}, [] { TensorDataset(ones({}), ones({2})); });
  expect_op<ValueError>("TensorDataset", {"undefined"}, [] { TensorDataset(ones({2}), Tensor()); });
}

BOOST_AUTO_TEST_CASE(random_split) {
  manual_seed(5);
  const auto [most, rest] = data::random_split(ten(), {0.7, 0.3});
  BOOST_TEST((most.size() == 7 && rest.size() == 3));
  std::vector<std::int64_t> all = most.target.to_vector<std::int64_t>();
  for (const std::int64_t t : rest.target.to_vector<std::int64_t>()) all.push_back(t);
  BOOST_TEST(all != counted(10), boost::test_tools::per_element());
  std::ranges::sort(all);
  BOOST_TEST(all == counted(10), boost::test_tools::per_element());
  manual_seed(5);
  BOOST_TEST(same_bits(data::random_split(ten(), {7, 3})[1].target, rest.target));
  BOOST_TEST(data::random_split(ten(), {1.0, 0.0})[1].size() == 0);
  const auto [a, b, c] = data::random_split(ten(), {0.5, 0.25, 0.25});  // 5, 2 and 2: the first gets what remains
  BOOST_TEST((a.size() == 6 && b.size() == 2 && c.size() == 2));
  const auto halves = data::random_split(ten(), std::vector<float>{0.8F, 0.2F});
  BOOST_TEST((halves.size() == 2 && halves[0].size() == 8 && halves[1].size() == 2));
  BOOST_TEST(data::random_split(ten(), std::vector<int>{1, 2, 3, 4})[3].size() == 4);
}

BOOST_AUTO_TEST_CASE(random_split_needs_all_parts) {
  expect_op<ValueError>("random_split", {"1.5"}, [] { data::random_split(ten(), {1.5, -0.5}); });
  expect_op<ValueError>("random_split", {"0.8", "not to 1"}, [] { data::random_split(ten(), {0.8}); });
  expect_op<ValueError>("random_split", {"0.8 + 0.3", "1.1"}, [] { data::random_split(ten(), {0.8, 0.3}); });
  expect_op<ValueError>("random_split", {"nan"}, [] { data::random_split(ten(), {std::nan(""), 0.3}); });
  expect_op<ValueError>("random_split", {"8 + 1", "10 rows"}, [] { data::random_split(ten(), {8, 1}); });
  expect_op<ValueError>("random_split", {"8 + 3", "10 rows"}, [] { data::random_split(ten(), {8, 3}); });
  expect_op<ValueError>("random_split", {"-2"}, [] { data::random_split(ten(), {12, -2}); });
  expect_op<ValueError>("random_split", {"no parts"}, [] { data::random_split(ten(), std::vector<int>{}); });
}

namespace {

// Batches as they are, of four examples.
struct Batches {
  Tensor x, y;
  std::int64_t size() const { return 4; }
  Example get_batch(std::span<const std::int64_t>) const { return {x, y}; }
};
// Examples with a target for those from `first` on.
struct SomeTargets {
  std::int64_t first;
  bool data = true;
  std::int64_t size() const { return 4; }
  Example get(std::int64_t i) const { return {data ? ones({2}) : Tensor(), i >= first ? tensor(i) : Tensor()}; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_has_a_row_for_every_index) {
  const auto read = [](const DataLoader& loader) {
    for (auto& [x, y] : loader) BOOST_TEST(x.size(0) == 2);
  };
  read(DataLoader(Batches{ones({2, 3}), ones({2})}, {.batch_size = 2}));
  read(DataLoader(Batches{ones({2, 3}), Tensor()}, {.batch_size = 2}));
  for (const Batches& wrong : {Batches{ones({1, 2}), ones({3})}, Batches{ones({2, 2}), ones({3})},
                               Batches{ones({3, 2}), ones({2})}, Batches{ones({}), ones({2})}})
    expect_op<ShapeError>("DataLoader", {"2 rows for 2 indices", "data", "target"},
                          [&] { read(DataLoader(wrong, {.batch_size = 2})); });
  expect_op<ValueError>("DataLoader", {"without data"}, [&] {
    read(DataLoader(Batches{Tensor(), ones({2})}, {.batch_size = 2}));
  });
}

BOOST_AUTO_TEST_CASE(targets_of_all_examples_or_of_none) {
  for (auto& [x, y] : DataLoader(SomeTargets{4}, {.batch_size = 2}))
    BOOST_TEST((x.shape() == Shape{2, 2} && !y.defined()));
  for (auto& [x, y] : DataLoader(SomeTargets{0}, {.batch_size = 2})) BOOST_TEST(y.shape() == Shape{2});
  const auto read = [](const DataLoader& loader) {
    for (auto& batch : loader) BOOST_TEST(batch.data.defined());
  };
  expect_op<ValueError>("DataLoader", {"example 0 of the dataset has no target", "example 3 has one"},
                        [&] { read(DataLoader(SomeTargets{3}, {.batch_size = 4})); });
  expect_op<ValueError>("DataLoader", {"example 0 of the dataset has no data"}, [&] {
    read(DataLoader(SomeTargets{0, false}, {.batch_size = 4}));
  });
}

BOOST_AUTO_TEST_CASE(what_was_moved_from_says_so) {
  DataLoader loader(ten(), {.batch_size = 5});
  const DataLoader taken = std::move(loader);
  BOOST_TEST(targets(loader) == counted(10), boost::test_tools::per_element());  // a copy
  BOOST_TEST(targets(taken) == counted(10), boost::test_tools::per_element());
  DataLoader::iterator none;
  ++none;
  BOOST_TEST((none == std::default_sentinel));
  TensorDataset set = ten();
  const TensorDataset other = std::move(set);
  expect_op<ValueError>("TensorDataset", {"moved from"}, [&] { set.size(); });
  std::ostringstream text;
  text << set;
  BOOST_TEST(text.str() == "TensorDataset(moved from)");
}

BOOST_AUTO_TEST_CASE(loader_order_and_sizes) {
  for (const int prefetch : {0, 1, 3}) {
    BOOST_TEST(DataLoader(ten(), {.batch_size = 4, .prefetch = prefetch}).size() == 3);
    BOOST_TEST(targets(DataLoader(ten(), {.batch_size = 4, .prefetch = prefetch})) == counted(10),
               boost::test_tools::per_element());
    BOOST_TEST(targets(DataLoader(ten(), {.batch_size = 4, .drop_last = true, .prefetch = prefetch})) == counted(8),
               boost::test_tools::per_element());
    BOOST_TEST(targets(DataLoader(ten(), {.batch_size = 100, .prefetch = prefetch})).size() == 10u);
    BOOST_TEST(targets(DataLoader(ten(), {.batch_size = 100, .drop_last = true, .prefetch = prefetch})).empty());
  }
  expect_op<ValueError>("DataLoader", {"batch_size", "0"}, [] { DataLoader(ten(), {.batch_size = 0}); });
  expect_op<ValueError>("DataLoader", {"prefetch", "-1"}, [] { DataLoader(ten(), {.prefetch = -1}); });
  expect_op<ValueError>("DataLoader", {"empty"}, [] { DataLoader(TensorDataset(ones({0, 2}), ones({0}))); });
}

BOOST_AUTO_TEST_CASE(loader_goes_on_in_the_middle_of_an_epoch) {
  const auto batches_from = [](const DataLoader& loader, std::vector<std::vector<std::int64_t>> out = {}) {
    for (auto& [x, y] : loader) out.push_back(y.to_vector<std::int64_t>());
    return out;
  };
  for (const int prefetch : {0, 1, 3})
    for (const bool shuffle : {false, true})
      for (int stop = 0; stop <= 4; ++stop) {  // batches of 3, 3, 3 and 1; 0: between two epochs
        const data::DataLoaderOptions options{.batch_size = 3, .shuffle = shuffle, .prefetch = prefetch};
        const DataLoader loader(ten(), options);
        manual_seed(12);
        NamedTensors state = loader.state_dict();
        std::array<std::uint64_t, 2> generator = default_generator().get_state();
        std::vector<std::vector<std::int64_t>> after;
        int batches = 0;
        for (auto& [x, y] : loader) {
          if (batches >= stop) after.push_back(y.to_vector<std::int64_t>());
          if (++batches == stop) {
            state = loader.state_dict();
            generator = default_generator().get_state();
          }
        }
        const auto second = batches_from(loader);

        DataLoader again(ten(), options);
        const DataLoader copy = again;  // another name for it
        again.load_state_dict(state);
        BOOST_TEST(same_bits(copy.state_dict(), state));  // it has not begun
        default_generator().set_state(generator);
        BOOST_TEST((batches_from(copy) == after));
        BOOST_TEST((batches_from(again) == second));
      }
}

BOOST_AUTO_TEST_CASE(loader_state_outside_of_an_epoch) {
  const auto in_epoch = [](const DataLoader& l) { return l.state_dict()[1].second.item<bool>(); };
  const DataLoader loader(ten(), {.batch_size = 3, .shuffle = true});
  BOOST_TEST(!in_epoch(loader));
  {
    const auto at = loader.begin();
    BOOST_TEST(in_epoch(loader));
  }  // as after a break
  BOOST_TEST(!in_epoch(loader));
  auto at = loader.begin();
  while (at != loader.end()) ++at;
  BOOST_TEST(!in_epoch(loader));  // though the iterator is still there
  const auto outer = loader.begin();
  {
    const auto inner = loader.begin();
    BOOST_TEST(in_epoch(loader));
  }
  BOOST_TEST(!in_epoch(loader));  // the last begun counts
}

BOOST_AUTO_TEST_CASE(loader_states_that_do_not_fit) {
  DataLoader loader(ten(), {.batch_size = 3});
  const auto state = [](std::vector<std::int64_t> remaining, double examples = 10) {
    return NamedTensors{{"examples", full({}, examples, {kInt64})},
                        {"in_epoch", full({}, 1, {kBool})},
                        {"remaining", from_vector(remaining)}};
  };
  loader.load_state_dict(state({7, 2, 5}));
  const NamedTensors before = loader.state_dict();
  const auto refused = [&](const NamedTensors& bad, const std::vector<std::string>& facts) {
    expect_op<ValueError>("DataLoader", facts, [&] { loader.load_state_dict(bad); });
    expect_op<ValueError>("DataLoader", facts, [&] { loader.check_state_dict(bad); });
    BOOST_TEST(same_bits(before, loader.state_dict()));
  };
  refused(state({1}, 11), {"11 examples, this one has 10"});
  refused(state({1, 10}), {"no example 10 among 10"});
  refused(state({-1}), {"no example -1"});
  refused({}, {"missing: examples", "missing: in_epoch", "missing: remaining"});
  NamedTensors odd = state({1});
  odd[2].second = odd[2].second.to(kFloat32);
  odd.emplace_back("order", ones({1}));
  refused(odd, {"remaining is not int64", "unexpected: order"});
  BOOST_TEST(targets(loader) == (std::vector<std::int64_t>{7, 2, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(loader_shuffles_anew_each_epoch_and_repeatably) {
  std::vector<std::vector<std::int64_t>> first;
  for (const int prefetch : {0, 2}) {
    manual_seed(11);
    const DataLoader loader(ten(), {.batch_size = 3, .shuffle = true, .prefetch = prefetch});
    std::vector<std::vector<std::int64_t>> epochs{targets(loader), targets(loader)};
    BOOST_TEST((epochs[0] != epochs[1]));
    if (first.empty()) first = epochs;
    BOOST_TEST((epochs == first));
    for (auto& e : epochs) {
      std::ranges::sort(e);
      BOOST_TEST(e == counted(10), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(sample_wise_dataset) {
  struct Squares {
    std::int64_t size() const { return 5; }
    data::Example get(std::int64_t i) const {
      return {full({2}, static_cast<double>(i * i)), tensor(static_cast<int>(i))};
    }
  };
  for (const int prefetch : {0, 2}) {
    std::vector<Shape> shapes;
    double total = 0;
    for (auto& [x, y] : DataLoader(Squares{}, {.batch_size = 2, .prefetch = prefetch})) {
      shapes.push_back(x.shape());
      BOOST_TEST((y.dtype() == kInt64 && y.dim() == 1));
      total += x.sum().item();
    }
    BOOST_TEST((shapes == std::vector<Shape>{{2, 2}, {2, 2}, {1, 2}}));
    BOOST_TEST(total == 60);
  }
}

BOOST_AUTO_TEST_CASE(examples_of_any_type_and_layout) {
  struct Mixed {  // a transposed view, bytes, 0-d labels
    Tensor x = arange(0, 24).reshape({2, 3, 4}).transpose(1, 2), flags = full({2, 5}, 1, {kUInt8});
    std::int64_t size() const { return 2; }
    data::Example get(std::int64_t i) const { return {x[i], flags[i]}; }
  };
  for (auto& [x, y] : DataLoader(Mixed{}, {.batch_size = 2})) {
    check_close(x, Mixed{}.x.to_vector<double>());
    BOOST_TEST((y.dtype() == kUInt8 && y.shape() == Shape{2, 5}));
  }
  struct Uneven {
    std::int64_t size() const { return 2; }
    data::Example get(std::int64_t i) const { return {ones({i + 1}), ones({})}; }
  };
  expect_op<ShapeError>("stack", {"tensor 1"}, [] { DataLoader(Uneven{}, {.batch_size = 2}).begin(); });
}

BOOST_AUTO_TEST_CASE(workers_keep_the_order) {
  struct Slow {  // makes later batches sooner than earlier ones
    std::int64_t size() const { return 60; }
    data::Example get(std::int64_t i) const {
      if (i % 4 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return {full({3}, 2 * static_cast<double>(i)), tensor(i)};
    }
  };
  for (const int workers : {1, 2, 5})
    for (const int prefetch : {0, 1, 3}) {
      const DataLoader loader(Slow{}, {.batch_size = 7, .prefetch = prefetch, .workers = workers});
      BOOST_TEST(targets(loader) == counted(60), boost::test_tools::per_element());
    }
  manual_seed(3);
  const auto alone = targets(DataLoader(ten(), {.batch_size = 3, .shuffle = true}));
  manual_seed(3);
  const auto together = targets(DataLoader(ten(), {.batch_size = 3, .shuffle = true, .workers = 3}));
  BOOST_TEST(alone == together, boost::test_tools::per_element());
  expect_op<ValueError>("DataLoader", {"workers", "-1"}, [] { DataLoader(ten(), {.workers = -1}); });
}

BOOST_AUTO_TEST_CASE(what_one_of_several_workers_throws_arrives_in_its_place) {
  const auto fetch = [](std::span<const std::int64_t> i) -> data::Example {
    if (i[0] >= 4) throw IoError("xgrad: sample 4 is damaged");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return {ones({2}), ones({2})};
  };
  const DataLoader loader(100, fetch, {.batch_size = 2, .workers = 3});
  auto at = loader.begin();
  ++at;
  for (int again = 0; again < 2; ++again) BOOST_CHECK_THROW(++at, IoError);
}

BOOST_AUTO_TEST_CASE(what_the_worker_throws_arrives) {
  const auto fetch = [](std::span<const std::int64_t> i) -> data::Example {
    if (i[0] >= 4) throw IoError("xgrad: sample 4 is damaged");
    return {ones({2}), ones({2})};
  };
  for (const int prefetch : {0, 1, 5}) {
    const DataLoader loader(10, fetch, {.batch_size = 2, .prefetch = prefetch});
    int batches = 0;
    const auto run = [&] {
      for (auto& batch : loader) batches += batch.data.defined();
    };
    BOOST_CHECK_EXCEPTION(run(), IoError,
                          [](const IoError& e) { return std::string(e.what()).find("sample 4") != std::string::npos; });
    BOOST_TEST(batches == 2);
  }
  const DataLoader at_once(10, [](std::span<const std::int64_t>) -> data::Example { throw std::runtime_error("no"); },
                           {.prefetch = 2});
  BOOST_CHECK_THROW(at_once.begin(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(leaving_early_stops_the_worker) {
  for (int round = 0; round < 20; ++round) {
    const DataLoader loader(100000,
                            [](std::span<const std::int64_t> i) {
                              return data::Example{full({1}, static_cast<double>(i[0])), ones({1})};
                            },
                            {.prefetch = 4});
    for (auto& [x, y] : loader)
      if (x.item() >= round) break;
  }
  auto kept = DataLoader(ten(), {.batch_size = 5, .prefetch = 1}).begin();  // outlives its loader
  check_close(kept->target, {0, 1, 2, 3, 4});
  ++kept;
  check_close(kept->target, {5, 6, 7, 8, 9});
  ++kept;
  BOOST_TEST((kept == std::default_sentinel));
}

BOOST_AUTO_TEST_CASE(prefetching_stays_ahead_but_not_by_more) {
  using namespace std::chrono;
  std::atomic<int> made{0};
  const auto fetch = [&](std::span<const std::int64_t>) {
    ++made;
    return data::Example{ones({1}), ones({1})};
  };
  const DataLoader loader(20, fetch, {.prefetch = 3});
  int taken = 0;
  for (auto& batch : loader) {
    taken += batch.data.defined();
    const int wanted = std::min(20, taken + 3);  // ready while this one is worked on
    for (const auto end = steady_clock::now() + seconds(20); made < wanted && steady_clock::now() < end;)
      std::this_thread::yield();
    BOOST_TEST(made >= wanted);
    BOOST_TEST(made <= taken + 4);  // and one in the making
  }
  BOOST_TEST(taken == 20);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(idx_files)

BOOST_AUTO_TEST_CASE(all_types_plain_and_gz) {
  const TempDir dir;
  const auto read = [&](const std::string& content) {
    const Tensor plain = data::read_idx(write_file(dir / "a", content));
    const Tensor packed = data::read_idx(write_file(dir / "a.gz", gzip(content)));
    BOOST_TEST(same_bits(plain, packed));
    return plain;
  };
  const Tensor u8 = read(idx(0x08, {2, 3}, {0, 1, 2, 3, 4, '\xff'}));
  BOOST_TEST((u8.dtype() == kUInt8 && u8.shape() == Shape{2, 3}));
  check_close(u8, {0, 1, 2, 3, 4, 255});
  const Tensor i8 = read(idx(0x09, {2}, {'\x80', '\x7f'}));
  BOOST_TEST((i8.dtype() == kInt32));
  check_close(i8, {-128, 127});
  check_close(read(idx(0x0B, {2}, {'\xff', '\xfe', '\x01', '\x00'})), {-2, 256});
  check_close(read(idx(0x0C, {1}, big_endian(0x80000001))), {-2147483647.0});
  const Tensor f32 = read(idx(0x0D, {2}, big_endian(0x3fc00000) + big_endian(0xc0000000)));
  BOOST_TEST((f32.dtype() == kFloat32));
  check_close(f32, {1.5, -2});
  const Tensor f64 = read(idx(0x0E, {1}, big_endian(0x40091eb8) + big_endian(0x51eb851f)));
  BOOST_TEST((f64.dtype() == kFloat64));
  check_close(f64, {3.14}, 1e-15);
  BOOST_TEST((read(idx(0x08, {0, 28}, "")).shape() == Shape{0, 28}));
  BOOST_TEST((read(idx(0x08, {}, "x")).dim() == 0));
}

BOOST_AUTO_TEST_CASE(several_gzip_members_are_one_file) {
  const TempDir dir;
  const std::string content = idx(0x08, {6}, "abcdef");
  const std::string path = write_file(dir / "m.gz", gzip(content.substr(0, 9)) + gzip(content.substr(9)));
  check_close(data::read_idx(path), {'a', 'b', 'c', 'd', 'e', 'f'});
}

BOOST_AUTO_TEST_CASE(damaged) {
  const TempDir dir;
  const auto refuse = [&](const std::string& content, const std::vector<std::string>& facts,
                          Location at = Location::current()) {
    for (const bool packed : {false, true}) {
      const std::string path = write_file(dir / (packed ? "bad.gz" : "bad"), packed ? gzip(content) : content);
      std::vector<std::string> all = facts;
      all.push_back(path);
      expect<IoError>(
          all, [&] { data::read_idx(path); }, at);
    }
  };
  refuse("", {"not an IDX file"});
  refuse(std::string("\0\0\x08", 3), {"not an IDX file"});
  refuse("\x1f\x8b not really", {"not an IDX file", "1f8b"});
  refuse("PNG\r\n" + bytes(100), {"not an IDX file", "504e47"});
  refuse(idx(0x0A, {2}, "ab"), {"type", "0x0a"});
  refuse(idx(0x08, {2, 2}, "abcd").substr(0, 9), {"4 bytes expected", "offset 8", "1 found"});
  refuse(idx(0x08, {3}, "abcd"), {"more data than stated", "11"});
  refuse(idx(0x08, std::vector<std::uint32_t>(9, 1), "a"), {"9 dimensions", "8"});
  refuse(idx(0x08, std::vector<std::uint32_t>(200, 1), "a"), {"200 dimensions"});
  refuse(idx(0x0E, {0xffffffff, 0xffffffff, 0xffffffff}, "abcd"), {"overflows 64 bits"});
  refuse(idx(0x08, {0x7fffffff, 0x7fffffff}, "abcd"), {"4611686014132420609"});
  refuse(idx(0x08, {0, 0xffffffff, 0xffffffff, 0xffffffff}, ""), {"overflows 64 bits"});
  refuse(idx(0x08, {0xffffffff, 0xffffffff, 0xffffffff, 0}, ""), {"overflows 64 bits"});
  refuse(idx(0x09, {0x20000000, 0x80000000, 0, 8}, ""), {"overflows 64 bits"});  // as the int32 it becomes
  const std::string cut = write_file(dir / "cut", idx(0x08, {100, 10}, bytes(1000)).substr(0, 500));
  expect<IoError>({cut, "1000", "488"}, [&] { data::read_idx(cut); });  // 59
  expect_op<IoError>("read_idx", {"missing", "no such file"}, [&] { data::read_idx(dir / "missing"); });
  expect<IoError>({dir.path(), "not a regular file"}, [&] { data::read_idx(dir.path()); });
}

BOOST_AUTO_TEST_CASE(damaged_gzip) {
  const TempDir dir;
  const std::string good = gzip(idx(0x08, {5000}, bytes(5000)));
  BOOST_TEST(data::read_idx(write_file(dir / "x.gz", good)).numel() == 5000);
  for (const std::size_t keep :
       {good.size() - 1, good.size() - 8, good.size() / 2, std::size_t{12}, std::size_t{11}, std::size_t{3}}) {
    const std::string path = write_file(dir / "cut.gz", good.substr(0, keep));
    expect<IoError>({path}, [&] { data::read_idx(path); });
  }
  for (const std::size_t at :
       {good.size() - 6, good.size() - 2, good.size() / 2, std::size_t{20}}) {  // CRC, length, data
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    const std::string path = write_file(dir / "flip.gz", bad);
    expect<IoError>({path}, [&] { data::read_idx(path); });
  }
}

BOOST_AUTO_TEST_CASE(a_small_archive_cannot_ask_for_much_memory) {
  const TempDir dir;
  const std::string path = write_file(dir / "bomb.gz", gzip(idx(0x08, {0x40000000}, bytes(100))));
  const std::int64_t before = memory_stats().peak_bytes;
  expect<IoError>({"1073741824"}, [&] { data::read_idx(path); });
  BOOST_TEST(memory_stats().peak_bytes == before);
}

BOOST_AUTO_TEST_CASE(compressed_only_with_the_suffix) {
  const TempDir dir;
  const std::string path = write_file(dir / "plain", gzip(idx(0x08, {1}, "a")));
  expect<IoError>({path, "not an IDX file", "1f8b"}, [&] { data::read_idx(path); });
}

BOOST_AUTO_TEST_CASE(mnist_folder) {
  const TempDir dir;
  write_file(dir / "train-images-idx3-ubyte", idx(0x08, {3, 2, 2}, bytes(12)));
  write_file(dir / "train-labels-idx1-ubyte.gz", gzip(idx(0x08, {3}, {0, 9, 4})));
  const TensorDataset set = data::read_mnist(dir.path());
  BOOST_TEST((set.data.shape() == Shape{3, 2, 2} && set.data.dtype() == kUInt8 && set.target.dtype() == kInt64));
  check_close(set.target, {0, 9, 4});
  expect_op<IoError>("read_mnist", {"t10k-images-idx3-ubyte", "no such file"},
                     [&] { data::read_mnist(dir.path(), "t10k"); });
  write_file(dir / "train-labels-idx1-ubyte", idx(0x08, {4}, {0, 1, 2, 3}));
  expect<IoError>({dir.path(), "3 images", "4 labels"}, [&] { data::read_mnist(dir.path()); });
  write_file(dir / "train-labels-idx1-ubyte", idx(0x08, {3, 1}, {0, 1, 2}));
  expect<IoError>({"labels", "rank 1", "(3, 1)"}, [&] { data::read_mnist(dir.path()); });
  write_file(dir / "train-images-idx3-ubyte", idx(0x0D, {1, 1, 1}, "abcd"));
  expect<IoError>({"images", "uint8", "float32"}, [&] { data::read_mnist(dir.path()); });
  expect<IoError>({"no such file"}, [] { data::read_mnist("/nonexistent"); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(scalers)

BOOST_AUTO_TEST_CASE(hand_values) {
  const Tensor x = tensor({{1., 10.}, {2., 10.}, {3., 10.}, {6., 10.}}, {kFloat64});
  data::StandardScaler standard;
  const double deviation = std::sqrt(3.5);
  check_close(standard.fit_transform(x), {-2 / deviation, 0, -1 / deviation, 0, 0, 0, 3 / deviation, 0}, 1e-12);
  check_close(standard.center(), {3, 10});
  check_close(standard.scale(), {deviation, 1}, 1e-12);
  data::MinMaxScaler range;
  check_close(range.fit_transform(x), {0, 0, 0.2, 0, 0.4, 0, 1, 0}, 1e-12);
  data::RobustScaler robust;  // quartiles 1.75, 2.5, 3.75
  check_close(robust.fit_transform(x), {-0.75, 0, -0.25, 0, 0.25, 0, 1.75, 0}, 1e-12);
  for (const data::Scaler* s : std::initializer_list<const data::Scaler*>{&standard, &range, &robust}) {
    check_close(s->inverse_transform(s->transform(x)), x.to_vector<double>(), 1e-12);
    check_close(s->inverse_transform(s->transform(x.to(kFloat32))), x.to_vector<double>(), 1e-6);
    BOOST_TEST((s->transform(ones({2, 3, 2})).dtype() == kFloat32));
  }
  data::StandardScaler copy;
  copy.set(standard.center(), standard.scale());
  BOOST_TEST(same_bits(copy.transform(x), standard.transform(x)));
}

BOOST_AUTO_TEST_CASE(constant_columns_stay_calm) {
  for (const double c : {0.1, 1e6 + 0.3, -3.0, 0.0})
    for (const DType d : {kFloat32, kFloat64}) {
      const Tensor x = full({7, 1}, c, {d});
      data::StandardScaler standard;
      data::MinMaxScaler range;
      data::RobustScaler robust;
      for (data::Scaler* s : std::initializer_list<data::Scaler*>{&standard, &range, &robust}) {
        for (const double v : s->fit_transform(x).to_vector<double>())
          BOOST_TEST(std::fabs(v) <= 1.2e-7 * std::fabs(c));  // the mean may be rounded
        check_close(s->scale(), {1});
      }
    }
}

BOOST_AUTO_TEST_CASE(one_row_and_nan) {
  const Tensor row = tensor({{4., 5.}});
  data::RobustScaler robust;
  check_close(robust.fit_transform(row), {0, 0});
  const double nan = std::nan("");
  const Tensor holes = tensor({{nan, 1.}, {2., 2.}, {nan, 3.}, {0., 4.}, {nan, 5.}});
  const Tensor y = robust.fit_transform(holes);
  check_close(y.select(1, 1), {-1, -0.5, 0, 0.5, 1});
  BOOST_TEST(std::isnan(robust.center().to_vector<double>()[0]));
}

BOOST_AUTO_TEST_CASE(misuse) {
  data::StandardScaler s;
  const Tensor whole = ones({2, 2}, {kInt64}), table = ones({4, 2});
  expect_op<ValueError>("Scaler", {"before fit"}, [&] { s.transform(table); });
  expect_op<ValueError>("Scaler", {"empty"}, [&] { s.fit(ones({0, 2})); });
  expect_op<DTypeError>("Scaler", {"int64"}, [&] { s.fit(whole); });
  expect_op<ShapeError>("Scaler", {"rank"}, [&] { s.fit(ones({2})); });
  s.fit(table);
  expect_op<ShapeError>("Scaler", {"2 features", "(4, 3)"}, [&] { s.transform(ones({4, 3})); });
  expect_op<ShapeError>("Scaler", {"2 features"}, [&] { s.inverse_transform(ones({4, 3})); });
  expect_op<ShapeError>("Scaler", {"(2)", "(3)"}, [&] { s.set(ones({2}), ones({3})); });
  check_close(s.center(), {1, 1});
}

BOOST_AUTO_TEST_SUITE_END()
