#include "fleet/fleet_file.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <utility>

#include "fleet/compose_keys.hpp"
#include "fleet/refusal.hpp"
#include "settings/yaml.hpp"

namespace tutti::fleet {
namespace {

namespace fs = std::filesystem;
using yaml::Form;

// A node that remembers its file, so that what was merged still points at where it was written.
struct Value {
  Form form = Form::scalar;
  bool null = false;
  std::string text = {};
  std::string place = {};  // "compose.yaml:3:7"
  std::vector<Value> items = {};
  std::vector<std::pair<std::string, Value>> entries = {};

  [[nodiscard]] const Value* find(std::string_view key) const {
    for (const auto& [name, value] : entries)
      if (name == key) return &value;
    return nullptr;
  }
  Value& at(const std::string& key) {
    for (auto& [name, value] : entries)
      if (name == key) return value;
    return entries.emplace_back(key, Value{}).second;
  }
};

[[noreturn]] void refuse(const Value& at, const std::string& what) {
  throw Refusal(exit_code::settings, at.place + ": " + what);
}
std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string text_of(const fs::path& file) {
  constexpr std::uintmax_t bytes_max = 1 << 20;
  std::error_code error;
  if (const auto size = fs::file_size(file, error); error || size > bytes_max)
    throw Refusal(exit_code::settings,
                  file.string() + ": cannot be read: " + (error ? error.message() : "it is larger than 1 MiB"));
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  if (!(out << in.rdbuf()) && in.bad()) throw Refusal(exit_code::settings, file.string() + ": cannot be read");
  return out.str();
}

Value value_of(const yaml::Node& node, const std::string& file, const settings::Lookup& lookup,
               std::vector<std::string>& notes) {
  Value out{.form = node.form, .place = yaml::to_string(file, node.at)};
  if (node.form == Form::scalar) {
    out.null = yaml::type_of(node) == yaml::Type::null;
    settings::Interpolated text = settings::interpolate(node.text, lookup);
    if (!text.error.empty()) refuse(out, text.error);
    for (const std::string& name : text.unset)
      notes.push_back(out.place + ": variable " + in_quotes(name) + " is not set and counts as empty");
    out.text = std::move(text.text);
  }
  for (const yaml::Node& item : node.items) out.items.push_back(value_of(item, file, lookup, notes));
  for (const yaml::Entry& entry : node.entries) {
    Value value = value_of(entry.value, file, lookup, notes);
    value.place = yaml::to_string(file, entry.at);
    out.entries.emplace_back(entry.key, std::move(value));
  }
  return out;
}

const Value& mapping(const Value& value, const std::string& what) {
  if (value.form != Form::mapping && !value.null) refuse(value, what + " is no mapping; expected keys with values");
  return value;
}

// Against the table: unknown and refused keys end the reading, ignored ones leave a note.
void check_keys(const Value& value, std::string_view section, const std::string& subject,
                std::vector<std::string>& notes) {
  for (const auto& [name, inner] : value.entries) {
    const ComposeKey* key = find_key(section, name);
    if (key == nullptr && name.starts_with("x-")) continue;
    if (key == nullptr) {
      const std::string_view near = nearest_key(section, name);
      refuse(inner, subject + "key " + in_quotes(name) + " is not known" +
                        (near.empty() ? "" : "; did you mean " + in_quotes(near)));
    }
    if (key->treatment == Treatment::refused)
      refuse(inner, subject + name + " is not supported; " + std::string(key->note));
    if (key->treatment == Treatment::ignored)
      notes.push_back(inner.place + ": " + subject + name + " is ignored: " + std::string(key->note));
  }
}

// Compose's short forms become the long ones, so that two files merge whatever form each uses.
void normalise_list(Value& value, const std::string& what, char separator) {
  if (value.form == Form::mapping) return;
  if (value.form == Form::scalar) {
    if (!value.null) refuse(value, what + " is " + in_quotes(value.text) + "; expected a mapping or a list");
    value.form = Form::mapping;
    return;
  }
  Value out{.form = Form::mapping, .place = value.place};
  for (Value& item : value.items) {
    if (item.form != Form::scalar) refuse(item, what + ": expected a text");
    const std::size_t at = separator == '\0' ? std::string::npos : item.text.find(separator);
    Value inner{.form = separator == '\0' ? Form::mapping : Form::scalar,
                .null = at == std::string::npos && separator != '\0',
                .place = item.place};
    if (at != std::string::npos) inner.text = item.text.substr(at + 1);
    const std::string name = item.text.substr(0, at);
    out.at(name) = std::move(inner);
  }
  value = std::move(out);
}

void merge(Value& base, Value&& over, const std::string& key) {
  static const std::set<std::string, std::less<>> replaced{"command", "entrypoint", "test"};
  if (over.form == Form::mapping && base.form == Form::mapping) {
    base.place = over.place;
    for (auto& [name, value] : over.entries) {
      if (base.find(name) == nullptr)
        base.entries.emplace_back(name, std::move(value));
      else
        merge(base.at(name), std::move(value), name);
    }
  } else if (over.form == Form::sequence && base.form == Form::sequence && !replaced.contains(key)) {
    for (Value& item : over.items) base.items.push_back(std::move(item));
  } else if (!(over.form == Form::scalar && over.null && base.form != Form::scalar)) {
    base = std::move(over);
  }
}

void normalise_service(Value& service, const std::string& subject) {
  for (auto& [name, value] : service.entries) {
    if (name == "environment") normalise_list(value, subject + "environment", '=');
    if (name == "depends_on") normalise_list(value, subject + "depends_on", '\0');
    if ((name == "env_file" || name == "profiles") && value.form == Form::scalar) {
      Value list{.form = Form::sequence, .place = value.place};
      list.items.push_back(value);
      value = std::move(list);
    }
  }
}

const std::string& scalar(const Value& value, const std::string& what) {
  if (value.form != Form::scalar || value.null) refuse(value, what + " has no text; expected one");
  return value.text;
}

std::uint64_t number(const Value& value, const std::string& what, std::uint64_t least, std::uint64_t most) {
  const std::string& text = scalar(value, what);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < least || out > most)
    refuse(value, what + " is " + in_quotes(text) + "; expected a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most));
  return out;
}

std::chrono::milliseconds duration(const Value& value, const std::string& what) {
  const auto out = parse_duration(scalar(value, what));
  if (!out) refuse(value, what + " is " + in_quotes(value.text) + "; expected a duration such as 10s or 1m30s");
  return *out;
}

bool truth(const Value& value, const std::string& what) {
  const std::string& text = scalar(value, what);
  if (text != "true" && text != "false") refuse(value, what + " is " + in_quotes(text) + "; expected true or false");
  return text == "true";
}

std::vector<std::string> texts(const Value& value, const std::string& what) {
  if (value.form != Form::sequence) refuse(value, what + " is no list; expected one");
  std::vector<std::string> out;
  for (const Value& item : value.items) out.push_back(scalar(item, what));
  return out;
}

// A command in one line is cut as a shell would cut it, without expanding anything, as Compose does.
std::vector<std::string> words(const Value& value, const std::string& what) {
  if (value.form == Form::sequence) return texts(value, what);
  if (value.null) return {};
  std::vector<std::string> out;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  const std::string& text = scalar(value, what);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      in_word = true;
    } else if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      if (in_word) out.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != '\0') refuse(value, what + ": the quote " + std::string(1, quote) + " is not closed");
  if (in_word) out.push_back(word);
  return out;
}

