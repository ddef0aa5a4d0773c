// Rows of a PNG file, by libpng.
#pragma once

#include <array>
#include <exception>
#include <png.h>
#include <string>
#include <vector>

#include <xgrad/data/images.hpp>

#include "input_file.hpp"

namespace xgrad::data {

class PngReader {
 public:
  struct Palette {
    std::array<std::array<std::uint8_t, 4>, 256> colours;  // red, green, blue, opacity
    std::size_t size = 0;
  };

  // Reads up to the pixels. IoError. Rows have the samples of the file, with an opacity at the end where the mode has
  // one and the file makes one colour transparent.
  PngReader(InputFile& file, ImageReadMode mode);
  ~PngReader();
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  int channels() const { return channels_; }  // 1 for the numbers of a palette's colours
  // Where to look up what rows have, unless the mode wants the numbers themselves: then null.
  const Palette* palette() const {
    return palette_.size > 0 && mode_ != ImageReadMode::unchanged ? &palette_ : nullptr;
  }
  int bytes() const { return bytes_; }          // of a sample: 1, or 2 as the machine stores a uint16
  int file_bits() const { return file_bits_; }  // of a pixel in the file
  std::size_t row_bytes() const {
    return static_cast<std::size_t>(width_) * static_cast<std::size_t>(channels_ * bytes_);
  }
  bool interlaced() const { return passes_ > 1; }

  // Everything to the end of the file: row i to rows[i], each of row_bytes(). Rows of an interlaced file come in
  // passes, each over what the one before it left.
  void read_rows(const std::vector<std::uint8_t*>& rows);
  // The same row by row, for files that are not interlaced: f(row).
  template <class F>
  void for_each_row(const F& f);
  // Checks everything and keeps nothing.
  void check();

 private:
  static void read_bytes(png_struct* png, png_byte* to, std::size_t n);
  [[noreturn]] static void on_error(png_struct* png, const char* message);
  static void on_warning(png_struct*, const char*) {}

  // Runs a step of libpng's, which leaves it with a long jump when something is wrong: no step has anything to destroy.
  void run(void (PngReader::*step)());
  bool try_to_run(void (PngReader::*step)());
  void begin();
  void read_palette();
  void next_row();
  void end();

  InputFile& file_;
  ImageReadMode mode_;
  png_struct* png_ = nullptr;
  png_info* info_ = nullptr;
  std::int64_t width_ = 0, height_ = 0;
  int channels_ = 0, bytes_ = 1, file_bits_ = 0, passes_ = 1;
  Palette palette_;
  png_byte* row_ = nullptr;
  std::exception_ptr thrown_;  // by the file
  char message_[256] = "";
};

template <class F>
void PngReader::for_each_row(const F& f) {
  std::vector<std::uint8_t> row(row_bytes());
  row_ = row.data();
  for (std::int64_t y = 0; y < height_; ++y) {
    run(&PngReader::next_row);
    f(row.data());
  }
  run(&PngReader::end);
}

}  // namespace xgrad::data
