// The text of a quoted scalar (YAML 1.2.2 sections 7.3.1 and 7.3.2). libfyaml 0.7.12 finds where it ends and refuses
// what is wrong in it, but misreads two escapes in a row ('a'''' b' loses its last character), so the text is made
// here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::yaml {

// `text` has LF only; at `open` stands the opening quote, ' or ". Nothing if the closing one is missing or an escape is
// none.
[[nodiscard]] std::optional<std::string> quoted_text(std::string_view text, std::size_t open);

}  // namespace tutti::yaml
