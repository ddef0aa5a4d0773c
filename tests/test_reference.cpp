// docs/reference/training.md and fronts.md against the headers: what a section lists is declared, and the other way
// round. Headers that bring all others of a part.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "declared_classes.hpp"
#include "reference_page.hpp"
#include "unit_test.hpp"

namespace {

namespace fs = std::filesystem;
using xgrad::test::declared_classes;
using xgrad::test::Names;
using xgrad::test::text_of;

// Section -> the names in the first column of its table.
std::map<std::string, std::set<std::string>> listed(const std::string& page) {
  std::istringstream in(text_of(fs::path(XGRAD_SOURCE_DIR) / "docs/reference" / page));
  std::map<std::string, std::set<std::string>> all;
  std::string section;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0) section = line.substr(3);
    if (line.rfind("| `", 0) == 0) all[section].insert(line.substr(3, line.find('`', 3) - 3));
  }
  return all;
}

void compare(const std::string& section, const Names& headers, std::size_t at_least,
             const std::string& file = "training.md") {
  const std::set<std::string> page = listed(file)[section];
  BOOST_TEST(headers.size() >= at_least);
  for (const auto& [name, text] : headers)
    if (!page.contains(name)) xgrad::test::ReferencePage(file).missing("## " + section, name, text);
  for (const std::string& name : page)
    BOOST_CHECK_MESSAGE(headers.contains(name),
                        "docs/reference/" << file << " lists " << name << ", which is not there");
}

BOOST_AUTO_TEST_CASE(the_page_lists_what_the_headers_have) {
  const std::string train = "train/include/xgrad/train", data = "data/include/xgrad/data";
  compare("Optimizers", xgrad::test::declared_optimizers(), 19);
  compare("Schedules", xgrad::test::declared_schedules(), 18);
  Names metrics = declared_classes(train, "Metric|ClassMetric|RankingMetric");
  metrics.erase("ClassMetric");
  metrics.erase("RankingMetric");
  metrics["ConfusionMatrix"];  // has no base
  compare("Metrics", metrics, 11);
  Names samplers = declared_classes(data, "Sampler");
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

// Functions and classes of the headers in a folder, but those named here, which are no names of the originals.
Names declared_in(const std::string& folder, const std::set<std::string>& helpers) {
  Names found;
  const std::regex declaration(
      "(?:\n|^)(?:class|struct|XGRAD_API [\\w:<>]+) (?:XGRAD_API )?(\\w+)(?: final)?(?:\\(| :| \\{)");
  for (const auto& entry : fs::directory_iterator(fs::path(XGRAD_SOURCE_DIR) / folder)) {
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator i(text.begin(), text.end(), declaration), end; i != end; ++i) {
      const std::string name = (*i)[1];
      if (!name.ends_with("Options") && !name.ends_with("Choice") && !helpers.contains(name)) found[name] = text;
    }
  }
  return found;
}

BOOST_AUTO_TEST_CASE(the_page_of_the_fronts_lists_what_the_headers_have) {
  compare("scikit-learn",
          declared_in(
              "fronts/include/xgrad/sklearn",
              {"ParamValue", "Estimator", "AnyEstimator", "BaseMultilayerPerceptron", "Transformer", "TrainTestSplit",
               "TrainTestSplitOfStrings", "CrossValidation", "SearchResult", "BaseSearchCV", "ParamDistribution"}),
          21, "fronts.md");
  compare("Keras",
          declared_in("fronts/include/xgrad/keras",
                      {"Layer", "Loss", "Logs", "CallbackPart", "ValidationData", "History", "TensorList"}),
          39, "fronts.md");
}

BOOST_AUTO_TEST_CASE(one_header_brings_all_others_of_a_part) {
  xgrad::test::check_includes("autograd/include/xgrad/ops.hpp", "xgrad/ops");
  xgrad::test::check_includes("nn/include/xgrad/nn.hpp", "xgrad/nn");
  xgrad::test::check_includes("optim/include/xgrad/optim.hpp", "xgrad/optim");
  xgrad::test::check_includes("fronts/include/xgrad/sklearn.hpp", "xgrad/sklearn");
  xgrad::test::check_includes("fronts/include/xgrad/keras.hpp", "xgrad/keras");
}

}  // namespace
