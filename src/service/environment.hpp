// What all compositions of a process share, whatever the shard: the world, the library's settings, logs, traces,
// databases, objects made by App::shared. main builds one over the real world, a Bed one over a simulated one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include <tutti/app.hpp>

#include "observe/log/channel.hpp"
#include "observe/log/sink.hpp"
#include "observe/trace/tracer.hpp"
#include "service/library_settings.hpp"
#include "settings/settings.hpp"
#include "world/world.hpp"

namespace tutti::detail {

class Host;

class Environment {
 public:
  struct Parts {
    world::World& world;
    LibrarySettings library;
    settings::Sources& sources;
    observe::LogSink& log_sink;
    observe::LogStyle log_style;
    observe::Tracer& tracer;
  };
  explicit Environment(Parts parts);
  ~Environment();

  [[nodiscard]] world::World& world() noexcept { return parts_.world; }
  [[nodiscard]] const LibrarySettings& library() const noexcept { return parts_.library; }
  [[nodiscard]] std::unique_ptr<observe::LogChannel> log_channel(std::string_view service);
  [[nodiscard]] observe::Tracer& tracer() noexcept { return parts_.tracer; }
  [[nodiscard]] settings::Sources& sources() noexcept { return parts_.sources; }

  // A composition's settings, read once per type for all shards. Throws settings::Failure.
  const void* load_settings(std::string_view composition, const Shape& shape);
  // Opens and migrates on first use. Throws tutti::Error.
  Database& database(std::string_view composition, std::string_view name, const DatabaseRules& rules);
  std::shared_ptr<void> shared_object(std::string_view composition, std::type_index type,
                                      const std::function<std::shared_ptr<void>()>& make);

  // Every database that is open, by "<composition>.<name>".
  [[nodiscard]] std::vector<std::pair<std::string, Database*>> databases();
  [[nodiscard]] observe::LogChannel& log() noexcept { return *log_; }
  // Events that a transaction published reach the bus of the shard that committed.
  void join(Host& host);
  void leave(Host& host);
  [[nodiscard]] const std::vector<Host*>& hosts() const noexcept { return hosts_; }  // fixed while the services run
  // Closes databases and drops shared objects, after the shards have ended.
  void close();

 private:
  struct LoadedSettings;
  void announce(Database& database, const EventSpec& event, std::string_view id, std::string_view body);

  Parts parts_;
  std::unique_ptr<observe::LogChannel> log_;  // the library's own
  std::mutex mutex_;  // start-up only: never held across a wait
  std::map<std::pair<std::string, const Shape*>, std::unique_ptr<LoadedSettings>> settings_;
  std::map<std::string, std::unique_ptr<Database>> databases_;
  std::map<std::pair<std::string, std::type_index>, std::shared_ptr<void>> shared_;
  std::vector<Host*> hosts_;
};

}  // namespace tutti::detail
