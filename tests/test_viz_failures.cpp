// A picture costs the user nothing: whatever fails is a warning with the user's line, and the program goes on. Only
// mistakes in the arguments throw, before anything runs.
#include <chrono>

#include <xgrad/xgrad.hpp>

#include "environment.hpp"
#include "support.hpp"
#include "text_support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace fs = std::filesystem;

namespace {

// A folder for pictures, and one that stands first in PATH with a script in the place of dot and rsvg-convert.
struct Studio {
  TempDir dir, bin;
  PathGuard path{bin.path() + ":/usr/bin:/bin"};
  Tensor loss = (ones({3}, {.requires_grad = true}).set_name("w") * 2).sum();

  explicit Studio(const std::string& script) {
    for (const char* program : {"dot", "rsvg-convert"}) {
      write_file(bin / program, "#!/bin/sh\n" + script + "\n");
      fs::permissions(bin / program, fs::perms::owner_all);
    }
  }
};

// Fails in some way unless it is asked for less than the first time.
std::string unless_less(const std::string& failure) {
  return "if grep -q 'laid out plainly'; then echo '<svg></svg>'; else " + failure + "; fi";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failed_pictures)

// The README draws before it saves the weights.
BOOST_AUTO_TEST_CASE(a_training_goes_on) {
  for (const char* script : {"exit 1", "kill -SEGV $$", "cat >/dev/null", "echo nonsense >&2; kill -ABRT $$"}) {
    const Studio s(script);
    nn::Linear net(2, 1);
    optim::SGD opt(net.parameters(), {.lr = 0.1});
    const Tensor loss = square(net(ones({4, 2}))).mean();
    loss.backward();
    opt.step();
    expect_warning({"viz::save", "net.svg", "net.dot"}, [&] { viz::save(loss, s.dir / "net.svg"); });
    expect_warning({"viz::Plot", "loss.png", "loss.svg"}, [&] {
      viz::Plot().line({0, 1}, {1, 0}).save(s.dir / "loss.png");
    });
    expect_warning({"viz::image_grid", "w.pdf", "w.svg"}, [&] {
      viz::image_grid(net.weight.detach().reshape({1, 1, 2}), s.dir / "w.pdf");
    });
    save_safetensors(net.state_dict(), s.dir / "net.safetensors");
    const std::vector<std::string> all{"loss.svg", "net.dot", "net.safetensors", "w.svg"};
    BOOST_TEST(s.dir.names() == all, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(one_retry_with_fewer_options) {
  for (const char* failure : {"exit 3", "kill -SEGV $$", "true"}) {
    const Studio s(unless_less(failure));
    const std::string said = expect_warning({"viz::save", "dot could not draw", "with fewer options"},
                                            [&] { BOOST_TEST(viz::save(s.loss, s.dir / "g.svg") == s.dir / "g.svg"); });
    BOOST_TEST(has(said, "signal 11") == has(failure, "SEGV"));
    BOOST_TEST(read_file(s.dir / "g.svg") == "<svg></svg>\n");
    BOOST_TEST(s.dir.names().size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_slow_layout_gets_fewer_nodes) {
  const Studio s(
      "cat > \"$0.in\"; if grep -q 'laid out plainly' \"$0.in\"; then echo '<svg></svg>'; else sleep 60; fi");
  Tensor t = s.loss;
  for (int i = 0; i < 300; ++i) t = t * (1 + 1e-4 * i);
  expect_warning({"dot took longer than 1 s", "is drawn with fewer options", "at most 100 nodes, no values"}, [&] {
    BOOST_TEST(viz::save(t, s.dir / "g.svg", {.fit_page = false, .timeout = std::chrono::seconds(1)}) ==
               s.dir / "g.svg");
  });
  BOOST_TEST(has(read_file(s.bin / "dot.in"), "203 of 302 operations left out; 100 nodes shown"));
}

// A page that may not fit is measured first; that fails as drawing does.
BOOST_AUTO_TEST_CASE(measuring_fails_as_drawing_does) {
  const Studio s("exit 3");
  Tensor t = s.loss;
  for (int i = 0; i < 390; ++i) t = t * 1.01;
  expect_warning({"dot could not draw", "exit code 3", "g.dot"},
                 [&] { BOOST_TEST(viz::save(t, s.dir / "g.png") == s.dir / "g.dot"); });
  BOOST_TEST((read_file(s.dir / "g.dot") == viz::to_dot(t)));
}

BOOST_AUTO_TEST_CASE(a_path_that_cannot_be_written) {
  const Studio s("cat >/dev/null; echo '<svg></svg>'");
  for (const char* name : {"g.svg", "p.png"}) fs::create_directory(s.dir / name);
  // The picture cannot stand there, but its text beside it.
  expect_warning({"viz::save", "g.svg", "the text is in", "g.dot"},
                 [&] { BOOST_TEST(viz::save(s.loss, s.dir / "g.svg") == s.dir / "g.dot"); });
  expect_warning({"viz::Plot", "p.png", "the picture is in", "p.svg"},
                 [&] { BOOST_TEST(viz::Plot().save(s.dir / "p.png") == s.dir / "p.svg"); });
  BOOST_TEST((read_file(s.dir / "g.dot") == viz::to_dot(s.loss)));
  // Nothing can be written: no path.
  expect_warning({"viz::save", "no/g.svg"}, [&] { BOOST_TEST(viz::save(s.loss, s.dir / "no/g.svg").empty()); });
  expect_warning({"viz::save", "no/g.dot"}, [&] { BOOST_TEST(viz::save(s.loss, s.dir / "no/g.dot").empty()); });
  expect_warning({"viz::Plot", "no/p.svg"}, [&] { BOOST_TEST(viz::Plot().save(s.dir / "no/p.svg").empty()); });
  expect_warning({"viz::image_grid", "no/i.svg"}, [&] {
    BOOST_TEST(viz::image_grid(ones({1, 2, 2}), s.dir / "no/i.svg").empty());
  });
}

// The reason of both: why there is no picture, and why no text.
BOOST_AUTO_TEST_CASE(neither_picture_nor_text) {
  const Studio s("echo broken >&2; exit 3");
  expect_warning({"broken", "no/g.svg", "no/g.dot", "folder does not exist"},
                 [&] { BOOST_TEST(viz::save(s.loss, s.dir / "no/g.svg").empty()); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mistakes)

BOOST_AUTO_TEST_CASE(they_throw_before_anything_runs) {
  const Studio s("touch \"$0.ran\"; cat >/dev/null; echo '<svg></svg>'");
  const auto save = [&](const std::string& name, int dpi = 96) { viz::save(s.loss, s.dir / name, {.dpi = dpi}); };
  for (const int dpi : {-5, 0, 2401, INT_MIN, INT_MAX})
    for (const char* name : {"g.png", "g.svg", "g.dot"})
      expect<ValueError>({"viz::save", "dpi must be in 1..2400", std::to_string(dpi)}, [&] { save(name, dpi); });
  for (const char* name : {"g", "g.jpg", "g.PNG"}) expect<ValueError>({"viz::save", name}, [&] { save(name); });
  const std::string nul = std::string("a\0b", 3);
  expect<ValueError>({"viz::save", "NUL"}, [&] { save(nul + ".svg"); });
  expect<ValueError>({"viz::Plot", "NUL"}, [&] { viz::Plot().save(s.dir / (nul + ".png")); });
  expect<ValueError>({"viz::Plot", "p.jpg"}, [&] { viz::Plot().save(s.dir / "p.jpg"); });
  expect<ShapeError>({"viz::image_grid"}, [&] { viz::image_grid(ones({2}), s.dir / "i.png"); });
  expect<ValueError>({"viz::image_grid"}, [&] { viz::image_grid(ones({1, 2, 2}), s.dir / "i.png", {.gap = -1}); });
  expect<AutogradError>({"no graph"}, [&] { viz::save(ones({2}), s.dir / "g.svg"); });
  expect<ValueError>({"undefined"}, [&] { viz::save(Tensor(), s.dir / "g.svg"); });
  BOOST_TEST(!fs::exists(s.bin / "dot.ran"));
  BOOST_TEST(!fs::exists(s.bin / "rsvg-convert.ran"));
  BOOST_TEST(s.dir.names().empty());
}

BOOST_AUTO_TEST_SUITE_END()
