// What the fuzzers share: the bytes at hand as a file, and the only way to refuse them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

#include <xgrad/error.hpp>

namespace xgrad::fuzz {

// A file of this process, written anew for each input.
inline std::string file_with(const std::uint8_t* bytes, std::size_t n, const std::string& suffix) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("xgrad_fuzz_{}{}", getpid(), suffix);
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes), static_cast<std::streamsize>(n));
  if (!out.flush()) std::abort();  // no room: says nothing about the reader
  return path.string();
}

// Runs read(). It may refuse the file with an IoError; anything else ends the process, as a finding.
template <class Read>
void expect_result_or_io_error(const Read& read) {
  try {
    read();
  } catch (const IoError&) {
  }
}

inline void require(bool condition, const char* what) {
  if (condition) return;
  fmt::print(stderr, "{}\n", what);
  std::abort();
}

}  // namespace xgrad::fuzz
