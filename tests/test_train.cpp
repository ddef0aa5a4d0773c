// What surrounds a training loop: metrics, early stopping, summaries, progress, interrupts.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <set>
#include <sstream>

#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/train.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_SUITE(training_aids)

BOOST_AUTO_TEST_CASE(accuracy_counts_the_largest_entry) {
  const Tensor scores = tensor({{0.1, 0.9, 0.}, {2., 1., 0.}, {0., 0., 1.}, {1., 1., 0.}});
  BOOST_TEST(train::accuracy(scores, tensor({1, 0, 0, 0})) == 0.75);  // of equal ones the first
  BOOST_TEST(train::accuracy(scores.to(kFloat64), tensor({1, 0, 2, 0})) == 1);
  BOOST_TEST(std::isnan(train::accuracy(ones({0, 3}), zeros({0}, {kInt64}))));
  const Tensor grown = scores * ones({1}, {.requires_grad = true});
  BOOST_TEST(train::accuracy(grown, tensor({1, 0, 2, 0})) == 1);
  expect_op<ShapeError>("accuracy", {"4 predictions", "3 targets"}, [&] {
    train::accuracy(scores, tensor({0, 1, 2}));
  });
  expect_op<DTypeError>("accuracy", {"target must be classes", "float32", ".to(kInt64)"},
                        [&] { train::accuracy(scores, ones({4})); });
  expect_op<DTypeError>("accuracy", {"predicted", "float32 (4)"}, [&] {
    train::accuracy(ones({4}), tensor({0, 1, 2, 0}));
  });
  expect_op<ValueError>("accuracy", {"undefined"}, [&] { train::accuracy(Tensor(), tensor({0})); });
}

BOOST_AUTO_TEST_CASE(accuracy_needs_classes_that_exist) {
  const Tensor column = tensor({0.9, 0.2, 0.7}).reshape({3, 1}), target = tensor({1, 0, 1});
  expect_op<ValueError>("accuracy", {"one column", "(scores > 0.5)", "(scores > 0).flatten() of logits"},
                        [&] { train::accuracy(column, target); });
  BOOST_TEST(train::accuracy((column > 0.5).flatten(), target) == 1);
  expect_op<IndexError>("accuracy", {"target", "class 3", "row 1", "0..2"}, [&] {
    train::accuracy(ones({2, 3}), tensor({0, 3}));
  });
  expect_op<IndexError>("accuracy", {"target", "class -100"}, [&] {
    train::accuracy(ones({2, 3}), tensor({0, -100}));
  });
  expect_op<IndexError>("accuracy", {"predicted", "class -1"}, [&] { train::accuracy(tensor({-1}), tensor({0})); });
  expect_op<ShapeError>("accuracy", {"(2)", "(2, 1)"}, [&] { train::accuracy(ones({2, 3}), tensor({{0}, {1}})); });
}

BOOST_AUTO_TEST_CASE(confusion_matrix_needs_its_own_number_of_columns) {
  train::ConfusionMatrix two(2), five(5);
  expect_op<ValueError>("ConfusionMatrix", {"one column", "(scores > 0.5)"}, [&] {
    two.update(ones({3, 1}), tensor({1, 0, 1}));
  });
  expect_op<ValueError>("ConfusionMatrix", {"3 columns", "5 classes"}, [&] {
    five.update(ones({2, 3}), tensor({0, 1}));
  });
  BOOST_TEST((two.total() == 0 && five.total() == 0));
  two.update(tensor({true, false}), tensor({1, 1}));
  BOOST_TEST((two.count(1, 1) == 1 && two.count(1, 0) == 1));
}

