// The HTTP server by its bytes: everything here in virtual time, so that a test of a 60 s time-out takes none; the real
// sockets' part is told by the tests that say so.
#include "net/http_fixture.hpp"
#include "wire/http1/date.hpp"

namespace tutti::net::testing {
namespace {

template <class F>
void with_server(world::World& world, const HttpLimits& limits, F body) {
  on_fiber(world, [&] {
    PathService service;
    const auto server =
        serve_http(this_shard(), service, {.listen = *world::parse_address("127.0.0.1:0"), .limits = limits});
    body(service, *server);
  });
}
template <class F>
void with_server(const HttpLimits& limits, F body) {
  world::SimulatedWorld world;
  with_server(world, limits, std::move(body));
}
template <class F>
void with_real_server(const HttpLimits& limits, F body) {
  const auto world = world::real_world();
  with_server(*world, limits, std::move(body));
}

TEST(HttpServer, keeps_a_connection_for_the_next_request) {
  with_real_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    for (int i = 0; i < 3; ++i) {
      client.write(post("/echo", "hello"));
      const std::string answer = client.read_ending("hello");
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
      EXPECT_NE(answer.find("content-length: 5\r\n"), answer.npos) << answer;
    }
    EXPECT_EQ(server.counts().accepted, 1u);
  });
}

TEST(HttpServer, pipelined_requests_cut_anywhere_get_the_same_answers) {
  with_server({}, [](PathService&, HttpServer& server) {
    const std::string bytes = get("/path?first") + post("/echo", "second") +
                              chunked("/echo", "3\r\nthi\r\n2\r\nrd\r\n0\r\n\r\n") +
                              get("/path?fourth", "connection: close\r\n");
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      RawClient client(server.address());
      client.write(std::string_view(bytes).substr(0, at));
      tutti::sleep(3ms);
      client.write(std::string_view(bytes).substr(at));
      const std::string answers = client.read_to_end();
      ASSERT_TRUE(client.ended) << at;
      ASSERT_EQ(count_of(answers, "HTTP/1.1 200 "), 4u) << at << answers;
      const std::size_t first = answers.find("\r\n\r\nfirst"), second = answers.find("\r\n\r\nsecond");
      const std::size_t third = answers.find("\r\n\r\nthird"), fourth = answers.find("\r\n\r\nfourth");
      ASSERT_TRUE(first < second && second < third && third < fourth && fourth != answers.npos) << at << answers;
    }
  });
}

TEST(HttpServer, answers_a_pipelined_batch_in_one_write) {
  with_real_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/path?warm"));
    client.read_ending("warm");
    std::string batch;
    for (int i = 0; i < 20; ++i) batch += get("/path?x");
    const std::uint64_t before = world::counters_of(this_shard().network()).send;
    client.write(batch + get("/path?last"));
    client.read_ending("last");
    EXPECT_EQ(world::counters_of(this_shard().network()).send - before, 2u);  // the client's and the server's
  });
}

TEST(HttpServer, a_connection_is_closed_when_idle_after_a_full_batch) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    std::string batch;
    for (int i = 0; i < 64; ++i) batch += get("/path?x");
    client.write(batch);
    EXPECT_EQ(count_of(client.read_to_end(59s), "HTTP/1.1 200 "), 64u);
    EXPECT_FALSE(client.ended);
    client.read_to_end(2s);
    EXPECT_TRUE(client.ended);
  });
}

TEST(HttpServer, serves_more_requests_than_one_turn_takes) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    std::string batch;
    for (int i = 0; i < 500; ++i) batch += get("/path?x");
    client.write(batch + get("/path?last", "connection: close\r\n"));
    EXPECT_EQ(count_of(client.read_to_end(), "HTTP/1.1 200 "), 501u);
  });
}

