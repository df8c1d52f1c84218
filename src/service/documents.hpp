// What a service tells about itself: OpenAPI 3.1 for machines and people, and its contract as a plain JSON document that
// `contract diff` compares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/host.hpp"

namespace tutti::detail {

// OpenAPI 3.1 of one service; empty name: the first of the process. Empty result: there is no such service here.
[[nodiscard]] std::string openapi_document(Host& host, std::string_view service);

// A readable page of the same, for all services of the process: one HTML file without outside assets.
[[nodiscard]] std::string documentation_page(Host& host);

// What `contract diff OLD.json` found between two OpenAPI documents of one service.
struct ContractDifference {
  enum class Kind { breaking, compatible } kind;
  std::string text;  // "payments.charge: the request's field \"amount_minor\" is now required"
};
// Throws tutti::Error(invalid_argument) if a text is no document of ours.
[[nodiscard]] std::vector<ContractDifference> contract_differences(std::string_view old_document, std::string_view new_document);

}  // namespace tutti::detail