BOOST_AUTO_TEST_CASE(confusion_matrix) {
  train::ConfusionMatrix m(3);
  BOOST_TEST(std::isnan(m.accuracy()));
  m.update(tensor({0, 1, 2, 2}), tensor({0, 2, 2, 1}));
  m.update(tensor({{0., 5., 0.}}), tensor({1}));
  BOOST_TEST((m.total() == 5 && m.count(0, 0) == 1 && m.count(2, 1) == 1 && m.count(1, 2) == 1 && m.count(1, 1) == 1));
  BOOST_TEST(m.accuracy() == 0.6);
  const std::string text = m.str();
  BOOST_TEST((text.find("100.0%") != std::string::npos && text.find("50.0%") != std::string::npos), text);
  BOOST_TEST(count_of(text, "\n") == 5u);
  expect_op<IndexError>("ConfusionMatrix", {"class 3", "row 1", "0..2"}, [&] {
    m.update(tensor({0, 3}), tensor({0, 0}));
  });
  expect_op<IndexError>("ConfusionMatrix", {"class -1", "row 0"}, [&] { m.update(tensor({0}), tensor({-1})); });
  expect_op<ShapeError>("ConfusionMatrix", {"2", "1"}, [&] { m.update(tensor({0, 1}), tensor({0})); });
  expect_op<DTypeError>("ConfusionMatrix", {"float32"}, [&] { m.update(tensor({0.5}), tensor({0})); });
  BOOST_TEST(m.total() == 5);  // a refused update counts nothing
  expect<IndexError>({"3", "0..2"}, [&] { m.count(0, 3); });
  expect<IndexError>({"-1"}, [&] { m.count(-1, 0); });
  expect<ValueError>({"1 class", "0"}, [] { train::ConfusionMatrix(0); });
  for (const std::int64_t none : {std::int64_t{-2}, INT64_MIN})
    expect<ValueError>({"at least 1 class", std::to_string(none)}, [&] { train::ConfusionMatrix{none}; });
  for (const std::int64_t many : {std::int64_t{1} << 32, (std::int64_t{1} << 32) + 1, INT64_MAX})
    expect<ValueError>({"at most 32768", std::to_string(many)}, [&] { train::ConfusionMatrix{many}; });
  m.reset();
  BOOST_TEST(m.total() == 0);
}

namespace {
// Rows of cells, at least one blank between them.
std::vector<std::vector<std::string>> cells_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream cells(line);
    rows.emplace_back(std::istream_iterator<std::string>(cells), std::istream_iterator<std::string>());
  }
  return rows;
}
}  // namespace

BOOST_AUTO_TEST_CASE(confusion_matrix_of_many) {
  train::ConfusionMatrix m(3);
  m.update(zeros({123456}, {kInt64}), zeros({123456}, {kInt64}));
  m.update(cat({ones({12345}, {kInt64}), full({5}, 2)}), zeros({12350}, {kInt64}));
  const auto rows = cells_of(m.str());
  BOOST_TEST((rows.at(2) == std::vector<std::string>{"0", "123456", "12345", "5", "90.9%"}), m.str());
  BOOST_TEST((rows.at(3) == std::vector<std::string>{"1", ".", ".", ".", "--"}));
  const std::string named = m.str({"T-shirt/top", "a", "踝靴"});
  BOOST_TEST((named.find("0 T-shirt/top  123456  12345  5   90.9%\n") != std::string::npos), named);
  BOOST_TEST((named.find("2 踝靴") != std::string::npos));
  expect_op<ValueError>("ConfusionMatrix", {"2 names", "3 classes"}, [&] { m.str({"a", "b"}); });
  train::ConfusionMatrix many(5000);  // a square of them would have 25 million cells
  many.update(tensor({7, 7, 8}), tensor({7, 7, 7}));
  const auto list = cells_of(many.str());
  BOOST_TEST(list.size() == 5002u);
  BOOST_TEST((list.at(9) == std::vector<std::string>{"7", "3", "7", "2", "66.7%"}));
  BOOST_TEST((list.at(10) == std::vector<std::string>{"8", "0", "--", "0", "--"}));
}