TEST(HttpServer, streams_an_answer_in_chunks_and_closes_for_http_1_0) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/pieces"));
    const std::string answer = client.read_ending("0\r\n\r\n");
    EXPECT_NE(answer.find("transfer-encoding: chunked\r\n"), answer.npos) << answer;
    EXPECT_NE(answer.find("\r\n3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"), answer.npos) << answer;
    RawClient old(server.address());
    old.write("GET /pieces HTTP/1.0\r\n\r\n");
    const std::string whole = old.read_to_end();
    EXPECT_TRUE(old.ended);
    EXPECT_TRUE(whole.ends_with("\r\n\r\nonethree")) << whole;
    EXPECT_EQ(whole.find("transfer-encoding"), whole.npos);
  });
}

TEST(HttpServer, sends_continue_only_to_who_asks_and_waits) {
  with_server({}, [](PathService&, HttpServer& server) {
    for (const char* path : {"/echo", "/upload"}) {
      RawClient client(server.address());
      client.write("POST " + std::string(path) +
                   " HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n");
      EXPECT_EQ(client.read_ending("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
      client.write("body");
      EXPECT_NE(client.read_to_end(1s).find("HTTP/1.1 200 "), std::string::npos);
    }
  });
}

TEST(HttpServer, head_has_the_length_and_no_body) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    client.write("HEAD /path?abc HTTP/1.1\r\nhost: a\r\n\r\n" + get("/path?end"));
    const std::string answers = client.read_ending("end");
    EXPECT_EQ(count_of(answers, "content-length: 3\r\n"), 2u) << answers;
    EXPECT_EQ(count_of(answers, "abc"), 0u) << answers;
  });
}

TEST(HttpServer, refuses_what_it_cannot_take_and_the_answer_arrives) {
  const std::string long_text(40'000, 'a');
  const std::pair<std::string, int> cases[] = {
      {"GET  / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400},
      {post("/echo", std::string(2'000'000, 'b')), 413},
      {chunked("/echo", "1E8480\r\n" + std::string(2'000'000, 'b')), 413},
      {get("/" + long_text), 414},
      {get("/", "x: " + long_text + "\r\n"), 431},
      {"TRACE / HTTP/1.1\r\nhost: a\r\n\r\n", 501},
      {"GET / HTTP/3.0\r\nhost: a\r\n\r\n", 505},
  };
  with_real_server({}, [&](PathService& service, HttpServer& server) {
    for (const auto& [bytes, status] : cases) {
      RawClient client(server.address());
      client.write(bytes);
      client.finish_writing();
      const std::string answer = client.read_to_end();
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status) + " "))
          << status << ": " << answer.substr(0, 200);
      EXPECT_NE(answer.find("connection: close\r\n"), answer.npos);
      EXPECT_TRUE(client.ended && !client.broken) << status;
      ASSERT_FALSE(service.refusals.empty());
      EXPECT_EQ(service.refusals.back(), status);
    }
    EXPECT_EQ(service.entered, 0);
  });
}

TEST(HttpServer, what_one_connection_left_unfinished_does_not_reach_the_next) {
  with_server({}, [](PathService&, HttpServer& server) {
    for (const char* left : {"GET /unfinished HTTP/1.1\r\nhost: a\r\nx-", "nonsense\r\n\r\n"}) {
      RawClient client(server.address());
      client.write(left);
      tutti::sleep(5ms);
      client.close();
      tutti::sleep(5s);
      ASSERT_EQ(server.counts().connections, 0u);
      RawClient next(server.address());
      next.write(get("/path?whole"));
      EXPECT_TRUE(next.read_ending("whole", 1s).starts_with("HTTP/1.1 200 "));
    }
  });
}

TEST(HttpServer, a_client_that_has_finished_writing_is_answered) {
  with_real_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    client.write(post("/wait", "abc") + get("/path?second"));
    client.finish_writing();
    EXPECT_EQ(count_of(client.read_to_end(), "HTTP/1.1 200 "), 2u);
    EXPECT_TRUE(client.ended && !client.broken);
  });
}

