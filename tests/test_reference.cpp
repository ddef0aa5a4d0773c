// docs/reference/training.md against the headers: what a section lists is declared, and the other way round. Headers
// that bring all others of a part.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include <boost/test/unit_test.hpp>

#include "reference_page.hpp"

namespace {

namespace fs = std::filesystem;
using Names = std::map<std::string, std::string>;  // with the text of the header
using xgrad::test::text_of;

// Classes of the headers of a folder whose base has one of these names.
Names declared(const std::string& folder, const std::string& bases, const std::string& file = ".*") {
  const std::regex with_base("class XGRAD_API (\\w+)( final)? : public (" + bases + ")\\b");
  Names names;
  for (const auto& entry : fs::directory_iterator(fs::path(XGRAD_SOURCE_DIR) / folder)) {
    if (!std::regex_match(entry.path().filename().string(), std::regex(file))) continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator i(text.begin(), text.end(), with_base), end; i != end; ++i) names[(*i)[1]] = text;
  }
  return names;
}

// Section -> the names in the first column of its table.
std::map<std::string, std::set<std::string>> listed() {
  std::istringstream in(text_of(fs::path(XGRAD_SOURCE_DIR) / "docs/reference/training.md"));
  std::map<std::string, std::set<std::string>> all;
  std::string section;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0) section = line.substr(3);
    if (line.rfind("| `", 0) == 0) all[section].insert(line.substr(3, line.find('`', 3) - 3));
  }
  return all;
}

void compare(const std::string& section, const Names& headers, std::size_t at_least) {
  const std::set<std::string> page = listed()[section];
  BOOST_TEST(headers.size() >= at_least);
  for (const auto& [name, text] : headers)
    if (!page.contains(name)) xgrad::test::ReferencePage("training.md").missing("## " + section, name, text);
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
  metrics["ConfusionMatrix"];  // has no base
  compare("Metrics", metrics, 11);
  Names samplers = declared(data, "Sampler");
  samplers["BatchSampler"];
  compare("Samplers", samplers, 6);
  const std::string transforms = text_of(fs::path(XGRAD_SOURCE_DIR) / data / "transforms.hpp");
  const std::regex one("class XGRAD_API (\\w+) \\{");
  Names names;
  for (std::sregex_iterator i(transforms.begin(), transforms.end(), one), end; i != end; ++i)
    names[(*i)[1]] = transforms;
  compare("Transforms", names, 10);
  Names files;
  const std::regex of_file("(?:XGRAD_API|inline) \\w+ ((?:read|write|load|save)_\\w+|safe_open)\\("),
      file_class("class XGRAD_API (\\w+) \\{");
  for (const char* header : {"files", "numpy", "safetensors", "safetensors_file", "images"}) {
    const std::string text = text_of(fs::path(XGRAD_SOURCE_DIR) / data / (header + std::string(".hpp")));
    for (const std::regex& kind : {of_file, file_class})
      for (std::sregex_iterator i(text.begin(), text.end(), kind), end; i != end; ++i) files[(*i)[1]] = text;
  }
  compare("Files", files, 18);
}

BOOST_AUTO_TEST_CASE(one_header_brings_all_others_of_a_part) {
  xgrad::test::check_includes("autograd/include/xgrad/ops.hpp", "xgrad/ops");
  xgrad::test::check_includes("nn/include/xgrad/nn.hpp", "xgrad/nn");
  xgrad::test::check_includes("optim/include/xgrad/optim.hpp", "xgrad/optim");
}

}  // namespace
