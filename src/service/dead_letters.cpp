#include "service/dead_letters.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "bus/publisher.hpp"
#include "bus/queue_reader.hpp"
#include "message/base64.hpp"
#include "message/json_text.hpp"
#include "message/utf8.hpp"
#include "service/broker_bus.hpp"
#include "service/event_wire.hpp"
#include "service/process.hpp"
#include "wire/amqp/content.hpp"

namespace tutti::detail {

namespace amqp = wire::amqp;

namespace {

constexpr std::chrono::nanoseconds answer_timeout = std::chrono::seconds(30);
constexpr std::size_t errors_shown = 60;  // characters of an error in a line of the list

void say(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string quoted(std::string_view text) {
  std::string out;
  message::append_json_text(out, text);
  return out;
}

// One as it lies there.
struct DeadLetter {
  const DeadQueue* at;
  bus::Delivery delivery;
  std::string id = {};
  std::string error = {};
  std::string reason = {};
  std::string from_queue = {};  // of a broadcast: the instance's
  std::int64_t attempts = 0;
  std::optional<Time> published = {};
};

DeadLetter read_letter(const DeadQueue& at, bus::Delivery delivery) {
  DeadLetter letter{.at = &at, .delivery = std::move(delivery)};
  const amqp::Properties properties = amqp::parse_properties(letter.delivery.properties).properties;
  letter.id = properties.message_id.value_or("");
  if (properties.timestamp) letter.published = Time{std::chrono::seconds(*properties.timestamp)};
  const amqp::Table headers = properties.headers.value_or(amqp::Table{});
  const auto text = [&](std::string_view key) {
    const auto value = amqp::find(headers, key);
    return std::string(value ? value->text().value_or("") : std::string_view());
  };
  letter.error = text(event_header::error);
  letter.reason = text(event_header::reason);
  letter.from_queue = text(event_header::queue);
  if (const auto value = amqp::find(headers, event_header::attempt)) letter.attempts = value->integer().value_or(0);
  return letter;
}

std::string json_of(const amqp::Value& value);

std::string json_of(const amqp::Table& table) {
  std::string out = "{";
  amqp::TableCursor cursor(table);
  while (const auto pair = cursor.next())
    out += (out.size() > 1 ? "," : "") + quoted(pair->key) + ":" + json_of(pair->value);
  return out + "}";
}

std::string json_of(const amqp::Value& value) {
  if (const auto table = value.table()) return json_of(*table);
  if (const auto array = value.array()) {
    std::string out = "[";
    amqp::ArrayCursor cursor(*array);
    while (const auto item = cursor.next()) out += (out.size() > 1 ? "," : "") + json_of(*item);
    return out + "]";
  }
  if (const auto boolean = value.boolean()) return *boolean ? "true" : "false";
  if (const auto integer = value.integer()) return std::to_string(*integer);
  if (value.type == amqp::ValueType::nothing) return "null";
  if (value.type == amqp::ValueType::timestamp) return std::to_string(value.number);
  if (value.type == amqp::ValueType::float32 || value.type == amqp::ValueType::float64)
    return std::to_string(value.floating);
  return quoted(value.bytes);
}

std::string members_of(const DeadLetter& letter) {
  return "\"id\":" + quoted(letter.id) + ",\"event\":" + quoted(letter.at->event) +
         ",\"handler\":" + quoted(letter.at->handler) + ",\"queue\":" + quoted(letter.at->name) +
         ",\"attempts\":" + std::to_string(letter.attempts) + ",\"reason\":" + quoted(letter.reason) +
         ",\"error\":" + quoted(letter.error) +
         (letter.published ? ",\"published_at\":" + quoted(to_string(*letter.published)) : std::string()) +
         ",\"bytes\":" + std::to_string(letter.delivery.body.size());
}

std::string json_of(const DeadLetter& letter) {
  std::string out = "{" + members_of(letter);
  if (const auto headers = amqp::parse_properties(letter.delivery.properties).properties.headers)
    out += ",\"headers\":" + json_of(*headers);
  const std::string& body = letter.delivery.body;
  if (message::utf8_valid(body)) return out + ",\"body\":" + quoted(body) + "}";
  std::string base64(message::base64_size(body.size()), '\0');
  message::write_base64(base64.data(), std::as_bytes(std::span(body)));
  return out + ",\"body_base64\":" + quoted(base64) + "}";
}

std::string text_of(const DeadLetter& letter) {
  std::string out = "id:        " + letter.id + "\nevent:     " + letter.at->event +
                    "\nhandler:   " + letter.at->handler + "\nattempts:  " + std::to_string(letter.attempts) +
                    "\nreason:    " + letter.reason + "\nerror:     " + letter.error + "\n";
  if (letter.published) out += "published: " + to_string(*letter.published) + "\n";
  out += "queue:     " + letter.at->name + "\n";
  if (const auto headers = amqp::parse_properties(letter.delivery.properties).properties.headers)
    out += "headers:   " + amqp::to_text(*headers) + "\n";
  return out + "\n" + letter.delivery.body + "\n";
}

std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  if (text.size() <= errors_shown) return text;
  std::size_t end = errors_shown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text + "  ";
}

// The connections of one command.
class DeadLetters {
 public:
  DeadLetters(Host& host, const std::vector<DeadQueue>& queues, std::FILE* out, std::FILE* err)
      : host_(host),
        queues_(queues),
        out_(out),
        err_(err),
        reader_(host.shard(), broker_link_rules(host, "dead letters")),
        publisher_(host.shard(), broker_link_rules(host, "dead letters"), {}) {}

