// The limit for calls over a broker: librabbitmq, the C client, on both sides of the same pattern: transient requests
// that have to be routed, one queue for each direction, answers and acknowledgements on one channel, no confirms. It
// neither decodes nor makes anything: bodies are constants and echoes.
//   raw_amqp_rpc service PORT              answers from the queue rpc-raw until it is ended
//   raw_amqp_rpc client PORT IN_FLIGHT SECONDS   prints one line of JSON: calls, p50 and p99 in microseconds
#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

void check(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "%s failed\n", what);
  std::exit(1);
}

amqp_bytes_t bytes(const char* text) { return amqp_cstring_bytes(text); }

amqp_connection_state_t connect(int port) {
  const amqp_connection_state_t connection = amqp_new_connection();
  amqp_socket_t* const socket = amqp_tcp_socket_new(connection);
  check(amqp_socket_open(socket, "127.0.0.1", port) == AMQP_STATUS_OK, "connecting");
  check(amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type ==
            AMQP_RESPONSE_NORMAL,
        "login");
  amqp_channel_open(connection, 1);
  amqp_exchange_declare(connection, 1, bytes("nameko-rpc"), bytes("topic"), 0, 1, 0, 0, amqp_empty_table);
  return connection;
}

void consume(amqp_connection_state_t connection, const char* queue, const char* key, int prefetch) {
  amqp_queue_declare(connection, 1, bytes(queue), 0, 1, 0, 0, amqp_empty_table);
  amqp_queue_bind(connection, 1, bytes(queue), bytes("nameko-rpc"), bytes(key), amqp_empty_table);
  amqp_basic_qos(connection, 1, 0, static_cast<std::uint16_t>(prefetch), 0);
  amqp_basic_consume(connection, 1, bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  check(amqp_get_rpc_reply(connection).reply_type == AMQP_RESPONSE_NORMAL, "consuming");
}

void publish(amqp_connection_state_t connection, amqp_bytes_t key, amqp_bytes_t body,
             amqp_basic_properties_t& properties, bool mandatory) {
  properties._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                       AMQP_BASIC_CORRELATION_ID_FLAG;
  properties.content_type = bytes("application/json");
  properties.content_encoding = bytes("utf-8");
  properties.delivery_mode = 1;
  check(amqp_basic_publish(connection, 1, bytes("nameko-rpc"), key, mandatory, 0, &properties, body) == AMQP_STATUS_OK,
        "publishing");
}

int serve(int port) {
  const amqp_connection_state_t connection = connect(port);
  consume(connection, "rpc-raw", "raw.*", 64);
  for (;;) {
    amqp_maybe_release_buffers(connection);
    amqp_envelope_t request;
    check(amqp_consume_message(connection, &request, nullptr, 0).reply_type == AMQP_RESPONSE_NORMAL, "a request");
    amqp_basic_properties_t properties{};
    properties.correlation_id = request.message.properties.correlation_id;
    publish(connection, request.message.properties.reply_to, request.message.body, properties, false);
    amqp_basic_ack(connection, 1, request.delivery_tag, 0);
    amqp_destroy_envelope(&request);
  }
}

int load(int port, int in_flight, int seconds) {
  const amqp_connection_state_t connection = connect(port);
  const std::string key = "raw-reply-" + std::to_string(std::chrono::system_clock::now().time_since_epoch().count());
  const std::string queue = "rpc." + key;
  consume(connection, queue.c_str(), key.c_str(), 0);
  const amqp_bytes_t body = bytes(R"({"args":[],"kwargs":{"id":17,"name":"ada","paid":true,"lines":[]}})");
  std::map<std::string, Clock::time_point> started;
  std::uint64_t next = 0;
  const auto ask = [&] {
    const std::string id = key + "." + std::to_string(next++);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_REPLY_TO_FLAG | AMQP_BASIC_EXPIRATION_FLAG;
    properties.correlation_id = bytes(id.c_str());
    properties.reply_to = bytes(key.c_str());
    properties.expiration = bytes("5000");
    started[id] = Clock::now();
    publish(connection, bytes("raw.echo"), body, properties, true);
  };
  std::vector<double> took;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  for (int i = 0; i < in_flight; ++i) ask();
  std::uint64_t unacknowledged = 0;
  while (!started.empty()) {
    amqp_maybe_release_buffers(connection);
    amqp_envelope_t reply;
    check(amqp_consume_message(connection, &reply, nullptr, 0).reply_type == AMQP_RESPONSE_NORMAL, "an answer");
    const amqp_bytes_t id = reply.message.properties.correlation_id;
    const auto found = started.find(std::string(static_cast<const char*>(id.bytes), id.len));
    check(found != started.end(), "knowing whose answer it is");
    took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - found->second).count());
    started.erase(found);
    if (++unacknowledged % 32 == 0) amqp_basic_ack(connection, 1, reply.delivery_tag, 1);
    amqp_destroy_envelope(&reply);
    if (Clock::now() < end) ask();
  }
  amqp_queue_delete(connection, 1, bytes(queue.c_str()), 0, 0);
  amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(connection);
  std::sort(took.begin(), took.end());
  std::printf("{\"calls\": %zu, \"p50_us\": %.0f, \"p99_us\": %.0f}\n", took.size(), took[took.size() / 2],
              took[took.size() * 99 / 100]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "service") == 0) return serve(std::atoi(argv[2]));
  if (argc == 5 && std::strcmp(argv[1], "client") == 0)
    return load(std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]));
  std::fprintf(stderr, "usage: raw_amqp_rpc service PORT | client PORT IN_FLIGHT SECONDS\n");
  return 2;
}
