#include "bus/uri.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/error.hpp>

namespace tutti::bus {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Host = BrokerUri::Host;

std::string fault_of(std::string_view text) {
  try {
    (void)parse_broker_uri(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::failed_precondition);
    return error.what();
  }
  return {};
}

TEST(BrokerUri, has_the_defaults_of_every_client) {
  const BrokerUri uri = parse_broker_uri("amqp://rabbit");

  EXPECT_THAT(uri.hosts, ElementsAre(Host{"rabbit", 5672}));
  EXPECT_EQ(uri.user, "guest");
  EXPECT_EQ(uri.password, "guest");
  EXPECT_EQ(uri.virtual_host, "/");
  EXPECT_EQ(uri.heartbeat, std::chrono::seconds(60));
  EXPECT_FALSE(uri.tls);
}

TEST(BrokerUri, decodes_user_password_and_virtual_host) {
  const BrokerUri uri = parse_broker_uri("amqp://ada:p%40ss%3A@rabbit:5000/my%2Fshop?heartbeat=15");

  EXPECT_EQ(uri.user, "ada");
  EXPECT_EQ(uri.password, "p@ss:");
  EXPECT_EQ(uri.virtual_host, "my/shop");
  EXPECT_EQ(uri.heartbeat, std::chrono::seconds(15));
}

TEST(BrokerUri, takes_several_hosts_and_addresses) {
  const BrokerUri uri = parse_broker_uri("amqps://ada:x@rabbit-1,10.0.0.2:5000,[::1]:5001/shop");

  EXPECT_THAT(uri.hosts, ElementsAre(Host{"rabbit-1", 5671}, Host{"10.0.0.2", 5000}, Host{"::1", 5001}));
  EXPECT_TRUE(uri.tls);
  EXPECT_EQ(uri.virtual_host, "shop");
  EXPECT_EQ(to_string(uri.hosts[2]), "[::1]:5001");
}

TEST(BrokerUri, means_the_default_virtual_host_in_every_spelling) {
  EXPECT_EQ(parse_broker_uri("amqp://rabbit/").virtual_host, "/");
  EXPECT_EQ(parse_broker_uri("pyamqp://rabbit//").virtual_host, "/");
  EXPECT_EQ(parse_broker_uri("amqp://rabbit/%2f").virtual_host, "/");
  EXPECT_EQ(parse_broker_uri("amqp://rabbit?heartbeat=0").virtual_host, "/");
}

TEST(BrokerUri, names_the_certificate_by_which_the_service_logs_in) {
  const BrokerUri uri =
      parse_broker_uri("amqps://rabbit/shop?auth_mechanism=external&certfile=%2Fetc%2Forders.pem&keyfile=orders.key");

  EXPECT_EQ(uri.login, BrokerUri::Login::external);
  EXPECT_EQ(uri.certificate, "/etc/orders.pem");
  EXPECT_EQ(uri.key, "orders.key");
  EXPECT_EQ(parse_broker_uri("amqp://rabbit?auth_mechanism=plain").login, BrokerUri::Login::plain);
  EXPECT_THAT(fault_of("amqps://rabbit?auth_mechanism=external"), HasSubstr("without certfile and keyfile"));
  EXPECT_THAT(fault_of("amqps://rabbit?certfile=orders.pem"), HasSubstr("only one of certfile and keyfile"));
  EXPECT_THAT(fault_of("amqp://rabbit?keyfile=orders.key"), HasSubstr("keyfile, which is for amqps:"));
  EXPECT_THAT(fault_of("amqps://rabbit?auth_mechanism=gssapi"), HasSubstr("auth_mechanism=gssapi"));
}

TEST(BrokerUri, says_what_is_wrong_without_the_password) {
  EXPECT_THAT(fault_of("redis://ada:secret@rabbit"), AllOf(HasSubstr("redis://"), Not(HasSubstr("secret"))));
  EXPECT_THAT(fault_of("rabbit:5672"), HasSubstr("no scheme"));
  EXPECT_THAT(fault_of("amqp://"), HasSubstr("no host"));
  EXPECT_THAT(fault_of("amqp://ada:secret@:5672"), AllOf(HasSubstr("no host"), Not(HasSubstr("secret"))));
  EXPECT_THAT(fault_of("amqp://rabbit:many"), HasSubstr("port"));
  EXPECT_THAT(fault_of("amqp://rabbit:0"), HasSubstr("port"));
  EXPECT_THAT(fault_of("amqp://rabbit:65536"), HasSubstr("port"));
  EXPECT_THAT(fault_of("amqp://a%zz@rabbit"), HasSubstr("escape in its user"));
  EXPECT_THAT(fault_of("amqp://[::1"), HasSubstr("without its ]"));
  EXPECT_THAT(fault_of("amqp://rabbit?heartbeat=often"), HasSubstr("heartbeat=often"));
  EXPECT_EQ(parse_broker_uri("amqps://rabbit?cacertfile=%2Fetc%2Fca.pem").authorities, "/etc/ca.pem");
  EXPECT_THAT(fault_of("amqp://rabbit?cacertfile=ca.pem"), HasSubstr("cacertfile, which is for amqps:"));
  EXPECT_THAT(fault_of("amqp://rabbit?heartbeet=5"), HasSubstr("heartbeet"));
}

}  // namespace
}  // namespace tutti::bus
