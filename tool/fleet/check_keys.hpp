// A mapping against the table of Compose's keys: unknown and refused keys end the reading, ignored ones leave a note.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fleet/value.hpp"

namespace tutti::fleet {

// `subject` stands before the key in messages: "service "web": deploy.".
void check_keys(const Value& value, std::string_view section, const std::string& subject,
                std::vector<std::string>& ignored);

}  // namespace tutti::fleet
