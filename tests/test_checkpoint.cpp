// Checkpoints: exact resuming, files that survive kills and full disks, refusals that change nothing.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <random>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>

#include <xgrad/xgrad.hpp>

#include "killed_child.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// A training run with everything that has state.
struct Run {
  struct Net : nn::Layer<Net> {
    nn::Linear in = register_module("in", nn::Linear(4, 16)), out = register_module("out", nn::Linear(16, 1));
    nn::Dropout drop = register_module("drop", nn::Dropout(0.3));
    nn::Parameter seen = register_buffer("seen", zeros({1}));
    Tensor forward(const Tensor& x) const { return out(drop(tanh(in(x)))); }
  };
  Net net;
  optim::AdamW opt{{{net.in.parameters(), {.lr = 5e-3}}, {net.out.parameters(), {}}}, {.lr = 1e-2, .amsgrad = true}};
  optim::OneCycleLR scheduler{opt, {0.05, 0.1}, {.total_steps = 6 * 5}};
  data::DataLoader loader;
  std::vector<double> losses;

  explicit Run(const data::TensorDataset& set, int prefetch = 0)
      : loader(set, {.batch_size = 8, .shuffle = true, .prefetch = prefetch}) {}
  // `after_step` sees the number of all steps so far.
  void epoch(const std::function<void(std::size_t)>& after_step = {}) {
    for (auto& [x, y] : loader) {
      opt.zero_grad();
      const Tensor loss = mse_loss(net(x), y);
      loss.backward();
      optim::clip_grad_norm_(net.parameters(), 1);
      opt.step();
      scheduler.step();
      {
        NoGradGuard off;
        net.seen.add_(static_cast<double>(x.size(0)));
      }
      losses.push_back(loss.item());
      if (after_step) after_step(losses.size());
    }
  }
  train::Checkpoint parts(std::int64_t epoch = 0) {
    return {.model = net,
            .optimizer = opt,
            .scheduler = scheduler,
            .epoch = epoch,
            .extra = {{"best", full({}, 0.25, {kFloat64})}},
            .metadata = {{"note", "größer"}}};
  }
};

data::TensorDataset examples() {
  manual_seed(5);
  const Tensor x = randn({37, 4});
  return {x, sin(x.sum({1}, true))};
}

struct Small {
  nn::Linear net{3, 2};
  optim::SGD opt{net.parameters(), {.lr = 0.1, .momentum = 0.9}};
  optim::StepLR scheduler{opt, 2};
  train::Checkpoint parts() { return {.model = net, .optimizer = opt, .scheduler = scheduler}; }
  void step() {
    opt.zero_grad();
    net(ones({1, 3})).sum().backward();
    opt.step();
    scheduler.step();
  }
  NamedTensors everything() const {
    NamedTensors all;
    for (const auto& [k, t] : net.state_dict()) all.emplace_back(k, t.clone());
    for (auto& e : opt.state_dict()) all.push_back(e);
    for (auto& e : scheduler.state_dict()) all.push_back(e);
    return all;
  }
};

