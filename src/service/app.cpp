#include <tutti/app.hpp>

#include <utility>

#include "runtime/shard.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/response_cache.hpp"

namespace tutti {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(Code::failed_precondition, why); }

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

void App::keep(std::shared_ptr<void> object) { composition_->kept.push_back(std::move(object)); }

std::shared_ptr<void> App::shared_object(std::type_index type, const std::function<std::shared_ptr<void>()>& make) {
  return composition_->host().environment().shared_object(composition_->name(), type, make);
}

void App::add_method(const detail::MethodSpec& method, detail::Handler handler, ServeRules rules) {
  if (method.service->name != composition_->name()) {
    refuse("the service " + quoted(composition_->name()) + " serves " + quoted(std::string(method.service->name) + "." + std::string(method.name)) +
           ", a method of another service; serve it from that service's composition");
  }
  if (composition_->find(method.name) != nullptr) {
    refuse(quoted(std::string(method.service->name) + "." + std::string(method.name)) + " is served twice by its composition; remove one app.serve");
  }
  const bool caches = rules.cached.lasts.count() > 0;
  if (caches && (method.rules.repeat != Repeat::safe || !method.reply || method.stream_in || method.stream_out)) {
    refuse(quoted(std::string(method.service->name) + "." + std::string(method.name)) +
           " is served with .cached; only a method that has a reply, no stream and .repeat = tutti::Repeat::safe in its contract can be");
  }
  auto served = std::make_unique<detail::ServedMethod>(
      detail::ServedMethod{.spec = &method,
                           .handler = std::move(handler),
                           .rules = rules,
                           .composition = composition_,
                           .full_name = std::string(method.service->name) + "." + std::string(method.name)});
  if (caches) served->cache = std::make_shared<detail::ResponseCache>(method, rules.cached, composition_->metrics(), served->full_name);
  composition_->methods.push_back(std::move(served));
}

namespace {

// The composition's channel of that name, made when it is first spoken of.
detail::ServedChannel& channel_of(detail::Composition& composition, const detail::ChannelSpec& channel) {
  if (channel.service->name != composition.name()) {
    refuse("the service " + quoted(composition.name()) + " serves " + quoted(std::string(channel.service->name) + "." + std::string(channel.name)) +
           ", a channel of another service; serve it from that service's composition");
  }
  if (detail::ServedChannel* const known = composition.find_channel(channel.name)) return *known;
  return *composition.channels.emplace_back(std::make_unique<detail::ServedChannel>(channel, composition));
}

void set_once(const detail::ServedChannel& channel, std::optional<detail::Handler>& place, detail::Handler handler) {
  if (place) refuse("the channel " + quoted(channel.full_name()) + " has a handler twice; remove one");
  place.emplace(std::move(handler));
}

}  // namespace

void App::add_channel(const detail::ChannelSpec& spec, detail::Handler handler, ChannelRules rules) {
  detail::ServedChannel& channel = channel_of(*composition_, spec);
  set_once(channel, channel.received, std::move(handler));
  channel.rules = rules;
}

void App::add_arrivals(const detail::ChannelSpec& spec, Arrivals which, detail::Handler handler) {
  detail::ServedChannel& channel = channel_of(*composition_, spec);
  set_once(channel, which == Arrivals::opened ? channel.opened : channel.closed, std::move(handler));
}

detail::HubCore& App::hub_of(const detail::ChannelSpec& spec) { return channel_of(*composition_, spec); }

void App::add_subscription(const detail::EventSpec& event, detail::Handler handler, EventRules rules) {
  if (rules.retry.attempts < 1) refuse("an event handler's retry.attempts is " + std::to_string(rules.retry.attempts) + "; expected 1 or more");
  auto subscription = std::make_unique<detail::Subscription>(
      detail::Subscription{.spec = &event, .handler = std::move(handler), .rules = rules, .composition = composition_});
  composition_->subscriptions.push_back(std::move(subscription));
}

