#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/error.hpp>

#include "service/documents.hpp"

namespace tutti::detail {
namespace {

using testing::HasSubstr;
using Kind = ContractDifference::Kind;

// A contract with one method; `properties`, `required` and `order` are its request's.
std::string contract(const std::string& properties, const std::string& required, const std::string& order,
                     const std::string& states = R"("paid")") {
  return R"({"paths":{"/charges":{"post":{"operationId":"payments.charge","x-tutti-repeat":"by_key","x-tutti-order":[)" +
         order + R"(],"x-tutti-request":{"type":"object","properties":{)" + properties + R"(},"required":[)" +
         required + R"(]},"responses":{"200":{"content":{"application/json":{"schema":{"type":"string","enum":[)" +
         states + R"(]}}}}}}}}})";
}

const std::string order_text = R"("order":{"type":"string"})";

ContractDifference only_difference(const std::string& before, const std::string& after) {
  const auto differences = contract_differences(before, after);
  EXPECT_EQ(differences.size(), 1u);
  return differences.empty() ? ContractDifference{} : differences.front();
}

TEST(ContractDiff, finds_nothing_between_equal_contracts) {
  const std::string same = contract(order_text, R"("order")", R"("order")");

  EXPECT_TRUE(contract_differences(same, same).empty());
}

TEST(ContractDiff, lets_an_appended_field_that_may_be_absent_pass) {
  const auto found =
      only_difference(contract(order_text, R"("order")", R"("order")"),
                      contract(order_text + R"(,"note":{"type":"string"})", R"("order")", R"("order","note")"));

  EXPECT_EQ(found.kind, Kind::compatible);
}

TEST(ContractDiff, refuses_a_new_required_field) {
  const auto found =
      only_difference(contract(order_text, R"("order")", R"("order")"),
                      contract(order_text + R"(,"note":{"type":"string"})", R"("order","note")", R"("order","note")"));

  EXPECT_EQ(found.kind, Kind::breaking);
  EXPECT_THAT(found.text, HasSubstr("\"note\" is required"));
}

TEST(ContractDiff, refuses_a_moved_field) {
  const std::string two = order_text + R"(,"note":{"type":"string"})";

  const auto found = only_difference(contract(two, R"("order")", R"("order","note")"),
                                     contract(two, R"("order")", R"("note","order")"));

  EXPECT_EQ(found.kind, Kind::breaking);
  EXPECT_THAT(found.text, HasSubstr("has moved"));
}

TEST(ContractDiff, refuses_an_enumerator_that_old_readers_of_a_reply_do_not_know) {
  const auto found = only_difference(contract(order_text, R"("order")", R"("order")"),
                                     contract(order_text, R"("order")", R"("order")", R"("paid","held")"));

  EXPECT_EQ(found.kind, Kind::breaking);
  EXPECT_THAT(found.text, HasSubstr("\"held\""));
}

TEST(ContractDiff, refuses_a_method_that_is_gone) {
  const auto found = only_difference(contract(order_text, R"("order")", R"("order")"), R"({"paths":{}})");

  EXPECT_EQ(found.kind, Kind::breaking);
  EXPECT_EQ(found.text, "payments.charge is gone");
}

TEST(ContractDiff, says_what_is_no_contract) {
  EXPECT_THROW((void)contract_differences("{", "{}"), Error);
  EXPECT_THROW((void)contract_differences("{}", "{}"), Error);
}

// An AsyncAPI document with one event, announced or handled; `properties` and `required` are its message's.
std::string events(const std::string& operation, const std::string& action, const std::string& properties,
                   const std::string& required, const std::string& queue = "q") {
  return R"({"asyncapi":"3.0.0","channels":{"a.b":{"address":"b","messages":{"event":{"$ref":"#/components/messages/a.b"}}}},)"
         R"("operations":{")" +
         operation + R"(":{"action":")" + action +
         R"(","channel":{"$ref":"#/channels/a.b"},"messages":[{"$ref":"#/channels/a.b/messages/event"}],"x-tutti-queue":")" +
         queue + R"("}},"components":{"messages":{"a.b":{"payload":{"$ref":"#/components/schemas/a.B"}}},)" +
         R"("schemas":{"a.B":{"type":"object","properties":{)" + properties + R"(},"required":[)" + required + R"(]}}}})";
}
std::string announced(const std::string& properties, const std::string& required) {
  return events("announce.a.b", "send", properties, required);
}
std::string handled(const std::string& properties, const std::string& required, const std::string& queue = "q") {
  return events("handle.a.b.on_b", "receive", properties, required, queue);
}

TEST(EventContractDiff, takes_an_announced_message_for_a_reply) {
  const std::string note = order_text + R"(,"note":{"type":"string"})";

  EXPECT_TRUE(contract_differences(announced(note, R"("order")"), announced(note, R"("order")")).empty());
  EXPECT_EQ(only_difference(announced(order_text, R"("order")"), announced(note, R"("order","note")")).kind,
            Kind::compatible);
  EXPECT_EQ(only_difference(announced(note, R"("order","note")"), announced(note, R"("order")")).kind, Kind::breaking);
  EXPECT_EQ(only_difference(announced(note, R"("order")"), announced(order_text, R"("order")")).kind, Kind::breaking);
}

TEST(EventContractDiff, takes_a_handled_message_for_a_request) {
  const std::string note = order_text + R"(,"note":{"type":"string"})";

  EXPECT_EQ(only_difference(handled(order_text, R"("order")"), handled(note, R"("order")")).kind, Kind::compatible);
  EXPECT_EQ(only_difference(handled(order_text, R"("order")"), handled(note, R"("order","note")")).kind,
            Kind::breaking);
  EXPECT_EQ(only_difference(handled(note, R"("order","note")"), handled(note, R"("order")")).kind, Kind::compatible);
}

TEST(EventContractDiff, refuses_an_event_that_is_gone_and_a_queue_with_another_name) {
  const std::string none = R"({"asyncapi":"3.0.0","channels":{},"operations":{},"components":{}})";

  EXPECT_EQ(only_difference(announced(order_text, ""), none).kind, Kind::breaking);
  EXPECT_EQ(only_difference(handled(order_text, ""), none).kind, Kind::compatible);
  EXPECT_EQ(only_difference(none, announced(order_text, "")).kind, Kind::compatible);
  const auto moved = only_difference(handled(order_text, ""), handled(order_text, "", "other"));
  EXPECT_EQ(moved.kind, Kind::breaking);
  EXPECT_THAT(moved.text, HasSubstr("its queue was q and is other"));
}

TEST(EventContractDiff, says_what_is_no_contract) {
  EXPECT_THROW((void)contract_differences(R"({"asyncapi":"3.0.0"})", announced("", "")), Error);
  EXPECT_THROW((void)contract_differences(
                   R"({"asyncapi":"3.0.0","operations":{"announce.a.b":{"messages":[{"$ref":"#/nowhere"}]}}})",
                   announced("", "")),
               Error);
}

}  // namespace
}  // namespace tutti::detail
