#include "png_reader.hpp"

#include <bit>
#include <csetjmp>
#include <cstdio>
#include <new>

#include <fmt/format.h>

namespace xgrad::data {
namespace {

constexpr std::size_t kSignature = 8;

bool has_alpha(ImageReadMode m) { return m == ImageReadMode::gray_alpha || m == ImageReadMode::rgb_alpha; }

}  // namespace

PngReader::PngReader(InputFile& file, ImageReadMode mode) : file_(file), mode_(mode) {
  png_byte signature[kSignature];
  if (file.read(signature, kSignature) < kSignature || png_sig_cmp(signature, 0, kSignature) != 0)
    file.fail("not a PNG file");
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
  if (png_) info_ = png_create_info_struct(png_);
  if (!info_) {
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw std::bad_alloc();
  }
  try {
    run(&PngReader::begin);
  } catch (...) {
    png_destroy_read_struct(&png_, &info_, nullptr);
    throw;
  }
}

PngReader::~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

void PngReader::read_bytes(png_struct* png, png_byte* to, std::size_t n) {
  auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
  try {
    if (self.file_.read(to, n) == n) return;
  } catch (...) {
    self.thrown_ = std::current_exception();
  }
  png_error(png, "cut short");
}

void PngReader::on_error(png_struct* png, const char* message) {
  auto& self = *static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(self.message_, sizeof self.message_, "%s", message);
  png_longjmp(png, 1);
}

bool PngReader::try_to_run(void (PngReader::*step)()) {
  if (setjmp(png_jmpbuf(png_)) != 0) return false;
  (this->*step)();
  return true;
}

void PngReader::run(void (PngReader::*step)()) {
  if (try_to_run(step)) return;
  if (thrown_) std::rethrow_exception(thrown_);
  file_.fail(fmt::format("damaged PNG file near offset {}: {}", file_.offset(), message_));
}

void PngReader::begin() {
  png_set_read_fn(png_, this, read_bytes);
  png_set_sig_bytes(png_, kSignature);
  png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_benign_errors(png_, 0);
  // Nothing is done with texts, profiles and the like: only their check sums are looked at.
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(png_, info_);
  const int colour = png_get_color_type(png_, info_), bits = png_get_bit_depth(png_, info_);
  file_bits_ = bits * png_get_channels(png_, info_);
  if (colour == PNG_COLOR_TYPE_PALETTE) {
    read_palette();
    png_set_packing(png_);
  } else {
    if (bits < 8) png_set_expand_gray_1_2_4_to_8(png_);
    if (has_alpha(mode_) && png_get_valid(png_, info_, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png_);
  }
  if (bits == 16 && std::endian::native == std::endian::little) png_set_swap(png_);
  passes_ = png_set_interlace_handling(png_);
  png_read_update_info(png_, info_);
  width_ = png_get_image_width(png_, info_);
  height_ = png_get_image_height(png_, info_);
  channels_ = png_get_channels(png_, info_);
  bytes_ = png_get_bit_depth(png_, info_) == 16 ? 2 : 1;
  if (png_get_rowbytes(png_, info_) != row_bytes()) png_error(png_, "rows of unexpected length");
}

void PngReader::read_palette() {
  png_color* colours = nullptr;
  png_byte* opacities = nullptr;
  int count = 0, opaque_from = 0;
  png_get_PLTE(png_, info_, &colours, &count);
  png_get_tRNS(png_, info_, &opacities, &opaque_from, nullptr);
  palette_.size = static_cast<std::size_t>(count);
  for (int i = 0; i < count; ++i)
    palette_.colours[static_cast<std::size_t>(i)] = {colours[i].red, colours[i].green, colours[i].blue,
                                                     i < opaque_from ? opacities[i] : png_byte{255}};
}

void PngReader::next_row() { png_read_row(png_, row_, nullptr); }
void PngReader::end() { png_read_end(png_, nullptr); }

void PngReader::read_rows(const std::vector<std::uint8_t*>& rows) {
  for (int pass = 0; pass < passes_; ++pass)
    for (std::uint8_t* row : rows) {
      row_ = row;
      run(&PngReader::next_row);
    }
  run(&PngReader::end);
}

void PngReader::check() {
  std::vector<std::uint8_t> row(row_bytes());
  read_rows(std::vector<std::uint8_t*>(static_cast<std::size_t>(height_), row.data()));
}

}  // namespace xgrad::data
