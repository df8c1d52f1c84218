// More requests than a shard can answer, in virtual time: a handler works by moving the clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include <tutti/tutti.hpp>

#include "client/client.hpp"
#include "net/http_server.hpp"
#include "net/rpc_server.hpp"
#include "observe/log/sink.hpp"
#include "observe/trace/tracer.hpp"
#include "service/admin_entry.hpp"
#include "service/concurrency_limit.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/http_entry.hpp"
#include "service/rpc_entry.hpp"
#include "settings/settings.hpp"
#include "world/simulated.hpp"

namespace overload {

using namespace tutti;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Grain {
  std::int64_t work_us = 0;
  std::int64_t wait_us = 0;
};
struct Flour {
  std::int64_t sacks = 0;
};
constexpr Service mill{"mill", "1.0"};
constexpr Method<Flour(Grain)> grind{mill, "grind", post("/grind"), {.deadline = 30s}};
constexpr Method<Flour(Grain)> sift{mill, "sift", post("/sift"), {.deadline = 30s}};
constexpr Method<Flour(Grain)> look{mill, "look", post("/look"), {.deadline = 30s}};

struct Load {
  std::size_t clients = 0;
  std::chrono::nanoseconds lasts{0};
  Grain grain = {};
  std::chrono::nanoseconds pause = 10ms;  // of a client that was refused
};
struct Outcome {
  std::size_t answered = 0;
  std::size_t refused = 0;
  std::vector<std::chrono::nanoseconds> took = {};  // of those answered

  [[nodiscard]] std::chrono::nanoseconds percentile(std::size_t percent) {
    std::ranges::sort(took);
    return took.at(took.size() * percent / 100);
  }
};

// A server's machine with one shard, and a shard of clients, driven in turn.
class Mill {
 public:
  explicit Mill(std::vector<std::string> flags = {"--tutti.overload.wait_max=20ms"})
      : sources_({.files = world_.files(), .arguments = std::move(flags), .prefixes = {"tutti", "mill"}}) {
    detail::LibrarySettings library;
    sources_.load(detail::shape_of<detail::LibrarySettings>(), &library, "tutti");
    environment_.emplace(detail::Environment::Parts{.world = world_,
                                                    .library = library,
                                                    .sources = sources_,
                                                    .log_sink = lines,
                                                    .log_style = observe::LogStyle::json,
                                                    .tracer = tracer_});
    const runtime::CurrentShard current(server_);
    host_.emplace(server_, *environment_);
    host_->add({mill, [this](App& app) {
                  const auto work = [this](const Grain& grain) {
                    world_.advance_to(world_.clock().instant() + std::chrono::microseconds(grain.work_us));
                    if (grain.wait_us != 0) sleep(std::chrono::microseconds(grain.wait_us));
                    return Flour{1};
                  };
                  app.serve(grind, work);
                  app.serve(sift, work, {.priority = Priority::low});
                  app.serve(look, work, {.priority = Priority::high});
                }});
    http_entry_.emplace(*host_);
    rpc_entry_.emplace(*host_);
    admin_entry_.emplace(detail::AdminEntry::Sources{
        .not_ready = [] { return std::vector<std::string>(); },
        .remarks = [] { return std::vector<std::string>(); },
        .metrics = [] { return std::string(); },
        .openapi = [](std::string_view) { return std::string(); },
        .asyncapi = [](std::string_view) { return std::string(); },
        .docs = [] { return std::string(); },
    });
    http_ = net::serve_http(server_, *http_entry_, {.listen = *world::parse_address("127.0.0.1:80")});
    rpc_ = net::serve_rpc(server_, *rpc_entry_, {.listen = *world::parse_address("127.0.0.1:81")});
    admin_ = net::serve_http(server_, *admin_entry_, {.listen = *world::parse_address("127.0.0.1:82")});
    const runtime::CurrentShard clients(clients_);
    const auto target = [](client::Transport transport, const char* endpoint) {
      return client::TargetSettings{
          .transport = transport, .endpoints = {endpoint}, .connections_max = 1000, .attempts_max = 1};
    };
    http_client = client::make_client(clients_, {{"mill", target(client::Transport::http, "127.0.0.1:80")}});
    rpc_client = client::make_client(clients_, {{"mill", target(client::Transport::rpc, "127.0.0.1:81")}});
  }
  ~Mill() {
    {
      const runtime::CurrentShard current(clients_);
      http_client.reset();
      rpc_client.reset();
    }
    const runtime::CurrentShard current(server_);
    admin_.reset();
    rpc_.reset();
    http_.reset();
    host_.reset();
    environment_->close();
  }

