// The classes that the headers of a folder declare, by their bases.
#pragma once

#include <filesystem>
#include <map>
#include <regex>
#include <string>

#include "reference_page.hpp"

namespace xgrad::test {

using Names = std::map<std::string, std::string>;  // with the text of the header

// Classes of the headers of a folder whose base has one of these names.
inline Names declared_classes(const std::string& folder, const std::string& bases, const std::string& file = ".*") {
  const std::regex with_base("class XGRAD_API (\\w+)( final)? : public (" + bases + ")\\b");
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(XGRAD_SOURCE_DIR) / folder)) {
    if (!std::regex_match(entry.path().filename().string(), std::regex(file))) continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator i(text.begin(), text.end(), with_base), end; i != end; ++i) names[(*i)[1]] = text;
  }
  return names;
}

constexpr const char* kOptimHeaders = "optim/include/xgrad/optim";
inline Names declared_optimizers() {
  Names names = declared_classes(kOptimHeaders, "OptimizerWith|AdamOf");
  names.erase("AdamOf");  // what Adam and AdamW share
  return names;
}
inline Names declared_schedules() { return declared_classes(kOptimHeaders, "LRScheduler"); }

}  // namespace xgrad::test
