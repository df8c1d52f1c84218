// The library's own settings: once per process, under the prefix `tutti` (TUTTI_HTTP_LISTEN, tutti.http.listen in a file,
// --tutti.http.listen). docs/reference/settings.md lists them; a test holds that list against this file.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <tutti/contract.hpp>

#include "client/client.hpp"

namespace tutti::detail {

struct HttpSettings {
  std::string listen = "127.0.0.1:8080";  // "off": no http entry point
  std::size_t connections_max = 0;        // 0: derived from the descriptor limit
  std::size_t request_line_bytes_max = 8 * 1024;
  std::size_t header_bytes_max = 32 * 1024;
  std::size_t header_count_max = 100;
  std::size_t body_bytes_max = 1024 * 1024;
  std::size_t stream_bytes_max = 1024ull * 1024 * 1024;
  std::size_t pipelined_max = 64;
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds write_timeout{30'000};
  bool compression = false;  // answers of text in gzip for clients that take it
  std::size_t compressed_bytes_min = 1024;             // shorter answers leave as they are
  std::size_t compressed_bytes_max = 8 * 1024 * 1024;  // and longer ones
  std::string tls_certificate = {};  // PEM files; both or none
  std::string tls_key = {};
  std::string tls_client_ca = {};  // PEM file of authorities: clients show certificates of these
  enum class ClientCertificates { required, optional } tls_client_certificates = ClientCertificates::required;
  std::chrono::seconds hsts_max_age{0};  // Strict-Transport-Security of a TLS listener; 0: none
  std::string content_security_policy = "frame-ancestors 'self'; object-src 'none'; base-uri 'self'";  // of files that are HTML; empty: none
  std::vector<std::string> trusted_proxies = {};  // addresses or networks ("10.0.0.0/8"); from others Forwarded is ignored
  struct Cors {
    std::vector<std::string> origins = {};  // empty: closed; "*" : any
    std::vector<std::string> headers = {};
    bool credentials = false;
    std::chrono::seconds max_age{600};
  } cors = {};
  enum class Documents { admin, everybody } documents = Documents::admin;  // everybody: /openapi.json and /docs on this listener too
};

struct RpcSettings {
  std::string listen = "off";  // "unix:/run/payments.sock", "127.0.0.1:7001"; an address that is not local needs an authenticator or trust_network
  bool trust_network = false;
  bool amqp = false;  // calls also come over the broker of tutti.broker.uri, as Nameko sends them: from everybody who may use it
  std::size_t connections_max = 0;  // 0: derived
  std::size_t message_bytes_max = 4 * 1024 * 1024;
  std::size_t in_flight_max = 1024;  // per connection
  std::chrono::milliseconds idle_timeout{600'000};
  std::chrono::milliseconds message_timeout{10'000};
  std::chrono::milliseconds write_timeout{30'000};
};

struct WebSocketSettings {
  std::size_t connections_max = 0;  // of a shard; 0: as many as http takes
  std::size_t message_bytes_max = 64 * 1024;
  std::size_t messages_waiting_max = 16;  // of a client, read and not handled yet
  std::size_t queue_bytes_max = 256 * 1024;  // of a client, sent and not taken yet
  bool compression = true;
  std::size_t compressed_bytes_min = 256;  // shorter messages leave as they are
  std::vector<std::string> origins = {};  // of pages that may connect; empty: those of this host; "*": any
  std::chrono::milliseconds ping_interval{20'000};  // of silence; 0: never
  std::chrono::milliseconds pong_timeout{20'000};
  std::chrono::milliseconds idle_timeout{0};  // without a message of either side; 0: never
  std::chrono::milliseconds close_timeout{5'000};
};

struct BrokerSettings {
  // amqp://user:password@host:5672/vhost?heartbeat=60, several hosts separated by commas; empty: events stay in the process
  Secret uri = {};
  Range<std::uint32_t, 1, 65535> in_flight_max{64u};  // events of one handler, or requests of one service, that are handled at once, per shard: the prefetch
  std::size_t waiting_max = 10'000;               // events not yet confirmed by the broker, per shard; over it: resource_exhausted
  std::size_t message_bytes_max = 16 * 1024 * 1024;  // of an event that comes
  std::chrono::milliseconds connect_timeout{5'000};  // with the greeting
  std::chrono::milliseconds publish_timeout{5'000};  // for the broker's confirm, unless the caller's deadline is sooner
  std::chrono::milliseconds backoff_longest{10'000};  // between two attempts to connect
};

struct EventSettings {
  // What the queues of pools, singletons, retries and dead letters are declared as. plain: without a type, as Nameko declares
  // them; quorum: on several nodes of a RabbitMQ cluster, for fleets without Nameko.
  enum class Queues { plain, quorum } queues = Queues::plain;
};

struct AdminSettings {
  std::string listen = "127.0.0.1:9090";  // "off": none
};

struct LogSettings {
  enum class Level { debug, info, warn, error, off } level = Level::info;
  enum class Format { automatic, json, text } format = Format::automatic;
  Level access = Level::info;    // of the access log's lines; off: none
  double access_sampling = 1.0;  // share of successful requests that are logged; failures always are
  std::string endpoint = {};  // OTLP/HTTP: "http://127.0.0.1:4318"; what is logged is sent there, too
};

struct MetricsSettings {
  std::string endpoint = {};  // OTLP/HTTP; empty: metrics are not sent, only read from /metrics
  std::chrono::milliseconds interval{60'000};
};

struct TraceSettings {
  std::string endpoint = {};  // OTLP/HTTP: "http://127.0.0.1:4318"; empty: spans are not exported
  double sampling = 1.0;      // of traces that begin here; others follow their parent
};

struct OverloadSettings {
  std::chrono::milliseconds wait_max{50};  // of work for its thread, in the mean; beyond it requests are refused; 0: never
};

struct LibrarySettings {
  HttpSettings http = {};
  RpcSettings rpc = {};
  WebSocketSettings websocket = {};
  BrokerSettings broker = {};
  EventSettings events = {};
  AdminSettings admin = {};
  LogSettings log = {};
  TraceSettings trace = {};
  MetricsSettings metrics = {};
  OverloadSettings overload = {};
  std::map<std::string, client::TargetSettings> targets = {};
  std::string data = ".";        // the folder of the database files
  Range<std::uint32_t, 1, 256> threads{1u};  // shards
  std::size_t offload_threads = 0;     // 0: the cgroup's CPU quota
  std::size_t in_flight_max = 1000;    // handlers of one service and shard at once; over it `unavailable`
  std::size_t call_depth_max = 16;     // calls within the process, one inside the other
  std::size_t stack_bytes = 256 * 1024;  // of a fiber
  Range<std::size_t, 16, 10'000'000> fibers_max{30'000u};  // of a shard, each at work or waiting; over it a request is answered 503
  std::chrono::milliseconds stall_threshold{500};       // a handler that has its shard for so long is told in the log; 0: none is
  std::chrono::milliseconds drain_delay{0};         // after "not ready", before the listeners close
  std::chrono::milliseconds drain_deadline{10'000};  // then what is still running is cancelled and the exit code is 75
  std::vector<std::string> services = {};  // of those linked into the binary; empty: all
};

}  // namespace tutti::detail
