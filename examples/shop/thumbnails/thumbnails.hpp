// The service behind thumbnails/contract.hpp. Decoding and scaling would hold up every other request of the shard, so
// it is offloaded: the pool's thread is given what it needs by value.
#pragma once

#include <tutti/tutti.hpp>

#include "thumbnails/contract.hpp"

namespace thumbnails {

struct Settings {
  std::int64_t file_bytes_max = 20'000'000;
  std::int64_t pixels_max = 40'000'000;
};

class Thumbnails {
 public:
  Thumbnails(const Settings& settings, tutti::Database& pictures) : settings_(settings), pictures_(pictures) {}

  Stored store(const Store& request, tutti::In<tutti::Bytes>& file);
  void fetch(const Fetch& request, tutti::Out<tutti::Bytes>& out);

 private:
  const Settings& settings_;
  tutti::Database& pictures_;
};

void compose(tutti::App& app);

}  // namespace thumbnails