// A run of six epochs, and one that went on after `steps` of its steps.
void check_same_end(const Run& whole, const Run& resumed, std::ptrdiff_t steps) {
  BOOST_TEST(resumed.losses == std::vector<double>(whole.losses.begin() + steps, whole.losses.end()),
             boost::test_tools::per_element());
  BOOST_TEST(same_bits(whole.net.state_dict(), resumed.net.state_dict()));
  BOOST_TEST(same_bits(whole.opt.state_dict(), resumed.opt.state_dict()));
  BOOST_TEST(same_bits(whole.scheduler.state_dict(), resumed.scheduler.state_dict()));
  BOOST_TEST(whole.net.seen.item() == 6 * 37);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_AUTO_TEST_CASE(a_resumed_run_is_the_uninterrupted_one) {
  const TempDir dir;
  const data::TensorDataset set = examples();
  manual_seed(11);
  Run whole(set);
  for (int e = 0; e < 3; ++e) whole.epoch();
  train::save_checkpoint(dir / "run", whole.parts(2));
  for (int e = 3; e < 6; ++e) whole.epoch();
  const auto generator = default_generator().get_state();

  manual_seed(999);  // everything comes from the file
  Run resumed(set);
  resumed.epoch();
  const train::LoadedCheckpoint at = train::load_checkpoint(dir / "run", resumed.parts());
  BOOST_TEST((at.epoch == 2 && at.metadata.at("note") == "größer" && at.extra.size() == 1 &&
              at.extra[0].second.item() == 0.25));
  resumed.losses.clear();
  for (std::int64_t e = at.epoch + 1; e < 6; ++e) resumed.epoch();
  check_same_end(whole, resumed, 15);
  BOOST_TEST(default_generator().get_state() == generator);
}

BOOST_AUTO_TEST_CASE(also_from_the_middle_of_an_epoch) {
  const TempDir dir;
  const data::TensorDataset set = examples();
  for (const int prefetch : {0, 2})
    for (const std::size_t stop : {1, 8, 15}) {  // after the first batch of an epoch, in its middle, after the last
      manual_seed(11);
      Run whole(set, prefetch);
      for (std::int64_t e = 0; e < 6; ++e)
        whole.epoch([&](std::size_t steps) {
          if (steps != stop) return;
          train::Checkpoint c = whole.parts(e);
          c.loader = whole.loader;
          train::save_checkpoint(dir / "run", c);
        });
      const auto generator = default_generator().get_state();

      manual_seed(999);  // everything comes from the file
      Run resumed(set, prefetch);
      resumed.epoch();
      train::Checkpoint parts = resumed.parts();
      parts.loader = resumed.loader;
      const train::LoadedCheckpoint at = train::load_checkpoint(dir / "run", parts);
      BOOST_TEST(at.epoch == static_cast<std::int64_t>(stop - 1) / 5);
      resumed.losses.clear();
      for (std::int64_t e = at.epoch; e < 6; ++e) resumed.epoch();
      check_same_end(whole, resumed, static_cast<std::ptrdiff_t>(stop));
      BOOST_TEST(default_generator().get_state() == generator);
    }
}

BOOST_AUTO_TEST_CASE(a_loader_that_does_not_fit) {
  const TempDir dir;
  Run run(examples());
  const data::TensorDataset other(zeros({5, 4}), zeros({5, 1}));
  data::DataLoader small(other, {.batch_size = 2});
  train::save_checkpoint(dir / "run", {.model = run.net, .loader = run.loader});
  train::save_checkpoint(dir / "without", {.model = run.net});
  Run untouched(examples());
  const nn::Module before = untouched.net.clone();
  expect_op<ValueError>("DataLoader", {"37 examples, this one has 5"},
                        [&] { train::load_checkpoint(dir / "run", {.model = untouched.net, .loader = small}); });
  expect_op<IoError>("load_checkpoint", {"no loader in it"},
                     [&] { train::load_checkpoint(dir / "without", {.model = untouched.net, .loader = small}); });
  BOOST_TEST(same_bits(before.state_dict(), untouched.net.state_dict()));
}

BOOST_AUTO_TEST_CASE(parts_can_be_left_out) {
  const TempDir dir;
  Small a, b;
  a.step();
  train::save_checkpoint(dir / "all", a.parts());
  const auto generator = default_generator().get_state();
  train::load_checkpoint(dir / "all", {.model = b.net, .rng = false});
  BOOST_TEST(same_bits(a.net.state_dict(), b.net.state_dict()));
  BOOST_TEST(default_generator().get_state() == generator);
  train::save_checkpoint(dir / "model", {.model = a.net});
  const NamedTensors before = b.everything();
  expect_op<IoError>("load_checkpoint", {"model", "no optimizer in it"},
                     [&] { train::load_checkpoint(dir / "model", b.parts()); });
  expect_op<IoError>("load_checkpoint", {"no scheduler"},
                     [&] { train::load_checkpoint(dir / "model", {.scheduler = b.scheduler}); });
  BOOST_TEST(same_bits(before, b.everything()));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_changes_nothing) {
  const TempDir dir;
  Small a;
  a.step();
  a.step();
  train::save_checkpoint(dir / "run", a.parts());
  nn::Linear wide(3, 5);
  optim::SGD wide_opt(wide.parameters(), {.lr = 0.1});
  const NamedTensors before = wide.state_dict();
  expect_op<ValueError>("load_state_dict", {"weight (2, 3) vs (5, 3)"},
                        [&] { train::load_checkpoint(dir / "run", {.model = wide}); });
  expect<ValueError>({"SGD", "0.momentum_buffer"},
                     [&] { train::load_checkpoint(dir / "run", {.model = wide, .optimizer = wide_opt}); });
  BOOST_TEST(same_bits(before, wide.state_dict()));
  Small b;
  optim::ExponentialLR other(b.opt, 0.9);
  const NamedTensors untouched = b.everything();
  manual_seed(77);
  const auto generator = default_generator().get_state();
  expect<ValueError>({"ExponentialLR"}, [&] {
    train::load_checkpoint(dir / "run", {.model = b.net, .optimizer = b.opt, .scheduler = other});
  });
  BOOST_TEST(same_bits(untouched, b.everything()));
  BOOST_TEST(default_generator().get_state() == generator);
}

BOOST_AUTO_TEST_CASE(damaged_files) {
  const TempDir dir;
  Small a;
  a.step();
  train::save_checkpoint(dir / "run", a.parts());
  const std::string good = read_file(dir / "run");
  const NamedTensors before = a.everything();
  const auto refused = [&](const std::string& content) {
    std::ofstream(dir / "bad", std::ios::binary) << content;
    expect<IoError>({"bad"}, [&] { train::load_checkpoint(dir / "bad", a.parts()); });
  };
  for (std::size_t n = 0; n < good.size(); n += n < 64 ? 1 : 97) refused(good.substr(0, n));  // cut short
  refused(good + "x");
  // Two tensors over the same bytes.
  const std::string overlap = R"({"__metadata__":{"format":"xgrad-checkpoint","version":"1","epoch":"0"},)"
                              R"("model.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                              R"("model.weight":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
  std::string file(8, '\0');
  const std::uint64_t length = overlap.size();
  std::memcpy(file.data(), &length, 8);
  refused(file + overlap + std::string(12, '\0'));
  expect<IoError>({"nowhere", "no such file"}, [&] { train::load_checkpoint(dir / "nowhere", a.parts()); });
  save_safetensors(a.net.state_dict(), dir / "plain");
  expect_op<IoError>("load_checkpoint", {"not a checkpoint", "load_safetensors"},
                     [&] { train::load_checkpoint(dir / "plain", a.parts()); });
  save_safetensors({}, dir / "new", {{"format", "xgrad-checkpoint"}, {"version", "99"}, {"epoch", "1"}});
  expect_op<IoError>("load_checkpoint", {"version '99'"}, [&] { train::load_checkpoint(dir / "new"); });
  save_safetensors({}, dir / "odd", {{"format", "xgrad-checkpoint"}, {"version", "1"}, {"epoch", "1e3"}});
  expect_op<IoError>("load_checkpoint", {"epoch", "'1e3'"}, [&] { train::load_checkpoint(dir / "odd"); });
  BOOST_TEST(same_bits(before, a.everything()));
}

BOOST_AUTO_TEST_CASE(weights_saved_by_pytorch_load_by_name) {
  // The bytes that safetensors.torch.save_file writes for {"bias": float16, "weight": float32} of a Linear(2, 1).
  const TempDir dir;
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
      R"("bias":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}})";
  std::string file(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(file.data(), &length, 8);
  const float weight[2] = {1.5f, -2.25f};
  const std::uint16_t bias = 0x3800;  // 0.5
  file += header;
  file.append(reinterpret_cast<const char*>(weight), 8).append(reinterpret_cast<const char*>(&bias), 2);
  std::ofstream(dir / "model.safetensors", std::ios::binary) << file;
  nn::Linear fc(2, 1);
  fc.load_state_dict(load_safetensors(dir / "model.safetensors"));
  check_close(fc.weight, {1.5, -2.25}, 0);
  check_close(fc.bias, {0.5}, 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_keeps_the_old_file) {
  const TempDir dir;
  Small a;
  train::save_checkpoint(dir / "run", a.parts());
  const std::string old = read_file(dir / "run");
  a.step();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // write() then fails as on a full disk
  for (const rlim_t most : {rlim_t{0}, rlim_t{100}, rlim_t{old.size() - 1}}) {
    const rlimit limit{most, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    expect<IoError>({"run", "kept"}, [&] { train::save_checkpoint(dir / "run", a.parts()); });
    setrlimit(RLIMIT_FSIZE, &before);
    BOOST_TEST(read_file(dir / "run") == old);
  }
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);  // no temporary is left
}

BOOST_AUTO_TEST_CASE(folders_that_cannot_be_written) {
  const TempDir dir;
  Small a;
  expect_op<IoError>("save_safetensors", {"nowhere/run", "its folder does not exist"},
                     [&] { train::save_checkpoint(dir / "nowhere/run", a.parts()); });
  std::filesystem::create_directory(dir / "folder");
  expect<IoError>({"folder"}, [&] { train::save_checkpoint(dir / "folder", a.parts()); });
  if (geteuid() == 0) {  // root may write anywhere but here
    expect<IoError>({"/proc"}, [&] { train::save_checkpoint("/proc/run", a.parts()); });
    return;
  }
  train::save_checkpoint(dir / "folder/run", a.parts());
  const std::string old = read_file(dir / "folder/run");
  chmod((dir / "folder").c_str(), 0555);
  a.step();
  expect<IoError>({"folder/run"}, [&] { train::save_checkpoint(dir / "folder/run", a.parts()); });
  BOOST_TEST(read_file(dir / "folder/run") == old);
  chmod((dir / "folder").c_str(), 0755);
}

// XGRAD_KILLS: how many.
BOOST_AUTO_TEST_CASE(a_kill_at_any_moment_leaves_a_whole_file) {
  const TempDir dir;
  const std::string path = dir / "run";
  const auto checkpoint = [](double value) {
    return train::Checkpoint{.epoch = static_cast<std::int64_t>(value),
                             .extra = {{"a", full({50}, value)}, {"b", full({3000}, value, {kFloat64})}}};
  };
  train::save_checkpoint(path, checkpoint(0));
  std::mt19937 random(1);
  double last = 0;
  int newer = 0;
  const char* wanted = std::getenv("XGRAD_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 200;
  for (int kill_number = 0; kill_number < kills; ++kill_number) {
    const auto save_on = [&](const std::function<void()>& saved) {
      for (double value = last + 1;; ++value) train::save_checkpoint(path, checkpoint(value)), saved();
    };
    killed_child(save_on, random() % 4, std::chrono::microseconds(random() % 3000));
    const train::LoadedCheckpoint at = train::load_checkpoint(path);
    const double value = static_cast<double>(at.epoch);
    BOOST_REQUIRE(value >= last);
    BOOST_REQUIRE(at.extra.size() == 2u);
    for (const auto& [name, t] : at.extra)
      for (const double v : t.to_vector<double>()) BOOST_REQUIRE(v == value);
    newer += value > last;
    last = value;
  }
  BOOST_TEST_MESSAGE(kills << " kills, a newer file after " << newer);
  BOOST_TEST(newer > kills / 2);
}

BOOST_AUTO_TEST_CASE(early_stopping_brings_back_the_best_weights) {
  Small a;
  train::EarlyStopping stop({.patience = 2});
  stop.step(1.0, a.net);
  const Tensor best = a.net.weight.detach().clone();
  a.step();
  BOOST_TEST(!stop.step(1.5, a.net));
  a.step();
  BOOST_TEST(stop.step(1.5, a.net));
  BOOST_TEST(!same_bits(a.net.weight, best));
  BOOST_TEST(stop.restore(a.net));
  BOOST_TEST(same_bits(a.net.weight, best));
}

BOOST_AUTO_TEST_SUITE_END()