void App::add_announced(const detail::EventSpec& event) {
  for (const detail::EventSpec* known : composition_->announced) {
    if (known->name == event.name && known->service->name == event.service->name) return;
  }
  composition_->announced.push_back(&event);
}

void App::add_timer(std::chrono::nanoseconds period, std::function<void()> work, TimerRules rules) {
  if (period < std::chrono::milliseconds(1)) refuse("a timer of " + quoted(composition_->name()) + " has a period under 1 ms; expected 1 ms or more");
  if (rules.once == Once::per_fleet) {
    const std::string& name = rules.name;
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    if (name.empty() || name.size() > 100 || name.find_first_not_of(allowed) != std::string::npos)
      refuse("a timer of " + quoted(composition_->name()) + " runs once per fleet and has the name " + quoted(name) + "; expected 1 to 100 of [a-z0-9_.-], the same in all instances (TimerRules::name)");
    for (const detail::Timer& timer : composition_->timers) {
      if (timer.rules.once == Once::per_fleet && timer.rules.name == name) refuse("two timers of " + quoted(composition_->name()) + " run once per fleet as " + quoted(name) + "; give one of them another name");
    }
  }
  composition_->timers.push_back({period, std::move(work), std::move(rules)});
}

void App::raw(std::string_view verb, std::string_view path, std::function<void(Request&, Responder&)> handler,
              Priority priority) {
  struct Named {
    std::string_view name;
    Verb verb;
  };
  static constexpr Named verbs[] = {{"GET", Verb::get},     {"HEAD", Verb::head}, {"POST", Verb::post},      {"PUT", Verb::put},
                                    {"PATCH", Verb::patch}, {"DELETE", Verb::del}, {"OPTIONS", Verb::options}};
  for (const Named& known : verbs) {
    if (known.name != verb) continue;
    if (!path.starts_with('/')) refuse("app.raw: the path " + quoted(path) + " does not begin with /");
    composition_->raw_handlers.push_back(std::make_unique<detail::RawHandler>(
        detail::RawHandler{known.verb, std::string(path), std::move(handler), composition_, priority}));
    return;
  }
  refuse("app.raw: " + quoted(verb) + " is no method of HTTP that can be served; expected GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS");
}

void App::files(std::string_view prefix, std::span<const EmbeddedFile> files) {
  if (!prefix.starts_with('/')) refuse("app.files: the prefix " + quoted(prefix) + " does not begin with /");
  composition_->files.push_back({std::string(prefix), files});
}

void App::around(std::function<void(const Call&, Next)> middleware) { composition_->middleware.push_back(std::move(middleware)); }

void App::authenticate(std::unique_ptr<Authenticator> authenticator) { composition_->authenticators.push_back(std::move(authenticator)); }

void App::spawn(std::string_view name, std::function<void()> work) { composition_->work.push_back({std::string(name), std::move(work)}); }

void App::ready(std::string_view name, std::function<bool()> check) { composition_->ready_checks.push_back({std::string(name), std::move(check)}); }

const void* App::load_settings(const detail::Shape& shape) {
  return composition_->host().environment().load_settings(composition_->name(), shape);
}

Database& App::database(std::string_view name, DatabaseRules rules) {
  Database& database = composition_->host().environment().database(composition_->name(), name, rules);
  composition_->databases.insert_or_assign(std::string(name), &database);
  return database;
}

Caller App::caller() { return Caller(composition_->call_path()); }
Publisher& App::publisher() { return composition_->publisher(); }
HttpClient& App::http_client() { return composition_->host().client().http(); }
Metrics& App::metrics() { return composition_->metrics(); }
Clock& App::clock() { return composition_->host().environment().world().clock(); }
Random& App::random() { return composition_->host().environment().world().random(); }
const Logger& App::log() { return composition_->log(); }

}  // namespace tutti
