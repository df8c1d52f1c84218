// Server-sent events in virtual time: what keeps an idle stream alive.
#include "service/http_stream.hpp"

#include <gtest/gtest.h>

#include <tutti/contract.hpp>
#include <tutti/wait.hpp>

#include "runtime/shard.hpp"
#include "world/simulated.hpp"

namespace tutti::detail {
namespace {

using namespace std::chrono_literals;

struct Beat {
  int number = 0;
};

class Exchange final : public net::HttpExchange {
 public:
  const wire::http1::RequestHead& head() const override { return head_; }
  const void* target() const override { return nullptr; }
  const net::Peer& peer() const override { return peer_; }
  Instant received() const override { return {}; }
  std::string_view body() const override { return {}; }
  std::size_t read(std::span<std::byte>) override { return 0; }
  void respond(int status, std::string_view, std::string_view body, std::span<const net::HttpHeader>) override {
    sent = std::to_string(status) + " " + std::string(body);
    started_ = true;
  }
  void start(int, std::string_view, std::span<const net::HttpHeader>, std::size_t) override { started_ = true; }
  void write(std::string_view bytes) override { sent += bytes; }
  void flush() override {}
  void finish() override { sent += "<end>"; }
  void upgrade(std::span<const net::HttpHeader>, std::function<void(net::Upgraded)>) override {}
  bool started() const override { return started_; }
  bool peer_gone() const override { return false; }
  std::uint64_t bytes_sent() const override { return sent.size(); }

  std::string sent;

 private:
  wire::http1::RequestHead head_;
  net::Peer peer_;
  bool started_ = false;
};

struct ServerSentEvents : ::testing::Test {
  // Runs it on a fiber; the clock goes on when nothing else does.
  template <class F>
  void run(F body) {
    bool done = false;
    {
      const runtime::CurrentShard current(shard);
      shard.spawn({.name = "test"}, [&] {
        body();
        done = true;
      });
    }
    while (!done) {
      if (!shard.turn()) world.advance_to(shard.next_timer());
    }
  }

  world::SimulatedWorld world{{.seed = 1}};
  runtime::Shard shard{world, {}};
  Exchange exchange;
};

TEST_F(ServerSentEvents, are_kept_alive_by_comments_while_there_are_none) {
  run([&] {
    HttpSink sink(exchange, shape_of<Beat>(), HttpSink::Form::events, 200, {});
    sleep(16s);
    EXPECT_TRUE(exchange.started());
    EXPECT_EQ(exchange.sent, ":\n\n");
    const Beat beat{.number = 7};
    sink.write(&beat, "a");
    sleep(45s);
    sink.finish();
  });

  EXPECT_EQ(exchange.sent, ":\n\nid: a\ndata: {\"number\":7}\n\n:\n\n:\n\n<end>");
}

TEST_F(ServerSentEvents, may_still_fail_with_a_status_before_the_first) {
  run([&] {
    HttpSink sink(exchange, shape_of<Beat>(), HttpSink::Form::events, 200, {});
    sleep(1s);
    EXPECT_FALSE(exchange.started());
  });

  EXPECT_EQ(exchange.sent, "");
}

TEST_F(ServerSentEvents, are_the_only_form_that_is_kept_alive) {
  run([&] {
    HttpSink sink(exchange, shape_of<Beat>(), HttpSink::Form::lines, 200, {});
    sleep(1min);
    EXPECT_FALSE(exchange.started());
    sink.finish();
  });

  EXPECT_EQ(exchange.sent, "<end>");
}

}  // namespace
}  // namespace tutti::detail
