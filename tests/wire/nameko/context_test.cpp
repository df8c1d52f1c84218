#include "wire/nameko/context.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::nameko {
namespace {

amqp::TableBuilder headers_with_stack(int calls) {
  amqp::ArrayBuilder stack;
  for (int i = 1; i <= calls; ++i) stack.text("call." + std::to_string(i));
  amqp::TableBuilder headers;
  headers.array("nameko.call_id_stack", stack);
  return headers;
}

std::string text_of(const std::string& context) { return amqp::to_text({context}); }

TEST(NamekoContext, adds_the_own_call_to_the_stack) {
  EXPECT_EQ(text_of(context_of({}, "a.b.1")), R"({nameko.call_id_stack: ["a.b.1"]})");

  const amqp::TableBuilder headers = headers_with_stack(2);
  EXPECT_EQ(text_of(context_of(headers.table(), "a.b.1")), R"({nameko.call_id_stack: ["call.1", "call.2", "a.b.1"]})");
}

TEST(NamekoContext, keeps_ten_parents_and_the_own_call) {
  const amqp::TableBuilder headers = headers_with_stack(12);

  EXPECT_EQ(
      text_of(context_of(headers.table(), "own")),
      R"({nameko.call_id_stack: ["call.3", "call.4", "call.5", "call.6", "call.7", "call.8", "call.9", "call.10", )"
      R"("call.11", "call.12", "own"]})");
}

TEST(NamekoContext, carries_other_headers_on_with_the_prefix_but_not_what_is_of_one_call) {
  amqp::TableBuilder headers;
  headers.text("nameko.language", "de")
      .integer("tenant", 7)
      .text("x-death", "?")
      .text("traceparent", "00-")
      .text("nameko.tutti.identity", "root");
  headers.text("authorization", "Bearer x").add("nameko.user_id", {});

  EXPECT_EQ(text_of(context_of(headers.table(), "own")),
            R"({nameko.call_id_stack: ["own"], nameko.language: "de", nameko.tenant: 7})");
}

TEST(NamekoContext, does_not_carry_on_what_is_too_long) {
  amqp::TableBuilder headers = headers_with_stack(1);
  headers.text("nameko.blob", std::string(context_bytes_max, 'x'));

  EXPECT_EQ(text_of(context_of(headers.table(), "own")), R"({nameko.call_id_stack: ["call.1", "own"]})");
}

TEST(NamekoContext, reads_the_headers_that_it_writes) {
  const std::string context = context_of({}, "own");
  amqp::TableBuilder table;
  append_call_headers(table, {context},
                      {.traceparent = "00-a",
                       .tracestate = "b=c",
                       .identity = "orders",
                       .authorization = "Bearer t",
                       .idempotency_key = "k",
                       .request_id = "r",
                       .remaining = std::chrono::milliseconds(1500)});

  const CallHeaders read = parse_call_headers(table.table());

  EXPECT_EQ(read.traceparent, "00-a");
  EXPECT_EQ(read.tracestate, "b=c");
  EXPECT_EQ(read.identity, "orders");
  EXPECT_EQ(read.authorization, "Bearer t");
  EXPECT_EQ(read.idempotency_key, "k");
  EXPECT_EQ(read.request_id, "r");
  EXPECT_EQ(read.remaining, std::chrono::milliseconds(1500));
}

TEST(NamekoContext, believes_only_the_trace_of_what_another_service_carried_on) {
  amqp::TableBuilder table;
  table.text("nameko.traceparent", "00-a")
      .text("nameko.tutti.identity", "root")
      .text("nameko.authorization", "Bearer t");

  const CallHeaders read = parse_call_headers(table.table());

  EXPECT_EQ(read.traceparent, "00-a");
  EXPECT_EQ(read.identity, "");
  EXPECT_EQ(read.authorization, "");
}

TEST(NamekoContext, takes_headers_of_odd_types_as_absent) {
  amqp::TableBuilder table;
  table.integer("traceparent", 1)
      .text("tutti.deadline-ms", "soon")
      .integer("nameko.call_id_stack", 3)
      .integer("nameko.auth_token", 1);

  const CallHeaders read = parse_call_headers(table.table());

  EXPECT_EQ(read.traceparent, "");
  EXPECT_FALSE(read.remaining);
  EXPECT_EQ(auth_token_of(table.table()), "");
  EXPECT_EQ(text_of(context_of(table.table(), "own")), R"({nameko.call_id_stack: ["own"], nameko.auth_token: 1})");
}

}  // namespace
}  // namespace tutti::wire::nameko
