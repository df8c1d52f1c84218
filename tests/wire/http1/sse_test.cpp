#include "wire/http1/sse.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::wire::http1 {
namespace {

std::string read(std::string_view text, std::size_t step = 1 << 20) {
  EventReader reader;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    reader.feed(text.substr(at, step));
    while (const auto event = reader.next()) out += "<" + event->id + "|" + event->event + "|" + event->data + ">";
  }
  return out + reader.last_id();
}

TEST(EventStream, reads_what_it_writes) {
  std::string out;
  ASSERT_TRUE(append_event(out, "7", "progress", "a\nb\r\nc\rd"));
  ASSERT_TRUE(append_event(out, "", "", ""));
  out += event_keep_alive;

  EXPECT_EQ(out, "id: 7\nevent: progress\ndata: a\ndata: b\ndata: c\ndata: d\n\ndata: \n\n:\n\n");
  EXPECT_EQ(read(out), "<7|progress|a\nb\nc\nd><7||>7");
}

TEST(EventStream, refuses_ids_and_names_with_line_ends) {
  std::string out;
  EXPECT_FALSE(append_event(out, "a\nb", "", "x"));
  EXPECT_FALSE(append_event(out, std::string_view("a\0b", 3), "", "x"));
  EXPECT_FALSE(append_event(out, "", "a\rb", "x"));
  EXPECT_EQ(out, "");
}

TEST(EventStream, reads_the_standards_examples_however_they_are_cut) {
  for (std::string_view text :
       {"data: YHOO\ndata: +2\ndata: 10\n\n",
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        "data\n\ndata\ndata\n\ndata:",
        "\xef\xbb\xbf"
        "data: a\r\n\r\ndata: b\r\rdata: c\n\n",
        "id: 5\n\nunknown: x\nevent: e\ndata: y\n\n",
        "\xef\xbb"
        "data: a\n\n"}) {
    for (std::size_t step = 1; step <= text.size(); ++step) EXPECT_EQ(read(text, step), read(text)) << text << step;
  }
  EXPECT_EQ(read("data: YHOO\ndata: +2\ndata: 10\n\n"), "<||YHOO\n+2\n10>");
  EXPECT_EQ(read(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            "<1||first event><||second event><|| third event>");
  EXPECT_EQ(read("data\n\ndata\ndata\n\ndata:"), "<||><||\n>");
  EXPECT_EQ(read("id: 5\n\n"), "5");
}

TEST(EventStream, follows_the_servers_wish_for_reconnection) {
  EventReader reader;
  reader.feed("retry: 1500\nretry: x\n\n");
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.retry_ms(), 1500u);
}

TEST(EventStream, keeps_the_limit_of_an_event) {
  EventReader line;
  line.feed("data: " + std::string(EventReader::event_bytes_max, 'x'));
  EXPECT_FALSE(line.next());
  EXPECT_TRUE(line.failed());
  EventReader lines;
  for (int i = 0; i < 3; ++i) {
    lines.feed("data: " + std::string(EventReader::event_bytes_max / 2, 'x') + "\n");
    EXPECT_FALSE(lines.next());
  }
  EXPECT_TRUE(lines.failed());
}

}  // namespace
}  // namespace tutti::wire::http1
