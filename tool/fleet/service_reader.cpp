#include "fleet/service_reader.hpp"

#include <algorithm>
#include <set>

#include "fleet/check_keys.hpp"
#include "fleet/ports.hpp"
#include "fleet/variables.hpp"
#include "fleet/whole_file.hpp"

namespace tutti::fleet {
namespace {

namespace fs = std::filesystem;
using yaml::Form;

class Reader {
 public:
  Reader(const std::string& name, const Value& value, const ServiceSources& sources)
      : value_(value), sources_(sources), subject_("service " + in_quotes(name) + ": "), out_{.name = name} {}

  DesiredService read() {
    out_.place = value_.place;
    out_.working_dir = sources_.folder;
    name();
    program();
    environment();
    with("ports", [&](const Value& v, const std::string& what) { ports(v, what); });
    order();
    life();
    replicas();
    secrets();
    with("profiles", [&](const Value& v, const std::string& what) { out_.profiles = texts(v, what); });
    return std::move(out_);
  }

 private:
  // A key without a value counts as absent, as in Compose.
  void with(const char* key, auto&& use) {
    if (const Value* inner = value_.find(key); inner != nullptr && !inner->null) use(*inner, subject_ + key);
  }

  void name() {
    static constexpr std::size_t name_bytes_max = 63;
    const std::string& name = out_.name;
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
                       std::string::npos;
    if (name.empty() || name.size() > name_bytes_max || !plain || name.front() == '.')
      refuse(value_, subject_ + "the name may have letters, digits, _, . and - only, and at most 63 of them");
  }

  void program() {
    std::vector<std::string> entrypoint;
    with("command", [&](const Value& v, const std::string& what) {
      out_.command = words(v, what);
      out_.program_place = v.place;
    });
    with("entrypoint", [&](const Value& v, const std::string& what) {
      entrypoint = words(v, what);
      if (!entrypoint.empty()) out_.program_place = v.place;
    });
    out_.command.insert(out_.command.begin(), entrypoint.begin(), entrypoint.end());
    with("x-tutti", [&](const Value& v, const std::string& what) { extension(v, what); });
    if (out_.binary.empty()) out_.transport = Transport::http;
    with("working_dir", [&](const Value& v, const std::string& what) {
      out_.working_dir = (sources_.folder / scalar(v, what)).lexically_normal();
    });
    if (out_.binary.empty() && (out_.command.empty() || out_.command.front().empty()))
      refuse(value_, subject_ + "nothing says what to run; write x-tutti: {binary: ...} or command");
  }

  void extension(const Value& value, const std::string& what) {
    if (const Value* x = value.find("binary")) {
      out_.binary = scalar(*x, what + ".binary");
      if (out_.binary.empty()) refuse(*x, what + ".binary is empty; expected a program's name");
      out_.program_place = x->place;
    }
    if (const Value* x = value.find("owner")) out_.owner = scalar(*x, what + ".owner");
    if (const Value* x = value.find("with")) {
      out_.with = texts(*x, what + ".with");
      std::set<std::string> seen;  // two files may name the same one
      std::erase_if(out_.with, [&](const std::string& other) { return !seen.insert(other).second; });
    }
    if (const Value* x = value.find("ports")) ports(*x, what + ".ports");
    if (const Value* x = value.find("transport")) {
      const std::string& text = scalar(*x, what + ".transport");
      if (text != "rpc" && text != "http")
        refuse(*x, what + ".transport is " + in_quotes(text) + "; expected rpc or http");
      if (text == "rpc" && out_.binary.empty())
        refuse(*x, what + ".transport is " + in_quotes(text) + "; a service without binary is reached over http");
      if (text == "http") out_.transport = Transport::http;
    }
  }

  void environment() {
    with("env_file", [&](const Value& v, const std::string& what) { environment_files(v, what); });
    with("environment", [&](const Value& v, const std::string& what) {
      for (const auto& [variable, text] : v.entries) {
        if (text.form != Form::scalar) refuse(text, what + "." + variable + ": expected a text");
        if (variable.empty() || variable.find('=') != std::string::npos)
          refuse(text, what + ": " + in_quotes(variable) + " is no variable's name");
        if (!text.null)
          out_.environment[variable] = text.text;
        else if (const auto given = sources_.lookup(variable))
          out_.environment[variable] = *given;
        else
          out_.environment.erase(variable);  // Compose: the name alone takes away what a file set
      }
    });
  }