TEST(HttpServer, an_end_that_comes_together_with_the_request_does_not_lose_the_answer) {
  with_real_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/path?first") + get("/path?second"));
    client.finish_writing();  // before the server has had its turn
    EXPECT_EQ(count_of(client.read_to_end(), "HTTP/1.1 200 "), 2u);
    EXPECT_TRUE(client.ended && !client.broken);
  });
}

TEST(HttpServer, a_handler_keeps_its_body_while_much_more_is_sent_behind_it) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    const std::string body(1000, 'k');
    std::string more;
    for (int i = 0; i < 1000; ++i) more += get("/path?x");
    client.write(post("/wait", body) + more);
    client.finish_writing();
    const std::string answers = client.read_to_end(10s);
    EXPECT_NE(answers.find("\r\n\r\n" + body + "HTTP/1.1"), answers.npos);
    EXPECT_EQ(count_of(answers, "HTTP/1.1 200 "), 1001u);
  });
}

TEST(HttpServer, a_slow_reader_holds_a_streamed_answer_back) {
  with_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/stream", "connection: close\r\n"));
    tutti::sleep(1s);
    EXPECT_LT(service.written, 1024u * 1024);  // the socket's buffer and the server's
    EXPECT_EQ(service.finished, 0);
    const std::string answer = client.read_to_end(20s);
    EXPECT_EQ(count_of(std::string_view(answer).substr(answer.find("\r\n\r\n")), "y"), service.large_bytes);
    EXPECT_EQ(service.finished, 1);
  });
}

TEST(HttpServer, a_large_body_is_sent_whole) {
  with_real_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/large", "connection: close\r\n"));
    const std::string answer = client.read_to_end(10s);
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, service.large_bytes);
  });
}

TEST(HttpServer, an_answer_that_was_given_up_is_followed_by_nothing) {
  with_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/large-in-time") + get("/path?next"));
    tutti::sleep(1s);
    const std::string answer = client.read_to_end(10s);
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(count_of(answer, "HTTP/1.1 "), 1u);
    EXPECT_LT(answer.size(), service.large_bytes);
  });
}

TEST(HttpServer, a_slow_handler_holds_an_upload_back) {
  with_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    const std::string body(2'000'000, 'u');
    const std::size_t taken = client.write(post("/slow-upload", body), 50ms);
    EXPECT_LT(taken, 1'000'000u);
    EXPECT_LT(service.uploaded, 200'000u);
    client.write(std::string_view(post("/slow-upload", body)).substr(taken), 60s);
    EXPECT_TRUE(client.read_ending("2000000", 60s).starts_with("HTTP/1.1 200 "));
  });
}

TEST(HttpServer, an_upload_arrives_as_it_was_sent_and_the_request_behind_it_is_answered) {
  with_server({}, [](PathService& service, HttpServer& server) {
    std::string body;
    for (int i = 0; body.size() < 100'000; ++i) body += std::to_string(i);
    const std::string bytes = post("/upload", body) + get("/path?behind", "connection: close\r\n");
    // In the head, in the body, around its end, in the request behind.
    for (const std::size_t at : {std::size_t{10}, std::size_t{1'000}, std::size_t{50'000}, bytes.size() - 70, bytes.size() - 10}) {
      service.uploaded_text.clear();
      RawClient client(server.address());
      client.write(std::string_view(bytes).substr(0, at));
      tutti::sleep(3ms);
      client.write(std::string_view(bytes).substr(at));
      const std::string answers = client.read_to_end();
      EXPECT_TRUE(service.uploaded_text == body) << at;
      EXPECT_EQ(count_of(answers, "HTTP/1.1 200 "), 2u) << at;
      EXPECT_TRUE(answers.ends_with("behind")) << at << answers;
    }
  });
}

TEST(HttpServer, over_connections_max_says_when_to_come_again) {
  with_real_server({.connections_max = 1}, [](PathService&, HttpServer& server) {
    RawClient first(server.address());
    first.write(get("/path?a"));
    first.read_ending("a");
    RawClient second(server.address());
    second.write(get("/path?b"));
    const std::string answer = second.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("retry-after: 1\r\n"), answer.npos);
    EXPECT_EQ(server.counts().refused_connections, 1u);
  });
}

