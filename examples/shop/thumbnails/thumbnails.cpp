#include "thumbnails/thumbnails.hpp"

#include "thumbnails/migrations.hpp"
#include "thumbnails/picture.hpp"

namespace thumbnails {

Stored Thumbnails::store(const Store& request, tutti::In<tutti::Bytes>& file) {
  tutti::Bytes bytes;
  while (auto piece = file.next()) {
    bytes.insert(bytes.end(), piece->begin(), piece->end());
    if (static_cast<std::int64_t>(bytes.size()) > settings_.file_bytes_max) {
      throw NotAnImage{"the file is larger than " + std::to_string(settings_.file_bytes_max) + " bytes"};
    }
  }
  const int width = request.width;
  const auto picture = tutti::offload(
      [bytes = std::move(bytes), width, pixels_max = settings_.pixels_max] { return scaled(bytes, width, pixels_max); });
  pictures_.run("insert or replace into pictures (sku, jpeg) values (?, ?)", request.sku, picture.jpeg);
  return {.sku = request.sku, .width = picture.width, .height = picture.height, .bytes = static_cast<std::int64_t>(picture.jpeg.size())};
}

void Thumbnails::fetch(const Fetch& request, tutti::Out<tutti::Bytes>& out) {
  const auto jpeg = pictures_.one<tutti::Bytes>("select jpeg from pictures where sku = ?", request.sku);
  if (!jpeg) throw NoThumbnail{request.sku};
  out.write(*jpeg);
}

void compose(tutti::App& app) {
  auto& thumbnails = app.make<Thumbnails>(app.settings<Settings>(), app.database("pictures", {.migrations = migrations}));
  app.serve(store, thumbnails, &Thumbnails::store);
  app.serve(fetch, thumbnails, &Thumbnails::fetch);
}

}  // namespace thumbnails