std::uint16_t port_number(const Value& at, std::string_view text, const std::string& what) {
  unsigned out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out == 0 || out > 65535)
    refuse(at, what + " is " + in_quotes(text) + "; expected a port from 1 to 65535");
  return static_cast<std::uint16_t>(out);
}

PublishedPort published(const Value& at, std::string_view host, std::string_view range, std::string_view target,
                        const std::string& what) {
  PublishedPort out;
  if (!host.empty()) out.host = host;
  out.target = port_number(at, target, what);
  if (range.empty()) return out;
  const std::size_t dash = range.find('-');
  out.first = port_number(at, range.substr(0, dash), what);
  out.last = dash == std::string_view::npos ? out.first : port_number(at, range.substr(dash + 1), what);
  if (out.last < out.first) refuse(at, what + ": the range " + in_quotes(range) + " ends before it begins");
  return out;
}

PublishedPort port(const Value& value, const std::string& what, std::vector<std::string>& notes) {
  if (value.form == Form::mapping) {
    check_keys(value, "services.ports", what + ": ", notes);
    const auto text = [&](const char* key) {
      return value.find(key) == nullptr ? std::string() : scalar(*value.find(key), what + "." + key);
    };
    if (text("protocol") == "udp") refuse(value, what + ": udp is not supported; remove it or write tcp");
    if (value.find("target") == nullptr)
      refuse(value, what + " has no target; write the port that the service listens on");
    return published(value, text("host_ip"), text("published"), text("target"), what);
  }
  std::string_view text = scalar(value, what);
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    if (text.substr(slash) != "/tcp") refuse(value, what + " is " + in_quotes(text) + "; only tcp is supported");
    text = text.substr(0, slash);
  }
  const std::size_t last = text.rfind(':');
  if (last == std::string_view::npos) return published(value, {}, {}, text, what);
  const std::string_view target = text.substr(last + 1);
  std::string_view rest = text.substr(0, last), host;
  if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    rest = rest.substr(colon + 1);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  }
  return published(value, host, rest, target, what);
}