TEST(HttpServer, a_handler_that_fails_is_a_500_or_a_break) {
  with_server({}, [](PathService&, HttpServer& server) {
    for (const char* path : {"/throw", "/silent"}) {
      RawClient client(server.address());
      client.write(get(path));
      EXPECT_TRUE(client.read_to_end(1s).starts_with("HTTP/1.1 500 "));
    }
    RawClient client(server.address());
    client.write(get("/broken-stream"));
    EXPECT_EQ(count_of(client.read_to_end(), "0\r\n\r\n"), 0u);
    EXPECT_TRUE(client.ended);
  });
}

TEST(HttpServer, a_client_that_resets_cancels_its_handler) {
  with_real_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/wait"));
    while (service.entered == 0) tutti::sleep(1ms);
    client.reset();
    for (int i = 0; i < 500 && service.cancelled == 0; ++i) tutti::sleep(1ms);
    EXPECT_EQ(service.cancelled, 1);
    EXPECT_EQ(service.finished, 0);
  });
}

TEST(HttpServer, a_client_that_resets_after_its_half_close_cancels_its_handler) {
  with_real_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/wait"));
    while (service.entered == 0) tutti::sleep(1ms);
    client.finish_writing();
    tutti::sleep(20ms);  // the server has seen the end: that alone cancels nothing
    EXPECT_EQ(service.cancelled, 0);
    client.reset();
    for (int i = 0; i < 500 && service.cancelled == 0; ++i) tutti::sleep(1ms);
    EXPECT_EQ(service.cancelled, 1);
  });
}

TEST(HttpServer, an_answer_over_an_unread_body_says_that_the_connection_ends) {
  with_server({}, [](PathService&, HttpServer& server) {
    for (const char* path : {"/upload-refused", "/upload-refused-in-pieces"}) {
      RawClient client(server.address());
      client.write("POST " + std::string(path) + " HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\nbegin");
      const std::string answer = client.read_to_end(1s);
      EXPECT_NE(answer.find("connection: close\r\n"), answer.npos) << answer;
      EXPECT_TRUE(client.ended);
    }
  });
}

TEST(HttpServer, an_unread_body_that_has_come_keeps_the_connection) {
  with_server({}, [](PathService&, HttpServer& server) {
    for (const char* path : {"/upload-refused", "/upload-refused-in-pieces"}) {
      RawClient client(server.address());
      client.write(post(path, "short") + chunked(path, "5\r\nshort\r\n0\r\n\r\n") + get("/path?next"));
      const std::string answers = client.read_ending("next", 1s);
      EXPECT_EQ(answers.find("connection: close\r\n"), answers.npos) << answers;
      EXPECT_EQ(count_of(answers, "HTTP/1.1 "), 3u) << answers;
    }
  });
}

TEST(HttpServer, who_waits_for_continue_and_is_refused_is_told_that_the_connection_ends) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient client(server.address());
    client.write("POST /upload-refused HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    const std::string answer = client.read_to_end(1s);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
    EXPECT_NE(answer.find("connection: close\r\n"), answer.npos) << answer;
    EXPECT_TRUE(client.ended);
  });
}

TEST(HttpServerTimeouts, the_head_the_body_and_the_next_request_must_come_in_time) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient head(server.address());
    head.write("GET / HT");
    RawClient body(server.address());
    body.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc");
    RawClient idle(server.address());
    idle.write(get("/path?x"));
    idle.read_ending("x");
    EXPECT_EQ(head.read_to_end(9s), "");
    EXPECT_TRUE(head.read_to_end(2s).starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(body.read_to_end(18s), "");
    EXPECT_TRUE(body.read_to_end(3s).starts_with("HTTP/1.1 408 "));
    idle.read_to_end(26s);
    EXPECT_FALSE(idle.ended);
    idle.read_to_end(5s);
    EXPECT_TRUE(idle.ended);
  });
}

