#include "service/wire_names.hpp"

#include <utility>

namespace tutti::detail {

void WireNames::add(const Composition& composition) {
  for (const auto& served : composition.methods) add(*served->spec);
  for (const auto& channel : composition.channels) {
    const ChannelSpec& spec = channel->spec();
    add(spec.service->name, spec.incoming(), "a message into the channel " + std::string(channel->full_name()));
    add(spec.service->name, spec.outgoing(), "a message out of the channel " + std::string(channel->full_name()));
  }
  for (const auto& subscription : composition.subscriptions) {
    const EventSpec& event = *subscription->spec;
    add(event.service->name, event.message(),
        "the event " + std::string(event.service->name) + "." + std::string(event.name));
  }
}

void WireNames::add(const MethodSpec& method) {
  const std::string_view service = method.service->name;
  const std::string name = std::string(service) + "." + std::string(method.name);
  if (method.request) add(service, method.request(), "the request of " + name);
  if (method.reply) add(service, method.reply(), "the reply of " + name);
  if (method.stream_in) add(service, method.stream_in(), "the stream into " + name);
  if (method.stream_out) add(service, method.stream_out(), "the stream out of " + name);
  for (const ErrorSpec& error : method.errors) add(service, error.shape(), "an error of " + name);
}

void WireNames::add(std::string_view service, const Shape& shape, const std::string& place) {
  if (!seen_.emplace(service, &shape).second) return;
  if (!shape.name.empty()) {
    const std::string name = std::string(service) + "." + std::string(shape.name);
    const auto [known, fresh] = known_.try_emplace(name, Known{&shape, place});
    if (!fresh && known->second.shape != &shape) {
      throw Error(Code::failed_precondition, "two types are \"" + name + "\" on the wire: one in " +
                                                 known->second.place + ", another in " + place +
                                                 "; rename one of them");
    }
  }
  if (shape.element) add(service, *shape.element, place);
  for (const Field& field : shape.fields) add(service, *field.shape, place + ", field " + std::string(field.wire_name));
  for (const Alternative& alternative : shape.alternatives) add(service, *alternative.shape, place);
}

}  // namespace tutti::detail
