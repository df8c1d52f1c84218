#include "fleet/check_keys.hpp"

#include "fleet/compose_keys.hpp"

namespace tutti::fleet {

void check_keys(const Value& value, std::string_view section, const std::string& subject,
                std::vector<std::string>& ignored) {
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
      ignored.push_back(inner.place + ": " + subject + name + " is ignored: " + std::string(key->note));
  }
}

}  // namespace tutti::fleet
