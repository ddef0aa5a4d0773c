// What the profiler sees of a step of training, its table, its trace, and that it watches all threads.
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include <xgrad/graph_node.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/profiler.hpp>
#include <xgrad/tape.hpp>

#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using profiler::Category;
using profiler::Event;
using profiler::FunctionEventAvg;
using profiler::GroupBy;
using profiler::Profile;
using profiler::SpanKind;

namespace {

struct Net : nn::Layer<Net> {
  nn::Linear fc1 = register_module("fc1", nn::Linear(8, 16));
  nn::Linear fc2 = register_module("fc2", nn::Linear(16, 3));
  static constexpr unsigned kForwardLine = __LINE__ + 1;
  Tensor forward(const Tensor& x) const { return fc2(relu(fc1(x))); }
};

std::vector<Event> named(const std::vector<Event>& all, const std::string& name) {
  std::vector<Event> found;
  for (const Event& e : all)
    if (e.name == name) found.push_back(e);
  return found;
}
Event only(const std::vector<Event>& found, Location at = Location::current()) {
  BOOST_REQUIRE_MESSAGE(found.size() == 1, found.size() << " events, line " << at.line());
  return found[0];
}
bool holds(const Event& outer, const Event& inner) {
  return inner.start >= outer.start && inner.start + inner.duration <= outer.start + outer.duration + 1e-3;
}
const FunctionEventAvg* row(const std::vector<FunctionEventAvg>& rows, const std::string& key) {
  for (const FunctionEventAvg& r : rows)
    if (r.key == key) return &r;
  return nullptr;
}

// Spans of a thread are inside of each other or apart.
void check_nested(const std::vector<Event>& all) {
  std::map<std::uint32_t, std::vector<Event>> open;
  for (const Event& e : all) {
    BOOST_TEST(e.self >= 0, e.name);
    BOOST_TEST(e.self <= e.duration + 1e-3, e.name);
    std::vector<Event>& outer = open[e.thread];
    while (!outer.empty() && outer.back().start + outer.back().duration <= e.start) outer.pop_back();
    if (!outer.empty()) BOOST_TEST(holds(outer.back(), e), outer.back().name << " and " << e.name);
    outer.push_back(e);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(profile)

BOOST_AUTO_TEST_CASE(a_step_of_training) {
  Net net;
  optim::Adam opt(net.parameters(), {.lr = 1e-3});
  const Tensor x = randn({5, 8}), y = zeros({5}, {kInt64});
  Profile p;
  const unsigned line = Location::current().line() + 3;
  {
    const auto span = profiler::record_function("step");
    Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    opt.step();
    BOOST_TEST(p.node_time(loss.grad_fn()).has_value());
    const tape::Graph graph = tape::collect(loss);
    for (const auto& n : graph.nodes) {
      BOOST_REQUIRE_MESSAGE(p.node_time(n), n.op);
      BOOST_TEST(p.node_time(n)->forward > 0, n.op);
      BOOST_TEST(p.node_time(n)->backward > 0, n.op);
    }
  }
  p.stop();
  relu(x);  // nobody watches
  const std::vector<Event> all = p.events();
  check_nested(all);
  const Event step = only(named(all, "step"));
  for (const Event& e : all) BOOST_TEST(holds(step, e), e.name);
  const std::vector<Event> linear = named(all, "linear");
  BOOST_REQUIRE(linear.size() == 2);
  BOOST_TEST(linear[0].module == "Net.fc1");
  BOOST_TEST(linear[0].at.line() == Net::kForwardLine);
  BOOST_TEST(linear[0].bytes >= 5 * 16 * 4);
  BOOST_TEST((linear[0].category == Category::forward));
  BOOST_TEST(holds(only(named(all, "fc1 : Linear(8 → 16)")), linear[0]));
  const Event pass = only(named(all, "backward"));
  BOOST_TEST((pass.category == Category::backward));
  BOOST_TEST(pass.at.line() == line + 1);
  for (const Event& e : named(all, "linear backward")) {
    BOOST_TEST(holds(pass, e));
    BOOST_TEST(e.sequence > 0u);
  }
  BOOST_TEST(named(all, "linear backward")[0].module == "Net.fc2");
  BOOST_TEST((only(named(all, "Optimizer.step#Adam.step")).category == Category::optimizer));
  BOOST_TEST(named(all, "relu").size() == 1u);
}

BOOST_AUTO_TEST_CASE(operations_without_a_trace_on_the_tape) {
  const Tensor a = randn({200, 200}), b = randn({200, 200});
  Profile p;
  for (int i = 0; i < 3; ++i) {
    NoGradGuard off;
    Tensor c = relu(a);
    c = matmul(c, b);
    c = c > 0;
    argmax(a, 1);
  }
  p.stop();
  const auto rows = p.key_averages();
  for (const char* op : {"relu", "matmul", "gt", "argmax"}) {
    const FunctionEventAvg* r = row(rows, op);
    BOOST_REQUIRE_MESSAGE(r, op << " in\n" << rows);
    BOOST_TEST(r->count == 3, op << " in\n" << rows);
    BOOST_TEST(r->self_cpu_time_total > 0, op);
  }
  BOOST_TEST(row(rows, "matmul")->self_cpu_time_total > row(rows, "relu")->self_cpu_time_total);
  check_nested(p.events());
}

BOOST_AUTO_TEST_CASE(each_operation_is_counted_once) {
  const Tensor x = randn({4, 6}).requires_grad_(), images = randn({2, 3, 4, 4});
  nn::BatchNorm2d norm(3);
  nn::LSTM lstm(6, 5);
  Profile p;
  mse_loss(x * 2, x.detach());
  cross_entropy(x, zeros({4}, {kInt64}));
  nll_loss(x, zeros({4}, {kInt64}));
  norm(images);
  lstm(x.unsqueeze(0));
  p.stop();
  const auto rows = p.key_averages();
  for (const char* op : {"mse_loss", "cross_entropy", "nll_loss", "mul", "BatchNorm2d", "batch_norm", "LSTM", "lstm"}) {
    BOOST_REQUIRE_MESSAGE(row(rows, op), op << " in\n" << rows);
    BOOST_TEST(row(rows, op)->count == 1, op << " in\n" << rows);
  }
}

BOOST_AUTO_TEST_CASE(sums_by_module_and_by_line) {
  Net net;
  const Tensor x = randn({64, 8});
  Profile p;
  const unsigned line = Location::current().line() + 1;
  for (int i = 0; i < 2; ++i) net(x).sum().backward();
  p.stop();
  const auto modules = p.key_averages(GroupBy::module), lines = p.key_averages(GroupBy::line), all = p.key_averages();
  const FunctionEventAvg *root = row(modules, "Net"), *fc1 = row(modules, "Net.fc1"), *fc2 = row(modules, "Net.fc2");
  BOOST_REQUIRE((root && fc1 && fc2));
  BOOST_TEST(root->count == 2);
  BOOST_TEST(fc1->count == 2);
  BOOST_TEST(root->cpu_time_total >= fc1->cpu_time_total + fc2->cpu_time_total);
  BOOST_TEST(std::abs(modules.self_cpu_time_total() - all.self_cpu_time_total()) < 1e-3 * all.self_cpu_time_total());
  const FunctionEventAvg* here = row(lines, fmt::format("test_profiler.cpp:{}", line));
  BOOST_REQUIRE_MESSAGE(here, lines);
  BOOST_TEST(here->count == 4, lines);  // each time the sum and the pass
  BOOST_TEST(row(lines, fmt::format("test_profiler.cpp:{}", Net::kForwardLine)), lines);
  BOOST_TEST(lines.size() == 2u, lines);
  BOOST_TEST(here->cpu_time_total <= 1.001 * lines.self_cpu_time_total(), lines);
}

BOOST_AUTO_TEST_CASE(the_table) {
  profiler::EventList list;
  list.push_back({"relu", 4, 3000, 2000, 1536, -1536});
  list.push_back({"linear", 2, 6e6, 6000, 3 << 20, 100});
  const std::string text = list.table("self_cpu_time_total");
  BOOST_TEST(text.find("linear") < text.find("relu"));
  for (const char* part :
       {"Self CPU %", "CPU total %", "CPU time avg", "# of Calls", "75.00%", "25.00%", "6.000ms", "6.000s", "750.000us",
        "1.50 Kb", "-1.50 Kb", "3.00 Mb", "100 b", "Self CPU time total: 8.000ms"})
    BOOST_TEST(has(text, part), part << " in\n" << text);
  BOOST_TEST(list.table("", 1).find("linear") == std::string::npos);
  BOOST_TEST(has(list.table("count", -1), "linear"));
  expect<ValueError>({"table", "'time'", "self_cpu_time_total"}, [&] { list.table("time"); });
  expect<ValueError>({"row_limit is -2"}, [&] { list.table("", -2); });
}

BOOST_AUTO_TEST_CASE(the_trace) {
  Net net;
  Profile p;
  net(randn({2, 8})).sum().backward();
  { const profiler::RecordFunction quoted("a \"b\" \\ \n\xFF"); }
  p.stop();
  BOOST_TEST(has(p.key_averages().table(), "a \"b\" \\  \xEF\xBF\xBD "));
  const std::string path = "profiler_trace.json";
  p.export_chrome_trace(path);
  std::ifstream in(path);
  const nlohmann::json trace = nlohmann::json::parse(in);
  std::filesystem::remove(path);
  std::map<std::string, int> categories;
  bool found = false;
  for (const auto& e : trace.at("traceEvents")) {
    if (e.at("ph") != "X") continue;
    ++categories[e.at("cat")];
    BOOST_TEST(e.at("ts").get<double>() >= 0);
    found |= e.at("name") == "a \"b\" \\ \n\xEF\xBF\xBD";
    if (e.at("name") == "linear") BOOST_TEST(has(e.at("args").at("module"), "Net.fc"));
  }
  BOOST_TEST(found);
  BOOST_TEST(categories["forward"] > 3);
  BOOST_TEST(categories["backward"] > 3);
  expect<IoError>({"export_chrome_trace", "/no/such/folder"},
                  [&] { p.export_chrome_trace("/no/such/folder/trace.json"); });
}

BOOST_AUTO_TEST_CASE(threads_and_one_profile_at_a_time) {
  std::optional<Profile> p(std::in_place);
  BOOST_TEST(Profile::current() == &*p);
  expect<AutogradError>({"Profile", "another Profile is alive"}, [] { Profile second; });
  const auto work = [] {
    const Tensor x = randn({30, 30}).requires_grad_();
    for (int i = 0; i < 50; ++i) matmul(x, x).exp().sum().backward();
  };
  std::thread a(work), b(work);
  for (int i = 0; i < 5; ++i) check_nested(p->events());  // while they run
  a.join();
  b.join();
  p->stop();
  std::map<std::uint32_t, int> exps;
  for (const Event& e : p->events()) exps[e.thread] += e.name == "exp";
  BOOST_TEST(exps.size() == 2u);
  for (const auto& [thread, n] : exps) BOOST_TEST(n == 50);
  p.reset();
  BOOST_TEST(Profile::current() == nullptr);
  Profile again;
  BOOST_TEST(again.events().empty());
}

BOOST_AUTO_TEST_CASE(the_last_operation_of_a_thread) {
  std::promise<void> done, end;
  Profile p;
  const auto work = [] {
    const Tensor x = rand({20, 20});
    for (int i = 0; i < 10; ++i) relu(matmul(x, x));
  };
  std::thread ended(work);
  ended.join();
  BOOST_TEST(named(p.events(), "relu").size() == 10u);  // of a thread that is no more, without stop()
  std::thread waits([&] {
    work();
    done.set_value();
    end.get_future().wait();
  });
  done.get_future().wait();
  p.stop();
  BOOST_TEST(named(p.events(), "relu").size() == 20u);
  end.set_value();
  waits.join();
  BOOST_TEST(named(p.events(), "relu").size() == 20u);
  check_nested(p.events());
}

BOOST_AUTO_TEST_CASE(errors_end_their_spans) {
  const Tensor a = randn({2, 3}).requires_grad_();
  Profile p;
  {
    const auto outer = profiler::record_function("outer");
    expect<ShapeError>({"matmul"}, [&] { matmul(a, a); });
    exp(a);
  }
  p.stop();
  const std::vector<Event> all = p.events();
  check_nested(all);
  BOOST_TEST(named(all, "matmul").empty());  // it did nothing
  BOOST_TEST(holds(only(named(all, "outer")), only(named(all, "exp"))));
}

BOOST_AUTO_TEST_SUITE_END()
