// Streams of a method and raw handlers over a connection: JSON lines, server-sent events, raw bytes, forms, cookies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "service/given.hpp"

namespace tutti {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace belt {
struct From {
  int first = 1;
  int count = 3;
};
struct Step {
  Range<int, 0, 1000> number;
};
struct Sum {
  int items;
  std::int64_t total;
  std::string name;
};
struct Upload {
  std::string name;
  std::string note = "none";
};
inline constexpr Service service{"belt", "1.0"};
inline constexpr Method<Stream<Step>(From)> count{service, "count", get("/steps")};
inline constexpr Method<Stream<Step>()> endless{service, "endless", get("/endless")};
inline constexpr Method<Stream<Bytes>(From)> raw{service, "raw", get("/bytes")};
inline constexpr Method<Sum(Upload, Stream<Bytes>)> store{service, "store", put("/files/{name}", 201)};
inline constexpr Method<Sum(Stream<Step>)> add{service, "add", post("/sums")};
inline constexpr Method<Stream<Step>(Stream<Step>)> twice{service, "twice", post("/twice")};
}  // namespace belt

struct HttpStreams : ::testing::Test {
  void compose(App& app) {
    app.serve(belt::count, [this](const belt::From& from, Out<belt::Step>& out, const Context& context) {
      int number = from.first;
      if (!context.last_event_id().empty()) number = std::stoi(std::string(context.last_event_id())) + 1;
      if (from.count == 0) throw Error(Code::not_found, "there is no such belt");
      for (int end = number + from.count; number < end; ++number) {
        if (number == 13) throw Error(Code::unavailable, "the belt stands still");
        out.write({.number = number}, std::to_string(number));
      }
      ended = true;
    });
    app.serve(belt::endless, [](Out<belt::Step>& out) {
      for (;;) out.write({.number = 1});
    });
    app.serve(belt::raw, [](const belt::From& from, Out<Bytes>& out) {
      for (int i = 0; i < from.count; ++i) out.write(Bytes(100'000, std::byte{'x'}));
    });
    app.serve(belt::store, [](const belt::Upload& upload, In<Bytes>& file) {
      belt::Sum sum{.items = 0, .total = 0, .name = upload.name + ":" + upload.note};
      while (auto piece = file.next()) {
        ++sum.items;
        sum.total += static_cast<std::int64_t>(piece->size());
      }
      return sum;
    });
    app.serve(belt::add, [](In<belt::Step>& in) {
      belt::Sum sum{.items = 0, .total = 0, .name = "sum"};
      while (auto step = in.next()) {
        ++sum.items;
        sum.total += step->number;
      }
      return sum;
    });
    app.serve(belt::twice, [](In<belt::Step>& in, Out<belt::Step>& out) {
      while (auto step = in.next()) out.write({.number = 2 * step->number});
    });
    app.raw("POST", "/form", [](Request& request, Responder& reply) {
      std::string told;
      request.each_part([&](Part& part) {
        told += part.name + "|" + part.file_name + "|" + part.content_type + "|";
        if (part.name != "skipped") told += part.body->read_all(1000);
        told += "\n";
      });
      reply.send(told, "text/plain");
    });
    app.raw("POST", "/small",
            [](Request& request, Responder& reply) { reply.send(request.body().read_all(10), "text/plain"); });
    app.raw("GET", "/cookies", [](Request& request, Responder& reply) {
      reply.cookie({.name = "seen", .value = request.cookie("seen").value_or("never")});
      reply.cookie({.name = "theme",
                    .value = "dark",
                    .max_age = std::chrono::hours(1),
                    .http_only = false,
                    .secure = true,
                    .same_site = "Strict"});
      reply.send("", "text/plain");
    });
    app.raw("GET", "/old/{id}", [](Request& request, Responder& reply) {
      reply.redirect("/new/" + std::string(request.parameter("id")), 301);
    });
    app.raw("GET", "/see", [](Request&, Responder& reply) { reply.redirect("/there"); });
    app.raw("GET", "/echo/{name}", [](Request& request, Responder& reply) {
      reply.status(203).header("x-path", request.path());
      reply.send(std::string(request.parameter("name")) + "|" + request.query("q").value_or("-") + "|" +
                     std::string(request.header("x-given").value_or("-")) + "|" + std::string(request.target()),
                 "text/plain");
    });
    app.raw("GET", "/split",
            [](Request&, Responder& reply) { reply.header("x-a", "b\r\nx-c: d").send("", "text/plain"); });
    app.raw("GET", "/twice", [](Request&, Responder& reply) {
      reply.send("once", "text/plain");
      reply.send("twice", "text/plain");
    });
  }

  given::Answer ask(std::string_view method, std::string_view target, std::string_view fields = {},
                    std::string_view body = {}) {
    return given::ask(running.http, method, target, fields, body);
  }

  std::atomic<bool> ended{false};
  given::Running running{{{belt::service, [this](App& app) { compose(app); }}}};
};

// ---- results --------------------------------------------------------------------------------------------------

TEST_F(HttpStreams, answers_with_a_json_line_for_each_item) {
  const auto answer = ask("GET", "/steps?count=2");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/jsonl");
  EXPECT_EQ(answer.header("transfer-encoding"), "chunked");
  EXPECT_EQ(answer.body, "{\"number\":1}\n{\"number\":2}\n");
}

TEST_F(HttpStreams, answers_with_events_and_their_ids_where_the_client_asks) {
  const auto answer = ask("GET", "/steps?count=2", "Accept: text/event-stream\r\n");

  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_EQ(answer.body, "id: 1\ndata: {\"number\":1}\n\nid: 2\ndata: {\"number\":2}\n\n");
}

TEST_F(HttpStreams, goes_on_after_the_last_event_that_the_client_has) {
  const auto answer = ask("GET", "/steps?count=1", "Accept: text/event-stream\r\nLast-Event-ID: 7\r\n");

  EXPECT_THAT(answer.body, StartsWith("id: 8\n"));
}

TEST_F(HttpStreams, answers_a_failure_before_the_first_item_as_a_problem) {
  const auto answer = ask("GET", "/steps?count=0");

  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
}

TEST_F(HttpStreams, breaks_off_after_a_failure_between_items) {
  const auto answer = ask("GET", "/steps?first=12");

  EXPECT_EQ(answer.body, "{\"number\":12}\n");
  EXPECT_FALSE(answer.whole);
}

TEST_F(HttpStreams, breaks_off_before_an_item_that_its_contract_does_not_allow) {
  const auto answer = ask("GET", "/steps?first=1000&count=2");

  EXPECT_EQ(answer.body, "{\"number\":1000}\n");
  EXPECT_FALSE(answer.whole);
}

TEST_F(HttpStreams, sends_a_stream_of_bytes_as_the_body) {
  const auto answer = ask("GET", "/bytes?count=3");

  EXPECT_EQ(answer.header("content-type"), "application/octet-stream");
  EXPECT_EQ(answer.body, std::string(300'000, 'x'));
}

TEST_F(HttpStreams, answers_the_head_of_a_stream_without_its_items) {
  given::Wire wire(running.http);
  wire.send(given::request_text("HEAD", "/steps") + given::request_text("GET", "/steps?count=1"));

  const auto head = given::read_answer(wire, "HEAD");
  const auto got = given::read_answer(wire);

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "application/jsonl");
  EXPECT_EQ(got.body, "{\"number\":1}\n");
}

TEST_F(HttpStreams, answers_the_head_of_a_stream_without_end) {
  const auto head = ask("HEAD", "/endless", "Accept: text/event-stream\r\n");

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/event-stream");
}

TEST_F(HttpStreams, answers_an_old_client_without_chunks) {
  given::Wire wire(running.http);
  wire.send("GET /steps?count=2 HTTP/1.0\r\n\r\n");

  EXPECT_THAT(wire.receive_rest(), HasSubstr("\r\n\r\n{\"number\":1}\n{\"number\":2}\n"));
}

// ---- parameters -----------------------------------------------------------------------------------------------

TEST_F(HttpStreams, takes_a_body_as_bytes_beside_path_and_query) {
  const auto answer = ask("PUT", "/files/a.txt?note=big", {}, std::string(500'000, 'y'));

  EXPECT_EQ(answer.status, 201);
  EXPECT_THAT(answer.body, HasSubstr(R"("total":500000,"name":"a.txt:big")"));
}

TEST_F(HttpStreams, takes_a_chunked_body_as_bytes) {
  const auto answer =
      ask("PUT", "/files/a.txt", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");

  EXPECT_THAT(answer.body, HasSubstr(R"("total":11)"));
}

TEST_F(HttpStreams, asks_for_a_body_that_waits_to_be_asked) {
  given::Wire wire(running.http);
  wire.send("PUT /files/a.txt HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(wire.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");

  wire.send("hello");

  EXPECT_THAT(given::read_answer(wire).body, HasSubstr(R"("total":5)"));
}

TEST_F(HttpStreams, takes_an_empty_stream) {
  EXPECT_THAT(ask("PUT", "/files/a.txt").body, HasSubstr(R"("items":0)"));
  EXPECT_THAT(ask("POST", "/sums").body, HasSubstr(R"("items":0)"));
}

TEST_F(HttpStreams, takes_json_lines) {
  const auto answer = ask("POST", "/sums", {}, "{\"number\":1}\r\n\n  {\"number\":20}\n{\"number\":300}");

  EXPECT_EQ(answer.body, R"({"items":3,"total":321,"name":"sum"})");
}

TEST_F(HttpStreams, names_the_line_that_is_wrong) {
  const auto answer = ask("POST", "/sums", {}, "{\"number\":1}\n{\"number\":1001}\n");

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("line 2 of the body: number"));
}

TEST_F(HttpStreams, streams_both_ways_at_once) {
  given::Wire wire(running.http);
  wire.send("POST /twice HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{\"number\":4}\n\r\n");
  EXPECT_THAT(wire.receive_until("{\"number\":8}\n\r\n"), HasSubstr("application/jsonl"));

  wire.send("d\r\n{\"number\":5}\n\r\n0\r\n\r\n");

  EXPECT_THAT(wire.receive_until("\r\n0\r\n\r\n"), HasSubstr("{\"number\":10}\n"));
}

// ---- forms ----------------------------------------------------------------------------------------------------

constexpr std::string_view form_type = "Content-Type: multipart/form-data; boundary=cut\r\n";
constexpr std::string_view form =
    "--cut\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA lamp\r\n"
    "--cut\r\nContent-Disposition: form-data; name=\"skipped\"; filename=\"a.bin\"\r\n\r\nnever read\r\n"
    "--cut\r\nContent-Disposition: form-data; name=\"image\"; filename=\"lamp.png\"\r\nContent-Type: "
    "image/png\r\n\r\nPNG\r\n--cu\r\n"
    "--cut--\r\n";

TEST_F(HttpStreams, reads_a_form_part_by_part) {
  const auto answer = ask("POST", "/form", form_type, form);

  EXPECT_EQ(answer.body, "title||text/plain|A lamp\nskipped|a.bin|text/plain|\nimage|lamp.png|image/png|PNG\r\n--cu\n");
}

TEST_F(HttpStreams, reads_a_form_whatever_the_pieces_it_comes_in) {
  given::Wire wire(running.http);
  wire.send("POST /form HTTP/1.1\r\nHost: here\r\n" + std::string(form_type) +
            "Content-Length: " + std::to_string(form.size()) + "\r\n\r\n");
  for (const char c : form) wire.send({&c, 1});

  EXPECT_THAT(given::read_answer(wire).body, HasSubstr("image|lamp.png|image/png|PNG"));
}

TEST_F(HttpStreams, refuses_what_is_no_form) {
  EXPECT_EQ(ask("POST", "/form", {}, "a=b").status, 400);
  EXPECT_EQ(ask("POST", "/form", form_type, "--cut\r\n").status, 400);
  EXPECT_EQ(ask("POST", "/form", form_type, "--cut\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end").status,
            400);
}

TEST_F(HttpStreams, refuses_a_raw_body_that_is_longer_than_the_handler_wants) {
  EXPECT_EQ(ask("POST", "/small", {}, "0123456789").body, "0123456789");
  EXPECT_EQ(ask("POST", "/small", {}, "0123456789x").status, 413);
}

// ---- raw answers ----------------------------------------------------------------------------------------------

TEST_F(HttpStreams, reads_and_sets_cookies) {
  const auto answer = ask("GET", "/cookies", "Cookie: a=1; seen=yesterday; b=2\r\n");

  EXPECT_THAT(answer.head, HasSubstr("set-cookie: seen=yesterday; Path=/; HttpOnly; SameSite=Lax\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("set-cookie: theme=dark; Path=/; Max-Age=3600; Secure; SameSite=Strict\r\n"));
}

TEST_F(HttpStreams, redirects) {
  const auto moved = ask("GET", "/old/7");
  const auto see = ask("GET", "/see");

  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.header("location"), "/new/7");
  EXPECT_EQ(see.status, 303);
  EXPECT_EQ(see.header("location"), "/there");
}

TEST_F(HttpStreams, gives_a_raw_handler_the_request_and_takes_its_answer) {
  const auto answer = ask("GET", "/echo/a%20b?q=1%2B1", "X-Given: yes\r\n");

  EXPECT_EQ(answer.status, 203);
  EXPECT_EQ(answer.header("x-path"), "/echo/a b");
  EXPECT_EQ(answer.body, "a b|1+1|yes|/echo/a%20b?q=1%2B1");
}

TEST_F(HttpStreams, lets_no_header_smuggle_another) {
  const auto answer = ask("GET", "/split");

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("x-c"), "");
}

TEST_F(HttpStreams, sends_the_first_of_two_answers) {
  given::Wire wire(running.http);
  wire.send(given::request_text("GET", "/twice"));

  EXPECT_EQ(given::read_answer(wire).body, "once");
}

}  // namespace
}  // namespace tutti
