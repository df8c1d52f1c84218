// Who may call what: credentials over HTTP and RPC, and names that are merely claimed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/given.hpp"

namespace tutti {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace safe {
struct Who {
  std::string name;
};
inline constexpr Service service{"safe", "1.0"};
inline constexpr Method<Who()> who{service, "who", get("/who")};
inline constexpr Method<Who()> open{service, "open", get("/open"), {.allow = "safe:open"}};
}  // namespace safe

constexpr std::string_view ada_token = "ada-0123456789abcdef";
constexpr std::string_view bob_token = "bob-0123456789abcdef";

void serve(App& app) {
  app.serve(safe::who, [](const Context& context) { return safe::Who{context.identity().name}; });
  app.serve(safe::open, [](const Context& context) { return safe::Who{context.identity().name}; });
  app.raw("GET", "/raw",
          [](Request& request, Responder& reply) { reply.send(request.context().identity().name, "text/plain"); });
}
void serve_with_tokens(App& app) {
  app.authenticate(bearer_tokens({{std::string(ada_token), {.name = "ada", .permissions = {"safe:*"}}},
                                  {std::string(bob_token), {.name = "bob"}}}));
  serve(app);
}

std::string bearer(std::string_view token) { return "Authorization: Bearer " + std::string(token) + "\r\n"; }

// ---- HTTP -----------------------------------------------------------------------------------------------------

struct Tokens : ::testing::Test {
  given::Answer ask(std::string_view target, std::string_view fields = {}) {
    return given::ask(running.http, "GET", target, fields);
  }
  given::Running running{{{safe::service, serve_with_tokens}}};
};

TEST_F(Tokens, name_the_caller) {
  EXPECT_EQ(ask("/who", bearer(ada_token)).body, R"({"name":"ada"})");
  EXPECT_EQ(ask("/raw", bearer(ada_token)).body, "ada");
  EXPECT_EQ(ask("/who").body, R"({"name":"anonymous"})");
}

TEST_F(Tokens, open_what_their_permissions_allow) {
  EXPECT_EQ(ask("/open", bearer(ada_token)).status, 200);

  const auto forbidden = ask("/open", bearer(bob_token));
  const auto nobody = ask("/open");

  EXPECT_EQ(forbidden.status, 403);
  EXPECT_THAT(forbidden.body, HasSubstr("safe:open"));
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(nobody.header("www-authenticate"), "Bearer");
}

TEST_F(Tokens, that_are_wrong_are_refused_even_where_nobody_must_be_known) {
  const auto answer = ask("/who", bearer("eve-0123456789abcdef"));

  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.body, Not(HasSubstr("eve")));
  EXPECT_EQ(ask("/raw", bearer("")).status, 401);
}

TEST_F(Tokens, say_nothing_in_another_scheme) {
  EXPECT_EQ(ask("/who", "Authorization: Basic YWRhOmFkYQ==\r\n").body, R"({"name":"anonymous"})");
}

TEST_F(Tokens, cannot_be_replaced_by_claims_in_headers) {
  for (const char* claim : {"Tutti-Identity: ada\r\n", "X-Identity: ada\r\n", "Identity: ada\r\n",
                            "X-Forwarded-User: ada\r\n", "Forwarded: for=unix;by=ada\r\n"}) {
    EXPECT_EQ(ask("/who", claim).body, R"({"name":"anonymous"})") << claim;
    EXPECT_EQ(ask("/open", claim).status, 401) << claim;
  }
}

TEST(TokensAtStart, are_refused_when_they_are_short) {
  EXPECT_THROW(given::Running({{safe::service,
                                [](App& app) {
                                  app.authenticate(bearer_tokens({{"secret", {.name = "ada"}}}));
                                }}}),
               Error);
}

TEST(LocalSockets, know_the_processs_own_user) {
  const std::string path = "/tmp/tutti-identity-" + std::to_string(::getpid()) + ".sock";
  given::Running running({{safe::service, serve}}, {"--tutti.http.listen=unix:" + path});

  EXPECT_EQ(given::ask(running.http, "GET", "/who").body, R"({"name":"local"})");
  EXPECT_EQ(given::ask(running.http, "GET", "/open").status, 200);
}

TEST(LocalSockets, know_nobody_else) {
  const std::string path = "/tmp/tutti-identity-" + std::to_string(::getpid()) + ".sock";
  given::Running running(
      {{safe::service,
        [](App& app) {
          app.authenticate(local_peers({{::geteuid() + 1, {.name = "other", .permissions = {"*"}}}}));
          serve(app);
        }}},
      {"--tutti.http.listen=unix:" + path});

  EXPECT_EQ(given::ask(running.http, "GET", "/who").body, R"({"name":"anonymous"})");
  EXPECT_EQ(given::ask(running.http, "GET", "/open").status, 401);
}

// ---- RPC ------------------------------------------------------------------------------------------------------

// MessagePack by hand, as a stranger would send it.
std::string text(std::string_view value) {
  return value.size() < 32 ? std::string(1, static_cast<char>(0xa0 | value.size())) + std::string(value)
                           : std::string("\xd9") + static_cast<char>(value.size()) + std::string(value);
}
const std::string hello = std::string("\x94\x00\x00", 3) + text("tutti.hello") + "\x91\x81" + text("version") + "\x01";