class Reader {
 public:
  explicit Reader(const FleetRequest& request) : request_(request) {}

  DesiredState read() {
    find_files();
    read_dot_env();
    for (const fs::path& file : files_) add(file);
    state_.name =
        tree_.find("name") != nullptr ? scalar(*tree_.find("name"), "name") : state_.folder.filename().string();
    const Value* services = tree_.find("services");
    if (services == nullptr || services->entries.empty())
      throw Refusal(exit_code::settings,
                    files_.front().string() + ": there is no service in it; expected services: with at least one");
    for (const auto& [name, value] : services->entries) all_.push_back(service(name, value));
    place();
    choose();
    check_dependencies();
    return std::move(state_);
  }

 private:
  void find_files() {
    files_ = request_.files;
    if (files_.empty()) {
      for (const char* stem : {"compose", "docker-compose"})
        for (const char* end : {".yaml", ".yml"}) {
          if (!files_.empty() || !fs::exists(std::string(stem) + end)) continue;
          files_.push_back(std::string(stem) + end);
          for (const char* second : {".override.yaml", ".override.yml"})
            if (files_.size() == 1 && fs::exists(std::string(stem) + second))
              files_.push_back(std::string(stem) + second);
        }
      if (files_.empty())
        throw Refusal(
            exit_code::settings,
            "there is no fleet file in " + fs::current_path().string() +
                "; looked for compose.yaml, compose.yml, docker-compose.yaml and docker-compose.yml; name one with -f");
    }
    state_.folder = fs::absolute(files_.front()).lexically_normal().parent_path();
  }

  void read_dot_env() {
    lookup_ = [this](std::string_view name) -> std::optional<std::string> {
      if (const auto at = request_.surroundings.find(name); at != request_.surroundings.end()) return at->second;
      if (const auto at = dot_env_.find(name); at != dot_env_.end()) return at->second;
      return std::nullopt;
    };
    const fs::path file = state_.folder / ".env";
    if (fs::exists(file)) dot_env_ = read_variables(file.string(), text_of(file), lookup_);
    for (const std::string& profile : request_.profiles) profiles_.insert(profile);
    std::stringstream listed(lookup_("COMPOSE_PROFILES").value_or(""));
    for (std::string profile; std::getline(listed, profile, ',');) profiles_.insert(profile);
  }

  void add(const fs::path& file) {
    const yaml::Document document = yaml::read(text_of(file));
    if (document.problem) throw Refusal(exit_code::settings, yaml::to_string(file.string(), *document.problem));
    Value tree = value_of(document.root, file.string(), lookup_, state_.notes);
    mapping(tree, "the file");
    check_keys(tree, "", "", state_.notes);
    for (auto& [section, value] : tree.entries) {
      if (section == "services")
        for (auto& [name, inner] : value.entries) check_service(name, inner);
      if (section == "secrets")
        for (auto& [name, inner] : value.entries)
          check_keys(mapping(inner, "secret " + in_quotes(name)), "secrets", "secret " + in_quotes(name) + ": ",
                     state_.notes);
    }
    if (tree.null) return;
    if (tree_.form != Form::mapping)
      tree_ = std::move(tree);
    else
      merge(tree_, std::move(tree), "");
  }

