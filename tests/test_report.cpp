// The folder of a run and its page: what is in the files, that nothing in it can break the page, and mistakes.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <semaphore>
#include <thread>

#include <nlohmann/json.hpp>

#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/train/event_file.hpp>
#include <xgrad/train/report.hpp>

#include "environment.hpp"
#include "picture_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using train::Report;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What the page holds in its <script type="application/json">.
nlohmann::json data_of(const std::string& page) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(start) + start.size();
  BOOST_REQUIRE(page.find(start) != std::string::npos);
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

struct Folder {
  std::string path = "report_runs";
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

struct Net : nn::Layer<Net> {
  nn::Linear a = register_module("a", nn::Linear(2, 4)), b = register_module("b", nn::Linear(4, 1));
  Tensor forward(const Tensor& x) const { return b(tanh(a(x))); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(report)

BOOST_AUTO_TEST_CASE(a_run_with_every_picture) {
  const Folder folder;
  manual_seed(7);
  Net net;
  optim::SGD opt(net.parameters(), {.lr = 0.1});
  const Tensor x = randn({40, 2}), y = (x.select(1, 0) > 0).to(kFloat32).unsqueeze(1);
  Report r({.name = "x </script> & \"y\"",
            .root = folder.path + "/a",
            .folder = folder.path,
            .arguments = {"train", "--lr"},
            .notes = {{"data", "noise"}},
            .tensorboard = true});
  for (int epoch = 0; epoch < 3; ++epoch) {
    opt.zero_grad();
    const Tensor loss = binary_cross_entropy_with_logits(net(x), y);
    loss.backward();
    opt.step();
    r.add(epoch, "train", "loss", loss.item<double>()).add(epoch, "a,b", "loss", epoch ? kNan : 1);
    r.learning_rate(epoch, opt).norms(epoch, net);
    if (epoch == 0) BOOST_TEST(data_of(content(r.write()))["running"] == true);
  }
  train::ConfusionMatrix m(2);
  m.update((net(x) > 0).flatten(), y.flatten().to(kInt64));
  const std::vector<double> before = net.a.named_parameters()[0].second.to_vector<double>();
  const auto loss_now = [&] { return binary_cross_entropy_with_logits(net(x), y).item<double>(); };
  r.confusion(m, {"left", "right"}).filters("conv", randn({6, 3, 4, 4})).filters("grey", randn({2, 2, 3, 3}));
  r.landscape(net, loss_now, {.steps = 5});
  r.decision_boundary([&](const Tensor& p) { return sigmoid(net(p)); }, x, y.flatten());
  r.activations({{"tanh", [](const Tensor& t) { return tanh(t); }}, {"relu", [](const Tensor& t) { return relu(t); }}});
  r.plot("mine <b>", viz::Plot().line({0, 1}, {0, 1})).images("noise", {rand({3, 4, 4})}).text("note", "<i>&");
  BOOST_TEST((net.a.named_parameters()[0].second.to_vector<double>() == before));
  BOOST_TEST(r.finish() == r.path());

  const std::string page = content(r.path());
  BOOST_TEST(has(page, "default-src 'none'"));
  BOOST_TEST(!has(page, "http-equiv=\"refresh\""));
  const nlohmann::json d = data_of(page);
  BOOST_TEST(d["running"] == false);
  BOOST_TEST(d["title"] == "x </script> & \"y\"");
  std::size_t pictures = 0;
  for (const auto& s : d["sections"])
    for (const auto& i : s["items"])
      if (!i["svg"].get<std::string>().empty()) {
        ++pictures;
        check_well_formed(i["svg"]);
        if (i["title"] == "Confusion matrix") {
          const double share =
              100.0 * static_cast<double>(m.count(0, 0)) / static_cast<double>(m.count(0, 0) + m.count(0, 1));
          BOOST_TEST(has(i["svg"], "percent of each true class"));
          const bool whole = share == std::round(share);
          BOOST_TEST(has(i["svg"], whole ? fmt::format(">{:.0f}<", share) : fmt::format(">{:.2f}<", share)));
        }
      }
  BOOST_TEST(pictures == 13u);
  BOOST_TEST(d["last"].size() == 2u);
  BOOST_TEST(d["last"][1]["value"] == "NaN");

  const nlohmann::json run = nlohmann::json::parse(content(folder.path + "/run.json"));
  BOOST_TEST(run["seed"] == 7);
  BOOST_TEST(run["arguments"][1] == "--lr");
  BOOST_TEST(has(run["versions"]["xgrad"], "."));
  const std::string csv = content(folder.path + "/metrics.csv");
  BOOST_TEST(csv.starts_with("step,epoch,split,name,value\n,0,train,loss,"));
  BOOST_TEST(has(csv, "\n,0,\"a,b\",loss,1\n"));
  std::size_t scalars = 0;
  for (const auto& f : std::filesystem::directory_iterator(folder.path))
    if (has(f.path().string(), "tfevents")) scalars = train::read_event_file(f.path().string()).scalars.size();
  BOOST_TEST(scalars == 9u);
}

BOOST_AUTO_TEST_CASE(splits_and_classes_keep_their_colours) {
  const Folder folder;
  Report r({.folder = folder.path});
  for (int i = 0; i < 3; ++i) {  // here one is named first, there the other
    r.add(i, "validation", "accuracy", 0.5 + 0.1 * i).add(i, "train", "loss", 3 - i);
    r.add(i, "validation", "loss", 3.5 - i).add(i, "train", "accuracy", 0.9);
  }
  const Tensor x = tensor({{-1., 0.}, {1., 0.}, {0., 2.}}), y = tensor({0, 2, 1});
  r.decision_boundary([](const Tensor& p) { return cat({p, zeros({p.size(0), 1})}, 1); }, x, y);
  r.decision_boundary([](const Tensor& p) { return p.select(1, 0); }, x, y, 0, "by sign");
  r.images("one", rand({3, 4, 4}));
  const nlohmann::json d = data_of(content(r.finish()));
  std::map<std::string, std::string> svg;
  for (const auto& s : d["sections"])
    for (const auto& i : s["items"]) svg[i["title"]] = i["svg"];
  BOOST_TEST(svg.contains("one"));
  BOOST_TEST(has(svg["accuracy"], ">max 0.7 (validation)<"));
  BOOST_TEST(has(svg["loss"], ">min 1.5 (validation)<"));
  const auto colour = [&](const std::string& name, const std::string& split) {  // of the stroke before the end label
    const std::string& s = svg[name];
    const auto from = s.rfind("stroke=\"#", s.find(">" + split + "<"));
    return s.substr(from + 8, 7);
  };
  for (const char* name : {"accuracy", "loss"}) {
    BOOST_TEST(colour(name, "validation") == "#0072B2", name);
    BOOST_TEST(colour(name, "train") == "#D55E00", name);
  }
  for (const char* part : {"fill=\"#C0DCEC\"", "fill=\"#F5D7C0\"", "fill=\"#C0E7DC\"", "#0072B2", "#D55E00", "#009E73"})
    BOOST_TEST(has(svg["Decision boundary"], part), part);
  BOOST_TEST(has(svg["by sign"], ">by sign<"));
  BOOST_TEST(!has(svg["by sign"], "fill=\"#C0E7DC\""));  // two areas
}

BOOST_AUTO_TEST_CASE(folders_of_runs) {
  const Folder folder;
  const Report a({.name = "first", .root = folder.path}), b({.name = "first", .root = folder.path});
  BOOST_TEST(a.folder() != b.folder());
  BOOST_TEST(has(a.folder(), folder.path + "/2"));
  BOOST_TEST(has(a.folder(), "_first"));
  BOOST_TEST(std::filesystem::exists(b.folder() + "/metrics.csv"));
  // A folder that holds a run goes on with it.
  const std::string path = folder.path + "/resumed";
  { Report({.folder = path}).add(0, "train", "loss", 2.5).write(); }
  { Report({.folder = path}).add(1, "train", "loss", 1.5).write(); }
  BOOST_TEST(read_file(path + "/metrics.csv") == "step,epoch,split,name,value\n,0,train,loss,2.5\n,1,train,loss,1.5\n");
}

BOOST_AUTO_TEST_CASE(a_landscape_changes_nothing) {
  const Folder folder;
  Report r({.folder = folder.path + "/run"});
  const nn::Sequential net(nn::Linear(2, 3), nn::BatchNorm1d(3), nn::Dropout(0.5), nn::Linear(3, 1));
  const Tensor x = randn({8, 2});
  net(x).sum().backward();
  std::vector<std::vector<double>> before;
  std::vector<std::uint32_t> versions;
  const auto look = [&] {
    before.clear(), versions.clear();
    for (const auto& [name, t] : net.state_dict()) before.push_back(t.detach().to(kFloat64).to_vector<double>());
    for (const Tensor& p : net.parameters()) {
      before.push_back(p.grad().to_vector<double>());
      versions.push_back(p.version());
    }
  };
  look();
  const auto values = before;
  const auto numbers = versions;
  const auto state = default_generator().get_state();
  r.landscape(net,
              [&] {
                for (Tensor p : net.parameters()) p.zero_grad();
                return net(x).square().mean().item<double>();
              },
              {.steps = 3});
  look();
  BOOST_TEST(before == values);
  BOOST_TEST(versions == numbers);
  BOOST_TEST((default_generator().get_state() == state));
}

// What a thread from before changes cannot be taken back.
BOOST_AUTO_TEST_CASE(a_landscape_with_a_thread_from_before) {
  const Folder folder;
  Report r({.folder = folder.path + "/run"});
  nn::Sequential net(nn::Linear(2, 3), nn::BatchNorm1d(3));
  const Tensor x = randn({8, 2});
  const std::vector<double> weight = net.parameters()[0].to_vector<double>();
  std::binary_semaphore asked(0), done(0);
  bool end = false;
  std::jthread worker([&] {
    for (asked.acquire(); !end; asked.acquire()) {
      net(x);
      done.release();
    }
  });
  const auto loss = [&] {
    asked.release();
    done.acquire();
    return 1.;
  };
  expect<ValueError>({"landscape", "running_mean", "running before", "test_report.cpp"},
                     [&] { r.landscape(net, loss, {.steps = 3}); });
  BOOST_TEST(net.parameters()[0].to_vector<double>() == weight);
  net.eval();
  r.landscape(net, loss, {.steps = 3});
  // A thread of the loss is seen.
  net.train();
  const std::vector<double> mean = net.named_buffers()[0].second.to_vector<double>();
  r.landscape(net,
              [&] {
                std::jthread([&] { net(x); }).join();
                return 1.;
              },
              {.steps = 3});
  BOOST_TEST(net.named_buffers()[0].second.to_vector<double>() == mean);
  end = true;
  asked.release();
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const Folder folder;
  for (const char* name : {"", "a/b"})
    expect<ValueError>({"train::Report", "name", "test_report.cpp"},
                       [&] { Report({.name = name, .root = folder.path}); });
  std::filesystem::create_directory(folder.path);
  std::ofstream(folder.path + "/file") << "x";
  expect<IoError>({"cannot make the folder"}, [&] { Report({.root = folder.path + "/file"}); });
  Report r({.folder = folder.path + "/run"});
  expect<ValueError>({"1 names for 2 classes"}, [&] { r.confusion(train::ConfusionMatrix(2), {"a"}); });
  expect<ShapeError>({"filters", "(5)"}, [&] { r.filters("x", zeros({5})); });
  expect<ShapeError>({"decision_boundary", "(4, 3)"}, [&] {
    r.decision_boundary([](const Tensor& x) { return x; }, zeros({4, 3}), zeros({4}));
  });
  expect<ValueError>({"landscape", "2 steps"}, [&] { r.landscape(Net(), [] { return 0.; }, {.steps = 2}); });
  expect<ValueError>({"activations"}, [&] { r.activations({}); });
  std::filesystem::remove_all(folder.path);
  BOOST_TEST(r.write() == "");  // told on standard error, and nothing thrown
}

BOOST_AUTO_TEST_SUITE_END()