  int list(bool json) {
    std::size_t width = std::string_view("HANDLER").size();
    for (const DeadQueue& queue : queues_) width = std::max(width, queue.handler.size());
    if (json) say(out_, "[");
    std::size_t shown = 0;
    each([&](DeadLetter& letter) {
      if (json) {
        say(out_, (shown == 0 ? "{" : ",\n{") + members_of(letter) + "}");
      } else {
        if (shown == 0) say(out_, padded("ID", 26) + padded("HANDLER", width) + padded("TRIES", 5) + "FAILED WITH\n");
        say(out_, padded(letter.id, 26) + padded(letter.at->handler, width) +
                      padded(std::to_string(letter.attempts), 5) + one_line(letter.error) + "\n");
      }
      ++shown;
    });
    if (json) say(out_, "]\n");
    if (!json && shown == 0) say(out_, "no dead letters\n");
    return exit_code::drained;
  }

  int show(const std::string& id, bool json) {
    const std::vector<DeadLetter> found = find(id);
    if (found.empty()) return exit_code::failed;
    std::string out = json ? "[" : "";
    for (const DeadLetter& letter : found)
      out += (&letter == &found.front() ? "" : json ? ",\n" : "\n") + (json ? json_of(letter) : text_of(letter));
    say(out_, out + (json ? "]\n" : ""));
    return exit_code::drained;
  }

  // One at a time, in the order in which they were given up: what fails again comes behind those that were there.
  int replay_all(bool json) {
    std::size_t done = 0;
    std::vector<std::string> failures;
    each([&](DeadLetter& letter) {
      if (const std::string why = replay(letter); !why.empty())
        failures.push_back(letter.id + ": " + why);
      else
        ++done;
    });
    return tell("replayed", done, failures, json);
  }

  int replay_one(const std::string& id, bool json) {
    return with_one(id, "replayed", json, [this](const DeadLetter& letter) { return replay(letter); });
  }

  int purge_one(const std::string& id, bool json) {
    return with_one(id, "purged", json, [this](const DeadLetter& letter) {
      reader_.acknowledge(letter.delivery);
      return std::string();
    });
  }

  int purge_all(bool json) {
    std::size_t done = 0;
    for (const DeadQueue& queue : queues_) {
      if (reader_.count(queue.name, until())) done += reader_.purge(queue.name, until());
    }
    return tell("purged", done, {}, json);
  }

  void close() {
    const Instant goodbye = host_.shard().now() + std::chrono::seconds(5);
    reader_.close(goodbye);
    publisher_.close(goodbye);
  }

 private:
  Instant until() { return host_.shard().now() + answer_timeout; }

  // Those that are there at the beginning. What `look` does not acknowledge is back in its place at the end.
  void each(const std::function<void(DeadLetter&)>& look) {
    std::vector<std::uint32_t> counts;
    for (const DeadQueue& queue : queues_) counts.push_back(reader_.count(queue.name, until()).value_or(0));
    for (std::size_t i = 0; i < queues_.size(); ++i) {
      for (std::uint32_t left = counts[i]; left > 0; --left) {
        auto delivery = reader_.take(queues_[i].name, until());
        if (!delivery) break;
        DeadLetter letter = read_letter(queues_[i], std::move(*delivery));
        look(letter);
      }
    }
  }

  // An id may be in several queues: one for each handler that gave the event up.
  template <class Act>
  int with_one(const std::string& id, std::string_view done_word, bool json, Act act) {
    const std::vector<DeadLetter> found = find(id);
    if (found.empty()) return exit_code::failed;
    std::size_t done = 0;
    std::vector<std::string> failures;
    for (const DeadLetter& letter : found) {
      if (const std::string why = act(letter); !why.empty())
        failures.push_back(letter.id + ": " + why);
      else
        ++done;
    }
    return tell(done_word, done, failures, json);
  }

  // Those of one id: the id as it is, or the only one that begins so. Empty: it was said why.
  std::vector<DeadLetter> find(const std::string& id) {
    std::vector<DeadLetter> found;
    std::set<std::string> ids;
    each([&](DeadLetter& letter) {
      if (!letter.id.starts_with(id)) return;
      ids.insert(letter.id);
      found.push_back(std::move(letter));
    });
    if (ids.contains(id)) {
      std::erase_if(found, [&](const DeadLetter& letter) { return letter.id != id; });
    } else if (ids.size() != 1) {
      found.clear();
      say(err_, ids.empty() ? "there is no dead letter \"" + id + "\"; dead-letters lists them\n"
                            : std::to_string(ids.size()) + " dead letters have ids that begin with \"" + id +
                                  "\"; give more of it\n");
    }
    return found;
  }

