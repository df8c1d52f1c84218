// thumbnails makes small pictures of big ones. Streams go over HTTP, so this is the shop's one service without rpc.
#pragma once

#include <tutti/bytes.hpp>
#include <tutti/contract.hpp>
#include <tutti/stream.hpp>

namespace thumbnails {

struct Store {
  tutti::Pattern<"[a-z0-9-]{1,32}"> sku;
  tutti::Range<int, 16, 1024> width = 320;
};
struct Stored {
  std::string sku;
  int width = 0;
  int height = 0;
  std::int64_t bytes = 0;
};
struct Fetch {
  tutti::Pattern<"[a-z0-9-]{1,32}"> sku;
};
struct NotAnImage {
  static constexpr auto code = tutti::Code::invalid_argument;
  std::string reason;
};
struct NoThumbnail {
  static constexpr auto code = tutti::Code::not_found;
  std::string sku;
};

inline constexpr tutti::Service service{"thumbnails", "1.0"};
inline constexpr tutti::Method<Stored(Store, tutti::Stream<tutti::Bytes>), tutti::Throws<NotAnImage>> store{
    service, "store", tutti::put("/thumbnails/{sku}"), {.deadline = std::chrono::seconds(20)}};
inline constexpr tutti::Method<tutti::Stream<tutti::Bytes>(Fetch), tutti::Throws<NoThumbnail>> fetch{
    service, "fetch", tutti::get("/thumbnails/{sku}")};

}  // namespace thumbnails
