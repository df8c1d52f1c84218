// AsyncAPI 3.0 of one service: the events that it announces and handles, as they travel over a broker, and its
// WebSocket channels. What the AMQP 0-9-1 binding (0.3.0) has no word for is an extension, x-tutti-*.
#include <map>
#include <string>
#include <vector>

#include "message/schema.hpp"
#include "service/documents.hpp"
#include "service/event_wire.hpp"
#include "service/json_object.hpp"
#include "wire/http1/router.hpp"

namespace tutti::detail {
namespace {

using Members = std::map<std::string, std::string>;  // sorted: a document does not change without a reason

std::string object_of(const Members& members) {
  JsonObject object;
  for (const auto& [name, json] : members) object.add(name, json);
  return object.json();
}

std::string reference(const std::string& path) { return JsonObject().add("$ref", json_text("#/" + path)).json(); }

std::string milliseconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

std::string_view name_of(Delivery delivery) {
  switch (delivery) {
    case Delivery::pool:
      return "pool";
    case Delivery::broadcast:
      return "broadcast";
    case Delivery::singleton:
      return "singleton";
  }
  return "pool";
}

// What stands in braces in a path, which the document has to name; empty: nothing.
std::string parameters_of(std::string_view path) {
  const auto names = wire::http1::parameters_of(path);
  if (!names || names->empty()) return {};
  JsonObject parameters;
  for (const std::string& name : *names) parameters.add(name, "{}");
  return parameters.json();
}

std::string name_of(const EventSpec& event) { return std::string(event.service->name) + "." + std::string(event.name); }

class Document {
 public:
  explicit Document(const Composition& composition) : composition_(composition) {}

  std::string json() {
    for (const EventSpec* event : composition_.announced) announce(*event);
    for (const auto& subscription : composition_.subscriptions) handle(*subscription);
    for (const auto& channel : composition_.channels) connect(*channel);
    const std::string name(composition_.name());
    return JsonObject()
        .add("asyncapi", json_text("3.0.0"))
        .add("info", JsonObject()
                         .add("title", json_text(name))
                         .add("version", json_text(composition_.service().contract_version))
                         .json())
        .add("defaultContentType", json_text("application/json"))
        .add("channels", object_of(channels_))
        .add("operations", object_of(operations_))
        .add("components", components())
        .json();
  }

 private:
  void announce(const EventSpec& event) {
    operations_.emplace("announce." + name_of(event),
                        JsonObject()
                            .add("action", json_text("send"))
                            .add("channel", reference("channels/" + event_channel(event)))
                            .add("messages", json_list({reference("channels/" + name_of(event) + "/messages/event")}))
                            .add("bindings", amqp(JsonObject().add("deliveryMode", "2").add("timestamp", "true")))
                            .json());
  }

  void handle(const Subscription& subscription) {
    const EventSpec& event = *subscription.spec;
    const bool broadcast = subscription.rules.delivery == Delivery::broadcast;
    const RetryRules& retry = subscription.rules.retry;
    operations_.emplace(
        "handle." + name_of(event) + "." + handler_name_of(subscription),
        JsonObject()
            .add("action", json_text("receive"))
            .add("channel", reference("channels/" + event_channel(event)))
            .add("messages", json_list({reference("channels/" + name_of(event) + "/messages/event")}))
            .add("bindings", amqp(JsonObject().add("ack", "true")))
            .add("x-tutti-delivery", json_text(name_of(subscription.rules.delivery)))
            // Each instance of a broadcast has a queue of its own, with an id behind this name.
            .add("x-tutti-queue", json_text(shared_queue_of(subscription) + (broadcast ? "-{instance}" : "")))
            .add("x-tutti-dead-letters", json_text(dead_queue_of(subscription)))
            .add("x-tutti-retry", JsonObject()
                                      .add("attempts", std::to_string(retry.attempts))
                                      .add("first-ms", milliseconds(retry.first))
                                      .add("longest-ms", milliseconds(retry.longest))
                                      .json())
            .json());
  }

  void connect(const ServedChannel& channel) {
    const ChannelSpec& spec = channel.spec();
    const std::string name(channel.full_name());
    const std::string own = std::string(spec.service->name) + ".";
    JsonObject object;
    object.add("address", json_text(spec.path))
        .add("messages", JsonObject()
                             .add("received", message(name + ".received", spec.incoming, own))
                             .add("sent", message(name + ".sent", spec.outgoing, own))
                             .json())
        .add("bindings",
             JsonObject()
                 .add("ws",
                      JsonObject().add("method", json_text("GET")).add("bindingVersion", json_text("0.1.0")).json())
                 .json());
    if (const std::string parameters = parameters_of(spec.path); !parameters.empty())
      object.add("parameters", parameters);
    if (channel.rules.frames == Frames::nameko) object.add("x-tutti-frames", json_text("nameko"));
    channels_.emplace(name, object.json());
    for (const auto& [action, which] : {std::pair("receive", "received"), std::pair("send", "sent")}) {
      operations_.emplace(std::string(action) + "." + name,
                          JsonObject()
                              .add("action", json_text(action))
                              .add("channel", reference("channels/" + name))
                              .add("messages", json_list({reference("channels/" + name + "/messages/" + which)}))
                              .json());
    }
  }

  // The exchange with the event's routing key: every queue that is bound there gets it.
  std::string event_channel(const EventSpec& event) {
    std::string name = name_of(event);
    if (channels_.contains(name)) return name;
    const std::string exchange = JsonObject()
                                     .add("name", json_text(exchange_of(event.service->name)))
                                     .add("type", json_text("topic"))
                                     .add("durable", "true")
                                     .add("autoDelete", "false")
                                     .json();
    channels_.emplace(
        name,
        JsonObject()
            .add("address", json_text(event.name))
            .add("messages",
                 JsonObject().add("event", message(name, event.message, std::string(event.service->name) + ".")).json())
            .add("bindings", amqp(JsonObject().add("is", json_text("routingKey")).add("exchange", exchange)))
            .json());
    return name;
  }

  static std::string amqp(JsonObject binding) {
    return JsonObject().add("amqp", binding.add("bindingVersion", json_text("0.3.0")).json()).json();
  }

  // The schemas of another service's event have that service's name.
  std::string message(const std::string& name, ShapeOf shape_of_it, const std::string& prefix) {
    const Shape& shape = shape_of_it();
    message::Schemas& schemas = schemas_.try_emplace(prefix, "#/components/schemas/", prefix).first->second;
    JsonObject object;
    object.add("name", json_text(name)).add("contentType", json_text("application/json"));
    if (!shape.about.empty()) object.add("summary", json_text(shape.about));
    messages_.emplace(name, object.add("payload", schemas.use(shape)).json());
    return reference("components/messages/" + name);
  }

  std::string components() const {
    Members schemas;
    for (const auto& [prefix, one] : schemas_) schemas.insert(one.definitions().begin(), one.definitions().end());
    return JsonObject().add("messages", object_of(messages_)).add("schemas", object_of(schemas)).json();
  }

  const Composition& composition_;
  Members channels_, operations_, messages_;
  std::map<std::string, message::Schemas> schemas_;  // by prefix
};

}  // namespace

std::string asyncapi_document(Host& host, std::string_view service) {
  Composition* const composition = service.empty() ? host.compositions().front().get() : host.composition(service);
  return composition == nullptr ? std::string() : Document(*composition).json();
}

}  // namespace tutti::detail
