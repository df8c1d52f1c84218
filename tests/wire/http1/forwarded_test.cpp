#include "wire/http1/forwarded.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace tutti::wire::http1 {
namespace {

Fields fields_of(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
  Fields fields;
  for (const auto& [name, value] : list) EXPECT_TRUE(fields.add(name, value));
  return fields;
}
TrustedProxies networks(std::initializer_list<std::string_view> list) {
  TrustedProxies trusted;
  for (std::string_view text : list) trusted.networks.push_back(parse_cidr(text).value());
  return trusted;
}

TEST(Forwarded, reads_the_examples_of_rfc_7239) {
  const auto elements = parse_forwarded(
      "for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\";proto=http;by=203.0.113.43, for=unknown, for=\"_gazonk\"");
  ASSERT_TRUE(elements);
  ASSERT_EQ(elements->size(), 4u);
  EXPECT_EQ((*elements)[0].forwarded_for, "192.0.2.43");
  EXPECT_EQ((*elements)[1].forwarded_for, "2001:db8:cafe::17");
  EXPECT_EQ((*elements)[1].proto, "http");
  EXPECT_EQ((*elements)[1].by, "203.0.113.43");
  EXPECT_EQ((*elements)[3].forwarded_for, "_gazonk");
  for (std::string_view text : {"for", "for=", "for=\"a", "f r=a", "for=[::1]"})
    EXPECT_FALSE(parse_forwarded(text)) << text;
}

TEST(Forwarded, is_ignored_without_trust_and_from_strangers) {
  const Fields fields = fields_of({{"x-forwarded-for", "6.6.6.6"}, {"x-forwarded-proto", "https"}});
  EXPECT_EQ(origin_of(fields, "10.0.0.1", {}).address, "10.0.0.1");
  EXPECT_EQ(origin_of(fields, "10.0.0.1", {}).proto, "");
  EXPECT_EQ(origin_of(fields, "9.9.9.9", networks({"10.0.0.0/8"})).address, "9.9.9.9");
}

TEST(Forwarded, walks_back_to_the_first_address_that_is_no_trusted_proxy) {
  const Fields fields = fields_of({{"x-forwarded-for", "6.6.6.6, 1.2.3.4"},
                                   {"X-Forwarded-For", "10.0.0.2"},
                                   {"x-forwarded-proto", "HTTPS"},
                                   {"x-forwarded-host", "shop.example"}});
  const Origin origin = origin_of(fields, "10.0.0.1", networks({"10.0.0.0/8"}));
  EXPECT_EQ(origin.address, "1.2.3.4");
  EXPECT_EQ(origin.proto, "https");
  EXPECT_EQ(origin.host, "shop.example");
}

TEST(Forwarded, counts_proxies_where_their_addresses_are_not_known) {
  const Fields fields = fields_of({{"x-forwarded-for", "6.6.6.6, 1.2.3.4, 7.7.7.7"}});
  EXPECT_EQ(origin_of(fields, "8.8.8.8", {.hops = 1}).address, "7.7.7.7");
  EXPECT_EQ(origin_of(fields, "8.8.8.8", {.hops = 2}).address, "1.2.3.4");
  EXPECT_EQ(origin_of(fields, "8.8.8.8", {.hops = 9}).address, "6.6.6.6");
}

TEST(Forwarded, trusts_a_unix_socket_when_anything_is_trusted) {
  const Fields fields = fields_of({{"forwarded", "for=\"[2001:db8::1]:99\";proto=https;host=\"shop.example:8443\""}});
  const Origin origin = origin_of(fields, "", networks({"127.0.0.1"}));
  EXPECT_EQ(origin.address, "2001:db8::1");
  EXPECT_EQ(origin.proto, "https");
  EXPECT_EQ(origin.host, "shop.example:8443");
}

TEST(Forwarded, believes_neither_when_old_and_new_disagree) {
  const auto trusted = networks({"10.0.0.1"});
  const Fields both = fields_of({{"forwarded", "for=6.6.6.6"}, {"x-forwarded-for", "1.2.3.4"}});
  EXPECT_EQ(origin_of(both, "10.0.0.1", trusted).address, "10.0.0.1");
  const Fields same = fields_of({{"forwarded", "for=1.2.3.4;proto=https"}, {"x-forwarded-for", "1.2.3.4"}});
  EXPECT_EQ(origin_of(same, "10.0.0.1", trusted).address, "1.2.3.4");
  const Fields broken = fields_of({{"forwarded", "for"}, {"x-forwarded-for", "1.2.3.4"}});
  EXPECT_EQ(origin_of(broken, "10.0.0.1", trusted).address, "10.0.0.1");
}

TEST(Forwarded, drops_protocols_and_hosts_that_are_none) {
  const Fields fields =
      fields_of({{"x-forwarded-for", "1.2.3.4"}, {"x-forwarded-proto", "javascript"}, {"x-forwarded-host", "a b"}});
  const Origin origin = origin_of(fields, "10.0.0.1", networks({"10.0.0.1"}));
  EXPECT_EQ(origin.proto, "");
  EXPECT_EQ(origin.host, "");
}

TEST(Cidr, holds_the_addresses_of_its_network) {
  const auto has = [](std::string_view cidr, std::string_view ip) {
    return parse_cidr(cidr).value().has(parse_ip(ip).value());
  };
  EXPECT_TRUE(has("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(has("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(has("192.168.4.0/23", "192.168.5.1"));
  EXPECT_FALSE(has("192.168.4.0/23", "192.168.6.1"));
  EXPECT_TRUE(has("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(has("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(has("::/0", "2001:db8::1"));
  EXPECT_TRUE(has("fd00::/8", "fd12::1"));
  EXPECT_TRUE(has("127.0.0.1", "::ffff:127.0.0.1"));
  for (std::string_view text : {"", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "host"})
    EXPECT_FALSE(parse_cidr(text)) << text;
}

}  // namespace
}  // namespace tutti::wire::http1
