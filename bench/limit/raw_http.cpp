// The limit of HTTP: an epoll server that parses requests as tutti does and reads and writes JSON by code written for
// the one message, and does nothing else: no routes, metrics, traces, limits, time-outs, fibers. What a framework adds
// is the distance to it. Argument: the port.
#include <algorithm>
#include <charconv>

#include "hand_codec.hpp"
#include "raw_server.hpp"
#include "transfer.hpp"
#include "wire/http1/request_parser.hpp"
#include "wire/http1/writer.hpp"

namespace {

using tutti::wire::http1::Method;

class Connection {
 public:
  std::size_t take(std::string_view data, std::string& out) {
    std::size_t used = skip(data, out);
    while (used < data.size() && left_to_skip_ == 0 &&
           parser_.parse(data.substr(used)) == tutti::wire::http1::RequestParser::State::complete) {
      const auto& head = parser_.head();
      const std::string_view rest = data.substr(used + head.bytes);
      if (head.path == "/upload") {
        used += head.bytes;
        left_to_skip_ = head.content_length;
        parser_.clear();
        used += skip(data.substr(used), out);
        continue;
      }
      if (rest.size() < head.content_length) break;
      answer(head, rest.substr(0, static_cast<std::size_t>(head.content_length)), out);
      used += head.bytes + static_cast<std::size_t>(head.content_length);
      parser_.clear();
    }
    return used;
  }

  std::string_view more() {
    if (pieces_ == 0) return {};
    if (--pieces_ == 0) return "0\r\n\r\n";
    static const std::string chunk = "10000\r\n" + std::string(bench::piece_bytes, 'x') + "\r\n";
    return chunk;
  }

 private:
  // What of an upload has come: it is counted and thrown away.
  std::size_t skip(std::string_view data, std::string& out) {
    if (left_to_skip_ == 0) return 0;
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(left_to_skip_, data.size()));
    left_to_skip_ -= skipped;
    if (left_to_skip_ == 0) reply(200, R"({"text":"pong"})", out);
    return skipped;
  }

  static void head_of(int status, std::string& out, auto&& framing) {
    tutti::wire::http1::ResponseWriter writer(out, status);
    writer.date("Sun, 06 Nov 1994 08:49:37 GMT");
    writer.content_type("application/json");
    framing(writer);
  }
  static void reply(int status, std::string_view body, std::string& out) {
    head_of(status, out, [&](auto& writer) { writer.content_length(body.size()); });
    out += body;
  }

  // "/items/{sku}?limit={number}&sort={word}", as the load asks.
  static bool found(std::string_view sku, std::string_view query, std::string& text) {
    constexpr std::string_view limit_is = "limit=", sort_is = "&sort=";
    const std::size_t split = query.find(sort_is);
    if (!query.starts_with(limit_is) || split == std::string_view::npos) return false;
    std::int64_t limit = 0;
    const char* const end = query.data() + split;
    if (std::from_chars(query.data() + limit_is.size(), end, limit).ptr != end) return false;
    text += R"({"sku":")";
    text += sku;
    text += R"(","limit":)";
    char digits[24];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, limit).ptr);
    text += R"(,"sort":")";
    text += query.substr(split + sort_is.size());
    text += R"("})";
    return true;
  }

  void answer(const tutti::wire::http1::RequestHead& head, std::string_view body, std::string& out) {
    static bench::HandReader reader;
    static std::string text;
    constexpr std::string_view items = "/items/";
    text.clear();
    int status = 200;
    if (head.path == "/echo" && head.method == Method::post) {
      bench::Message message;
      if (reader.read(body, message)) {
        bench::HandWriter(text).write(message);
      } else {
        status = 400;
      }
    } else if (head.path == "/ping" && head.method == Method::get) {
      text += R"({"text":"pong"})";
    } else if (head.path.starts_with(items) && head.method == Method::get) {
      if (!found(head.path.substr(items.size()), head.query, text)) status = 400;
    } else if (head.path == "/download" && head.method == Method::get) {
      pieces_ = bench::transfer_pieces + 1;
      return head_of(status, out, [](auto& writer) { writer.chunked(); });
    } else {
      status = 404;
    }
    reply(status, text, out);
  }

  tutti::wire::http1::RequestParser parser_{{.body_bytes = std::uint64_t{1} << 30}};
  std::uint64_t left_to_skip_ = 0;
  std::size_t pieces_ = 0;  // of a download, with the empty one that ends it
};

}  // namespace

int main(int argc, char** argv) { return bench::RawServer<Connection>().serve(argc - 1, argv + 1); }
