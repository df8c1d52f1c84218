#include "settings/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "message/report.hpp"
#include "message/scalar.hpp"
#include "settings/interpolation.hpp"
#include "settings/keys.hpp"
#include "settings/setting_text.hpp"
#include "settings/yaml.hpp"
#include "settings/yaml_binding.hpp"

namespace tutti::settings {
namespace {

using detail::Kind;
using detail::Shape;
using world::FileStatus;

constexpr std::size_t mounted_text_bytes_max = file_bytes_max;

std::string lines_of(const std::vector<std::string>& problems) {
  std::string out;
  for (std::size_t i = 0; i < problems.size() && i < problems_max; ++i) out += (i > 0 ? "\n" : "") + problems[i];
  if (problems.size() > problems_max)
    out += "\nand " + std::to_string(problems.size() - problems_max) + " more problems";
  return out;
}

struct Origin {
  Source source = Source::initial;
  std::string place = "default";
};

// "environment variable PAYMENTS_KEY": where a message points to.
std::string told(const Origin& origin) {
  switch (origin.source) {
    case Source::mounted:
      return "mounted file " + origin.place;
    case Source::environment:
      return "environment variable " + origin.place;
    case Source::flag:
      return "flag " + origin.place;
    default:
      return origin.place;
  }
}

struct Flag {
  std::string name;  // without "--"
  std::optional<std::string> value;
};

struct Mounted {
  std::string name;
  std::string path;
};

struct LiveField {
  std::string key;
  const Shape* shape;
  void* value;
  Source source = Source::initial;
  std::string path = {};  // of the file it was last read from
  std::optional<FileStatus> status = {};
  std::string problem = {};  // with the file as it is now
};

struct Section {
  std::string prefix;
  const Shape* shape = nullptr;
  void* value = nullptr;
  Keys keys = {};
  std::map<std::string, Origin, std::less<>> origins = {};
  std::vector<Effective> effective = {};
  std::vector<std::pair<std::size_t, std::size_t>> live_rows = {};  // of effective and of live
  std::vector<LiveField> live = {};
};

bool within(std::string_view key, std::string_view outer) {
  return key.size() > outer.size() && key.starts_with(outer) && (key[outer.size()] == '.' || key[outer.size()] == '[');
}

bool is_touched(const Section& section, const std::string& key) {
  if (section.origins.contains(key)) return true;
  for (const char next : {'.', '['}) {
    const auto at = section.origins.lower_bound(key + next);
    if (at != section.origins.end() && within(at->first, key)) return true;
  }
  return false;
}

// Where a value comes from: the nearest key around it that a source has set.
Origin origin_of(const Section& section, std::string_view key) {
  for (;;) {
    if (const auto at = section.origins.find(key); at != section.origins.end()) return at->second;
    const auto end = key.find_last_of(".[");
    if (end == std::string_view::npos) return {};
    key = key.substr(0, end);
  }
}

// What was known of a value's parts ends when the whole is set again.
void set_origin(Section& section, const std::string& key, Origin origin) {
  std::erase_if(section.origins, [&](const auto& one) { return within(one.first, key); });
  section.origins[key] = std::move(origin);
}

// Kubernetes and Docker put the addresses of other services into the environment: PAYMENTS_SERVICE_HOST,
// PAYMENTS_PORT=tcp://.., PAYMENTS_PORT_80_TCP_ADDR. They begin like a prefix and are no settings.
bool is_service_link(std::string_view variable, std::string_view value) {
  if (variable.ends_with("_SERVICE_HOST") || variable.ends_with("_SERVICE_PORT")) return true;
  if (variable.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  const bool address = value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
  if (variable.ends_with("_PORT") && address) return true;
  const auto port = variable.rfind("_PORT_");
  if (port == std::string_view::npos) return false;
  const auto rest = variable.substr(port + 6);
  const auto digits = rest.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return false;
  const auto protocol = rest.substr(digits);
  return protocol.starts_with("_TCP") || protocol.starts_with("_UDP") || protocol.starts_with("_SCTP");
}

void trim_newline(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

std::string why(int error) { return error == EFBIG ? "it is longer than 1 MiB" : std::strerror(error); }

// --- what must be set, and what holds across fields ---

class Completeness {
 public:
  Completeness(const Section& section, std::vector<std::string>& problems) : section_(section), problems_(problems) {}

  void record(const Shape& shape, const void* value, const std::string& key) {
    const std::size_t before = problems_.size();
    for (const detail::Field& field : shape.fields) {
      const std::string name = key + "." + std::string(field.wire_name);
      const void* at = static_cast<const std::byte*>(value) + field.offset;
      if (field.shape->kind != Kind::record && !field.may_be_absent && !is_touched(section_, name) &&
          !may_stay_empty(*field.shape)) {
        missing(*field.shape, name);
      } else {
        inside(*field.shape, at, name);
      }
    }
    if (shape.check == nullptr || problems_.size() != before) return;
    Violations violations;
    shape.check(value, violations);
    for (const Violation& violation : violations.list()) {
      const std::string where = violation.path.empty() ? key : key + "." + violation.path;
      const Origin origin = origin_of(section_, where);
      problems_.push_back(told(origin) + ": " + where + " is " + violation.found + "; expected " + violation.expected);
    }
  }

 private:
  void inside(const Shape& shape, const void* value, const std::string& key) {
    if (shape.kind == Kind::record) return record(shape, value, key);
    // Defaults are the programmer's: only what a source has put into a collection is looked at.
    if (!is_touched(section_, key)) return;
    switch (shape.kind) {
      case Kind::optional:
        if (shape.optional->has(value)) inside(*shape.element, shape.optional->get(value), key);
        return;
      case Kind::live:
        return inside(*shape.element, shape.live->get(value), key);
      case Kind::list:
        if (shape.element->kind == Kind::boolean) return;
        if (const auto* data = static_cast<const std::byte*>(shape.list->data(value)))
          for (std::size_t i = 0; i < shape.list->size(value); ++i)
            inside(*shape.element, data + i * shape.element->size, key + "[" + std::to_string(i) + "]");
        return;
      case Kind::array:
        for (std::size_t i = 0; i < shape.count; ++i)
          inside(*shape.element, static_cast<const std::byte*>(value) + i * shape.element->size,
                 key + "[" + std::to_string(i) + "]");
        return;
      case Kind::map: {
        struct Visit {
          Completeness& self;
          const Shape& element;
          const std::string& key;
        } visit{*this, *shape.element, key};
        shape.map->each(value, &visit, [](void* context, const std::string& entry, const void* item) {
          const auto& v = *static_cast<Visit*>(context);
          v.self.inside(v.element, item, v.key + "." + entry);
          return true;
        });
        return;
      }
      case Kind::variant:
        return inside(*shape.alternatives[shape.variant->index(value)].shape, shape.variant->get(value), key);
      default:
        return;
    }
  }

  // Reflection cannot see an empty initialiser of a text (design 2): an empty one is a default if the shape allows it.
  static bool may_stay_empty(const Shape& shape) {
    if (shape.kind == Kind::time || shape.kind == Kind::bytes) return true;
    if (shape.kind == Kind::live) return may_stay_empty(*shape.element);
    if (shape.kind != Kind::text) return false;
    Violations violations;
    message::Report report(violations);
    return message::check_text(shape, "", message::Place{}, report);
  }

  void missing(const Shape& shape, const std::string& key) {
    std::string what = key + " is not set; expected " + expected_setting(shape);
    const auto match = section_.keys.by_name(key);
    if (match && match->entry.empty() && is_text(shape)) {
      what += "; set " + match->key->variable + ", the mounted file " + key + ", --" + key + " or " + key +
              " in the YAML file";
    } else {
      what += "; set it in the YAML file";
      const Origin origin = origin_of(section_, key);
      if (origin.source != Source::initial) what = told(origin) + ": " + what;
    }
    problems_.push_back(std::move(what));
  }

  const Section& section_;
  std::vector<std::string>& problems_;
};

// --- what is in force ---

class Listing {
 public:
  explicit Listing(Section& section) : section_(section) {}

  void add(const Shape& shape, const void* value, const std::string& key) {
    switch (shape.kind) {
      case Kind::record:
        for (const detail::Field& field : shape.fields)
          add(*field.shape, static_cast<const std::byte*>(value) + field.offset,
              key + "." + std::string(field.wire_name));
        return;
      case Kind::optional:
        if (shape.optional->has(value) && !is_text(shape)) return add(*shape.element, shape.optional->get(value), key);
        break;
      case Kind::live:
        for (std::size_t i = 0; i < section_.live.size(); ++i)
          if (section_.live[i].key == key) section_.live_rows.emplace_back(section_.effective.size(), i);
        break;
      case Kind::list:
        if (is_text(shape) || shape.list->size(value) == 0) break;
        if (const auto* data = static_cast<const std::byte*>(shape.list->data(value)))
          for (std::size_t i = 0; i < shape.list->size(value); ++i)
            add(*shape.element, data + i * shape.element->size, key + "[" + std::to_string(i) + "]");
        return;
      case Kind::array:
        if (is_text(shape)) break;
        for (std::size_t i = 0; i < shape.count; ++i)
          add(*shape.element, static_cast<const std::byte*>(value) + i * shape.element->size,
              key + "[" + std::to_string(i) + "]");
        return;
      case Kind::map: {
        if (shape.map->size(value) == 0) break;
        struct Visit {
          Listing& self;
          const Shape& element;
          const std::string& key;
        } visit{*this, *shape.element, key};
        shape.map->each(value, &visit, [](void* context, const std::string& entry, const void* item) {
          const auto& v = *static_cast<Visit*>(context);
          v.self.add(v.element, item, v.key + "." + entry);
          return true;
        });
        return;
      }
      case Kind::variant: {
        const auto& alternative = shape.alternatives[shape.variant->index(value)];
        row(key + ".type", std::string(alternative.tag));
        return add(*alternative.shape, shape.variant->get(value), key);
      }
      default:
        break;
    }
    row(key, write_setting(shape, value));
  }

 private:
  void row(const std::string& key, std::string value) {
    section_.effective.push_back({key, std::move(value), origin_of(section_, key).place});
  }
  Section& section_;
};

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      constexpr char hex[] = "0123456789abcdef";
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

Failure::Failure(std::vector<std::string> problems)
    : Error(Code::invalid_argument, lines_of(problems)), problems_(std::move(problems)) {}

struct Sources::Parts {
  explicit Parts(Given all) : given(std::move(all)) {
    lookup = [this](std::string_view name) -> std::optional<std::string> {
      const auto at = given.environment.find(name);
      return at == given.environment.end() ? std::nullopt : std::optional(at->second);
    };
  }

  Given given;
  Lookup lookup;
  std::string file;  // path of the YAML file; empty: none
  yaml::Node root = {};
  std::vector<std::string> directories = {};  // each with its "/"
  std::vector<Mounted> mounted = {};          // a later one wins
  std::vector<Flag> flags = {};
  std::vector<std::string> pending = {};  // problems that no section has told yet
  std::vector<std::unique_ptr<Section>> sections = {};

  void read_arguments();
  void read_file();
  void read_directories();
  [[nodiscard]] std::string owner_of(std::string_view name, Spelling spelling) const;
  void apply(Section& section, std::vector<std::string>& problems);
  void apply_file(Section& section, std::vector<std::string>& problems);
  void apply_mounted(Section& section, std::vector<std::string>& problems);
  void apply_environment(Section& section, std::vector<std::string>& problems);
  void apply_flags(Section& section, std::vector<std::string>& problems);
  void set(Section& section, Match match, std::string_view text, const Origin& origin,
           std::vector<std::string>& problems);
  bool read_mounted(Section& section, const std::string& key, const Shape& shape, void* value, const std::string& path,
                    std::vector<std::string>& problems);
  static void find_live(Section& section, const Shape& shape, void* value, const std::string& key);
  void note_live_files(Section& section);
};

void Sources::Parts::read_arguments() {
  const auto& arguments = given.arguments;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--") || argument.size() == 2) {
      pending.push_back("argument " + message::quoted(argument) + " is not understood; expected a flag like --" +
                        (given.prefixes.empty() ? "name" : given.prefixes.back()) + ".key=value");
      continue;
    }
    Flag flag;
    const auto equals = argument.find('=');
    flag.name = argument.substr(2, equals == std::string::npos ? std::string::npos : equals - 2);
    if (equals != std::string::npos) {
      flag.value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) {
      flag.value = arguments[++i];
    }
    if (flag.name == "settings" || flag.name == "settings-dir") {
      if (!flag.value || flag.value->empty()) {
        pending.push_back("flag --" + flag.name + " has no value; expected a path");
      } else if (flag.name == "settings") {
        file = *flag.value;
      } else {
        directories.push_back(*flag.value);
      }
      continue;
    }
    if (owner_of(flag.name, Spelling::exact).empty()) {
      std::vector<std::string> names{"settings", "settings-dir"};
      for (const std::string& prefix : given.prefixes) names.push_back(prefix + ".");
      const std::string head =
          flag.name.substr(0, flag.name.find('.') == std::string::npos ? std::string::npos : flag.name.find('.') + 1);
      const auto near = nearest(head, {names.begin(), names.end()});
      std::string what = "flag --" + flag.name + " is unknown";
      if (!near.empty()) {
        what += "; did you mean --" + std::string(near) + (near.ends_with('.') ? flag.name.substr(head.size()) : "");
      } else {
        what += "; expected --settings, --settings-dir or a setting like --" +
                (given.prefixes.empty() ? "name" : given.prefixes.back()) + ".key";
      }
      pending.push_back(std::move(what));
      continue;
    }
    flags.push_back(std::move(flag));
  }
}

void Sources::Parts::read_file() {
  if (file.empty()) {
    if (const auto at = given.environment.find("TUTTI_SETTINGS"); at != given.environment.end()) file = at->second;
  }
  if (file.empty()) return;
  int error = 0;
  const auto text = given.files.read_all(file, file_bytes_max, error);
  if (!text) {
    pending.push_back("settings file " + message::quoted(file) + " cannot be read: " + why(error) +
                      "; check --settings or TUTTI_SETTINGS");
    return;
  }
  yaml::Document document = yaml::read(*text);
  if (document.problem) {
    pending.push_back(yaml::to_string(file, *document.problem));
    return;
  }
  const bool empty = document.root.form == yaml::Form::scalar && yaml::type_of(document.root) == yaml::Type::null;
  if (document.root.form == yaml::Form::mapping) {
    root = std::move(document.root);
  } else if (!empty) {
    pending.push_back(yaml::to_string(file, document.root.at) + ": the file is " +
                      std::string(yaml::describe(document.root)) +
                      "; expected a mapping with a section for each service");
  }
}

void Sources::Parts::read_directories() {
  if (directories.empty()) {
    const auto at = given.environment.find("TUTTI_SETTINGS_DIR");
    std::string_view left = at == given.environment.end() ? std::string_view{} : std::string_view(at->second);
    while (!left.empty()) {
      const auto colon = left.find(':');
      if (colon != 0) directories.emplace_back(left.substr(0, colon));
      left.remove_prefix(colon == std::string_view::npos ? left.size() : colon + 1);
    }
  }
  for (std::string& directory : directories) {
    const auto status = given.files.status(directory);
    if (!status || !status->directory) {
      pending.push_back("settings directory " + message::quoted(directory) +
                        (status ? " is no directory" : " does not exist") +
                        "; check --settings-dir or TUTTI_SETTINGS_DIR");
      continue;
    }
    if (!directory.ends_with('/')) directory += '/';
    for (const std::string& name : given.files.list(directory)) {
      if (name.starts_with('.') || owner_of(name, Spelling::exact).empty()) continue;
      mounted.push_back({name, directory + name});
    }
  }
}

// The longest prefix that the name begins with, so that "orders-archive" is not taken for "orders".
std::string Sources::Parts::owner_of(std::string_view name, Spelling spelling) const {
  std::string best;
  for (const std::string& prefix : given.prefixes) {
    const std::string head = spelling == Spelling::as_variable ? variable_of(prefix) + "_" : prefix + ".";
    if (name.starts_with(head) && prefix.size() >= best.size()) best = prefix;
  }
  return best;
}

void Sources::Parts::apply_file(Section& section, std::vector<std::string>& problems) {
  const yaml::Node* node = root.find(section.prefix);
  if (node == nullptr) return;
  YamlBinding binding(
      {.file = file, .lookup = &lookup, .problems = problems, .set = [&](const std::string& key, std::string place) {
         section.origins[key] = {Source::file, std::move(place)};
       }});
  binding.bind(*section.shape, section.value, *node, section.prefix);
  section.origins.erase(section.prefix);
}

void Sources::Parts::set(Section& section, Match match, std::string_view text, const Origin& origin,
                         std::vector<std::string>& problems) {
  const Shape& shape = *match.key->shape;
  if (!is_text(shape)) {
    problems.push_back(told(origin) + ": " + match.name +
                       " is a structure; give it in the YAML file or as a mounted file of YAML");
    return;
  }
  void* at = reach(match, section.value);
  if (const auto expected = read_setting(shape, at, text)) {
    problems.push_back(told(origin) + ": " + match.name + " is " +
                       (is_secret(shape) ? "\"***\"" : message::quoted(text)) + "; expected " + *expected);
    return;
  }
  set_origin(section, match.name, origin);
}

bool Sources::Parts::read_mounted(Section& section, const std::string& key, const Shape& shape, void* value,
                                  const std::string& path, std::vector<std::string>& problems) {
  const Origin origin{Source::mounted, path};
  int error = 0;
  auto text = given.files.read_all(path, mounted_text_bytes_max, error);
  if (!text) {
    problems.push_back(told(origin) + ": " + key + " cannot be read: " + why(error));
    return false;
  }
  if (is_text(shape)) {
    trim_newline(*text);
    if (const auto expected = read_setting(shape, value, *text)) {
      problems.push_back(told(origin) + ": " + key + " is " + (is_secret(shape) ? "\"***\"" : message::quoted(*text)) +
                         "; expected " + *expected);
      return false;
    }
    set_origin(section, key, origin);
    return true;
  }
  const yaml::Document document = yaml::read(*text);
  if (document.problem) {
    problems.push_back(yaml::to_string(path, *document.problem));
    return false;
  }
  const std::size_t before = problems.size();
  std::erase_if(section.origins, [&](const auto& one) { return one.first == key || within(one.first, key); });
  YamlBinding binding(
      {.file = path, .lookup = nullptr, .problems = problems, .set = [&](const std::string& name, std::string place) {
         section.origins[name] = {Source::mounted, std::move(place)};
       }});
  binding.bind(shape, value, document.root, key);
  return problems.size() == before;
}

void Sources::Parts::apply_mounted(Section& section, std::vector<std::string>& problems) {
  for (const Mounted& file_of_key : mounted) {
    if (owner_of(file_of_key.name, Spelling::exact) != section.prefix) continue;
    auto match = section.keys.by_name(file_of_key.name);
    if (!match) {
      problems.push_back("mounted file " + file_of_key.path + ": unknown key \"" + file_of_key.name + "\"" +
                         section.keys.suggest_name(file_of_key.name));
      continue;
    }
    void* at = reach(*match, section.value);
    read_mounted(section, match->name, *match->key->shape, at, file_of_key.path, problems);
  }
}

void Sources::Parts::apply_environment(Section& section, std::vector<std::string>& problems) {
  for (const auto& [variable, value] : given.environment) {
    if (owner_of(variable, Spelling::as_variable) != section.prefix) continue;
    if (variable == "TUTTI_SETTINGS" || variable == "TUTTI_SETTINGS_DIR") continue;
    if (std::find(given.reserved.begin(), given.reserved.end(), variable) != given.reserved.end()) continue;
    if (auto match = section.keys.by_variable(variable)) {
      set(section, std::move(*match), value, {Source::environment, variable}, problems);
    } else if (!is_service_link(variable, value)) {
      problems.push_back("environment variable " + variable + " is unknown" + section.keys.suggest_variable(variable));
    }
  }
}

void Sources::Parts::apply_flags(Section& section, std::vector<std::string>& problems) {
  for (const Flag& flag : flags) {
    if (owner_of(flag.name, Spelling::exact) != section.prefix) continue;
    auto match = section.keys.by_name(flag.name);
    if (!match) {
      problems.push_back("flag --" + flag.name + " is unknown" + section.keys.suggest_name(flag.name));
      continue;
    }
    const Shape& shape = *match->key->shape;
    const bool boolean = shape.kind == Kind::boolean ||
                         (shape.element != nullptr && shape.kind != Kind::list && shape.element->kind == Kind::boolean);
    if (!flag.value && !boolean) {
      problems.push_back("flag --" + flag.name + " has no value; expected " + expected_setting(shape));
      continue;
    }
    const std::string name = "--" + flag.name;
    set(section, std::move(*match), flag.value ? *flag.value : "true", {Source::flag, name}, problems);
  }
}

void Sources::Parts::find_live(Section& section, const Shape& shape, void* value, const std::string& key) {
  if (shape.kind == Kind::live) {
    section.live.push_back({key, &shape, value});
  } else if (shape.kind == Kind::record) {
    for (const detail::Field& field : shape.fields)
      find_live(section, *field.shape, static_cast<std::byte*>(value) + field.offset,
                key + "." + std::string(field.wire_name));
  }
}

// Before the files are read: what changes afterwards is then seen by the next refresh.
void Sources::Parts::note_live_files(Section& section) {
  for (LiveField& field : section.live) {
    for (const Mounted& one : mounted) {
      if (one.name != field.key) continue;
      field.path = one.path;
      field.status = given.files.status(one.path);
    }
  }
}

void Sources::Parts::apply(Section& section, std::vector<std::string>& problems) {
  if (std::string clash = section.keys.clash(); !clash.empty()) problems.push_back(std::move(clash));
  apply_file(section, problems);
  apply_mounted(section, problems);
  apply_environment(section, problems);
  apply_flags(section, problems);
}

Sources::Sources(Given given) : parts_(std::make_unique<Parts>(std::move(given))) {
  parts_->read_arguments();
  parts_->read_file();
  parts_->read_directories();
}

Sources::~Sources() = default;

void Sources::load(const Shape& shape, void* value, std::string_view prefix) {
  const auto same = std::find_if(parts_->sections.begin(), parts_->sections.end(),
                                 [&](const auto& s) { return s->prefix == prefix; });
  if (same != parts_->sections.end()) {
    if ((*same)->shape != &shape)
      throw Error(Code::failed_precondition, "the settings \"" + std::string(prefix) +
                                                 "\" are loaded as two types; put both structs into one, as fields");
    parts_->sections.erase(same);
  }
  auto section = std::make_unique<Section>(Section{.prefix = std::string(prefix), .shape = &shape, .value = value});
  section->keys = Keys(shape, prefix);
  Parts::find_live(*section, shape, value, section->prefix);
  parts_->note_live_files(*section);

  std::vector<std::string> problems = std::move(parts_->pending);
  parts_->pending.clear();
  parts_->apply(*section, problems);
  if (problems.empty()) Completeness(*section, problems).record(shape, value, section->prefix);
  if (!problems.empty()) throw Failure(std::move(problems));

  for (LiveField& field : section->live) field.source = origin_of(*section, field.key).source;
  Listing(*section).add(shape, value, section->prefix);
  parts_->sections.push_back(std::move(section));
}

void Sources::finish(const std::vector<std::string>& hosted) {
  std::vector<std::string> problems = std::move(parts_->pending);
  parts_->pending.clear();
  const Shape nothing{.kind = Kind::record,
                      .name = {},
                      .size = 0,
                      .align = 1,
                      .construct = nullptr,
                      .destroy = nullptr,
                      .move = nullptr};
  for (const std::string& prefix : hosted) {
    const auto loaded = std::any_of(parts_->sections.begin(), parts_->sections.end(),
                                    [&](const auto& s) { return s->prefix == prefix; });
    if (loaded) continue;
    Section section{.prefix = prefix, .shape = &nothing};
    parts_->apply(section, problems);
  }
  if (!problems.empty()) throw Failure(std::move(problems));
}

std::vector<Effective> Sources::effective() const {
  std::vector<Effective> all;
  for (const auto& section : parts_->sections) {
    const std::size_t first = all.size();
    all.insert(all.end(), section->effective.begin(), section->effective.end());
    for (const auto& [row, live] : section->live_rows) {
      const LiveField& field = section->live[live];
      if (is_text(*field.shape)) all[first + row].value = write_setting(*field.shape, field.value);
      all[first + row].source = origin_of(*section, field.key).place;
    }
  }
  return all;
}

std::vector<std::string> Sources::notes() const {
  std::vector<std::string> notes;
  const std::vector<std::string_view> prefixes(parts_->given.prefixes.begin(), parts_->given.prefixes.end());
  for (const yaml::Entry& entry : parts_->root.entries) {
    if (std::find(prefixes.begin(), prefixes.end(), entry.key) != prefixes.end()) continue;
    std::string note = yaml::to_string(parts_->file, entry.at) + ": section \"" + entry.key +
                       "\" belongs to no service of this program";
    if (const auto near = nearest(entry.key, prefixes); !near.empty())
      note += "; did you mean \"" + std::string(near) + "\"";
    notes.push_back(std::move(note));
  }
  return notes;
}

bool LiveSettings::refresh() {
  auto& parts = *sources_.parts_;
  changed_.clear();
  for (const auto& section : parts.sections) {
    for (LiveField& field : section->live) {
      if (field.source > Source::mounted) continue;
      for (auto directory = parts.directories.rbegin(); directory != parts.directories.rend(); ++directory) {
        const std::string path = *directory + field.key;
        const auto status = parts.given.files.status(path);
        if (!status || status->directory) continue;
        const bool same = field.status && field.path == path && field.status->identity == status->identity &&
                          field.status->modified == status->modified && field.status->size == status->size;
        if (same) break;
        field.path = path;
        field.status = status;
        std::vector<std::string> problems;
        if (parts.read_mounted(*section, field.key, *field.shape, field.value, path, problems)) {
          field.source = Source::mounted;
          changed_.push_back(field.key);
        }
        field.problem = problems.empty() ? std::string() : problems.front() + "; the value before it stays in force";
        break;
      }
    }
  }
  problems_.clear();
  for (const auto& section : parts.sections)
    for (const LiveField& field : section->live)
      if (!field.problem.empty()) problems_.push_back(field.problem);
  return !changed_.empty();
}

std::string to_table(const std::vector<Effective>& settings) {
  std::size_t key_width = 3, value_width = 5;
  constexpr std::size_t width_max = 48;
  for (const Effective& one : settings) {
    key_width = std::max(key_width, std::min(width_max, one.key.size()));
    value_width = std::max(value_width, std::min(width_max, one.value.size()));
  }
  const auto padded = [](std::string text, std::size_t width) {
    for (char& c : text)
      if (c == '\n' || c == '\t') c = ' ';
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text + "  ";
  };
  std::string out = padded("KEY", key_width) + padded("VALUE", value_width) + "SOURCE\n";
  for (const Effective& one : settings)
    out += padded(one.key, key_width) + padded(one.value, value_width) + one.source + "\n";
  return out;
}

std::string to_json(const std::vector<Effective>& settings) {
  std::string out = "[";
  for (const Effective& one : settings) {
    out += out.size() > 1 ? ",\n " : "\n ";
    out += "{\"key\":";
    append_json(out, one.key);
    out += ",\"value\":";
    append_json(out, one.value);
    out += ",\"source\":";
    append_json(out, one.source);
    out += "}";
  }
  return out + "\n]\n";
}

}  // namespace tutti::settings
