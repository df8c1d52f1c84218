#include "client/bearer_token.hpp"

#include <cstring>
#include <utility>

#include <tutti/error.hpp>
#include <tutti/offload.hpp>

namespace tutti::client {

const std::string& BearerToken::authorization() {
  const Instant now = shard_.now();
  if (file_.empty() || (!authorization_.empty() && now < next_look_)) return authorization_;
  int error = 0;
  auto text = offload(
      [&files = shard_.world().files(), file = file_, &error] { return files.read_all(file, bytes_max, error); });
  next_look_ = now + look_every;
  while (text && !text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' '))
    text->pop_back();
  if (text && !text->empty()) {
    authorization_ = "Bearer " + *text;
  } else if (authorization_.empty()) {
    throw Error(
        Code::failed_precondition,
        "the bearer token " + file_ + (text ? " is empty" : std::string(" cannot be read: ") + std::strerror(error)));
  }
  return authorization_;
}

}  // namespace tutti::client