  void environment_files(const Value& value, const std::string& what) {
    for (const Value& item : sequence(value, what).items) {
      const Value* path = &item;
      bool required = true;
      if (item.form == Form::mapping) {
        check_keys(item, "services.env_file", what + ".", sources_.ignored);
        path = item.find("path");
        if (path == nullptr) refuse(item, what + " has no path");
        if (const Value* r = item.find("required")) required = truth(*r, what + ".required");
      }
      const fs::path file = sources_.folder / scalar(*path, what);
      if (!fs::exists(file)) {
        if (required)
          refuse(item, what + ": " + file.string() + " is not there; create it, or write {path: ..., required: false}");
        continue;
      }
      for (const auto& [name, text] : read_variables(file.string(), whole_text(file, item.place), sources_.lookup))
        out_.environment[name] = text;
    }
  }

  void ports(const Value& value, const std::string& what) {
    for (const Value& item : sequence(value, what).items) {
      PublishedPort port = published_port(item, what, sources_.ignored);
      const bool repeated = std::any_of(out_.ports.begin(), out_.ports.end(), [&](const PublishedPort& p) {
        return p.host == port.host && p.first == port.first && p.last == port.last && p.target == port.target;
      });
      if (!repeated) out_.ports.push_back(std::move(port));
    }
  }

  void order() {
    with("depends_on", [&](const Value& v, const std::string& what) {
      for (const auto& [target, how] : v.entries)
        out_.depends_on.push_back(dependency(target, how, what + "." + target));
    });
  }

  static Dependency dependency(const std::string& target, const Value& how, const std::string& what) {
    Dependency out{.service = target, .place = how.place};
    if (const Value* required = how.find("required")) out.required = truth(*required, what + ".required");
    if (const Value* condition = how.find("condition")) {
      const std::string& text = scalar(*condition, what + ".condition");
      if (text == "service_healthy")
        out.condition = Condition::healthy;
      else if (text == "service_completed_successfully")
        out.condition = Condition::completed;
      else if (text != "service_started")
        refuse(*condition, what + ".condition is " + in_quotes(text) +
                               "; expected service_started, service_healthy or service_completed_successfully");
    }
    return out;
  }

  void life() {
    with("healthcheck", [&](const Value& v, const std::string& what) { healthcheck(v, what); });
    with("restart", [&](const Value& v, const std::string& what) { restart(v, what); });
    with("stop_grace_period",
         [&](const Value& v, const std::string& what) { out_.stop_grace_period = duration(v, what); });
    with("stop_signal", [&](const Value& v, const std::string& what) {
      static const std::set<std::string, std::less<>> known{"SIGTERM", "SIGINT",  "SIGQUIT", "SIGHUP",
                                                            "SIGUSR1", "SIGUSR2", "SIGKILL"};
      out_.stop_signal = scalar(v, what).starts_with("SIG") ? v.text : "SIG" + v.text;
      if (!known.contains(out_.stop_signal))
        refuse(v, what + " is " + in_quotes(v.text) +
                      "; expected SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 or SIGKILL");
    });
  }

  void healthcheck(const Value& value, const std::string& what) {
    Healthcheck& out = out_.healthcheck;
    const auto time = [&](const char* key, std::chrono::milliseconds& into) {
      if (const Value* v = value.find(key)) into = duration(*v, what + "." + key);
    };
    time("interval", out.interval);
    time("timeout", out.timeout);
    time("start_period", out.start_period);
    time("start_interval", out.start_interval);
    if (const Value* v = value.find("retries")) out.retries = static_cast<int>(number(*v, what + ".retries", 1, 1000));
    if (const Value* v = value.find("test")) health_test(*v, what + ".test");
    if (const Value* v = value.find("disable")) out.disabled = truth(*v, what + ".disable") || out.disabled;
  }