BOOST_AUTO_TEST_CASE(what_training_uses_has_a_text) {
  const auto text = [](const auto& what) {
    std::ostringstream os;
    os << what;
    return os.str();
  };
  train::Mean mean;
  mean.add(0.5, 2);
  BOOST_TEST(text(mean) == "0.5");
  train::EarlyStopping es;
  BOOST_TEST(text(es) == "EarlyStopping(no steps)");
  for (const double loss : {0.5, 0.25, 0.75}) es.step(loss, nn::Linear(1, 1));
  BOOST_TEST(text(es) == "EarlyStopping(best 0.25 at step 1 of 3)");
  train::MetricsLog log;
  log.add(1, "train", "loss", 0.5);
  BOOST_TEST(text(log) == "epoch,split,name,value\n1,train,loss,0.5\n");
  const Metadata texts{{"author", "A"}, {"epochs", "3"}};
  BOOST_TEST(text(texts) == "{author: A, epochs: 3}");
  const train::LoadedCheckpoint saved{.epoch = 3, .extra = {{"best", tensor({1})}}, .metadata = texts};
  const std::string all = text(saved);
  for (const char* part : {"epoch=3", "best", "metadata={author: A, epochs: 3}"})
    BOOST_TEST((all.find(part) != std::string::npos), part << " in\n" << all);
}

BOOST_AUTO_TEST_CASE(mean_is_weighted) {
  train::Mean m;
  BOOST_TEST(m.value() == 0);
  m.add(1, 3);
  m.add(5);
  BOOST_TEST((m.value() == 2 && m.weight() == 4));
}

BOOST_AUTO_TEST_CASE(early_stopping_restores_the_best_weights) {
  nn::Linear model(2, 1);
  const auto set = [&](double v) {
    NoGradGuard off;
    model.weight.fill_(v);
  };
  train::EarlyStopping stop({.patience = 2, .min_delta = 0.1});
  BOOST_TEST(!stop.restore(model));
  BOOST_TEST(std::isnan(stop.best()));
  const std::vector<double> losses{1.0, 0.5, 0.45, 0.6, 0.55};  // 0.45 is not better by 0.1
  std::vector<bool> stopped;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    set(static_cast<double>(i));
    stopped.push_back(stop.step(losses[i], model));
  }
  BOOST_TEST((!stopped[0] && !stopped[1] && !stopped[2] && stopped[4]));
  BOOST_TEST((stop.best() == 0.5 && stop.best_step() == 1));
  BOOST_TEST(stop.restore(model));
  check_close(model.weight, {1, 1});
  BOOST_TEST(model.weight.requires_grad());
  expect_op<ValueError>("EarlyStopping", {"NaN"}, [&] { stop.step(std::nan(""), model); });
  BOOST_TEST(stop.best_step() == 1);
  train::EarlyStopping usual({});  // neither ambiguous nor a copy
  BOOST_TEST(!usual.step(1, model));
  train::EarlyStopping score({.patience = 0, .maximize = true});
  BOOST_TEST((!score.step(0.5, model) && !score.step(0.6, model) && score.step(0.6, model)));
  expect_op<ValueError>("EarlyStopping", {"patience", "-1"}, [] { train::EarlyStopping({.patience = -1}); });
  expect_op<ValueError>("EarlyStopping", {"min_delta", "-1"}, [] { train::EarlyStopping({.min_delta = -1}); });
}

BOOST_AUTO_TEST_CASE(metrics_log_is_exact) {
  const TempDir dir;
  train::MetricsLog log;
  const std::vector<double> values{0.1,  1.0 / 3,    5e-324,       1.7976931348623157e308,
                                   -0.0, 12345678.9, std::nan(""), INFINITY};
  for (std::size_t i = 0; i < values.size(); ++i) log.add(static_cast<std::int64_t>(i), "train", "loss", values[i]);
  log.add(9, "a,b", "say \"hi\"\n", 1);
  log.save(dir / "metrics.csv");
  std::istringstream in(read_file(dir / "metrics.csv"));
  std::string line;
  std::getline(in, line);
  BOOST_TEST(line == "epoch,split,name,value");
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::getline(in, line);
    const std::string start = fmt::format("{},train,loss,", i);
    BOOST_REQUIRE(line.starts_with(start));
    double v = 0;
    std::from_chars(line.data() + start.size(), line.data() + line.size(), v);
    BOOST_TEST((std::isnan(values[i]) ? std::isnan(v)
                                      : std::bit_cast<std::uint64_t>(v) == std::bit_cast<std::uint64_t>(values[i])),
               line);
  }
  std::getline(in, line, '\0');
  BOOST_TEST(line == "9,\"a,b\",\"say \"\"hi\"\"\n\",1\n");
  expect<IoError>({"no/such"}, [&] { log.save(dir / "no/such/metrics.csv"); });
  BOOST_TEST(dir.names().size() == 1u);
}

