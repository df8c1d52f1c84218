// Our own TLS client and server, and what each says when the other is not who he should be. Certificates are made by
// the openssl command.
#include "net/tls.hpp"

#include <filesystem>
#include <fstream>
#include <random>

#include "net/connector.hpp"
#include "net/http_fixture.hpp"

namespace tutti::net::testing {
namespace {

using runtime::testing::code_thrown_by;
using runtime::testing::message_of;

// A folder with authority.pem, and for each name NAME.pem and NAME.key by that authority.
class Certificates {
 public:
  Certificates()
      : folder_(std::filesystem::temp_directory_path() / ("tls_test." + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directories(folder_);
    const std::string fresh_key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
    for (const std::string name : {"authority", "stranger"})
      openssl("req -x509" + fresh_key + "-days 2 -subj /CN=" + name + " -keyout " + name + ".key -out " + name +
              ".pem");
    for (const std::string name : {"localhost", "other.test"}) {
      openssl("req" + fresh_key + "-subj /CN=" + name + " -addext subjectAltName=DNS:" + name + " -keyout " + name +
              ".key -out " + name + ".csr");
      openssl("x509 -req -in " + name + ".csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 " +
              "-copy_extensions copy -out " + name + ".pem");
    }
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path(const std::string& file) const { return folder_ / file; }

 private:
  void openssl(const std::string& arguments) const {
    const std::string command = "cd " + folder_.string() + " && openssl " + arguments + " 2> /dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
  }
  std::filesystem::path folder_;
};

class Tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { certificates = new Certificates; }
  static void TearDownTestSuite() { delete certificates; }

  // Runs `body` beside a server that says it is `name`.
  template <class F>
  void with_server(const std::string& name, F body) {
    const auto world = world::real_world();
    on_fiber(*world, [&] {
      PathService service;
      const auto tls =
          make_tls_server(world->files(), certificates->path(name + ".pem"), certificates->path(name + ".key"));
      const auto server =
          serve_http(this_shard(), service, {.listen = *world::parse_address("127.0.0.1:0"), .tls = tls.get()});
      const auto client = make_tls_client(world->files(), certificates->path("authority.pem"));
      body(*server, *client);
    });
  }

  static std::string read_to_end(FiberStream& stream) {
    std::string got;
    std::array<std::byte, 4096> room;
    while (const std::size_t count = stream.read(room)) got.append(reinterpret_cast<const char*>(room.data()), count);
    return got;
  }

  inline static Certificates* certificates = nullptr;
};

TEST_F(Tls, a_megabyte_goes_both_ways_and_ends) {
  with_server("localhost", [](HttpServer& server, TlsClient& client) {
    const auto stream = connect(this_shard(), server.address(), &client, "localhost");
    const std::string body(1'000'000, 'm');
    stream->write(post("/echo", body, "connection: close\r\n"));
    EXPECT_TRUE(read_to_end(*stream).ends_with("\r\n\r\n" + body));
  });
}

TEST_F(Tls, a_slow_reader_gets_all_of_a_large_answer_and_its_end) {
  with_server("localhost", [](HttpServer& server, TlsClient& client) {
    const auto stream = connect(this_shard(), server.address(), &client, "localhost");
    stream->write(get("/stream", "connection: close\r\n"));
    tutti::sleep(50ms);  // all room between them is full
    const std::string answer = read_to_end(*stream);
    EXPECT_EQ(count_of(std::string_view(answer).substr(answer.find("\r\n\r\n")), "y"), 8u * 1024 * 1024);
    EXPECT_TRUE(answer.ends_with("0\r\n\r\n"));
  });
}

TEST_F(Tls, a_certificate_for_another_name_is_refused_by_name) {
  with_server("other.test", [](HttpServer& server, TlsClient& client) {
    EXPECT_EQ(message_of([&] { (void)connect(this_shard(), server.address(), &client, "localhost"); }),
              "cannot connect to " + world::to_string(server.address()) + ": its certificate is for another name");
    EXPECT_NO_THROW((void)connect(this_shard(), server.address(), &client, "other.test"));
  });
}

TEST_F(Tls, an_authority_that_is_not_known_is_refused) {
  with_server("localhost", [](HttpServer& server, TlsClient&) {
    const auto world = world::real_world();
    const auto client = make_tls_client(world->files(), certificates->path("stranger.pem"));
    const std::string said =
        message_of([&] { (void)connect(this_shard(), server.address(), client.get(), "localhost"); });
    EXPECT_NE(said.find(": its certificate is not trusted: "), said.npos) << said;
  });
}

TEST_F(Tls, the_authorities_may_come_by_the_environment) {
  with_server("localhost", [](HttpServer& server, TlsClient&) {
    ASSERT_EQ(::setenv("SSL_CERT_FILE", certificates->path("authority.pem").c_str(), 1), 0);
    const auto world = world::real_world();
    const auto client = make_tls_client(world->files());
    EXPECT_NO_THROW((void)connect(this_shard(), server.address(), client.get(), "localhost"));
    ::unsetenv("SSL_CERT_FILE");
  });
}

TEST_F(Tls, a_server_without_tls_is_told_apart) {
  const auto world = world::real_world();
  on_fiber(*world, [&] {
    PathService service;
    const auto server = serve_http(this_shard(), service, {.listen = *world::parse_address("127.0.0.1:0")});
    const auto client = make_tls_client(world->files(), certificates->path("authority.pem"));
    const std::string said =
        message_of([&] { (void)connect(this_shard(), server->address(), client.get(), "localhost"); });
    EXPECT_EQ(said, "cannot connect to " + world::to_string(server->address()) + ": TLS: wrong version number");
  });
}

// Whoever stands in between can end a connection, but not say that it is the end of the answer.
TEST_F(Tls, an_end_without_close_notify_is_an_error) {
  const auto world = world::real_world();
  on_fiber(*world, [&] {
    const auto tls =
        make_tls_server(world->files(), certificates->path("localhost.pem"), certificates->path("localhost.key"));
    int error = 0;
    const auto listener = this_shard().network().listen(*world::parse_address("127.0.0.1:0"), {}, error);
    ASSERT_TRUE(listener);
    Scope scope;
    scope.spawn([&] {
      int none = 0;
      std::unique_ptr<world::Connection> accepted;
      while (!(accepted = listener->accept(none))) tutti::sleep(1ms);
      accepted = tls->wrap(std::move(accepted));
      constexpr std::string_view half = "half of it";
      while (accepted->write(std::as_bytes(std::span(half))).outcome == world::Outcome::again) tutti::sleep(1ms);
    });  // destroyed: the plain connection ends, TLS does not
    const auto client = make_tls_client(world->files(), certificates->path("authority.pem"));
    const auto stream = connect(this_shard(), listener->address(), client.get(), "localhost");
    EXPECT_EQ(message_of([&] { (void)read_to_end(*stream); }),
              "reading from " + world::to_string(listener->address()) + " failed: it ended without close_notify");
    scope.join();
  });
}

}  // namespace
}  // namespace tutti::net::testing
