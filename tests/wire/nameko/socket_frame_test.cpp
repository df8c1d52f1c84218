#include "wire/nameko/socket_frame.hpp"

#include <gtest/gtest.h>

namespace tutti::wire::nameko {
namespace {

TEST(SocketFrame, reads_a_call) {
  const SocketCall call =
      parse_socket_call(R"( {"method": "sub\u0073cribe", "data": {"order": "o-17"}, "correlation_id": {"a": [1]}} )");

  EXPECT_EQ(call.fault, "");
  EXPECT_EQ(call.method, "subscribe");
  EXPECT_EQ(call.data, R"({"order": "o-17"})");
  EXPECT_EQ(call.correlation_id, R"({"a": [1]})");
}

TEST(SocketFrame, takes_no_data_for_no_arguments) {
  for (const std::string_view text : {R"({"method":"m"})", R"({"method":"m","data":null})"}) {
    const SocketCall call = parse_socket_call(text);

    EXPECT_EQ(call.fault, "");
    EXPECT_EQ(call.data, "{}");
    EXPECT_EQ(call.correlation_id, "null");
  }
}

TEST(SocketFrame, refuses_what_is_no_call) {
  for (const std::string_view text : {"", "no json", "[]", "7", "{}", R"({"method":7})", R"({"method":""})",
                                      R"({"method":"m","data":[]})", R"({"method":"m","data":7,"correlation_id":1})"})
    EXPECT_EQ(parse_socket_call(text).fault, "Invalid JSON data") << text;
}

TEST(SocketFrame, writes_what_namekos_clients_read) {
  const Failure failure{.exc_type = "Boom", .exc_path = "shop.Boom", .exc_args = R"(["no"])", .value = "no"};

  EXPECT_EQ(socket_result("[1]", "7"), R"({"type":"result","success":true,"data":[1],"correlation_id":7})");
  EXPECT_EQ(socket_failure(failure, "null"),
            R"({"type":"result","success":false,"error":{"exc_type":"Boom","exc_path":"shop.Boom","exc_args":["no"],)"
            R"("value":"no"},"correlation_id":null})");
  EXPECT_EQ(socket_event("a\"b", "{}"), R"({"type":"event","event":"a\"b","data":{}})");
}

}  // namespace
}  // namespace tutti::wire::nameko
