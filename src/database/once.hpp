// Replies kept under the caller's key, so that a repeated call gets the first one's answer. Kept in the same
// transaction as the work itself: there is no moment at which the one is durable without the other. The write lock of
// the database, which other instances on the host respect too, makes the second of two simultaneous calls wait for the
// first.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <tutti/database.hpp>

#include "database/connection.hpp"

namespace tutti::database {

struct KeptReply {
  std::string reply = {};       // MessagePack; empty for a method without reply
  std::string error_type = {};  // of a contract error; empty: it was a reply
  Code error_code = Code::ok;
  std::string error_json = {};
};

// Throws invalid_argument if the key was used with another request. Forgets a reply that is older than once_kept.
[[nodiscard]] std::optional<KeptReply> find_reply(Connection& connection, const detail::OnceCall& call,
                                                  std::uint64_t request_hash, Time now, const DatabaseRules& rules);
// Also removes a batch of old ones.
void keep_reply(Connection& connection, const detail::OnceCall& call, std::uint64_t request_hash,
                const KeptReply& reply, Time now, const DatabaseRules& rules);

// Whether the key is new: then it is kept. Also removes a batch of old ones.
[[nodiscard]] bool keep_key(Connection& connection, std::string_view key, Time now, const DatabaseRules& rules);

// Of the request's value, however it came here.
[[nodiscard]] std::uint64_t request_hash(const detail::OnceCall& call);
// Nothing if the exception is none of the method's declared errors.
[[nodiscard]] std::optional<KeptReply> contract_error(const detail::MethodSpec& method,
                                                      const std::exception_ptr& error);
// Fills the reply or throws the error that was kept: as its type if this program knows it, else as tutti::Error.
void replay(const KeptReply& kept, const detail::MethodSpec& method, const detail::Shape* shape, void* reply);

}  // namespace tutti::database
