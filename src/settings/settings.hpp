// Settings are an aggregate whose fields have defaults. This fills it from five sources, each over the one before:
//
//   the struct's own defaults
//   a YAML file          --settings FILE or TUTTI_SETTINGS          limit_minor: ${LIMIT:-500} under payments:
//   mounted files        --settings-dir DIR or TUTTI_SETTINGS_DIR   DIR/payments.limit_minor
//   the environment                                                 PAYMENTS_LIMIT_MINOR=500
//   the command line                                                --payments.limit_minor=500
//
// "payments" is a prefix: the name of a composition, or "tutti" for the library's own settings. Whatever stands under
// a prefix and is no setting is a mistake, and the message suggests the nearest name. All mistakes of a section are
// reported together. What the messages say and what the effective settings show never contains a secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tutti/detail/shape.hpp>
#include <tutti/error.hpp>

#include "world/files.hpp"

namespace tutti::settings {

inline constexpr std::size_t file_bytes_max = std::size_t{1} << 20;  // of the YAML file, and of a mounted file
inline constexpr std::size_t problems_max = 100;                     // told in one Failure; the rest is counted

// Settings that cannot be used: the process ends with exit code 78. what() is one problem a line.
class Failure : public Error {
 public:
  explicit Failure(std::vector<std::string> problems);
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  std::vector<std::string> problems_;
};

enum class Source : std::uint8_t { initial, file, mounted, environment, flag };

// One setting as it is in force, for `payments settings`.
struct Effective {
  std::string key;     // "payments.retry.attempts", "payments.rules[0].name"
  std::string value;   // as it could be given; "***" for a secret
  std::string source;  // "default", "settings.yaml:3:7", "/run/secrets/payments.key", "PAYMENTS_KEY", "--payments.key"
};

// Two columns and the source, aligned; and a JSON array of {"key", "value", "source"}.
[[nodiscard]] std::string to_table(const std::vector<Effective>& settings);
[[nodiscard]] std::string to_json(const std::vector<Effective>& settings);

struct Given {
  world::Files& files;
  std::map<std::string, std::string, std::less<>> environment = {};
  std::vector<std::string> arguments = {};  // without the program's name and its command
  // Every name that a section may have: "tutti" and the compositions of this binary, hosted or not.
  std::vector<std::string> prefixes = {};
  // Variables that begin as a prefix does and are none of its settings. TUTTI_SETTINGS and TUTTI_SETTINGS_DIR are
  // known.
  std::vector<std::string> reserved = {};
};

// Reads what is given once, at start. Not thread-safe; outlives LiveSettings made from it.
class Sources {
 public:
  // Does not throw on bad settings: what is wrong with the file or a flag comes out of the next load or finish.
  explicit Sources(Given given);
  ~Sources();
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  // Fills `value`, a record of that shape with its defaults. Throws Failure. If the shape has a Live field, the value
  // stays where it is for as long as LiveSettings is used. A prefix is loaded with one shape only;
  // loading it again takes the place of the first time.
  void load(const detail::Shape& shape, void* value, std::string_view prefix);

  // After all sections are loaded: whatever stands under the prefix of a composition that runs here (`hosted`) and has
  // no settings is a mistake too. Throws Failure.
  void finish(const std::vector<std::string>& hosted = {});

  // Of all sections loaded so far, in the order of loading and declaration. A live setting is shown as it is now.
  [[nodiscard]] std::vector<Effective> effective() const;

  // Sections of the YAML file that belong to no prefix: another service's, or a misspelt one. For a warning.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  friend class LiveSettings;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Follows the mounted files of Live<T> fields. A setting that the environment or a flag gives does not change. To be
// called from one thread, every second or so.
class LiveSettings {
 public:
  explicit LiveSettings(Sources& sources) : sources_(sources) {}

  // Looks at the files and takes over what changed; true if any value did. A file that is gone leaves the value as it
  // is; so does one with a value that is not allowed, and problems() then says what is wrong with it.
  bool refresh();
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }
  // The keys that the last refresh changed.
  [[nodiscard]] const std::vector<std::string>& changed() const noexcept { return changed_; }

 private:
  Sources& sources_;
  std::vector<std::string> problems_;
  std::vector<std::string> changed_;
};

}  // namespace tutti::settings
