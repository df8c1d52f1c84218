// Real pictures through the service: what comes back is decoded again, what is no picture is refused with a reason.
#include <gtest/gtest.h>

#include <png.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/testing.hpp>

#include "thumbnails/thumbnails.hpp"

namespace {

tutti::Bytes png_of(int width, int height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  const std::vector<unsigned char> grey(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 128);
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, grey.data(), 0, nullptr);
  tutti::Bytes file(size);
  EXPECT_TRUE(png_image_write_to_memory(&image, file.data(), &size, 0, grey.data(), 0, nullptr)) << image.message;
  file.resize(size);
  return file;
}

tutti::Bytes bytes_of(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

struct ThumbnailsTest : ::testing::Test {
  tutti::testing::Bed bed{{thumbnails::service, thumbnails::compose}};

  thumbnails::Stored stored(const tutti::Bytes& file, int width) {
    thumbnails::Stored reply;
    bed.run([&](tutti::Caller& call) {
      reply = call(thumbnails::store, {.sku = "mug", .width = width}, [&](tutti::Out<tutti::Bytes>& body) {
        for (std::size_t at = 0; at < file.size(); at += 4096) {
          body.write({file.data() + at, file.data() + std::min(at + 4096, file.size())});
        }
      });
    });
    return reply;
  }
  tutti::Bytes fetched() {
    tutti::Bytes file;
    bed.run([&](tutti::Caller& call) {
      auto picture = call(thumbnails::fetch, {.sku = "mug"});
      while (auto piece = picture.next()) file.insert(file.end(), piece->begin(), piece->end());
    });
    return file;
  }
  std::string refused(const tutti::Bytes& file) {
    try {
      (void)stored(file, 320);
    } catch (const thumbnails::NotAnImage& error) {
      return error.reason;
    }
    return "taken";
  }
};

TEST_F(ThumbnailsTest, scales_a_png_to_a_jpeg_and_that_jpeg_again) {
  const auto first = stored(png_of(640, 480), 320);
  EXPECT_EQ(first.width, 320);
  EXPECT_EQ(first.height, 240);
  const auto jpeg = fetched();
  EXPECT_EQ(first.bytes, static_cast<std::int64_t>(jpeg.size()));

  const auto second = stored(jpeg, 64);
  EXPECT_EQ(second.width, 64);
  EXPECT_EQ(second.height, 48);
}

TEST_F(ThumbnailsTest, never_makes_a_picture_wider_or_flat) {
  EXPECT_EQ(stored(png_of(20, 10), 320).width, 20);
  EXPECT_EQ(stored(png_of(1000, 2), 16).height, 1);
}

TEST_F(ThumbnailsTest, refuses_what_is_no_picture) {
  EXPECT_EQ(refused({}), "neither a JPEG nor a PNG file");
  EXPECT_EQ(refused(bytes_of("GIF89a, a picture of another kind")), "neither a JPEG nor a PNG file");
  EXPECT_EQ(refused(bytes_of("<html>")), "neither a JPEG nor a PNG file");
  EXPECT_NE(refused(bytes_of("\xff\xd8\xff and then something else")), "taken");
  EXPECT_THROW((void)fetched(), thumbnails::NoThumbnail);
}

TEST_F(ThumbnailsTest, refuses_a_picture_that_ends_anywhere_before_its_end) {
  auto png = png_of(64, 64);
  (void)stored(png, 64);
  for (auto whole : {png, fetched()}) {
    for (std::size_t size = 0; size + 12 < whole.size(); size += 29) {
      EXPECT_NE(refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}), "taken") << size;
    }
  }
}

// 57 bytes that say they are 60,000 by 60,000 pixels, 10 GB unfolded.
TEST_F(ThumbnailsTest, refuses_a_small_file_that_unfolds_to_gigabytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(refused(bytes_of(
                "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\x0f\xb0\xe2\x15\0\0\0\x0cIDAT"
                "\x78\x9c\x63\x60\xa0\x3d\0\0\0\x64\0\x01\x86\x64\x3c\x35"sv)),
            "the image has 60000 x 60000 pixels, at most 40000000 are taken");
}

TEST_F(ThumbnailsTest, stops_reading_a_file_that_is_too_large) {
  const tutti::Bytes piece(64 * 1024);
  std::size_t written = 0;
  bed.run([&](tutti::Caller& call) {
    EXPECT_THROW((void)call(thumbnails::store, {.sku = "mug"},
                            [&](tutti::Out<tutti::Bytes>& body) {
                              for (; written < 50'000'000; written += piece.size()) body.write(piece);
                            }),
                 thumbnails::NotAnImage);
  });
  EXPECT_LT(written, 25'000'000u);  // file_bytes_max, and what was on its way
}

}  // namespace