  void check_service(const std::string& name, Value& value) {
    const std::string subject = "service " + in_quotes(name) + ": ";
    check_keys(mapping(value, "service " + in_quotes(name)), "services", subject, state_.notes);
    normalise_service(value, subject);
    for (const auto& [key, inner] : value.entries) {
      if (key == "deploy" || key == "healthcheck" || key == "x-tutti")
        check_keys(mapping(inner, subject + key), "services." + key, subject + key + ".", state_.notes);
      if (key == "depends_on")
        for (const auto& [target, how] : inner.entries)
          check_keys(mapping(how, subject + "depends_on." + target), "services.depends_on",
                     subject + "depends_on." + target + ".", state_.notes);
    }
  }

  DesiredService service(const std::string& name, const Value& value) {
    const std::string subject = "service " + in_quotes(name) + ": ";
    static constexpr std::size_t name_bytes_max = 63;
    if (name.empty() || name.size() > name_bytes_max ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
            std::string::npos ||
        name.front() == '.')
      refuse(value, subject + "the name may have letters, digits, _, . and - only, and at most 63 of them");
    DesiredService out{.name = name, .working_dir = state_.folder};
    const auto with = [&](const char* key, auto&& use) {
      if (const Value* inner = value.find(key); inner != nullptr && !inner->null) use(*inner, subject + key);
    };
    std::vector<std::string> entrypoint;
    with("entrypoint", [&](const Value& v, const std::string& what) { entrypoint = words(v, what); });
    with("command", [&](const Value& v, const std::string& what) { out.command = words(v, what); });
    out.command.insert(out.command.begin(), entrypoint.begin(), entrypoint.end());
    with("env_file", [&](const Value& v, const std::string& what) { environment_files(v, what, out); });
    with("environment", [&](const Value& v, const std::string&) {
      for (const auto& [variable, text] : v.entries) {
        if (text.form != Form::scalar) refuse(text, subject + "environment." + variable + ": expected a text");
        if (!text.null)
          out.environment[variable] = text.text;
        else if (const auto given = lookup_(variable))
          out.environment[variable] = *given;
      }
    });
    with("ports", [&](const Value& v, const std::string& what) {
      if (v.form != Form::sequence) refuse(v, what + " is no list; expected one");
      for (const Value& item : v.items) out.ports.push_back(port(item, what, state_.notes));
    });
    with("depends_on", [&](const Value& v, const std::string& what) {
      for (const auto& [target, how] : v.entries)
        out.depends_on.push_back(dependency(target, how, what + "." + target));
    });
    with("healthcheck", [&](const Value& v, const std::string& what) { out.healthcheck = healthcheck(v, what); });
    with("restart", [&](const Value& v, const std::string& what) { restart(v, what, out); });
    with("stop_grace_period",
         [&](const Value& v, const std::string& what) { out.stop_grace_period = duration(v, what); });
    with("stop_signal", [&](const Value& v, const std::string& what) {
      static const std::set<std::string, std::less<>> known{"SIGTERM", "SIGINT",  "SIGQUIT", "SIGHUP",
                                                            "SIGUSR1", "SIGUSR2", "SIGKILL"};
      out.stop_signal = scalar(v, what).starts_with("SIG") ? v.text : "SIG" + v.text;
      if (!known.contains(out.stop_signal))
        refuse(v, what + " is " + in_quotes(v.text) +
                      "; expected SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 or SIGKILL");
    });
    with("scale", [&](const Value& v, const std::string& what) {
      out.replicas = static_cast<std::uint32_t>(number(v, what, 0, replicas_max));
    });
    with("deploy", [&](const Value& v, const std::string& what) {
      if (const Value* replicas = v.find("replicas"))
        out.replicas = static_cast<std::uint32_t>(number(*replicas, what + ".replicas", 0, replicas_max));
    });
    with("working_dir", [&](const Value& v, const std::string& what) {
      out.working_dir = (state_.folder / scalar(v, what)).lexically_normal();
    });
    with("secrets", [&](const Value& v, const std::string& what) { secrets(v, what, out); });
    with("profiles", [&](const Value& v, const std::string& what) { profiles_of_[name] = texts(v, what); });
    with("x-tutti", [&](const Value& v, const std::string& what) {
      if (const Value* x = v.find("binary")) out.binary = scalar(*x, what + ".binary");
      if (const Value* x = v.find("owner")) out.owner = scalar(*x, what + ".owner");
      if (const Value* x = v.find("with")) out.with = texts(*x, what + ".with");
      if (const Value* x = v.find("transport")) {
        if (scalar(*x, what + ".transport") != "rpc" && x->text != "http")
          refuse(*x, what + ".transport is " + in_quotes(x->text) + "; expected rpc or http");
        if (x->text == "http") out.transport = Transport::http;
      }
    });
    if (out.binary.empty()) out.transport = Transport::http;
    if (out.binary.empty() && out.command.empty())
      refuse(value, subject + "nothing says what to run; write x-tutti: {binary: ...} or command");
    for (const PublishedPort& p : out.ports)
      if (p.first != 0 && static_cast<unsigned>(p.last - p.first + 1) < out.replicas)
        refuse(*value.find("ports"),
               subject + "port " + std::to_string(p.first) + " can be listened on by one instance only and there are " +
                   std::to_string(out.replicas) + " replicas; publish a range such as " +
                   in_quotes(std::to_string(p.first) + "-" + std::to_string(p.first + out.replicas - 1) + ":" +
                             std::to_string(p.target)) +
                   " or one replica");
    places_[name] = value.place;
    return out;
  }