TEST(HttpServerTimeouts, a_body_that_drips_is_given_up_and_a_slow_one_is_not) {
  with_server({}, [](PathService&, HttpServer& server) {
    RawClient drip(server.address());
    drip.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 90000\r\n\r\n");
    RawClient chunks(server.address());
    chunks.write("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    RawClient slow(server.address());
    slow.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 40960\r\n\r\n");
    for (int second = 0; second < 29; ++second) {
      drip.write("x");
      chunks.write("1\r\nx\r\n");
      if (second % 25 == 0) slow.write(std::string(5000, 's'));
      sleep(1s);
    }
    EXPECT_EQ(drip.read_to_end(0s), "");
    EXPECT_TRUE(drip.read_to_end(2s).starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(chunks.read_to_end(2s).starts_with("HTTP/1.1 408 "));
    for (int piece = 2; piece < 8; ++piece) {
      slow.write(std::string(5000, 's'));
      sleep(25s);
    }
    slow.write(std::string(960, 'e'));
    EXPECT_TRUE(slow.read_ending("e").starts_with("HTTP/1.1 200 "));
  });
}

TEST(HttpServerTimeouts, do_not_care_where_the_wall_clock_jumps_and_the_date_does) {
  world::SimulatedWorld world;
  with_server(world, {}, [&world](PathService&, HttpServer& server) {
    RawClient kept(server.address());
    kept.write(get("/path?x"));  // a connection is opened to be used, within header_timeout
    kept.read_ending("x");
    for (const auto by : {24h, -72h}) {
      world.jump_wall(by);
      sleep(30s);  // half of idle_timeout
      kept.write(get("/path?x"));
      const std::string answer = kept.read_ending("x");
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
      const auto now = std::chrono::floor<std::chrono::seconds>(world.clock().now().since_epoch);
      EXPECT_NE(answer.find("date: " + wire::http1::http_date(std::chrono::sys_seconds(now))), answer.npos) << answer;
    }
    RawClient head(server.address());
    head.write("GET / HT");
    world.jump_wall(24h);
    EXPECT_EQ(head.read_to_end(9s), "");
    EXPECT_TRUE(head.read_to_end(2s).starts_with("HTTP/1.1 408 "));
  });
}

TEST(HttpServerTimeouts, an_answer_that_nobody_takes_ends_the_connection) {
  with_server({}, [](PathService& service, HttpServer& server) {
    RawClient client(server.address());
    client.write(get("/stream"));
    tutti::sleep(29s);
    EXPECT_EQ(server.counts().connections, 1u);
    tutti::sleep(2s);
    EXPECT_EQ(server.counts().connections, 0u);
    EXPECT_EQ(service.finished, 0);
  });
}

TEST(HttpServerDrain, no_request_fails_but_for_a_clean_close_between_requests) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    world::SimulatedWorld world({.seed = seed});
    with_server(world, {}, [&](PathService& service, HttpServer& server) {
      int answered = 0;
      int half = 0;
      int unannounced = 0;
      Scope clients;
      for (int i = 0; i < 8; ++i) {
        clients.spawn([&] {
          RawClient client(server.address());
          for (;;) {
            client.write(get("/path?x"));
            const std::string answer = client.read_ending("\r\n\r\nx");
            if (answer.empty()) return void(++unannounced);
            answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nx") ? ++answered : ++half;
            if (answer.find("connection: close") != answer.npos) return;
          }
        });
      }
      tutti::sleep(20ms + std::chrono::microseconds(seed * 137));
      server.stop_accepting();
      EXPECT_TRUE(server.drain(this_shard().now() + 10s));
      clients.join();
      EXPECT_GT(answered, 8);
      EXPECT_EQ(half, 0);
      EXPECT_EQ(unannounced, 0) << "a client at work met a closed connection instead of an answer that says so";
      EXPECT_EQ(service.finished, answered) << "a request was served whose answer was lost";
    });
  }
}

}  // namespace
}  // namespace tutti::net::testing
