#include "service/environment.hpp"

#include <algorithm>
#include <utility>

#include "database/core.hpp"
#include "service/host.hpp"
#include "service/value.hpp"
#include "wire/trace_context.hpp"

namespace tutti::detail {

struct Environment::LoadedSettings {
  explicit LoadedSettings(const Shape& shape) : value(shape) { value.construct(); }
  Value value;
};

Environment::Environment(Parts parts) : parts_(std::move(parts)), log_(log_channel("tutti")) {}
Environment::~Environment() { close(); }

std::unique_ptr<observe::LogChannel> Environment::log_channel(std::string_view service) {
  observe::LogChannel::Settings settings{.service = std::string(service), .style = parts_.log_style, .origin = &detail::log_origin};
  switch (parts_.library.log.level) {
    case LogSettings::Level::debug: settings.level = LogLevel::debug; break;
    case LogSettings::Level::info: settings.level = LogLevel::info; break;
    case LogSettings::Level::warn: settings.level = LogLevel::warn; break;
    case LogSettings::Level::error: settings.level = LogLevel::error; break;
    case LogSettings::Level::off: settings.level = LogLevel::off; break;
  }
  return std::make_unique<observe::LogChannel>(std::move(settings), parts_.world.clock(), parts_.log_sink);
}

const void* Environment::load_settings(std::string_view composition, const Shape& shape) {
  const std::scoped_lock lock(mutex_);
  auto& loaded = settings_[{std::string(composition), &shape}];
  if (!loaded) {
    auto fresh = std::make_unique<LoadedSettings>(shape);
    parts_.sources.load(shape, fresh->value.get(), composition);
    loaded = std::move(fresh);
  }
  return loaded->value.get();
}

Database& Environment::database(std::string_view composition, std::string_view name, const DatabaseRules& rules) {
  const std::scoped_lock lock(mutex_);
  const std::string full = std::string(composition) + "." + std::string(name);
  auto& database = databases_[full];
  if (!database) {
    database::DatabaseHooks hooks;
    hooks.published = [this, opened = &database](const EventSpec& event, std::string_view id, std::string_view body) { announce(**opened, event, id, body); };
    hooks.traceparent = [] {
      const CallState* const call = current_call();
      return call && call->trace.valid() ? wire::to_string({call->trace.trace_id, call->trace.span_id, call->trace.flags}) : std::string();
    };
    hooks.context = [this] {
      const CallState* const call = current_call();
      return call ? event_context(*call, parts_.world.random()) : std::string();
    };
    hooks.report = [this, full](std::string_view sentence) { Logger(*log_).warn(sentence, {{"db.namespace", full}}); };
    database = database::open_database(parts_.world, parts_.library.data + "/" + full + ".sqlite", rules, std::move(hooks));
  }
  return *database;
}

// On the fiber that committed, so on its shard's thread: the event reaches the handlers of that shard.
void Environment::announce(Database& database, const EventSpec& event, std::string_view id, std::string_view body) {
  for (Host* host : hosts_) {
    if (&host->shard() != runtime::Shard::current_or_null()) continue;
    EventMessage message{.event = &event, .id = std::string(id), .body = std::string(body)};
    if (const CallState* call = current_call()) {
      message.trace = call->trace;
      message.context = event_context(*call, parts_.world.random());
    }
    try {
      host->bus().publish_committed(std::move(message), database);
    } catch (const Error& error) {
      // It is committed and stays in the outbox; this process's own handlers miss it.
      Logger(*log_).error(error.what());
    }
  }
}

std::shared_ptr<void> Environment::shared_object(std::string_view composition, std::type_index type,
                                                 const std::function<std::shared_ptr<void>()>& make) {
  const std::scoped_lock lock(mutex_);
  auto& object = shared_[{std::string(composition), type}];
  if (!object) object = make();
  return object;
}

std::vector<std::pair<std::string, Database*>> Environment::databases() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::string, Database*>> all;
  for (const auto& [name, database] : databases_) all.emplace_back(name, database.get());
  return all;
}

void Environment::join(Host& host) { hosts_.push_back(&host); }
void Environment::leave(Host& host) { std::erase(hosts_, &host); }

void Environment::close() {
  databases_.clear();
  shared_.clear();
}

}  // namespace tutti::detail
