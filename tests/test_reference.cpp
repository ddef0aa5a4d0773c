// docs/reference/training.md against the headers: what a section lists is declared, and the other way round.
#include <map>

#include <boost/test/unit_test.hpp>

#include "declared_classes.hpp"

namespace {

namespace fs = std::filesystem;
using xgrad::test::declared_classes;
using xgrad::test::Names;
using xgrad::test::text_of;

// Section -> the names in the first column of its table.
std::map<std::string, Names> listed() {
  std::istringstream in(text_of(fs::path(XGRAD_SOURCE_DIR) / "docs/reference/training.md"));
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
  const std::string train = "train/include/xgrad/train", data = "data/include/xgrad/data";
  compare("Optimizers", xgrad::test::declared_optimizers(), 19);
  compare("Schedules", xgrad::test::declared_schedules(), 18);
  Names metrics = declared_classes(train, "Metric|ClassMetric|RankingMetric");
  metrics.erase("ClassMetric");
  metrics.erase("RankingMetric");
  metrics.insert("ConfusionMatrix");  // has no base
  compare("Metrics", metrics, 11);
  Names samplers = declared_classes(data, "Sampler");
  samplers.insert("BatchSampler");
  compare("Samplers", samplers, 6);
  const std::string transforms = text_of(fs::path(XGRAD_SOURCE_DIR) / data / "transforms.hpp");
  const std::regex one("class XGRAD_API (\\w+) \\{");
  Names names;
  for (std::sregex_iterator i(transforms.begin(), transforms.end(), one), end; i != end; ++i) names.insert((*i)[1]);
  compare("Transforms", names, 10);
}

}  // namespace