  void health_test(const Value& value, const std::string& what) {
    const std::vector<std::string> test =
        value.form == Form::scalar ? std::vector<std::string>{"CMD-SHELL", scalar(value, what)} : texts(value, what);
    std::vector<std::string>& out = out_.healthcheck.test;
    if (test.size() == 1 && test[0] == "NONE") {
      out_.healthcheck.disabled = true;
    } else if (test.size() >= 2 && test[0] == "CMD" && !test[1].empty()) {
      out.assign(test.begin() + 1, test.end());
    } else if (test.size() == 2 && test[0] == "CMD-SHELL") {
      out = {"/bin/sh", "-c", test[1]};
    } else {
      refuse(value, what + ": expected [CMD, program, ...], [CMD-SHELL, line] or [NONE]");
    }
  }

  void restart(const Value& value, const std::string& what) {
    const std::string& text = scalar(value, what);
    out_.restart_place = value.place;
    if (text == "no" || text == "false") {
      out_.restart = Restart::no;
    } else if (text == "always") {
      out_.restart = Restart::always;
    } else if (text == "unless-stopped") {
      out_.restart = Restart::unless_stopped;
    } else if (text == "on-failure" || text.starts_with("on-failure:")) {
      out_.restart = Restart::on_failure;
      constexpr std::size_t name_bytes = std::string_view("on-failure").size();
      if (text.size() > name_bytes)
        out_.restart_max = static_cast<int>(
            number(Value{.text = text.substr(name_bytes + 1), .place = value.place}, what, 1, 1'000'000));
    } else {
      refuse(value,
             what + " is " + in_quotes(text) + "; expected no, always, on-failure, on-failure:3 or unless-stopped");
    }
  }

  void replicas() {
    const auto count = [&](const Value& v, const std::string& what) {
      out_.replicas = static_cast<std::uint32_t>(number(v, what, 0, replicas_max));
    };
    with("scale", count);
    with("deploy", [&](const Value& v, const std::string& what) {
      if (const Value* replicas = v.find("replicas")) count(*replicas, what + ".replicas");
    });
    check_room(out_);
  }

  void secrets() {
    with("secrets", [&](const Value& v, const std::string& what) {
      for (const Value& item : sequence(v, what).items) {
        MountedSecret mounted = secret(item, what);
        // A later file of the fleet may give the same setting from elsewhere.
        std::erase_if(out_.secrets, [&](const MountedSecret& before) { return before.name == mounted.name; });
        out_.secrets.push_back(std::move(mounted));
      }
    });
  }

  MountedSecret secret(const Value& item, const std::string& what) {
    const Value* source = &item;
    if (item.form == Form::mapping) {
      check_keys(item, "services.secrets", what + ".", sources_.ignored);
      source = item.find("source");
      if (source == nullptr) refuse(item, what + " has no source");
    }
    const std::string& name = scalar(*source, what);
    const Value* target = item.find("target");
    const std::string& setting = target == nullptr ? name : scalar(*target, what + ".target");
    if (setting.empty() || setting.find('/') != std::string::npos || setting.starts_with("."))
      refuse(item, what + ": target is " + in_quotes(setting) + "; expected a setting's name such as payments.key");
    const Value* defined = sources_.secrets == nullptr ? nullptr : sources_.secrets->find(name);
    if (defined == nullptr)
      refuse(item, what + ": secret " + in_quotes(name) + " is not defined; add it under secrets: at the top level");
    return {.name = setting, .content = secret_text(name, *defined)};
  }

  [[nodiscard]] std::string secret_text(const std::string& name, const Value& defined) const {
    if (const Value* file = defined.find("file"))
      return whole_text(sources_.folder / scalar(*file, "secrets." + name + ".file"), file->place);
    const Value* variable = defined.find("environment");
    if (variable == nullptr)
      refuse(defined, "secret " + in_quotes(name) + " has no source; write file: or environment:");
    auto text = sources_.lookup(scalar(*variable, "secrets." + name + ".environment"));
    if (!text)
      refuse(*variable, "secret " + in_quotes(name) + ": variable " + in_quotes(variable->text) + " is not set");
    return std::move(*text);
  }

  const Value& value_;
  const ServiceSources& sources_;
  const std::string subject_;
  DesiredService out_;
};

}  // namespace

DesiredService read_service(const std::string& name, const Value& value, const ServiceSources& sources) {
  return Reader(name, value, sources).read();
}

}  // namespace tutti::fleet
