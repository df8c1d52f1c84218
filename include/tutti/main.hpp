// main() of a service's binary: commands, settings, world, shards, signals. Returns the exit code
// (docs/reference/exit-codes.md).
#pragma once

#include <functional>
#include <initializer_list>
#include <string_view>

#include <tutti/app.hpp>

// The build's version, as --version and service.version tell it: set by the build system (tutti_service(... VERSION)).
#ifndef TUTTI_SERVICE_VERSION
#define TUTTI_SERVICE_VERSION "unversioned"
#endif

namespace tutti {

// A service and how it is wired. The service's name is the composition's: prefix of its settings, name of its
// database files, label of its logs and metrics.
struct Composed {
  Service service;
  std::function<void(App&)> compose;
  std::string_view version = TUTTI_SERVICE_VERSION;
};

[[nodiscard]] int main(int argc, char** argv, const Composed& service);
// Several services in one process (placement is a deployment decision): a call between them goes through no socket,
// and otherwise behaves as over rpc. TUTTI_SERVICES=orders,payments says which of them run; default: all.
[[nodiscard]] int main(int argc, char** argv, std::initializer_list<Composed> services);

// A program that only calls: a cron job, a script.
[[nodiscard]] int run(int argc, char** argv, const std::function<void(Caller&)>& program);

}  // namespace tutti
