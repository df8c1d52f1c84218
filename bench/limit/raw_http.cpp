// The limit of HTTP: an epoll server that parses requests as tutti does and reads and writes JSON by code written for
// the one message, and does nothing else: no routes, metrics, traces, limits, time-outs, fibers. What a framework adds
// is the distance to it. Argument: the port.
#include "hand_codec.hpp"
#include "raw_server.hpp"
#include "wire/http1/request_parser.hpp"
#include "wire/http1/writer.hpp"

namespace {

class Connection {
 public:
  std::size_t take(std::string_view data, std::string& out) {
    std::size_t used = 0;
    while (used < data.size() &&
           parser_.parse(data.substr(used)) == tutti::wire::http1::RequestParser::State::complete) {
      const auto& head = parser_.head();
      const std::size_t whole = head.bytes + static_cast<std::size_t>(head.content_length);
      if (data.size() - used < whole) break;
      answer(head, data.substr(used + head.bytes, static_cast<std::size_t>(head.content_length)), out);
      used += whole;
      parser_.clear();
    }
    return used;
  }

 private:
  static void answer(const tutti::wire::http1::RequestHead& head, std::string_view body, std::string& out) {
    static bench::HandReader reader;
    static std::string reply;
    reply.clear();
    int status = 200;
    if (head.path == "/echo" && head.method == tutti::wire::http1::Method::post) {
      bench::Message message;
      if (reader.read(body, message)) {
        bench::HandWriter(reply).write(message);
      } else {
        status = 400;
      }
    } else if (head.path == "/ping" && head.method == tutti::wire::http1::Method::get) {
      reply += R"({"text":"pong"})";
    } else {
      status = 404;
    }
    tutti::wire::http1::ResponseWriter writer(out, status);
    writer.date("Sun, 06 Nov 1994 08:49:37 GMT");
    writer.content_type("application/json");
    writer.content_length(reply.size());
    out += reply;
  }

  tutti::wire::http1::RequestParser parser_;
};

}  // namespace

int main(int argc, char** argv) { return bench::RawServer<Connection>().serve(argc > 1 ? std::atoi(argv[1]) : 8081); }