  // Runs `body` on a fiber of the clients' shard.
  void run(std::function<void()> body) {
    done_ = false;
    clients_.spawn({.name = "test"}, [&] {
      body();
      done_ = true;
    });
    while (!done_) step();
  }
  void pass(std::chrono::nanoseconds time) {
    run([time] { sleep(time); });
  }
  // Clients that ask one request after the other.
  Outcome ask(client::Client& client, const detail::MethodSpec& method, const Load& load) {
    Outcome outcome;
    run([&] {
      const Instant end = clients_.now() + load.lasts;
      Scope scope;
      for (std::size_t i = 0; i < load.clients; ++i) {
        scope.spawn([&] {
          while (clients_.now() < end) once(client, method, load, outcome);
        });
      }
      scope.join();
    });
    return outcome;
  }
  HttpReply send(HttpRequest request) {
    HttpReply reply;
    run([&] { reply = http_client->http().send(request); });
    return reply;
  }
  [[nodiscard]] detail::ConcurrencyLimit& limit() { return host_->limit(); }
  [[nodiscard]] detail::ConcurrencyFigures figures() { return limit().figures(); }
  [[nodiscard]] runtime::Shard& clients() { return clients_; }

  std::unique_ptr<client::Client> http_client;
  std::unique_ptr<client::Client> rpc_client;
  observe::MemorySink lines;

 private:
  void once(client::Client& client, const detail::MethodSpec& method, const Load& load, Outcome& outcome) {
    const Instant start = clients_.read_clock();
    Flour flour;
    try {
      std::destroy_at(&flour);
      client.call(method, &load.grain, &flour, {.deadline = start + 30s});
      ++outcome.answered;
      outcome.took.push_back(clients_.read_clock() - start);
    } catch (const Error& error) {
      std::construct_at(&flour);
      if (error.code() != Code::unavailable) throw;
      ++outcome.refused;
      sleep(load.pause);
    }
  }
  void step() {
    while (clients_.turn()) {
    }
    if (server_.turn() || done_) return;
    world_.advance_to(std::min({server_.next_timer(), clients_.next_timer(), world_.next_event()}));
  }