BOOST_AUTO_TEST_CASE(summary_numbers) {
  nn::Sequential net(nn::Flatten(), nn::Linear(12, 5), nn::ReLU(), nn::Dropout(0.5), nn::Linear(5, 2, {.bias = false}));
  net.named_children()[4].second.requires_grad_(false);
  nn::Module drop = net.named_children()[3].second;
  drop.eval();  // a part with a mode of its own
  const train::Summary s = train::summary(net, ones({8, 3, 4}));
  BOOST_TEST((s.parameters == 65 + 10 && s.trainable == 65));
  BOOST_TEST(s.mult_adds == 8 * 12 * 5 + 8 * 5 * 2);
  for (const char* fact : {"Linear(12 → 5)", "(8, 12)", "(8, 5)", "(8, 2)", "65", "480", "75", "Dropout"})
    BOOST_TEST((s.str().find(fact) != std::string::npos), fact << " in\n" << s.str());
  BOOST_TEST((net.is_training() && !drop.is_training()));
  BOOST_TEST(net(ones({1, 3, 4})).requires_grad());
  for (const auto& [name, p] : net.named_parameters()) BOOST_TEST(!p.grad().defined());
  BOOST_TEST(train::summary(net, ones({1, 3, 4})).text == train::summary(net, ones({1, 3, 4})).text);  // no hooks left
  expect<ShapeError>({"12"}, [&] { train::summary(net, ones({8, 3, 5})); });
  BOOST_TEST((net.is_training() && !drop.is_training()));
}

BOOST_AUTO_TEST_CASE(summary_columns_are_as_wide_as_their_contents) {
  struct Wide : nn::Layer<Wide> {  // 10^15 products that nobody computes
    Tensor weight = register_parameter("weight", ones({1, 1000}));
    Tensor forward(const Tensor& x) const { return x.expand({1000000, 1000000}); }
  };
  const std::string text = train::summary(nn::Sequential(Wide()), ones({1, 1})).str();
  const auto rows = cells_of(text);
  BOOST_REQUIRE(rows.size() == 8u);
  std::istringstream lines(text);
  std::set<std::size_t> lengths;
  for (std::string line; std::getline(lines, line);)
    if (line.find("Mult-adds") != std::string::npos || line.starts_with("=")) lengths.insert(line.size());
  BOOST_TEST(lengths.size() == 1u, text);
  BOOST_TEST((rows.at(4).back() == "1,000,000,000,000,000" && rows.at(4).at(rows.at(4).size() - 2) == "1,000"), text);
}

BOOST_AUTO_TEST_CASE(summary_counts_products_by_kind_of_layer) {
  const auto count = [](auto layer, const Tensor& x) { return train::summary(nn::Sequential(layer), x).mult_adds; };
  BOOST_TEST(count(nn::Conv2d(2, 3, 3, {.padding = 1}), ones({1, 2, 4, 5})) == 3 * 20 * 2 * 9);
  BOOST_TEST(count(nn::ConvTranspose2d(2, 3, 2, {.stride = 2}), ones({1, 2, 4, 5})) == 2 * 20 * 3 * 4);
  BOOST_TEST(count(nn::Embedding(7, 3), zeros({4, 2}, {.dtype = kInt64})) == 0);
}

BOOST_AUTO_TEST_CASE(summary_says_what_it_does_not_count) {
  struct Own : nn::Layer<Own> {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor w = register_parameter("w", ones({2, 2}));
    Tensor forward(const Tensor& x) const { return matmul(fc(x), w); }
  };
  const train::Summary own = train::summary(Own(), ones({3, 2})),
                       linear = train::summary(nn::Linear(2, 2), ones({3, 2}));
  BOOST_TEST((own.partial && own.mult_adds == 12 && own.str().find("Multiply-adds: >= 12") != std::string::npos),
             own.str());
  BOOST_TEST((!linear.partial && linear.str().find("Multiply-adds: 12") != std::string::npos), linear.str());
  const nn::TransformerEncoderLayer block(4, 2, {.dim_feedforward = 8});
  const train::Summary attention = train::summary(block, ones({3, 1, 4}));
  BOOST_TEST((attention.partial && attention.str().find(">= ") != std::string::npos), attention.str());
}

