#include "wire/nameko/call.hpp"

#include <optional>

#include <gtest/gtest.h>
#include <tutti/detail/reflect.hpp>

namespace tutti::wire::nameko {
namespace {

struct Charge {
  std::string order;
  int amount;
  std::optional<std::string> note;
};

struct Declined {
  std::string reason;
  int limit = 0;
  bool final = false;
  std::optional<double> rate = {};
};

Bound bound(std::string_view body) { return bind_arguments("charge", detail::shape_of<Charge>(), parse_request(body)); }

TEST(NamekoCall, binds_arguments_by_position_and_by_name) {
  EXPECT_EQ(bound(R"({"args": ["o-1", 5], "kwargs": {}})").message, R"({"order":"o-1","amount":5})");
  EXPECT_EQ(bound(R"({"args": ["o-1"], "kwargs": {"amount": 5}})").message, R"({"order":"o-1","amount":5})");
  EXPECT_EQ(bound(R"({"kwargs": {"note": "\u00e9", "amount": 5, "order": "o-1"}, "args": []})").message,
            R"({"note":"\u00e9","amount":5,"order":"o-1"})");
}

TEST(NamekoCall, says_what_does_not_bind_as_python_says_it) {
  EXPECT_EQ(bound(R"({"args": [], "kwargs": {}})").fault,
            "charge() missing 2 required positional arguments: 'order' and 'amount'");
  EXPECT_EQ(bound(R"({"args": ["o-1"], "kwargs": {}})").fault,
            "charge() missing 1 required positional argument: 'amount'");
  EXPECT_EQ(bound(R"({"args": [1, 2, 3, 4], "kwargs": {}})").fault,
            "charge() takes from 2 to 3 positional arguments but 4 were given");
  EXPECT_EQ(bound(R"({"args": [], "kwargs": {"x": 1}})").fault, "charge() got an unexpected keyword argument 'x'");
  EXPECT_EQ(bound(R"({"args": ["o-1"], "kwargs": {"order": 1}})").fault,
            "charge() got multiple values for argument 'order'");
}

TEST(NamekoCall, gives_no_argument_to_a_method_that_takes_none) {
  EXPECT_EQ(bind_nothing("list", parse_request(R"({"args": [], "kwargs": {}})")), "");
  EXPECT_EQ(bind_nothing("list", parse_request(R"({"args": [1], "kwargs": {}})")),
            "list() takes 0 positional arguments but 1 was given");
  EXPECT_EQ(bind_nothing("list", parse_request(R"({"args": [], "kwargs": {"a": 1}})")),
            "list() got an unexpected keyword argument 'a'");
}

TEST(NamekoCall, takes_a_result_that_is_no_object_as_the_only_field) {
  EXPECT_EQ(record_of_result(detail::shape_of<Declined>(), "[1]"), R"({"reason":[1]})");
  EXPECT_EQ(record_of_result(detail::shape_of<Declined>(), "null"), "{}");
}

TEST(NamekoCall, knows_what_is_no_request) {
  EXPECT_EQ(parse_request(R"({"args": []})").fault, "Message missing `args` or `kwargs`");
  EXPECT_EQ(parse_request("[1]").fault, "Message missing `args` or `kwargs`");
  EXPECT_EQ(parse_request("null").fault, "Message missing `args` or `kwargs`");
  EXPECT_EQ(parse_request("\xff\x00").fault, "The body is no JSON");
  EXPECT_EQ(parse_request("").fault, "The body is no JSON");
  EXPECT_EQ(parse_request(R"({"args": {}, "kwargs": {}})").fault, "`args` is no array");
  EXPECT_EQ(parse_request(R"({"args": [], "kwargs": []})").fault, "`kwargs` is no object");
}

TEST(NamekoCall, reads_what_it_writes) {
  std::string request;
  append_request(request, R"({"order":"o-1"})");
  EXPECT_EQ(request, R"({"args":[],"kwargs":{"order":"o-1"}})");
  EXPECT_EQ(parse_request(request).kwargs, R"({"order":"o-1"})");

  std::string failed;
  append_failure(failed, {.exc_type = "Declined",
                          .exc_path = "payments.Declined",
                          .exc_args = R"(["no \"money\""])",
                          .value = "no \"money\""});
  const Reply reply = parse_reply(failed);
  EXPECT_EQ(reply.fault, "");
  EXPECT_TRUE(reply.failed);
  EXPECT_EQ(reply.failure.exc_path, "payments.Declined");
  EXPECT_EQ(reply.failure.exc_args, R"(["no \"money\""])");
  EXPECT_EQ(reply.failure.value, "no \"money\"");

  const std::string answer = std::string(reply_head) + "7" + std::string(reply_tail);
  EXPECT_FALSE(parse_reply(answer).failed);
  EXPECT_EQ(parse_reply(answer).result, "7");
}

TEST(NamekoCall, knows_what_is_no_reply) {
  EXPECT_NE(parse_reply("7").fault, "");
  EXPECT_NE(parse_reply("{\"result\": 1").fault, "");
  EXPECT_NE(parse_reply(R"({"result": 1})").fault, "");
  EXPECT_NE(parse_reply(R"({"result": null, "error": "no"})").fault, "");
  EXPECT_EQ(parse_reply(R"({"result": null, "error": {}})").fault, "");
}

TEST(NamekoCall, makes_a_record_of_an_exceptions_arguments) {
  const detail::Shape& shape = detail::shape_of<Declined>();

  EXPECT_EQ(record_of_arguments(shape, R"(["no"])"), R"({"reason":"no"})");
  EXPECT_EQ(record_of_arguments(shape, R"(["no", "5", "True", "0.5", "more"])"),
            R"({"reason":"no","limit":5,"final":true,"rate":0.5})");
  EXPECT_EQ(record_of_arguments(shape, R"(["5", 5, false, "None"])"), R"({"reason":"5","limit":5,"final":false})");
  EXPECT_EQ(record_of_arguments(shape, "[]"), "{}");
  EXPECT_EQ(record_of_arguments(shape, R"(["no", "five"])"), R"({"reason":"no","limit":"five"})");
}

TEST(NamekoCall, makes_an_exceptions_arguments_of_a_record) {
  const detail::Shape& shape = detail::shape_of<Declined>();

  EXPECT_EQ(arguments_of_record(shape, R"({"reason":"no","limit":5,"final":true})"), R"(["no",5,true])");
  EXPECT_EQ(arguments_of_record(shape, R"({"limit":5})"), R"([null,5])");
  EXPECT_EQ(arguments_of_record(shape, R"({"reason":"no","rate":1})"), R"(["no",null,null,1])");
  EXPECT_EQ(arguments_of_record(shape, "{}"), "[]");
}

}  // namespace
}  // namespace tutti::wire::nameko