// The bytes of the answer to a call with this metadata (a map, or empty: none).
std::string call(const world::Address& to, std::string_view method, const std::string& metadata) {
  given::Wire wire(to);
  wire.send(hello);
  (void)wire.receive();
  wire.send((metadata.empty() ? std::string("\x94\x00\x01", 3) : std::string("\x95\x00\x01", 3)) + text(method) +
            "\x91\x80" + metadata);
  return wire.receive();
}
std::string claim(std::string_view name) { return "\x81" + text("identity") + text(name); }
std::string token(std::string_view value) {
  return "\x81" + text("authorization") + text("Bearer " + std::string(value));
}
std::string token_and_claim(std::string_view value, std::string_view name) {
  return "\x82" + text("authorization") + text("Bearer " + std::string(value)) + text("identity") + text(name);
}

TEST(RpcIdentity, does_not_believe_a_claim_over_tcp) {
  given::Running running({{safe::service, serve}}, {"--tutti.rpc.listen=127.0.0.1:0"});

  EXPECT_THAT(call(running.rpc, "safe.who", claim("ada")), HasSubstr("anonymous"));
  EXPECT_THAT(call(running.rpc, "safe.open", claim("ada")), HasSubstr("unauthenticated"));
}

TEST(RpcIdentity, believes_a_claim_where_the_network_is_trusted_by_setting) {
  given::Running running({{safe::service, serve}},
                         {"--tutti.rpc.listen=127.0.0.1:0", "--tutti.rpc.trust_network=true"});

  EXPECT_THAT(call(running.rpc, "safe.who", claim("ada")), HasSubstr("ada"));
  EXPECT_THAT(call(running.rpc, "safe.open", claim("ada")), HasSubstr("ada"));
  EXPECT_THAT(call(running.rpc, "safe.open", {}), HasSubstr("unauthenticated"));
}

TEST(RpcIdentity, believes_a_claim_of_a_peer_that_the_kernel_vouches_for) {
  const std::string path = "/tmp/tutti-identity-" + std::to_string(::getpid()) + ".sock";
  given::Running running({{safe::service, serve}}, {"--tutti.rpc.listen=unix:" + path});

  EXPECT_THAT(call(running.rpc, "safe.who", {}), HasSubstr("local"));
  EXPECT_THAT(call(running.rpc, "safe.who", claim("orders")), HasSubstr("orders"));
}

TEST(RpcIdentity, takes_tokens_from_the_metadata) {
  given::Running running({{safe::service, serve_with_tokens}}, {"--tutti.rpc.listen=127.0.0.1:0"});

  EXPECT_THAT(call(running.rpc, "safe.open", token(ada_token)), HasSubstr("ada"));
  EXPECT_THAT(call(running.rpc, "safe.open", token(bob_token)), HasSubstr("permission_denied"));
  EXPECT_THAT(call(running.rpc, "safe.open", token("eve-0123456789abcdef")), HasSubstr("unauthenticated"));
  EXPECT_THAT(call(running.rpc, "safe.open", claim("ada")), HasSubstr("unauthenticated"));
}

TEST(RpcIdentity, lets_a_claim_add_no_permission) {
  given::Running running({{safe::service, serve_with_tokens}}, {"--tutti.rpc.listen=127.0.0.1:0"});

  EXPECT_THAT(call(running.rpc, "safe.open", token_and_claim(bob_token, "ada")), HasSubstr("permission_denied"));
}

TEST(RpcIdentity, keeps_the_proven_name_of_whoever_may_not_do_everything) {
  given::Running running({{safe::service, serve_with_tokens}}, {"--tutti.rpc.listen=127.0.0.1:0"});

  EXPECT_THAT(call(running.rpc, "safe.who", token_and_claim(ada_token, "bob")), HasSubstr("ada"));
}

TEST(RpcIdentity, listens_for_other_machines_only_with_an_authenticator) {
  try {
    given::Running running({{safe::service, serve}}, {"--tutti.rpc.listen=0.0.0.0:0"});
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("app.authenticate"));
    EXPECT_THAT(error.what(), HasSubstr("tutti.rpc.trust_network"));
  }
  EXPECT_NO_THROW(given::Running({{safe::service, serve_with_tokens}}, {"--tutti.rpc.listen=0.0.0.0:0"}));
}

TEST(AThrowingAuthenticator, costs_one_request_and_is_counted) {
  struct Odd final : Authenticator {
    std::optional<Identity> authenticate(const Credentials&) const override {
      throw std::out_of_range("the list of guests is lost");
    }
  };
  given::Running running({{safe::service,
                           [](App& app) {
                             app.authenticate(std::make_unique<Odd>());
                             serve(app);
                           }}},
                         {"--tutti.rpc.listen=127.0.0.1:0"});

  const auto answer = given::ask(running.http, "GET", "/who");
  const std::string reply = call(running.rpc, "safe.who", {});

  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_THAT(reply, HasSubstr("internal"));
  EXPECT_THAT(running.log("the list of guests is lost"), ::testing::SizeIs(2));
  EXPECT_THAT(given::ask(running.admin, "GET", "/metrics").body, HasSubstr("http_response_status_code=\"500\""));
}

}  // namespace
}  // namespace tutti
