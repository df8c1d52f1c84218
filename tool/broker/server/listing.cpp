#include "broker/server/listing.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "broker/server/server_core.hpp"
#include "broker/session/channel.hpp"
#include "message/json_text.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::broker {
namespace {

std::string_view state_of(const Session& session) {
  if (!session.opened()) return session.over() ? "closing" : "opening";
  return session.blocked() ? "blocked" : "running";
}

// Names are bytes that clients choose.
std::string for_people(std::string_view value) {
  if (value.empty()) return "-";
  std::string out(value);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  return out;
}

}  // namespace

std::string Listing::as_json() const {
  std::string out = "[";
  for (std::size_t at = 0; at < cells_.size(); ++at) {
    const std::size_t column = at % columns_.size();
    if (column == 0) out += at == 0 ? "\n  {" : ",\n  {";
    out += (column == 0 ? "\"" : ", \"") + std::string(columns_[column]) + "\": ";
    if (cells_[at].kind == Kind::text)
      message::append_json_text(out, cells_[at].value);
    else
      out += cells_[at].value;
    if (column + 1 == columns_.size()) out += '}';
  }
  return out + "\n]\n";
}

std::string Listing::as_table() const {
  std::vector<std::string> shown(columns_.begin(), columns_.end());
  for (std::string& title : shown) {
    std::replace(title.begin(), title.end(), '_', ' ');
    std::transform(title.begin(), title.end(), title.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  for (const Cell& cell : cells_) shown.push_back(for_people(cell.value));
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (std::size_t at = 0; at < shown.size(); ++at)
    widths[at % widths.size()] = std::max(widths[at % widths.size()], shown[at].size());
  std::string out;
  for (std::size_t at = 0; at < shown.size(); ++at) {
    const std::size_t column = at % widths.size();
    out += shown[at];
    out += column + 1 == widths.size() ? "\n" : std::string(widths[column] - shown[at].size() + 2, ' ');
  }
  return out;
}

Listing list_queues(ServerCore& server) {
  Listing out(
      {"vhost", "name", "ready", "unacknowledged", "consumers", "durable", "exclusive", "auto_delete", "arguments"});
  server.broker().for_each_host([&](const VirtualHost& host) {
    host.for_each_queue([&](const Queue& queue) {
      const QueueRules& rules = queue.rules();
      out.text(host.name()).text(queue.name()).number(queue.ready()).number(queue.unacked());
      out.number(queue.consumers()).truth(rules.durable).truth(rules.exclusive).truth(rules.auto_delete);
      out.text(rules.arguments.empty() ? "" : wire::amqp::to_text({rules.arguments}));
    });
  });
  return out;
}

Listing list_connections(ServerCore& server) {
  Listing out({"id", "client", "peer", "tls", "user", "vhost", "state", "channels", "unacknowledged",
               "heartbeat_seconds", "published", "delivered"});
  server.for_each_connection([&](const Connection& connection) {
    const Session& session = connection.session();
    std::size_t unacked = 0;
    session.for_each_channel([&](const Channel& channel) { unacked += channel.unacked(); });
    out.number(session.number()).text(session.client()).text(world::to_string(connection.peer()));
    out.truth(connection.encrypted());
    out.text(session.user()).text(session.opened() ? session.open_host()->name() : std::string());
    out.text(state_of(session)).number(session.channels()).number(unacked).number(session.heartbeat_seconds());
    out.number(session.counts().published).number(session.counts().delivered);
  });
  return out;
}

Listing list_consumers(ServerCore& server) {
  struct Row {
    const ChannelConsumer* consumer;
    std::uint64_t connection;
    std::uint16_t channel;
  };
  std::multimap<std::pair<std::string_view, std::string_view>, Row> rows;  // by virtual host and queue
  server.for_each_connection([&](const Connection& connection) {
    const Session& session = connection.session();
    session.for_each_channel([&](const Channel& channel) {
      channel.for_each_consumer([&](const ChannelConsumer& consumer) {
        rows.emplace(
            std::pair{std::string_view(session.open_host()->name()), std::string_view(consumer.queue().name())},
            Row{&consumer, session.number(), channel.number()});
      });
    });
  });
  Listing out({"vhost", "queue", "tag", "connection", "channel", "acknowledges", "prefetch", "unacknowledged"});
  for (const auto& [place, row] : rows) {
    out.text(place.first).text(place.second).text(row.consumer->tag()).number(row.connection).number(row.channel);
    out.truth(row.consumer->settling() == Settling::awaited);
    out.number(row.consumer->prefetch()).number(row.consumer->unacked());
  }
  return out;
}

}  // namespace tutti::broker
