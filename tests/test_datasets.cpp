// Datasets of any kind, samplers, folds, collation, transforms in loaders.
#include <map>
#include <numeric>
#include <set>

#include <xgrad/data.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using data::DataLoader;
using data::make_data_loader;
using Numbers = std::vector<std::int64_t>;

namespace {

Tensor rows(std::int64_t n) { return arange(0, n, 1, {kFloat32}).reshape({n, 1}); }

Numbers numbers(const Tensor& t) {
  Numbers out;
  for (const double d : t.to_vector<double>()) out.push_back(static_cast<std::int64_t>(d));
  return out;
}
template <class Loader>
Numbers seen(const Loader& loader) {
  Numbers all;
  for (auto& [x, y] : loader)
    for (const std::int64_t i : numbers(x)) all.push_back(i);
  return all;
}

struct Word {
  std::string text;
  int length = 0;
};
struct Words {
  std::vector<std::string> texts{"a", "bcd", "ef", "ghij", "k"};
  std::int64_t size() const { return static_cast<std::int64_t>(texts.size()); }
  Word get(std::int64_t i) const {
    const std::string& t = texts.at(static_cast<std::size_t>(i));
    return {t, static_cast<int>(t.size())};
  }
};

struct Squares : data::IterableDataset<Tensor> {
  std::function<std::optional<Tensor>()> iter() const override {
    return [i = 0]() mutable -> std::optional<Tensor> {
      if (i == 5) return std::nullopt;
      ++i;
      return full({2}, i * i);
    };
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets)

BOOST_AUTO_TEST_CASE(any_number_of_tensors) {
  const Tensor x = rows(5), y = rows(5) * 2, z = rows(5) * 3;
  Numbers all;
  for (auto& [a, b, c] : make_data_loader(data::tensor_dataset(x, y, z), {.batch_size = 2})) {
    BOOST_TEST((same_bits(b, a * 2) && same_bits(c, a * 3) && a.dim() == 2));
    for (const std::int64_t i : numbers(a)) all.push_back(i);
  }
  BOOST_TEST(all == (Numbers{0, 1, 2, 3, 4}));
  std::int64_t batches = 0;
  for (Tensor& batch : make_data_loader(data::tensor_dataset(x), {.batch_size = 3, .drop_last = true})) {
    BOOST_TEST((batch.shape() == Shape{3, 1}));
    ++batches;
  }
  BOOST_TEST(batches == 1);
  expect<ValueError>({"TensorDataset", "5 and 4"}, [&] { data::tensor_dataset(x, y, rows(4)); });
  expect<ValueError>({"first dimension"}, [&] { data::tensor_dataset(x, full({}, 1)); });
}

BOOST_AUTO_TEST_CASE(structures_and_streams) {
  std::vector<std::size_t> sizes;
  for (std::vector<Word>& words : make_data_loader(Words(), {.batch_size = 2})) sizes.push_back(words.size());
  BOOST_TEST(sizes == (std::vector<std::size_t>{2, 2, 1}));
  const auto total = [](const std::vector<Word>& words) {
    return std::accumulate(words.begin(), words.end(), 0, [](int n, const Word& w) { return n + w.length; });
  };
  std::vector<int> lengths;
  for (const int n : make_data_loader(Words(), {.batch_size = 2, .workers = 2}, total)) lengths.push_back(n);
  BOOST_TEST(lengths == (std::vector<int>{4, 6, 1}));
  const auto one = Words();
  for (auto& [text, length] : make_data_loader(
           data::MappedDataset(one, [](const Word& w) { return std::pair(w.text, w.length); }), {.batch_size = 5}))
    BOOST_TEST((text.size() == 5u && length.dtype() == kInt64 && length.numel() == 5));
  const auto stream = make_data_loader(Squares(), {.batch_size = 2});
  for (int pass = 0; pass < 2; ++pass) {
    Numbers all;
    for (Tensor& batch : stream)
      for (const std::int64_t i : numbers(batch.select(1, 0))) all.push_back(i);
    BOOST_TEST(all == (Numbers{1, 4, 9, 16, 25}));
  }
  expect_op<ValueError>("DataLoader", {"no shuffle"}, [] { make_data_loader(Squares(), {.shuffle = true}); });
  expect_op<ValueError>("DataLoader", {"no workers"}, [] { make_data_loader(Squares(), {.workers = 2}); });
}

BOOST_AUTO_TEST_CASE(parts_of_datasets) {
  const data::TensorDataset set(rows(6), rows(6));
  const data::Subset some(set, {4, 1, 1});
  BOOST_TEST(seen(DataLoader(some, {.batch_size = 2})) == (Numbers{4, 1, 1}));
  const data::ConcatDataset both(std::vector{some, data::Subset(set, {0})});
  BOOST_TEST(both.size() == 4);
  BOOST_TEST(seen(DataLoader(both, {.batch_size = 4})) == (Numbers{4, 1, 1, 0}));
  expect_op<IndexError>("Subset", {"no example 6 among 6"}, [&] { data::Subset(set, {6}); });
  expect_op<IndexError>("ConcatDataset", {"-1"}, [&] { both.get(-1); });
  expect_op<ValueError>("ConcatDataset", {"no datasets"},
                        [&] { data::ConcatDataset(std::vector<data::Subset<data::TensorDataset>>{}); });
  const auto parts = data::random_split(Words(), std::vector<double>{0.6, 0.4}, Generator(1));
  std::set<std::int64_t> used(parts[0].indices.begin(), parts[0].indices.end());
  used.insert(parts[1].indices.begin(), parts[1].indices.end());
  BOOST_TEST((parts[0].size() == 3 && parts[1].size() == 2 && used.size() == 5u));
  expect<ValueError>({"random_split", "add up"}, [] { data::random_split(Words(), std::vector<int>{3, 3}); });
}

BOOST_AUTO_TEST_CASE(samplers) {
  const data::TensorDataset set(rows(6), rows(6));
  BOOST_TEST(seen(DataLoader(set, {.batch_size = 4, .sampler = data::SequentialSampler(3)})) == (Numbers{0, 1, 2}));
  manual_seed(1);
  const Numbers shuffled = seen(DataLoader(set, {.batch_size = 4, .shuffle = true}));
  manual_seed(1);
  BOOST_TEST(seen(DataLoader(set, {.sampler = data::RandomSampler(6)})) == shuffled);
  data::RandomSampler more(3, {.num_samples = 7, .generator = Generator(2)});
  const Numbers seven = more.indices();
  for (const std::int64_t i : {0, 1, 2}) BOOST_TEST(std::ranges::count(seven, i) >= 2);
  data::RandomSampler again(2, {.replacement = true, .num_samples = 1000, .generator = Generator(3)});
  BOOST_TEST(std::abs(std::ranges::count(again.indices(), 0) - 500) < 80);
  data::WeightedRandomSampler weighted({0, 3, 1}, 4000, {.generator = Generator(4)});
  const Numbers drawn = weighted.indices();
  BOOST_TEST((std::ranges::count(drawn, 0) == 0 && std::abs(std::ranges::count(drawn, 1) - 3000) < 150));
  Numbers few = data::SubsetRandomSampler({5, 3, 4}, Generator(5)).indices();
  std::ranges::sort(few);
  BOOST_TEST(few == (Numbers{3, 4, 5}));
  // The replicas share out the examples; the first ones are repeated, or the last left out.
  Numbers all;
  for (const std::int64_t rank : {0, 1, 2, 3}) {
    data::DistributedSampler s(6, {.num_replicas = 4, .rank = rank, .seed = 7});
    BOOST_TEST(s.indices() == s.indices());
    const Numbers before = s.indices();
    all.insert(all.end(), before.begin(), before.end());
    BOOST_TEST(std::ssize(before) == 2);
    BOOST_TEST(data::DistributedSampler(6, {.num_replicas = 4, .rank = rank, .drop_last = true}).size() == 1);
  }
  BOOST_TEST(std::set(all.begin(), all.end()).size() == 6u);
  data::DistributedSampler epochs(50, {});
  const Numbers first = epochs.indices();
  epochs.set_epoch(1);
  BOOST_TEST(epochs.indices() != first);
  std::vector<std::int64_t> lengths;
  for (auto& [x, y] : DataLoader(set, {.batch_sampler = data::BatchSampler(data::SequentialSampler(5), 2)}))
    lengths.push_back(x.size(0));
  BOOST_TEST(lengths == (Numbers{2, 2, 1}));
  expect_op<ValueError>("DataLoader", {"shuffle or a sampler"},
                        [&] { DataLoader(set, {.shuffle = true, .sampler = data::SequentialSampler(3)}); });
  expect_op<IndexError>("DataLoader", {"example 6 of 6"},
                        [&] { seen(DataLoader(set, {.sampler = data::SequentialSampler(7)})); });
  expect_op<ValueError>("WeightedRandomSampler", {"weight 1 is -1"}, [] { data::WeightedRandomSampler({1, -1}, 2); });
  expect_op<ValueError>("WeightedRandomSampler", {"2 samples", "1 weights"}, [] {
    data::WeightedRandomSampler({1, 0}, 2, {.replacement = false});
  });
  expect_op<ValueError>("DistributedSampler", {"rank 2 of 2"},
                        [] { data::DistributedSampler(6, {.num_replicas = 2, .rank = 2}); });
}

// A batch sampler's epoch, saved in its middle and gone on with.
BOOST_AUTO_TEST_CASE(batches_of_different_lengths_resume) {
  struct Growing : data::BatchSampler {
    std::vector<Numbers> batches() override { return {{0}, {1, 2}, {3, 4, 5}}; }
    std::int64_t size() const override { return 3; }
  };
  const data::TensorDataset set(rows(6), rows(6));
  DataLoader loader(set, {.batch_sampler = std::make_shared<Growing>()}),
      again = DataLoader(set, {.batch_sampler = std::make_shared<Growing>()});
  NamedTensors state;
  for (auto& [x, y] : loader)
    if (numbers(x) == Numbers{0}) state = loader.state_dict();
  again.load_state_dict(state);
  std::vector<Numbers> rest;
  for (auto& [x, y] : again) rest.push_back(numbers(x));
  BOOST_TEST((rest == std::vector<Numbers>{{1, 2}, {3, 4, 5}}));
  for (auto& [key, t] : state)
    if (key == "lengths") t = tensor({2, 9});
  expect_op<ValueError>("DataLoader", {"lengths"}, [&] { again.load_state_dict(state); });
}

BOOST_AUTO_TEST_CASE(folds) {
  const auto five = data::KFold(3).split(7);  // scikit-learn's
  BOOST_TEST((five[0].val == Numbers{0, 1, 2} && five[1].val == Numbers{3, 4} && five[2].val == Numbers{5, 6}));
  BOOST_TEST((five[1].train == Numbers{0, 1, 2, 5, 6}));
  const auto shuffled = data::KFold(3, {.shuffle = true, .generator = Generator(1)}).split(7);
  Numbers all;
  for (const auto& f : shuffled) {
    all.insert(all.end(), f.val.begin(), f.val.end());
    BOOST_TEST((f.train.size() + f.val.size() == 7u && std::ranges::is_sorted(f.val)));
  }
  BOOST_TEST(std::set(all.begin(), all.end()).size() == 7u);
  const Tensor target = tensor({1, 1, 0, 0, 0, 1, 0, 0, 0});  // 3 and 6
  for (const bool shuffle : {false, true})
    for (const auto& f : data::StratifiedKFold(3, {.shuffle = shuffle}).split(target)) {
      const auto ones_in = std::ranges::count_if(f.val, [&](std::int64_t i) { return i < 2 || i == 5; });
      BOOST_TEST((f.val.size() == 3u && ones_in == 1 && f.train.size() == 6u));
    }
  expect_op<ValueError>("KFold", {"3 folds of 2"}, [] { data::KFold(3).split(2); });
  expect_op<ValueError>("KFold", {"n_splits", "1"}, [] { data::KFold(1); });
  expect_op<ValueError>("StratifiedKFold", {"4 folds", "3 examples"}, [] {
    data::StratifiedKFold(4).split(tensor({0, 0, 0, 1}));
  });
  expect_op<DTypeError>("StratifiedKFold", {"float32"}, [] { data::StratifiedKFold(2).split(ones({4})); });
}

BOOST_AUTO_TEST_CASE(padding) {
  const std::vector<Tensor> sequences{ones({3, 2}), ones({1, 2}) * 2};
  const Tensor padded = data::pad_sequences(sequences, {.batch_first = true, .padding_value = -1});
  check_close(padded, {1, 1, 1, 1, 1, 1, 2, 2, -1, -1, -1, -1});
  BOOST_TEST((data::pad_sequences(sequences).shape() == Shape{3, 2, 2}));
  struct Lines {
    std::int64_t size() const { return 4; }
    data::Example get(std::int64_t i) const { return {ones({i + 1}), full({}, i, {kInt64})}; }
  };
  for (auto& [x, lengths, y] : make_data_loader(Lines(), {.batch_size = 4}, data::PadCollate({.batch_first = true})))
    BOOST_TEST(
        (x.shape() == Shape{4, 4} && numbers(lengths) == Numbers{1, 2, 3, 4} && numbers(y) == Numbers{0, 1, 2, 3}));
  expect_op<ShapeError>("pad_sequences", {"(2, 3)", "(2, 2)"}, [] {
    data::pad_sequences({ones({2, 3}), ones({2, 2})});
  });
  expect_op<ValueError>("pad_sequences", {"no sequences"}, [] { data::pad_sequences({}); });
}

// What transforms draw depends on epoch and batch alone: not on workers, nor on a stop in between.
BOOST_AUTO_TEST_CASE(random_transforms_are_repeatable) {
  namespace T = data::transforms;
  const data::TensorDataset set(randn({12, 1, 6, 6}), rows(12));
  const auto augmented = set.map(T::Compose({T::RandomCrop({5, 5}, {.padding = 2}), T::RandomHorizontalFlip()}));
  const auto two_epochs = [&](int workers, int stop_after) {
    manual_seed(5);
    DataLoader loader(augmented, {.batch_size = 2, .shuffle = true, .workers = workers});
    std::vector<Tensor> all;
    NamedTensors state;
    std::array<std::uint64_t, 2> rng{};
    for (auto& [x, y] : loader) {
      all.push_back(x);
      if (static_cast<int>(all.size()) == stop_after) {
        state = loader.state_dict();
        rng = default_generator().get_state();
        break;
      }
    }
    DataLoader next = loader;
    if (stop_after) {
      next = DataLoader(augmented, {.batch_size = 2, .shuffle = true, .workers = workers});
      next.load_state_dict(state);
      default_generator().set_state(rng);
      for (auto& [x, y] : next) all.push_back(x);
    }
    for (auto& [x, y] : next) all.push_back(x);
    return cat(all);
  };
  const Tensor one = two_epochs(0, 0);
  BOOST_TEST(one.size(0) == 24);
  BOOST_TEST(
      (same_bits(one, two_epochs(3, 0)) && same_bits(one, two_epochs(0, 2)) && same_bits(one, two_epochs(2, 4))));
  manual_seed(6);
  const DataLoader plain(augmented, {.batch_size = 12});
  BOOST_TEST(!same_bits(plain.begin()->data, plain.begin()->data));  // another epoch
}

BOOST_AUTO_TEST_CASE(loaders_with_a_transform) {
  const data::TensorDataset set(rows(5), rows(5));
  const DataLoader loader(set, {.batch_size = 2, .workers = 2});
  Numbers all;
  for (const Tensor& x : loader.map([](const data::Example& e) { return e.data * 10; }))
    for (const std::int64_t i : numbers(x)) all.push_back(i);
  BOOST_TEST(all == (Numbers{0, 10, 20, 30, 40}));
  const auto failing = loader.map([](const data::Example& e) -> Tensor {
    if (e.data.size(0) == 1) throw std::runtime_error("the last batch");
    return e.data;
  });
  int batches = 0;
  BOOST_CHECK_EXCEPTION(for ([[maybe_unused]] auto& x
                             : failing)++ batches,
                        std::runtime_error, [](const auto& e) { return std::string(e.what()) == "the last batch"; });
  BOOST_TEST(batches == 2);
}

BOOST_AUTO_TEST_SUITE_END()