  bool done_ = false;
  world::SimulatedWorld world_;
  settings::Sources sources_;
  observe::Tracer tracer_{observe::TracerSettings{}, world_.clock(), world_.random(), nullptr};
  std::optional<detail::Environment> environment_;
  runtime::Shard server_{world_, {}};
  runtime::Shard clients_{world_, {}};
  std::optional<detail::Host> host_;
  std::optional<detail::HttpEntry> http_entry_;
  std::optional<detail::RpcEntry> rpc_entry_;
  std::optional<detail::AdminEntry> admin_entry_;
  std::unique_ptr<net::HttpServer> http_, admin_;
  std::unique_ptr<net::RpcServer> rpc_;
};

// A request of one millisecond: a thousand a second is what the machine can do.
constexpr Grain one_ms{.work_us = 1000};
constexpr double per_second = 1000;

TEST(Overload, over_http_the_limit_falls_and_most_of_the_capacity_is_used) {
  Mill server;

  (void)server.ask(*server.http_client, grind, {.clients = 300, .lasts = 3s, .grain = one_ms});
  Outcome overloaded = server.ask(*server.http_client, grind, {.clients = 300, .lasts = 5s, .grain = one_ms});

  EXPECT_LT(server.figures().limit, 100);
  EXPECT_GT(overloaded.refused, 0u);
  EXPECT_GT(static_cast<double>(overloaded.answered), 0.9 * 5 * per_second);
  EXPECT_LT(overloaded.percentile(99), 200ms);  // 300 ms without a limit
  EXPECT_EQ(server.figures().in_flight, 0u);
}

TEST(Overload, over_rpc_the_limit_falls_and_most_of_the_capacity_is_used) {
  Mill server;

  (void)server.ask(*server.rpc_client, grind, {.clients = 300, .lasts = 3s, .grain = one_ms});
  Outcome overloaded = server.ask(*server.rpc_client, grind, {.clients = 300, .lasts = 5s, .grain = one_ms});

  EXPECT_LT(server.figures().limit, 100);
  EXPECT_GT(overloaded.refused, 0u);
  EXPECT_GT(static_cast<double>(overloaded.answered), 0.9 * 5 * per_second);
  EXPECT_LT(overloaded.percentile(99), 200ms);
}

TEST(Overload, the_limit_grows_back_once_the_load_is_gone) {
  Mill server;
  (void)server.ask(*server.http_client, grind, {.clients = 300, .lasts = 3s, .grain = one_ms});
  const double low = server.figures().limit;

  const Outcome calm = server.ask(*server.http_client, grind,
                                  {.clients = 20, .lasts = 3s, .grain = {.work_us = 100, .wait_us = 10'000}});
  const double later = server.figures().limit;
  server.pass(10min);
  (void)server.ask(*server.http_client, grind, {.clients = 1, .lasts = 1ms, .grain = one_ms});

  EXPECT_GT(later, 4 * low);
  EXPECT_EQ(calm.refused, 0u);
  EXPECT_EQ(server.figures().limit, detail::ConcurrencyLimit::none);
}

TEST(Overload, the_admin_port_answers_meanwhile) {
  Mill server;
  std::size_t asked = 0;
  std::chrono::nanoseconds longest{0};
  bool ends = false;
  server.clients().spawn({.name = "probe"}, [&] {
    sleep(1s);
    while (!ends) {
      const Instant start = server.clients().read_clock();
      const HttpReply reply = server.http_client->http().send({.url = "http://127.0.0.1:82/livez"});
      if (reply.status == 200) ++asked;
      longest = std::max(longest, server.clients().read_clock() - start);
      sleep(100ms);
    }
  });

  (void)server.ask(*server.http_client, grind, {.clients = 300, .lasts = 5s, .grain = one_ms});
  ends = true;
  server.pass(1s);

  EXPECT_GT(asked, 20u);
  EXPECT_LT(longest, 200ms);
  EXPECT_GT(server.figures().shed, 0u);
}

TEST(Overload, a_refusal_is_a_503_with_retry_after_and_a_problem_document) {
  Mill server;
  (void)server.ask(*server.http_client, grind, {.clients = 300, .lasts = 3s, .grain = one_ms});
  HttpReply refused;
  server.clients().spawn({.name = "load"}, [&] {
    Scope scope;
    for (int i = 0; i < 300; ++i) {
      scope.spawn([&] {
        HttpReply reply = server.http_client->http().send({.method = "POST",
                                                           .url = "http://127.0.0.1:80/grind",
                                                           .headers = {{"content-type", "application/json"}},
                                                           .body = R"({"work_us":1000})"});
        if (reply.status != 200) refused = std::move(reply);
      });
    }
    scope.join();
  });
  server.pass(5s);

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(refused.header("content-type"), "application/problem+json");
  EXPECT_THAT(refused.body, HasSubstr(R"("type":"tutti.Overloaded")"));
  EXPECT_THAT(refused.body, HasSubstr(R"("code":"unavailable")"));
}

TEST(Overload, high_priority_is_never_refused) {
  Mill server;
  (void)server.ask(*server.rpc_client, grind, {.clients = 300, .lasts = 3s, .grain = one_ms});
  const std::uint64_t before = server.figures().shed;

  const Outcome high = server.ask(*server.rpc_client, look, {.clients = 300, .lasts = 3s, .grain = one_ms});

  EXPECT_EQ(high.refused, 0u);
  EXPECT_EQ(server.figures().shed, before);
}

TEST(Overload, low_priority_has_half_of_the_limit) {
  Mill server;
  (void)server.ask(*server.rpc_client, grind, {.clients = 300, .lasts = 3s, .grain = one_ms});
  server.pass(1ms);
  const auto limit = static_cast<std::size_t>(server.figures().limit);
  const auto taken = [&](Priority priority) {
    std::size_t count = 0;
    while (count < 1000 && server.limit().enter(priority)) ++count;
    return count;
  };

  EXPECT_LE(taken(Priority::low), limit / 2 + 1);
  EXPECT_GE(server.figures().in_flight, limit / 2);
  EXPECT_GE(taken(Priority::normal), limit / 2 - 1);
  EXPECT_NEAR(static_cast<double>(server.figures().in_flight), static_cast<double>(limit), 1);
  EXPECT_EQ(taken(Priority::high), 1000u);
  while (server.figures().in_flight > 0) server.limit().leave();
}

TEST(Overload, handlers_that_wait_for_others_are_no_load) {
  Mill server;

  const Outcome outcome = server.ask(*server.rpc_client, grind,
                                     {.clients = 500, .lasts = 5s, .grain = {.work_us = 10, .wait_us = 100'000}});

  EXPECT_EQ(outcome.refused, 0u);
  EXPECT_EQ(server.figures().limit, detail::ConcurrencyLimit::none);
}

TEST(Overload, without_the_setting_nothing_is_refused) {
  Mill server({"--tutti.overload.wait_max=0ms"});

  Outcome outcome = server.ask(*server.http_client, grind, {.clients = 300, .lasts = 5s, .grain = one_ms});

  EXPECT_EQ(outcome.refused, 0u);
  EXPECT_GT(outcome.percentile(99), 250ms);
}

TEST(Overload, is_told_in_the_log_once) {
  Mill server;

  (void)server.ask(*server.http_client, grind, {.clients = 300, .lasts = 5s, .grain = one_ms});

  int told = 0;
  for (const std::string& line : server.lines.take())
    told += line.find("faster than they are answered") != std::string::npos ? 1 : 0;
  EXPECT_EQ(told, 1);
}

}  // namespace overload