  // Empty, or why it stays where it is.
  std::string replay(const DeadLetter& letter) {
    std::string to = letter.at->queue;
    if (letter.at->broadcast) {
      // Only the instance that gave it up has not handled it.
      if (!letter.from_queue.starts_with(to + "-")) return "it does not say which instance gave it up";
      to = letter.from_queue;
    }
    const std::string properties = replayed_properties(letter.delivery.properties);
    bus::Publication publication{.routing_key = to,
                                 .message_id = letter.id,
                                 .properties = properties,
                                 .body = letter.delivery.body,
                                 .must_route = true};
    publisher_.publish(std::span(&publication, 1), until());
    if (publication.outcome == bus::Publication::Outcome::unroutable)
      return letter.at->broadcast ? "the instance that gave it up is gone"
                                  : "its queue " + to + " is not there; start the service once";
    if (publication.outcome != bus::Publication::Outcome::confirmed) return publication.reason;
    reader_.acknowledge(letter.delivery);
    return {};
  }

  int tell(std::string_view word, std::size_t done, const std::vector<std::string>& failures, bool json) {
    say(out_, json ? "{" + quoted(word) + ":" + std::to_string(done) + "}\n"
                   : std::string(word) + " " + std::to_string(done) + "\n");
    for (const std::string& failure : failures) say(err_, failure + "\n");
    return failures.empty() ? exit_code::drained : exit_code::failed;
  }

  Host& host_;
  const std::vector<DeadQueue>& queues_;
  std::FILE* out_;
  std::FILE* err_;
  bus::QueueReader reader_;
  bus::Publisher publisher_;
};

}  // namespace

DeadLettersCommand parse_dead_letters(std::span<const std::string> operands, std::string& wrong) {
  using What = DeadLettersCommand::What;
  DeadLettersCommand command;
  bool all = false;
  std::vector<std::string> words;
  for (const std::string& operand : operands) {
    if (operand == "--json")
      command.json = true;
    else if (operand == "--all")
      all = true;
    else
      words.push_back(operand);
  }
  const std::string name = words.empty() ? "list" : words.front();
  if (name == "list")
    command.what = What::list;
  else if (name == "show")
    command.what = What::show;
  else if (name == "replay")
    command.what = What::replay;
  else if (name == "purge")
    command.what = What::purge;
  else
    wrong = "dead-letters takes list, show, replay or purge, not \"" + name + "\"";
  if (words.size() > 1) command.id = words[1];
  if (!wrong.empty()) return command;
  const bool acts = command.what == What::replay || command.what == What::purge;
  if (words.size() > 2)
    wrong = "dead-letters " + name + " takes one ID, and then came \"" + words[2] + "\"";
  else if (all && !acts)
    wrong = "dead-letters " + name + " takes no --all";
  else if (command.what == What::list && !command.id.empty())
    wrong = "dead-letters list takes no ID, but \"" + command.id + "\" was given; show takes one";
  else if (command.what == What::show && command.id.empty())
    wrong = "dead-letters show takes the ID of one";
  else if (acts && all == !command.id.empty())
    wrong = "dead-letters " + name + " takes the ID of one, or --all";
  return command;
}

std::vector<DeadQueue> dead_queues_of(Host& host) {
  std::vector<DeadQueue> queues;
  for (const auto& composition : host.compositions()) {
    for (const auto& subscription : composition->subscriptions) {
      DeadQueue queue{
          .name = dead_queue_of(*subscription),
          .event = std::string(subscription->spec->service->name) + "." + std::string(subscription->spec->name),
          .handler = std::string(composition->name()) + "." + handler_name_of(*subscription),
          .queue = shared_queue_of(*subscription),
          .broadcast = subscription->rules.delivery == Delivery::broadcast};
      if (std::ranges::find(queues, queue.name, &DeadQueue::name) == queues.end()) queues.push_back(std::move(queue));
    }
  }
  return queues;
}

int run_dead_letters(Host& host, const std::vector<DeadQueue>& queues, const DeadLettersCommand& command,
                     std::FILE* out, std::FILE* err) {
  using What = DeadLettersCommand::What;
  runtime::set_deadline(Instant::never());
  DeadLetters letters(host, queues, out, err);
  const bool all = command.id.empty();
  int code = exit_code::failed;
  switch (command.what) {
    case What::list:
      code = letters.list(command.json);
      break;
    case What::show:
      code = letters.show(command.id, command.json);
      break;
    case What::replay:
      code = all ? letters.replay_all(command.json) : letters.replay_one(command.id, command.json);
      break;
    case What::purge:
      code = all ? letters.purge_all(command.json) : letters.purge_one(command.id, command.json);
      break;
  }
  letters.close();
  return code;
}

}  // namespace tutti::detail