BOOST_AUTO_TEST_CASE(summary_names_layers_that_are_not_registered) {
  struct Half : nn::Layer<Half> {
    nn::Linear lost{2, 3}, kept = register_module("kept", nn::Linear(3, 1));
    Tensor forward(const Tensor& x) const { return kept(lost(lost(x)[0].expand({2, 3}).slice(1, 0, 2))); }
  };
  const std::string text = train::summary(Half(), ones({2, 2})).str();
  const std::size_t note = text.find("Not registered, so not trained: ");
  BOOST_REQUIRE_MESSAGE(note != std::string::npos, text);
  const std::string line = text.substr(note);
  for (const char* fact : {"weight (3, 2)", "bias (3)"})
    BOOST_TEST((line.find(fact) != std::string::npos && line.find(fact) == line.rfind(fact)), line);
  BOOST_TEST(line.find("kept") == std::string::npos, line);
  const Tensor x = ones({1, 2}, {.requires_grad = true});  // no parameter of anything
  BOOST_TEST(train::summary(nn::Linear(2, 1), x).str().find("Not registered") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(summary_of_plain_modules_and_shared_parts) {
  struct Net : nn::Module {
    nn::Linear fc = register_module("fc", nn::Linear(2, 2));
    Tensor forward(const Tensor& x) const { return fc(fc(x)); }
  };
  const train::Summary s = train::summary(Net(), ones({3, 2}));
  BOOST_TEST((s.parameters == 6 && s.mult_adds == 2 * 3 * 4));
}

namespace {

// What a function writes to standard error, which is then a file and no terminal.
template <class F>
std::string errors_of(const F& f) {
  const TempDir dir;
  std::fflush(stderr);
  const int before = dup(2);
  BOOST_REQUIRE(std::freopen((dir / "stderr").c_str(), "w", stderr));
  f();
  std::fflush(stderr);
  dup2(before, 2);
  close(before);
  return read_file(dir / "stderr");
}

}  // namespace

BOOST_AUTO_TEST_CASE(progress_of_any_length) {
  const std::string none = errors_of([] { train::Progress(0, "x").update(0); });
  BOOST_TEST(none == "");
  const std::string first = errors_of([] { train::Progress(0, "x").update(1, "a\nb"); });
  BOOST_TEST((first.find(" 1/1 ") != std::string::npos && first.find("a b") != std::string::npos), first);
  const std::string beyond = errors_of([] {
    train::Progress p(3, "two\nlines");
    for (int i = 0; i < 3; ++i) p.update();
    p.update(9);
  });
  BOOST_TEST((beyond.find("3/3") != std::string::npos && beyond.find("12/3") == std::string::npos), beyond);
  BOOST_TEST((beyond.find("two lines") != std::string::npos && beyond.find("two\n") == std::string::npos), beyond);
}

BOOST_AUTO_TEST_CASE(progress_off_a_terminal_is_plain_lines) {
  const std::string text = errors_of([] {
    train::Progress p(200, "epoch 1/2");
    for (int i = 0; i < 200; ++i) p.update(1, fmt::format("loss={}", i));
  });
  BOOST_TEST(count_of(text, "\n") == 10u, text);
  BOOST_TEST(count_of(text, "epoch 1/2") == 10u);
  BOOST_TEST((text.find("100%") != std::string::npos && text.find("200/200") != std::string::npos &&
              text.find("loss=199") != std::string::npos));
  BOOST_TEST((text.find('\r') == std::string::npos && text.find('\x1b') == std::string::npos));
  BOOST_TEST(errors_of([] { train::Progress p(10, "nothing done"); }).empty());
  BOOST_TEST(errors_of([] { train::Progress(2, "more than all").update(2000000000); }).find("<00:00,") !=
             std::string::npos);
  BOOST_TEST(count_of(errors_of([] {
                        train::Progress p(0, "of nothing");
                        p.update();
                        p.update(5);
                      }),
                      "of nothing") >= 1u);
}

BOOST_AUTO_TEST_SUITE_END()
