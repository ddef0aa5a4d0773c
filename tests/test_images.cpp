// PNG files: every kind that there is, in every mode; hostile ones; writing; folders of images.
#include <sstream>

#include <xgrad/data/images.hpp>
#include <xgrad/data/loader.hpp>

#include "png_support.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using data::ImageReadMode;
using data::read_image;

namespace {

struct Files {
  TempDir dir;
  Tensor read(const std::string& content, ImageReadMode mode = ImageReadMode::unchanged) const {
    return read_image(write_file(dir / "x.png", content), mode);
  }
  void refuse(const std::string& content, const std::vector<std::string>& facts,
              ImageReadMode mode = ImageReadMode::unchanged, Location at = Location::current()) const {
    const std::string path = write_file(dir / "bad.png", content);
    std::vector<std::string> all = facts;
    all.push_back(path);
    expect<IoError>(
        all, [&] { read_image(path, mode); }, at);
  }
};

std::vector<int> values(const Tensor& t) { return t.to_vector<int>(); }

// Grey as libpng makes it of three equal or different colours.
int grey(int r, int g, int b) { return (9794 * r + 19235 * g + 3739 * b + 16384) >> 15; }

}  // namespace

BOOST_AUTO_TEST_SUITE(reading)

BOOST_AUTO_TEST_CASE(grey_of_all_depths) {
  const Files f;
  for (const int bits : {1, 2, 4, 8, 16})
    for (const bool interlaced : {false, true}) {
      PngFile png{5, 3, bits, 0, {}, {}, interlaced};
      std::vector<int> expected;
      for (int i = 0; i < 15; ++i) {
        png.samples.push_back(i * 4391 & ((1 << bits) - 1));
        expected.push_back(bits < 8 ? png.samples.back() * 255 / ((1 << bits) - 1) : png.samples.back());
      }
      const Tensor t = f.read(png.text());
      BOOST_TEST((t.shape() == Shape{1, 3, 5}));
      BOOST_TEST((t.dtype() == (bits == 16 ? kInt32 : kUInt8)));
      BOOST_TEST(values(t) == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(colours_in_every_mode) {
  const Files f;
  for (const int bits : {8, 16})
    for (const bool interlaced : {false, true}) {
      const int k = bits == 8 ? 1 : 257, most = 255 * k;
      const PngFile rgb{2, 1, bits, 2, {10 * k, 20 * k, 30 * k, 200 * k, 100 * k, 0}, {}, interlaced};
      const std::vector<int> planes{10 * k, 200 * k, 20 * k, 100 * k, 30 * k, 0},
          greys{grey(10 * k, 20 * k, 30 * k), grey(200 * k, 100 * k, 0)};
      BOOST_TEST(values(f.read(rgb.text())) == planes);
      BOOST_TEST(values(f.read(rgb.text(), ImageReadMode::rgb)) == planes);
      BOOST_TEST(values(f.read(rgb.text(), ImageReadMode::gray)) == greys);
      BOOST_TEST(
          (values(f.read(rgb.text(), ImageReadMode::gray_alpha)) == std::vector<int>{greys[0], greys[1], most, most}));
      std::vector<int> opaque = planes;
      opaque.insert(opaque.end(), {most, most});
      BOOST_TEST(values(f.read(rgb.text(), ImageReadMode::rgb_alpha)) == opaque);

      const PngFile rgba{1, 2, bits, 6, {1, 2, 3, 4, 5, 6, 7, 8}, {}, interlaced};
      const Tensor all = f.read(rgba.text());
      BOOST_TEST((all.shape() == Shape{4, 2, 1}));
      BOOST_TEST((values(all) == std::vector<int>{1, 5, 2, 6, 3, 7, 4, 8}));
      BOOST_TEST((values(f.read(rgba.text(), ImageReadMode::rgb)) == std::vector<int>{1, 5, 2, 6, 3, 7}));
      BOOST_TEST((values(f.read(rgba.text(), ImageReadMode::gray_alpha)) ==
                  std::vector<int>{grey(1, 2, 3), grey(5, 6, 7), 4, 8}));

      const PngFile ga{2, 1, bits, 4, {9, 100, 8, 50}, {}, interlaced};
      BOOST_TEST((values(f.read(ga.text())) == std::vector<int>{9, 8, 100, 50}));
      BOOST_TEST((values(f.read(ga.text(), ImageReadMode::gray)) == std::vector<int>{9, 8}));
      BOOST_TEST((values(f.read(ga.text(), ImageReadMode::rgb_alpha)) == std::vector<int>{9, 8, 9, 8, 9, 8, 100, 50}));
    }
}

BOOST_AUTO_TEST_CASE(palettes) {
  const Files f;
  const std::string colours = chunk("PLTE", std::string("\x00\x00\x00\xff\x00\x00\x00\xff\x00", 9)),
                    opacities = chunk("tRNS", std::string("\x80", 1));
  for (const int bits : {2, 8})
    for (const bool interlaced : {false, true}) {
      const PngFile png{3, 1, bits, 3, {2, 0, 1}, colours, interlaced};
      BOOST_TEST((values(f.read(png.text())) == std::vector<int>{2, 0, 1}));
      BOOST_TEST((values(f.read(png.text(), ImageReadMode::rgb)) == std::vector<int>{0, 0, 255, 255, 0, 0, 0, 0, 0}));
      PngFile seen_through = png;
      seen_through.before += opacities;
      const Tensor t = f.read(seen_through.text(), ImageReadMode::rgb_alpha);
      BOOST_TEST((values(t[3]) == std::vector<int>{255, 128, 255}));
      BOOST_TEST((f.read(seen_through.text(), ImageReadMode::rgb).shape() == Shape{3, 1, 3}));
      BOOST_TEST((values(f.read(png.text(), ImageReadMode::rgb_alpha)[3]) == std::vector<int>{255, 255, 255}));
    }
}

BOOST_AUTO_TEST_CASE(one_colour_that_is_transparent) {
  const Files f;
  const PngFile png{2, 1, 8, 0, {7, 8}, chunk("tRNS", std::string("\x00\x07", 2))};
  BOOST_TEST((values(f.read(png.text())) == std::vector<int>{7, 8}));
  BOOST_TEST((values(f.read(png.text(), ImageReadMode::gray_alpha)) == std::vector<int>{7, 8, 0, 255}));
}

BOOST_AUTO_TEST_CASE(chunks_that_say_nothing_about_pixels) {
  const Files f;
  PngFile png{1, 1, 8, 0, {42}, chunk("gAMA", big_endian(45455)) + chunk("tEXt", "Title\0x") + chunk("zzZz", "?")};
  BOOST_TEST((values(f.read(png.text())) == std::vector<int>{42}));
  BOOST_TEST((values(f.read(png.text() + "behind the end")) == std::vector<int>{42}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hostile)

BOOST_AUTO_TEST_CASE(no_png_files) {
  const Files f;
  expect_op<IoError>("read_image", {"no such file"}, [&] { read_image(f.dir / "missing.png"); });
  f.refuse("", {"not a PNG file"});
  f.refuse("\xff\xd8\xff\xe0 a JPEG file", {"not a PNG file"});
  f.refuse(kPngSignature, {"cut short"});
  expect_op<ValueError>("read_image", {"max_pixels"},
                        [&] { read_image("x.png", ImageReadMode::rgb, {.max_pixels = 0}); });
}

BOOST_AUTO_TEST_CASE(cut_short_everywhere) {
  const Files f;
  for (const bool interlaced : {false, true}) {
    const std::string whole = PngFile{9, 9, 8, 2, std::vector<int>(243, 77), {}, interlaced}.text();
    for (std::size_t n = 0; n < whole.size(); ++n)
      f.refuse(whole.substr(0, n), {n < 8 ? "not a PNG file" : "damaged PNG file"});
  }
}

// Every single byte that is wrong is noticed: each belongs to the signature or to a chunk with a check sum.
BOOST_AUTO_TEST_CASE(every_byte_counts) {
  const Files f;
  const std::string whole =
      PngFile{4, 3, 8, 0, std::vector<int>(12, 5), chunk("tEXt", "Title\0x") + chunk("zzZz", "?")}.text();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 0x21);
    f.refuse(bad, {});
  }
}

BOOST_AUTO_TEST_CASE(chunks_in_the_wrong_place) {
  const Files f;
  const std::string header = png_header(1, 1, 8, 0), data = chunk("IDAT", deflated(std::string(2, '\0'))),
                    end = chunk("IEND", ""), s = kPngSignature;
  BOOST_TEST((values(f.read(s + header + data + end)) == std::vector<int>{0}));
  f.refuse(s + data + end, {"damaged PNG file"});
  f.refuse(s + header + end, {"damaged PNG file"});
  f.refuse(s + header + header + data + end, {"damaged PNG file"});
  f.refuse(s + header + data, {"damaged PNG file"});
  f.refuse(s + header + chunk("ABCD", "") + data + end, {"damaged PNG file"});  // must be known, and is not
  f.refuse(s + header + chunk("IDAT", "no zlib stream") + end, {"damaged PNG file"});
  f.refuse(s + png_header(1, 1, 8, 3) + data + end, {"damaged PNG file"});  // a palette is missing
  f.refuse(s + png_header(1, 1, 8, 3) + chunk("PLTE", "ab") + data + end, {"damaged PNG file"});
  f.refuse(s + png_header(0, 1, 8, 0) + data + end, {"damaged PNG file"});
  f.refuse(s + png_header(1, 1, 3, 0) + data + end, {"damaged PNG file"});
  f.refuse(s + png_header(1, 1, 8, 5) + data + end, {"damaged PNG file"});
  f.refuse(s + png_header(1, 1, 8, 0, 2) + data + end, {"damaged PNG file"});
  f.refuse(s + png_header(1, 2, 8, 0) + data + end, {"damaged PNG file"});  // a row is missing
  f.refuse(s + chunk("IHDR", "short") + data + end, {"damaged PNG file"});
}

BOOST_AUTO_TEST_CASE(colours_that_the_palette_lacks) {
  const Files f;
  const PngFile png{1, 1, 8, 3, {9}, chunk("PLTE", "abc")};
  f.refuse(png.text(), {"colour 9 of a palette of 1"}, ImageReadMode::rgb);
}

BOOST_AUTO_TEST_CASE(bombs) {
  const Files f;
  const auto stating = [](std::uint32_t w, std::uint32_t h) {
    return kPngSignature + png_header(w, h, 16, 6) + chunk("IDAT", deflated(std::string(1000, '\0'))) +
           chunk("IEND", "");
  };
  f.refuse(stating(20000, 20000), {"20000 x 20000 pixels: more than max_pixels, 134217728"});
  f.refuse(stating(10000, 10000), {"10000 x 10000 pixels: more than a file of", "can hold"});
  f.refuse(stating(0x7fffffff, 0x7fffffff), {"damaged PNG file"});
  f.refuse(stating(2'000'000, 1), {"damaged PNG file"});
  const std::string path = write_file(f.dir / "small.png", PngFile{3, 2, 8, 0, std::vector<int>(6, 1)}.text());
  expect_op<IoError>("read_image", {"3 x 2 pixels: more than max_pixels, 5"},
                     [&] { read_image(path, ImageReadMode::unchanged, {.max_pixels = 5}); });
  // 8000 x 8000 pixels that are there, in 70 KiB: more than the file may cost before it has been decoded once.
  const std::string rows((1 + 8000) * std::size_t{8000}, '\0'), start = kPngSignature + png_header(8000, 8000, 8, 0);
  const std::string plain = deflated(rows);
  const Tensor large = f.read(start + chunk("IDAT", plain) + chunk("IEND", ""));
  BOOST_TEST((large.shape() == Shape{1, 8000, 8000} && large.sum().item() == 0));
  f.refuse(start + chunk("IDAT", plain.substr(0, plain.size() - 100)) + chunk("IEND", ""), {"damaged PNG file"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(writing)

BOOST_AUTO_TEST_CASE(what_is_written_can_be_read) {
  const TempDir dir;
  manual_seed(3);
  for (const std::int64_t channels : {1, 2, 3, 4})
    for (const std::int64_t side : {1, 7, 40}) {
      const Tensor noise = randint(0, 256, {channels, side, side + 2}).to(kUInt8);
      const Tensor slope =
          arange(0, static_cast<double>(noise.numel())).remainder(65536).to(kInt32).reshape(noise.shape());
      for (const int level : {0, 6, 9}) {
        data::write_png(noise, dir / "n.png", level);
        BOOST_TEST(same_bits(read_image(dir / "n.png"), noise));
        data::write_png(slope, dir / "s.png", level);
        BOOST_TEST(same_bits(read_image(dir / "s.png"), slope));
      }
    }
  const Tensor tilted = arange(0, 24).to(kUInt8).reshape({3, 2, 4}).transpose(1, 2);
  data::write_png(tilted, dir / "t.png");
  BOOST_TEST(same_bits(read_image(dir / "t.png"), tilted.contiguous()));
  BOOST_TEST(dir.names().size() == 3u);
}

BOOST_AUTO_TEST_CASE(rows_are_filtered) {
  const TempDir dir;
  const Tensor x = arange(0, 200), slope = (x.unsqueeze(0) + x.unsqueeze(1)).remainder(256).to(kUInt8).unsqueeze(0);
  data::write_png(slope, dir / "slope.png");
  BOOST_TEST(std::filesystem::file_size(dir / "slope.png") < 1000u);  // 40,000 pixels
  BOOST_TEST(same_bits(read_image(dir / "slope.png"), slope));
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const TempDir dir;
  const std::string path = dir / "x.png";
  const Tensor good = zeros({3, 2, 2}, {kUInt8});
  expect_op<ShapeError>("write_png", {"(C, H, W)", "(2, 2)"}, [&] { data::write_png(good[0], path); });
  expect_op<ShapeError>("write_png", {"1 to 4 channels"}, [&] { data::write_png(zeros({5, 2, 2}, {kUInt8}), path); });
  expect_op<ShapeError>("write_png", {"(3, 0, 2)"}, [&] { data::write_png(zeros({3, 0, 2}, {kUInt8}), path); });
  expect_op<DTypeError>("write_png", {"uint8", "help", "255"}, [&] { data::write_png(zeros({3, 2, 2}), path); });
  expect_op<ValueError>("write_png", {"0 to 65535, got 65536"}, [&] {
    data::write_png(full({1, 1, 1}, 65536, {kInt32}), path);
  });
  expect_op<ValueError>("write_png", {"0 to 65535, got -1"}, [&] {
    data::write_png(full({1, 1, 1}, -1, {kInt32}), path);
  });
  expect_op<ValueError>("write_png", {"compression_level is 0 to 9, got 10"}, [&] { data::write_png(good, path, 10); });
  expect_op<ValueError>("write_png", {"undefined tensor"}, [&] { data::write_png(Tensor(), path); });
  expect_op<IoError>("write_png", {"no/x.png"}, [&] { data::write_png(good, dir / "no/x.png"); });
  BOOST_TEST(dir.names().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(folders)

BOOST_AUTO_TEST_CASE(classes_and_examples) {
  const TempDir dir;
  namespace fs = std::filesystem;
  fs::create_directories(dir / "dog");
  fs::create_directories(dir / "cat/more");
  for (const auto& [name, v] : {std::pair{"dog/b.png", 1}, {"dog/a.PNG", 2}, {"cat/more/z.png", 3}})
    data::write_png(full({1, 2, 3}, v, {kUInt8}), dir / name);
  write_file(dir / "dog/notes.txt", "no image");
  const data::ImageFolder folder(dir / "");
  BOOST_TEST((folder.classes == std::vector<std::string>{"cat", "dog"}));
  BOOST_TEST(folder.class_to_idx.at("dog") == 1);
  BOOST_TEST(folder.size() == 3);
  std::ostringstream printed;
  printed << folder;
  BOOST_TEST(printed.str() == "ImageFolder(3 images: cat, dog)");
  std::vector<int> first, targets;
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto [image, target] = folder.get(i);
    BOOST_TEST((image.shape() == Shape{3, 2, 3} && target.dtype() == kInt64));
    first.push_back(image[0][0][0].item<int>());
    targets.push_back(target.item<int>());
  }
  BOOST_TEST((first == std::vector<int>{3, 2, 1}));
  BOOST_TEST((targets == std::vector<int>{0, 1, 1}));
  data::DataLoader loader(folder.map([](const Tensor& x) { return x.to(kFloat32) / 255; }), {.batch_size = 3});
  for (auto& [x, y] : loader) BOOST_TEST((x.shape() == Shape{3, 3, 2, 3} && y.shape() == Shape{3}));
  const data::ImageFolder grey(dir / "", {.mode = ImageReadMode::gray});
  BOOST_TEST((grey.get(0).data.shape() == Shape{1, 2, 3}));
  expect_op<IndexError>("ImageFolder", {"no image 3 among 3"}, [&] { folder.get(3); });
  write_file(dir / "dog/a.PNG", "damaged since");
  expect_op<IoError>("read_image", {"a.PNG", "not a PNG file"}, [&] { folder.get(1); });
}

BOOST_AUTO_TEST_CASE(mistakes) {
  const TempDir dir;
  expect_op<IoError>("ImageFolder", {"missing"}, [&] { data::ImageFolder(dir / "missing"); });
  expect_op<IoError>("ImageFolder", {"no folder of a class"}, [&] { data::ImageFolder(dir / ""); });
  std::filesystem::create_directories(dir / "empty");
  expect_op<IoError>("ImageFolder", {"no PNG file for the classes empty"}, [&] { data::ImageFolder(dir / ""); });
  BOOST_TEST(data::ImageFolder(dir / "", {.allow_empty = true}).size() == 0);
  expect_op<ValueError>("ImageFolder", {"max_pixels"}, [&] { data::ImageFolder(dir / "", {.max_pixels = -1}); });
}

BOOST_AUTO_TEST_SUITE_END()
