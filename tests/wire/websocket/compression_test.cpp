#include "wire/websocket/compression.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace tutti::wire::websocket {
namespace {

using namespace std::string_literals;

// What is answered to these fields; "none" if the connection stays uncompressed.
std::string answer(std::initializer_list<std::string_view> fields) {
  http1::Fields offered;
  for (const std::string_view value : fields) (void)offered.add("Sec-WebSocket-Extensions", value);
  const auto accepted = accept_compression(offered);
  return accepted ? extension_of(*accepted) : "none";
}
constexpr std::string_view plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

std::string inflated(Inflater& inflater, std::string_view compressed) {
  std::string out;
  return inflater.inflate(compressed, 1'000'000, out) == Inflater::Result::done ? out : "refused";
}

TEST(Compression, takes_the_offers_of_rfc_7692) {
  EXPECT_EQ(answer({"permessage-deflate"}), plain);
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits"}), plain);
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits=10; client_no_context_takeover"}), plain);
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; "
                    "client_max_window_bits"}),
            std::string(plain) + "; server_max_window_bits=10");
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=\"12\""}),
            std::string(plain) + "; server_max_window_bits=12");
  EXPECT_EQ(answer({"x-other; a=1", "permessage-deflate"}), plain) << "several fields, one list";
}

TEST(Compression, passes_over_offers_that_it_cannot_take) {
  EXPECT_EQ(answer({}), "none");
  EXPECT_EQ(answer({"x-webkit-deflate-frame"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; unknown"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; server_no_context_takeover=1"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=7"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=16"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=09"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits; client_max_window_bits"}), "none");
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=8"}), "none") << "zlib cannot";
  EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=8, permessage-deflate"}), plain);
}

TEST(Compression, reads_the_examples_of_rfc_7692) {
  Inflater inflater;
  EXPECT_EQ(inflated(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
  EXPECT_EQ(inflated(inflater, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s), "Hello")
      << "a block without compression";
  EXPECT_EQ(inflated(inflater, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s), "Hello") << "a block that says it is the last";
  EXPECT_EQ(inflated(inflater, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s), "Hello") << "two blocks";
}

TEST(Compression, gives_back_what_it_compressed) {
  Inflater inflater;
  for (const int bits : {9, 12, 15}) {
    Deflater deflater(bits);
    for (const std::size_t size : {0u, 1u, 255u, 256u, 257u, 16u * 1024u, 300'000u}) {
      std::string message;
      for (std::size_t i = 0; i < size; ++i) message += static_cast<char>(i * i / 7);
      std::string compressed;
      deflater.deflate(message, compressed);
      EXPECT_EQ(inflated(inflater, compressed), message) << bits << " " << size;
    }
  }
}

TEST(Compression, compresses_each_message_for_itself) {
  Deflater deflater(15);
  std::string once, again;
  deflater.deflate("the same message", once);
  deflater.deflate("the same message", again);
  EXPECT_EQ(once, again);
}

TEST(Compression, stops_where_a_message_grows_over_its_limit) {
  Inflater inflater;
  Deflater deflater(15);
  std::string compressed, out = "kept";
  deflater.deflate(std::string(1'000, 'a'), compressed);

  EXPECT_EQ(inflater.inflate(compressed, 999, out), Inflater::Result::too_long);
  EXPECT_EQ(out, "kept");
  EXPECT_EQ(inflater.inflate(compressed, 1'000, out), Inflater::Result::done);
  EXPECT_EQ(out, "kept" + std::string(1'000, 'a'));
}

TEST(Compression, refuses_what_is_no_deflate_and_goes_on) {
  Inflater inflater;
  EXPECT_EQ(inflated(inflater, "\xff\xff\xff"), "refused");
  EXPECT_EQ(inflated(inflater, "\xf2\x48\xcd\xc9\xc9\x07\x00"s), "Hello");
}

}  // namespace
}  // namespace tutti::wire::websocket
