// docs/reference/training.md against the headers: what a section lists is declared, and the other way round.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

std::string read(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Classes of the headers of a folder whose base has one of these names.
Names declared(const std::string& folder, const std::string& bases, const std::string& file = ".*") {
  const std::regex with_base("class XGRAD_API (\\w+)( final)? : public (" + bases + ")\\b");
  Names names;
  for (const auto& entry : fs::directory_iterator(fs::path(XGRAD_SOURCE_DIR) / folder)) {
    if (!std::regex_match(entry.path().filename().string(), std::regex(file))) continue;
    const std::string text = read(entry.path());
    for (std::sregex_iterator i(text.begin(), text.end(), with_base), end; i != end; ++i) names.insert((*i)[1]);
  }
  return names;
}

// Section -> the names in the first column of its table.
std::map<std::string, Names> listed() {
  std::istringstream in(read(fs::path(XGRAD_SOURCE_DIR) / "docs/reference/training.md"));
  std::map<std::string, Names> all;
  std::string section;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0) section = line.substr(3);
    if (line.rfind("| `", 0) == 0) all[section].insert(line.substr(3, line.find('`', 3) - 3));
  }
  return all;
}

void compare(const std::string& section, const Names& headers, std::size_t at_least) {
  const Names page = listed()[section];
  BOOST_TEST(headers.size() >= at_least);
  for (const std::string& name : headers)
    BOOST_CHECK_MESSAGE(page.contains(name), name << " is not under " << section << " of docs/reference/training.md");
  for (const std::string& name : page)
    BOOST_CHECK_MESSAGE(headers.contains(name), "docs/reference/training.md lists " << name << ", which is not there");
}

BOOST_AUTO_TEST_CASE(the_page_lists_what_the_headers_have) {
  const std::string optim = "optim/include/xgrad/optim", train = "train/include/xgrad/train",
                    data = "data/include/xgrad/data";
  Names optimizers = declared(optim, "OptimizerWith|AdamOf");
  optimizers.erase("AdamOf");  // what Adam and AdamW share
  compare("Optimizers", optimizers, 19);
  compare("Schedules", declared(optim, "LRScheduler"), 18);
  Names metrics = declared(train, "Metric|ClassMetric|RankingMetric");
  metrics.erase("ClassMetric");
  metrics.erase("RankingMetric");
  metrics.insert("ConfusionMatrix");  // has no base
  compare("Metrics", metrics, 11);
  Names samplers = declared(data, "Sampler");
  samplers.insert("BatchSampler");
  compare("Samplers", samplers, 6);
  const std::string transforms = read(fs::path(XGRAD_SOURCE_DIR) / data / "transforms.hpp");
  const std::regex one("class XGRAD_API (\\w+) \\{");
  Names names;
  for (std::sregex_iterator i(transforms.begin(), transforms.end(), one), end; i != end; ++i) names.insert((*i)[1]);
  compare("Transforms", names, 10);
  Names files;
  const std::regex of_file("(?:XGRAD_API|inline) \\w+ ((?:read|write|load|save)_\\w+|safe_open)\\("),
      file_class("class XGRAD_API (\\w+) \\{");
  for (const char* header : {"files", "numpy", "safetensors", "safetensors_file", "images"}) {
    const std::string text = read(fs::path(XGRAD_SOURCE_DIR) / data / (header + std::string(".hpp")));
    for (const std::regex& kind : {of_file, file_class})
      for (std::sregex_iterator i(text.begin(), text.end(), kind), end; i != end; ++i) files.insert((*i)[1]);
  }
  compare("Files", files, 18);
}

}  // namespace