  void environment_files(const Value& value, const std::string& what, DesiredService& out) {
    for (const Value& item : value.items) {
      const Value* path = &item;
      bool required = true;
      if (item.form == Form::mapping) {
        check_keys(item, "services.env_file", what + ".", state_.notes);
        path = item.find("path");
        if (path == nullptr) refuse(item, what + " has no path");
        if (const Value* r = item.find("required")) required = truth(*r, what + ".required");
      }
      const fs::path file = state_.folder / scalar(*path, what);
      if (!fs::exists(file)) {
        if (required)
          refuse(item, what + ": " + file.string() + " is not there; create it, or write {path: ..., required: false}");
        continue;
      }
      for (const auto& [name, text] : read_variables(file.string(), text_of(file), lookup_))
        out.environment[name] = text;
    }
  }

  Dependency dependency(const std::string& target, const Value& how, const std::string& what) {
    Dependency out{.service = target};
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

  Healthcheck healthcheck(const Value& value, const std::string& what) {
    Healthcheck out;
    if (const Value* v = value.find("disable")) out.disabled = truth(*v, what + ".disable");
    if (const Value* v = value.find("interval")) out.interval = duration(*v, what + ".interval");
    if (const Value* v = value.find("timeout")) out.timeout = duration(*v, what + ".timeout");
    if (const Value* v = value.find("start_period")) out.start_period = duration(*v, what + ".start_period");
    if (const Value* v = value.find("start_interval")) out.start_interval = duration(*v, what + ".start_interval");
    if (const Value* v = value.find("retries")) out.retries = static_cast<int>(number(*v, what + ".retries", 1, 1000));
    if (const Value* v = value.find("test")) {
      out.test = v->form == Form::scalar ? std::vector<std::string>{"CMD-SHELL", scalar(*v, what + ".test")}
                                         : texts(*v, what + ".test");
      const bool none = out.test.size() == 1 && out.test[0] == "NONE";
      if (!none && (out.test.size() < 2 || (out.test[0] != "CMD" && out.test[0] != "CMD-SHELL")))
        refuse(*v, what + ".test: expected [CMD, program, ...], [CMD-SHELL, line] or [NONE]");
      if (none) out.disabled = true;
      out.test = none                   ? std::vector<std::string>{}
                 : out.test[0] == "CMD" ? std::vector<std::string>(out.test.begin() + 1, out.test.end())
                                        : std::vector<std::string>{"/bin/sh", "-c", out.test[1]};
    }
    return out;
  }

  void restart(const Value& value, const std::string& what, DesiredService& out) {
    const std::string& text = scalar(value, what);
    if (text == "no" || text == "false")
      out.restart = Restart::no;
    else if (text == "always")
      out.restart = Restart::always;
    else if (text == "unless-stopped")
      out.restart = Restart::unless_stopped;
    else if (text == "on-failure" || text.starts_with("on-failure:")) {
      out.restart = Restart::on_failure;
      if (text.size() > 11)
        out.restart_max =
            static_cast<int>(number(Value{.text = text.substr(11), .place = value.place}, what, 1, 1'000'000));
    } else
      refuse(value,
             what + " is " + in_quotes(text) + "; expected no, always, on-failure, on-failure:3 or unless-stopped");
  }

  void secrets(const Value& value, const std::string& what, DesiredService& out) {
    if (value.form != Form::sequence) refuse(value, what + " is no list; expected one");
    const Value* defined = tree_.find("secrets");
    for (const Value& item : value.items) {
      std::string source, target;
      if (item.form == Form::mapping) {
        check_keys(item, "services.secrets", what + ".", state_.notes);
        if (item.find("source") == nullptr) refuse(item, what + " has no source");
        source = scalar(*item.find("source"), what);
        if (item.find("target") != nullptr) target = scalar(*item.find("target"), what);
      } else {
        source = scalar(item, what);
      }
      if (target.empty()) target = source;
      if (target.find('/') != std::string::npos || target.starts_with("."))
        refuse(item, what + ": target is " + in_quotes(target) + "; expected a setting's name such as payments.key");
      const Value* secret = defined == nullptr ? nullptr : defined->find(source);
      if (secret == nullptr)
        refuse(item,
               what + ": secret " + in_quotes(source) + " is not defined; add it under secrets: at the top level");
      if (const Value* file = secret->find("file")) {
        out.secrets.push_back(
            {.name = target, .content = text_of(state_.folder / scalar(*file, "secrets." + source + ".file"))});
      } else if (const Value* variable = secret->find("environment")) {
        const auto text = lookup_(scalar(*variable, "secrets." + source + ".environment"));
        if (!text)
          refuse(*variable, "secret " + in_quotes(source) + ": variable " + in_quotes(variable->text) + " is not set");
        out.secrets.push_back({.name = target, .content = *text});
      } else {
        refuse(*secret, "secret " + in_quotes(source) + " has no source; write file: or environment:");
      }
    }
  }

  // What another service hosts is not started by itself; what it depends on, its host depends on.
  void place() {
    std::map<std::string, std::string> host;
    for (const DesiredService& service : all_)
      for (const std::string& hosted : service.with) {
        const std::string where = places_[service.name] + ": service " + in_quotes(service.name) + ": x-tutti.with: ";
        if (service.binary.empty())
          throw Refusal(exit_code::settings, where + "needs x-tutti.binary, whose program links both services");
        const auto other =
            std::find_if(all_.begin(), all_.end(), [&](const DesiredService& s) { return s.name == hosted; });
        if (other == all_.end() || hosted == service.name)
          throw Refusal(exit_code::settings, where + "there is no other service " + in_quotes(hosted));
        if (!other->with.empty())
          throw Refusal(exit_code::settings, where + in_quotes(hosted) + " hosts others itself");
        if (!host.emplace(hosted, service.name).second)
          throw Refusal(exit_code::settings,
                        where + in_quotes(hosted) + " is hosted by " + in_quotes(host[hosted]) + " already");
      }
    for (const auto& [hosted, by] : host) {
      const auto find = [&](const std::string& name) {
        return std::find_if(all_.begin(), all_.end(), [&](const DesiredService& s) { return s.name == name; });
      };
      const DesiredService guest = *find(hosted);
      DesiredService& into = *find(by);
      for (const auto& [name, text] : guest.environment) into.environment.emplace(name, text);
      into.secrets.insert(into.secrets.end(), guest.secrets.begin(), guest.secrets.end());
      for (const Dependency& d : guest.depends_on) into.depends_on.push_back(d);
      all_.erase(find(hosted));
    }
    for (DesiredService& service : all_)
      for (Dependency& d : service.depends_on)
        if (const auto at = host.find(d.service); at != host.end()) d.service = at->second;
    for (DesiredService& service : all_) {
      std::set<std::string> seen{service.name};
      std::erase_if(service.depends_on,
                    [&](const Dependency& d) { return host.contains(service.name) || !seen.insert(d.service).second; });
    }
    hosts_ = std::move(host);
  }

  void choose() {
    std::set<std::string> chosen;
    const std::function<void(const std::string&)> take = [&](const std::string& name) {
      const auto at = hosts_.find(name);
      const std::string& real = at == hosts_.end() ? name : at->second;
      const auto service =
          std::find_if(all_.begin(), all_.end(), [&](const DesiredService& s) { return s.name == real; });
      if (service == all_.end())
        throw Refusal(exit_code::usage, "there is no service " + in_quotes(name) + " in the fleet file");
      if (!chosen.insert(real).second) return;
      for (const Dependency& d : service->depends_on)
        if (d.required &&
            std::any_of(all_.begin(), all_.end(), [&](const DesiredService& s) { return s.name == d.service; }))
          take(d.service);
    };
    for (const std::string& name : request_.services) take(name);
    for (const DesiredService& service : all_) {
      const auto listed = profiles_of_.find(service.name);
      const bool active = listed == profiles_of_.end() || listed->second.empty() || profiles_.contains("*") ||
                          std::any_of(listed->second.begin(), listed->second.end(),
                                      [&](const std::string& p) { return profiles_.contains(p); });
      if (request_.services.empty() ? active : chosen.contains(service.name)) state_.services.push_back(service);
    }
  }

  void check_dependencies() {
    for (DesiredService& service : state_.services)
      std::erase_if(service.depends_on, [&](const Dependency& d) {
        const bool here = std::any_of(state_.services.begin(), state_.services.end(),
                                      [&](const DesiredService& s) { return s.name == d.service; });
        if (!here && d.required)
          throw Refusal(exit_code::settings, places_[service.name] + ": service " + in_quotes(service.name) +
                                                 ": depends_on names " + in_quotes(d.service) +
                                                 ", which is not defined or not in an active profile");
        return !here;
      });
    // Depth first; a service met again while it is still being visited closes a circle.
    std::map<std::string, int> seen;
    std::vector<DesiredService> ordered;
    const std::function<void(const DesiredService&)> visit = [&](const DesiredService& service) {
      int& mark = seen[service.name];
      if (mark == 2) return;
      if (mark == 1)
        throw Refusal(exit_code::settings, places_[service.name] + ": service " + in_quotes(service.name) +
                                               ": depends on itself through depends_on; remove one of the links");
      mark = 1;
      for (const Dependency& d : service.depends_on)
        visit(*std::find_if(state_.services.begin(), state_.services.end(),
                            [&](const DesiredService& s) { return s.name == d.service; }));
      seen[service.name] = 2;
      ordered.push_back(service);
    };
    for (const DesiredService& service : state_.services) visit(service);
    state_.services = std::move(ordered);
  }

  const FleetRequest& request_;
  std::vector<fs::path> files_;
  Variables dot_env_;
  settings::Lookup lookup_;
  std::set<std::string, std::less<>> profiles_;
  Value tree_;
  std::vector<DesiredService> all_;
  std::map<std::string, std::vector<std::string>> profiles_of_;
  std::map<std::string, std::string> places_, hosts_;
  DesiredState state_;
};

}  // namespace

