#include "wire/http1/multipart.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::wire::http1 {
namespace {

using Kind = MultipartEvent::Kind;

std::string read(std::string_view text, std::size_t step = 1 << 20, const MultipartLimits& limits = {},
                 std::string_view boundary = "AaB03x") {
  MultipartParser parser(boundary, limits);
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const MultipartEvent event = parser.next();
    switch (event.kind) {
      case Kind::need_more:
        if (at == text.size()) return out + "need more";
        parser.feed(text.substr(at, step));
        at = std::min(text.size(), at + step);
        break;
      case Kind::part:
        out += "<" + parser.part().name + "|" + parser.part().filename.value_or("-") + "|" +
               parser.part().content_type + ">";
        break;
      case Kind::data:
        out += event.data;
        break;
      case Kind::part_end:
        out += "</>";
        break;
      case Kind::end:
        return out + "end";
      case Kind::refused:
        return out + std::to_string(event.refusal.status) + " " + std::string(event.refusal.reason);
    }
  }
}

constexpr std::string_view form =
    "preamble\r\n--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"submit-name\"\r\n\r\n"
    "Larry\r\n--AaB03\r\n-AaB03x\r\n--AaB03x  \r\n"
    "content-disposition: form-data; name=files; filename=\"C:\\pics\\a \\\"b\\\".txt\"\r\n"
    "Content-Type: image/png\r\n\r\n"
    "\r\n\r\nbytes\r\r\n\r\n--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"empty\"\r\n\r\n"
    "\r\n--AaB03x--\r\nepilogue";
constexpr std::string_view form_read =
    "<submit-name|-|text/plain>Larry\r\n--AaB03\r\n-AaB03x</>"
    "<files|a \"b\".txt|image/png>\r\n\r\nbytes\r\r\n</>"
    "<empty|-|text/plain></>end";

TEST(MultipartParser, reads_parts_with_headers_and_bodies) { EXPECT_EQ(read(form), form_read); }

TEST(MultipartParser, gives_the_same_answer_for_every_size_of_piece) {
  for (std::size_t step = 1; step < 90; ++step) EXPECT_EQ(read(form, step), form_read) << step;
}

TEST(MultipartParser, asks_for_more_at_every_cut) {
  const std::size_t whole = form.rfind("--") + 2;
  for (std::size_t size = 0; size < whole; ++size) {
    const std::string out = read(form.substr(0, size));
    EXPECT_EQ(out.substr(out.size() - 9), "need more") << size;
  }
}

TEST(MultipartParser, starts_without_a_preamble_and_ends_without_parts) {
  EXPECT_EQ(read("--AaB03x--"), "end");
  EXPECT_EQ(read("--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--AaB03x--"),
            "<a|-|text/plain>x</>end");
}

TEST(MultipartParser, refuses_malformed_parts) {
  const auto part = [](std::string_view headers) {
    return "--AaB03x\r\n" + std::string(headers) + "\r\nx\r\n--AaB03x--";
  };
  EXPECT_EQ(read(part("Content-Type: a/b\r\n")), "400 a part has no content-disposition of form-data");
  EXPECT_EQ(read(part("Content-Disposition: attachment; name=a\r\n")),
            "400 a part has no content-disposition of form-data");
  EXPECT_EQ(read(part("Content-Disposition: form-data\r\n")), "400 a part has no name");
  EXPECT_EQ(read(part("Content-Disposition: form-data; name=\"\"\r\n")), "400 a part has no name");
  EXPECT_EQ(read(part("Content-Disposition: form-data; name=\"a\r\n")), "400 a part has no name");
  EXPECT_EQ(read(part("Content-Disposition : form-data; name=a\r\n")),
            "400 there is whitespace before the colon of a header");
  EXPECT_EQ(read(part("Content-Disposition: form-data; name=a\n")), "400 a line ends in LF without CR");
  EXPECT_EQ(read("--AaB03xx\r\n"), "400 a boundary is followed by something that is no line end");
  EXPECT_EQ(read("--AaB03x" + std::string(65, ' ')), "400 there is too much whitespace behind a boundary");
}

TEST(MultipartParser, keeps_its_limits) {
  const std::string two =
      "--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--AaB03x\r\nContent-Disposition: form-data; "
      "name=b\r\n\r\ny\r\n--AaB03x--";
  EXPECT_EQ(read(two, 99, {.parts = 2}), "<a|-|text/plain>x</><b|-|text/plain>y</>end");
  EXPECT_EQ(read(two, 99, {.parts = 1}), "<a|-|text/plain>x</>413 there are too many parts");
  EXPECT_EQ(read(two, 99, {.header_bytes = 40}), read(two));
  EXPECT_EQ(read(two, 99, {.header_bytes = 39}), "431 the headers are too large");
  EXPECT_EQ(read(two, 1, {.header_bytes = 39}), "431 the headers are too large");
  EXPECT_EQ(read(two, 99, {.header_count = 0}), "431 there are too many headers");
}

TEST(MultipartParser, reads_a_large_body_without_keeping_it) {
  MultipartParser parser("b");
  parser.feed("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n");
  ASSERT_EQ(parser.next().kind, Kind::part);
  const std::string piece(64 * 1024, '\r');
  std::size_t total = 0;
  for (int i = 0; i < 16; ++i) {
    parser.feed(piece);
    for (MultipartEvent event = parser.next(); event.kind == Kind::data; event = parser.next())
      total += event.data.size();
    ASSERT_LE(piece.size() * static_cast<std::size_t>(i + 1) - total, 5u);
  }
}

TEST(Multipart, finds_the_boundary_in_the_content_type) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=AaB03x"), "AaB03x");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
  for (std::string_view type : {"multipart/form-data", "multipart/mixed; boundary=a", "multipart/form-data; boundary=",
                                "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\\\"b\""}) {
    EXPECT_EQ(multipart_boundary(type), std::nullopt) << type;
  }
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

}  // namespace
}  // namespace tutti::wire::http1
