// A disk in memory with settings on it, and what a process would be given.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "settings/settings.hpp"
#include "world/simulated.hpp"

namespace tutti::settings {

class Process {
 public:
  Process& file(const std::string& path, std::string_view content) {
    const auto slash = path.rfind('/');
    EXPECT_EQ(world_.files().make_directories(path.substr(0, slash)), 0);
    EXPECT_EQ(world_.files().replace(path, content), 0);
    return *this;
  }
  Process& yaml(std::string_view content) { return file("/etc/s.yaml", content).flags({"--settings", "/etc/s.yaml"}); }
  Process& mounted(const std::string& key, std::string_view content) {
    environment_["TUTTI_SETTINGS_DIR"] = "/run/secrets";
    return file("/run/secrets/" + key, content);
  }
  Process& variable(const std::string& name, const std::string& value) {
    environment_[name] = value;
    return *this;
  }
  Process& flags(const std::vector<std::string>& arguments) {
    arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
    return *this;
  }
  Process& prefixes(std::vector<std::string> prefixes) {
    prefixes_ = std::move(prefixes);
    return *this;
  }
  [[nodiscard]] Given given() {
    return {.files = world_.files(),
            .environment = environment_,
            .arguments = arguments_,
            .prefixes = prefixes_,
            .reserved = {"TUTTI_OF_THE_BUILD"}};
  }
  [[nodiscard]] world::SimulatedWorld& world() { return world_; }

 private:
  world::SimulatedWorld world_;
  std::map<std::string, std::string, std::less<>> environment_;
  std::vector<std::string> arguments_;
  std::vector<std::string> prefixes_ = {"tutti", "payments"};
};

// What loading T says is wrong; empty if nothing.
template <class T>
std::vector<std::string> problems_of(Process& given, std::string_view prefix = "payments") {
  T value{};
  Sources sources(given.given());
  try {
    sources.load(detail::shape_of<T>(), &value, prefix);
  } catch (const Failure& failure) {
    return failure.problems();
  }
  return {};
}

template <class T>
T loaded(Process& given, std::string_view prefix = "payments") {
  T value{};
  Sources sources(given.given());
  sources.load(detail::shape_of<T>(), &value, prefix);
  return value;
}

}  // namespace tutti::settings
