// What a service tells about itself: OpenAPI 3.1 for its methods, AsyncAPI 3.0 for its events and channels, a page for
// people; and what `contract diff` finds between two such documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/host.hpp"

namespace tutti::detail {

// OpenAPI 3.1 of one service; empty name: the first of the process. Empty result: there is no such service here.
[[nodiscard]] std::string openapi_document(Host& host, std::string_view service);

// AsyncAPI 3.0 of the same: events announced and handled, WebSocket channels.
[[nodiscard]] std::string asyncapi_document(Host& host, std::string_view service);

// A readable page of the same, for all services of the process: one HTML file without outside assets.
[[nodiscard]] std::string documentation_page(Host& host);

// What `contract diff OLD.json` found between two documents of one service and of one kind.
struct ContractDifference {
  enum class Kind { breaking, compatible } kind;
  std::string text;  // "payments.charge: the request's field \"amount_minor\" is now required"
};
[[nodiscard]] bool is_asyncapi(std::string_view document);
// Throws tutti::Error(invalid_argument) if a text is no document of ours.
[[nodiscard]] std::vector<ContractDifference> contract_differences(std::string_view old_document, std::string_view new_document);

}  // namespace tutti::detail
