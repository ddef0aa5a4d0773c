// One side of the comparison of single operations: reads orders, a line each, and answers each with a line, so that
// ops.sh can let both sides work by turns without starting them anew.
//   case NAME N MODE   make the inputs of size N; MODE is fwd (not recorded) or fwd+bwd. Answers "ok SUM GRADIENTS",
//                      sums of absolute values (- where values are random), or "no WHY"
//   quit               ends the program (programs started later hold its pipe open)
//   time               answers the median of microseconds a step (BENCH_REPS groups of BENCH_REP_S seconds)
// `program --list` prints FAMILY NAME N MODE of every case and ends; `program THREADS` serves.
#include <cmath>
#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "../synth.hpp"
#include "table.hpp"

namespace {

using Ints = std::vector<std::int64_t>;
constexpr std::int64_t kSizes[] = {64, 4096, 262144, 4194304};

// What the letters of table.hpp stand for at size n.
std::int64_t letter(char c, std::int64_t n) {
  const int i = n <= 64 ? 0 : n <= 4096 ? 1 : n <= 262144 ? 2 : 3;
  const std::string names = "rbchskdeglf";
  constexpr std::int64_t of[][4] = {{8, 64, 512, 2048}, {1, 1, 4, 16},      {1, 4, 16, 64},  {8, 32, 64, 64},
                                    {4, 16, 64, 256},   {4, 16, 64, 128},   {4, 16, 64, 64}, {4, 16, 64, 1024},
                                    {1, 1, 8, 64},      {8, 64, 512, 1024}, {8, 64, 64, 64}};
  return c == 'n' ? n : of[names.find(c)][i];
}
// A product of numbers and letters, or a quotient that is at least 1.
std::int64_t dim(const std::string& text, std::int64_t n) {
  std::int64_t value = 1;
  char op = '*';
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*' || text[i] == '/') {
      op = text[i];
      continue;
    }
    std::int64_t v;
    if (std::isdigit(static_cast<unsigned char>(text[i]))) {
      std::size_t used = 0;
      v = std::stoll(text.substr(i), &used);
      i += used - 1;
    } else {
      v = letter(text[i], n);
    }
    value = op == '*' ? value * v : std::max<std::int64_t>(1, value / v);
  }
  return value;
}

Tensor make(const std::string& word, std::int64_t n, std::uint64_t seed, bool grad) {
  const std::size_t colon = word.find(':');
  Ints shape;
  std::stringstream dims(word.substr(colon + 1));
  for (std::string d; std::getline(dims, d, ',');) shape.push_back(dim(d, n));
  Tensor t = side::empty(shape);
  const char kind = word[0];
  double low = 0, high = 1;
  if (kind == 'x' || kind == 'k') low = -2, high = 2;
  if (kind == 'p') low = 0.1, high = 2;
  if (kind == 'w') low = -0.1, high = 0.1;
  if (kind == 'j') high = static_cast<double>(dim(word.substr(1, colon - 1), n));
  synth::uniform(side::floats(t), static_cast<std::size_t>(t.numel()), seed, static_cast<float>(low),
                 static_cast<float>(high));
  if (kind == 'j') return t.to(kInt64);
  if (kind == 'q') return t > 0.5;
  return grad && (kind == 'x' || kind == 'p' || kind == 'w') ? t.requires_grad_() : t;
}

double sum_of(const Tensor& t) {
  Guard no_grad;
  const Tensor d = t.to(kFloat64).contiguous();
  const double* p = side::doubles(d);
  double sum = 0;
  for (std::int64_t i = 0; i < t.numel(); ++i) sum += std::fabs(p[i]);
  return sum;
}

class Case {
 public:
  Case(const Row& row, std::int64_t n, bool backward) : row_(row), backward_(backward) {
    std::stringstream words(row.inputs);
    for (std::string w; words >> w;) inputs_.push_back(make(w, n, 31 + inputs_.size(), backward));
    if (!backward) return;
    seed_ = side::empty(side::sizes(row.run(inputs_)));
    synth::uniform(side::floats(seed_), static_cast<std::size_t>(seed_.numel()), 77, -1, 1);
    if (std::string(row.name) == "to_float64") seed_ = seed_.to(kFloat64);
  }
  void step() {
    if (!backward_) {
      Guard no_grad;
      row_.run(inputs_);
      return;
    }
    for (Tensor& t : inputs_) side::drop_grad(t);
    row_.run(inputs_).backward(seed_);
  }
  std::string check() {
    if (std::string(row_.flags).find('r') != std::string::npos) return "ok - -";
    char line[80];
    double grads = 0;
    const double values = sum_of(row_.run(inputs_));
    if (backward_) {
      step();
      for (Tensor& t : inputs_)
        if (t.requires_grad()) grads += sum_of(t.grad());
    }
    std::snprintf(line, sizeof line, "ok %.9g %.9g", values, grads);
    return line;
  }

 private:
  const Row& row_;
  bool backward_;
  std::vector<Tensor> inputs_;
  Tensor seed_;
};

void list() {
  for (const Row& row : table()) {
    const std::string flags = row.flags;
    auto has = [&](char c) { return flags.find(c) != std::string::npos; };
    Ints sizes(std::begin(kSizes), std::end(kSizes));
    if (has('S')) sizes.pop_back();
    if (has('1'))
      sizes = {make(std::string(row.inputs).substr(0, std::string(row.inputs).find(' ')), 1, 1, false).numel()};
    for (const std::int64_t n : sizes)
      for (const char* mode : {"fwd", "fwd+bwd"})
        if (mode == std::string("fwd") || !has('f'))
          std::printf("%s %s %lld %s\n", row.family, row.name, static_cast<long long>(n), mode);
  }
}

std::unique_ptr<Case> find(const std::string& name, std::int64_t n, const std::string& mode) {
  for (const Row& row : table())
    if (row.name == name) return std::make_unique<Case>(row, n, mode == "fwd+bwd");
  throw std::runtime_error("there is no operation of this name");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--list") {
    list();
    return 0;
  }
  if (argc != 2 || std::atoi(argv[1]) < 1) {
    std::cerr << "usage: " << argv[0] << " --list | THREADS\n";
    return 2;
  }
  side::set_threads(std::atoi(argv[1]));
  std::unique_ptr<Case> now;
  for (std::string line; std::getline(std::cin, line);) {
    std::stringstream words(line);
    std::string order, name, mode;
    std::int64_t n = 0;
    words >> order >> name >> n >> mode;
    if (order == "quit") break;
    try {
      if (order == "case") {
        now.reset();
        now = find(name, n, mode);
        std::cout << now->check() << std::endl;
      } else if (order == "time" && now) {
        std::cout << synth::measure([&] { now->step(); }, 3, 0.02).median_ms * 1e3 << std::endl;
      } else {
        std::cout << "no order " << order << std::endl;
      }
    } catch (const std::exception& e) {
      now.reset();
      std::string why = e.what();
      std::cout << "no " << why.substr(0, why.find('\n')) << std::endl;
    }
  }
}
