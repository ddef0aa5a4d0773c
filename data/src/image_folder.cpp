#include <algorithm>
#include <cctype>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/images.hpp>
#include <xgrad/ops/factory.hpp>

namespace xgrad::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& reason, const Location& at) {
  ErrorReport("ImageFolder", fmt::format("{}: {}", path.string(), reason), at).io_error();
}

bool is_png(const fs::path& path) {
  std::string suffix = path.extension().string();
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  return suffix == ".png";
}

// Folders directly in root, by name.
std::vector<std::string> class_folders(const fs::path& root) {
  std::vector<std::string> names;
  for (const fs::directory_entry& e : fs::directory_iterator(root))
    if (e.is_directory()) names.push_back(e.path().filename().string());
  std::ranges::sort(names);
  return names;
}

// Links to folders are not followed: they can lead round in circles.
std::vector<std::string> images_below(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const fs::directory_entry& e : fs::recursive_directory_iterator(folder))
    if (e.is_regular_file() && is_png(e.path())) paths.push_back(e.path().string());
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

ImageFolder::ImageFolder(const std::string& root, const ImageFolderOptions& options, Location at) : options_(options) {
  if (options.max_pixels < 1)
    ErrorReport("ImageFolder", fmt::format("max_pixels must be positive, got {}", options.max_pixels), at)
        .value_error();
  std::vector<std::string> without;
  try {
    classes = class_folders(root);
    if (classes.empty()) refuse(root, "there is no folder of a class in it", at);
    for (const std::string& name : classes) {
      const auto target = static_cast<std::int64_t>(class_to_idx.size());
      class_to_idx[name] = target;
      const std::vector<std::string> paths = images_below(fs::path(root) / name);
      if (paths.empty()) without.push_back(name);
      for (const std::string& path : paths) samples.push_back({path, target});
    }
  } catch (const fs::filesystem_error& problem) {
    refuse(problem.path1(), problem.code().message(), at);
  }
  if (!without.empty() && !options.allow_empty)
    refuse(root, fmt::format("no PNG file for the classes {}", fmt::join(without, ", ")), at);
}

Example ImageFolder::get(std::int64_t index, Location at) const {
  if (index < 0 || index >= size())
    ErrorReport("ImageFolder", fmt::format("no image {} among {}", index, size()), at).index_error();
  const Sample& s = samples[static_cast<std::size_t>(index)];
  return {read_image(s.path, options_.mode, {.max_pixels = options_.max_pixels}, at), full({}, s.target, {kInt64}, at)};
}

std::ostream& operator<<(std::ostream& os, const ImageFolder& folder) {
  return os << fmt::format("ImageFolder({} images: {})", folder.size(), fmt::join(folder.classes, ", "));
}

}  // namespace xgrad::data
