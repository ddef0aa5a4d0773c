// What the programs of the gallery share: two options, figures that the tests read, and data to learn from.
//
//   01_neuron [--short] [--out DIR]     --short: the same in less time, for tests
//
// A program that can read more data names its option in give_lecture: "--tables" DIR.
#pragma once

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/xgrad.hpp>

struct Lecture {
  bool brief = false;
  std::string out = "out", folder = {};  // folder: of the program's own option
  // n, or fewer in the short form.
  int steps(int n, int in_brief) const { return brief ? in_brief : n; }
  std::string picture(const std::string& name) const { return out + "/" + name; }
};

inline int give_lecture(int argc, char** argv, void (*lecture)(const Lecture&), const std::string& more = {}) {
  Lecture l;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--short") {
      l.brief = true;
    } else if (option == "--out" && i + 1 < argc) {
      l.out = argv[++i];
    } else if (!more.empty() && option == more && i + 1 < argc) {
      l.folder = argv[++i];
    } else {
      std::fprintf(stderr, "usage: %s [--short] [--out DIR]%s\n", argv[0],
                   more.empty() ? "" : (" [" + more + " DIR]").c_str());
      return 2;
    }
  }
  try {
    std::filesystem::create_directories(l.out);
    xgrad::manual_seed(1);
    xgrad::set_deterministic(true);  // the same figures for every number of threads
    lecture(l);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

// A figure of the lecture, "name = value". The lines "// expect: name < 0.1" at the head of a program say what must
// come out; check.sh compares.
inline void figure(const char* name, double value) { std::printf("%s = %.6g\n", name, value); }

struct Points {
  xgrad::Tensor x, y;  // (n, 2) and 0 or 1 (n)
};

// Two half circles that reach into each other, n points each.
inline Points two_moons(int n, double noise) {
  const xgrad::Tensor angle = xgrad::linspace(0, std::numbers::pi, n);
  const xgrad::Tensor upper = xgrad::stack({cos(angle), sin(angle)}, 1),
                      lower = xgrad::stack({1 - cos(angle), 0.5 - sin(angle)}, 1);
  const xgrad::Tensor x = xgrad::cat({upper, lower});
  return {x + noise * xgrad::randn_like(x), xgrad::cat({xgrad::zeros({n}), xgrad::ones({n})})};
}

// The points of the two classes.
inline void draw_points(xgrad::viz::Plot& plot, const Points& p, double size = 3, const std::string& what = "y") {
  using xgrad::viz::Marker;
  for (const int c : {0, 1}) {
    const xgrad::Tensor mine = p.x.index({p.y == c});
    plot.points(mine.select(1, 0), mine.select(1, 1),
                {.label = what + (c ? " = 1" : " = 0"),
                 .color = c ? "#D55E00" : "#0072B2",
                 .marker = c ? Marker::triangle : Marker::circle,
                 .size = size});
  }
}

// Where a model f: (n, 2) -> (n, 1) says 1 with which probability, and the line where it says neither.
template <class F>
void draw_decision(xgrad::viz::Plot& plot, const F& f, xgrad::viz::Range x, xgrad::viz::Range y, int n = 121) {
  const xgrad::NoGradGuard no_grad;
  const xgrad::Tensor u = xgrad::linspace(x.low, x.high, n), v = xgrad::linspace(y.low, y.high, n);
  const xgrad::Tensor grid = xgrad::stack({u.unsqueeze(0).expand({n, n}), v.unsqueeze(1).expand({n, n})}, 2);
  plot.contours(u, v, sigmoid(f(grid.reshape({-1, 2}))).reshape({n, n}), {0.1, 0.3, 0.5, 0.7, 0.9},
                {.colors = {"#9CC5E3", "#BCD8EC", "#DCEBF6", "#FBE5D6", "#F6CBAD", "#EFAF82"}});
}