DesiredState read_fleet(const FleetRequest& request) { return Reader(request).read(); }

std::string to_text(const DesiredState& state) {
  std::ostringstream out;
  const auto list = [](const std::vector<std::string>& texts) {
    std::string line;
    for (const std::string& text : texts) line += (line.empty() ? "" : " ") + text;
    return line;
  };
  out << "fleet " << state.name << " (" << state.folder.string() << ")\n";
  for (const DesiredService& s : state.services) {
    out << "\n" << s.name << "\n";
    const auto line = [&](const char* key, const std::string& text) {
      if (!text.empty()) out << "  " << key << std::string(16 - std::string_view(key).size(), ' ') << text << "\n";
    };
    line("binary", s.binary);
    line("command", list(s.command));
    line("hosts too", list(s.with));
    line("owner", s.owner);
    line("replicas", std::to_string(s.replicas));
    line("transport", s.transport == Transport::rpc ? "rpc" : "http");
    for (const PublishedPort& p : s.ports)
      line("port",
           p.host + ":" +
               (p.first == 0 ? "any"
                             : std::to_string(p.first) + (p.last > p.first ? "-" + std::to_string(p.last) : "")) +
               " -> " + std::to_string(p.target));
    for (const Dependency& d : s.depends_on)
      line("depends on", d.service + (d.condition == Condition::healthy     ? " (healthy)"
                                      : d.condition == Condition::completed ? " (completed)"
                                                                            : ""));
    for (const auto& [name, text] : s.environment) line("environment", name + "=" + text);
    for (const MountedSecret& secret : s.secrets) line("secret", secret.name);
    line("health", s.healthcheck.disabled       ? "none"
                   : s.healthcheck.test.empty() ? (s.binary.empty() ? "none" : "/readyz of the admin port")
                                                : list(s.healthcheck.test));
    line("restart", s.restart == Restart::no           ? "no"
                    : s.restart == Restart::on_failure ? "on-failure"
                    : s.restart == Restart::always     ? "always"
                                                       : "unless-stopped");
    line("stop", s.stop_signal + ", killed after " + std::to_string(s.stop_grace_period.count()) + " ms");
  }
  return out.str();
}

}  // namespace tutti::fleet
