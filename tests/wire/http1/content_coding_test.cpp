#include "wire/http1/content_coding.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace tutti::wire::http1 {
namespace {

TEST(ContentCoding, takes_gzip_by_its_weight) {
  for (std::string_view field :
       {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=0.5", "gzip ; q=1.000", "*", "br;q=1, *;q=0.1",
        "gzip;q=0.001", "identity;q=0.5, gzip;q=0.5", "gzip;q=1.0, identity; q=0.5, *;q=0"}) {
    EXPECT_TRUE(accepts_gzip(field)) << field;
  }
  for (std::string_view field :
       {"", "br", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "gzip;q=2", "gzip;q=x", "gzip;q=1.5",
        "gzip;q=0.0001", "gzip;level=9", "gzipped", "identity, gzip;q=0.9", "\"gzip\""}) {
    EXPECT_FALSE(accepts_gzip(field)) << field;
  }
}

TEST(ContentCoding, compresses_text_of_all_kinds) {
  for (std::string_view type : {"application/json", "application/problem+json", "text/html; charset=utf-8", "TEXT/CSS",
                                "image/svg+xml", "application/javascript", "font/ttf"}) {
    EXPECT_TRUE(is_compressible(type)) << type;
  }
  for (std::string_view type : {"", "image/png", "image/jpeg", "video/mp4", "application/zip", "application/gzip",
                                "application/octet-stream", "font/woff2", "text/event-stream"}) {
    EXPECT_FALSE(is_compressible(type)) << type;
  }
}

std::string inflated(std::string_view compressed, std::size_t room) {
  std::string out(room, '\0');
  z_stream z{};
  EXPECT_EQ(::inflateInit2(&z, 15 + 16), Z_OK);  // gzip alone
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  z.avail_in = static_cast<uInt>(compressed.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  ::inflateEnd(&z);
  return out;
}

TEST(ContentCoding, gzip_gives_back_what_was_put_in) {
  std::string uneven;
  for (unsigned i = 0; i < 100'000; ++i) uneven += static_cast<char>(i * 2654435761u >> 24);
  for (const std::string& text : {std::string(), std::string("a"), std::string(1'000'000, 'x'), uneven}) {
    EXPECT_EQ(inflated(gzip(text), text.size() + 1), text);
  }
  EXPECT_LT(gzip(std::string(1'000'000, 'x')).size(), 2000u);
}

}  // namespace
}  // namespace tutti::wire::http1
