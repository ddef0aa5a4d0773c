// picture_gallery OUT [--format png] [--only NAME]
// Draws each of the networks into the folder OUT and prints its name, how many nodes are shown and the time it took.
// Exit status 0 only if every picture is there, whole and without a warning (but that it is too large for a PNG), and
// at default options has at most 400 nodes on a page that can be read at 1,600 pixels.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <fmt/format.h>

#include "networks.hpp"

namespace {

using namespace gallery;
namespace viz = xgrad::viz;
namespace fs = std::filesystem;

struct Arguments {
  std::string out, format = "png", only;
};

[[noreturn]] void usage() {
  std::fputs("usage: picture_gallery OUT [--format png|svg|pdf|dot] [--only NAME]\n", stderr);
  std::exit(2);
}

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool option = word == "--format" || word == "--only";
    if (option && i + 1 == argc) usage();
    if (word == "--format")
      a.format = argv[++i];
    else if (word == "--only")
      a.only = argv[++i];
    else if (word.starts_with("-") || !a.out.empty())
      usage();
    else
      a.out = word;
  }
  if (a.out.empty()) usage();
  return a;
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Standard error goes into a file while this lives.
class Complaints {
 public:
  explicit Complaints(const std::string& folder) : file_(folder + "/complaints.txt"), before_(dup(STDERR_FILENO)) {
    std::fflush(stderr);
    if (before_ < 0 || !std::freopen(file_.c_str(), "w", stderr))
      throw std::runtime_error("cannot redirect standard error");
  }
  ~Complaints() {
    std::fflush(stderr);
    dup2(before_, STDERR_FILENO);
    close(before_);
    fs::remove(file_);
  }
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;
  std::string text() const {
    std::fflush(stderr);
    return content_of(file_);
  }

 private:
  std::string file_;
  int before_;
};

int nodes_in(const std::string& dot) {
  int n = 0;
  for (std::size_t at = dot.find("class=\"node-"); at != std::string::npos; at = dot.find("class=\"node-", at + 1)) ++n;
  return n;
}

// Of an SVG, in points: letters of 7.5 points are then 5 pixels high or more. Other formats are not measured.
bool is_readable(const std::string& path) {
  constexpr double kLongest = 2300;
  const std::string text = content_of(path);
  const std::size_t at = text.find("<svg width=\"");
  double width = 0, height = 0;
  if (!path.ends_with(".svg") || at == std::string::npos) return true;
  return std::sscanf(text.c_str() + at, "<svg width=\"%lfpt\" height=\"%lfpt\"", &width, &height) == 2 &&
         width <= kLongest && height <= kLongest;
}

bool draw(const Network& network, const Arguments& a) {
  xgrad::manual_seed(1);
  const std::string path = fmt::format("{}/{}.{}", a.out, network.name, a.format);
  fs::remove(path);
  viz::Options options = network.options;
  options.timeout = std::chrono::seconds(300);  // a busy machine is no failure
  const xgrad::TapeRecorder recorder;
  const xgrad::Tensor root = network.build();
  std::string written, said;
  const auto start = std::chrono::steady_clock::now();
  {
    const Complaints complaints(a.out);
    written = viz::save(root, path, options);
    said = complaints.text();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::uintmax_t bytes = fs::exists(path) ? fs::file_size(path) : 0;
  const bool smaller = a.format == "png" && said.find("larger than a PNG can be") != std::string::npos;
  const int nodes = nodes_in(viz::to_dot(root, options));
  const bool page = !options.fit_page || (nodes <= 400 && is_readable(path));
  const bool good = written == path && bytes > 0 && (said.empty() || smaller) && page;
  fmt::print("{:<26} {:>6} nodes {:>7.2f} s {:>9} bytes{}\n", network.name, nodes, seconds, bytes,
             good ? "" : "  FAILED");
  if (!said.empty()) fmt::print("  {}", said);
  std::fflush(stdout);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  fs::create_directories(a.out);
  std::vector<Network> all = layered_networks();
  for (auto part : {long_networks(), odd_networks()}) all.insert(all.end(), part.begin(), part.end());
  int drawn = 0, failed = 0;
  for (const Network& n : all) {
    if (!a.only.empty() && n.name != a.only) continue;
    ++drawn;
    try {
      failed += !draw(n, a);
    } catch (const std::exception& e) {
      ++failed;
      fmt::print("{:<26} FAILED: {}\n", n.name, e.what());
    }
  }
  fmt::print("{} drawn, {} failed\n", drawn, failed);
  return drawn == 0 || failed ? 1 : 0;
}
