// From a JPEG or PNG file to a small JPEG file: plain computation, that knows nothing of services. The limit on pixels
// is read from the file's head, before any memory is taken: a small file may unfold to gigabytes.
#pragma once

#include <cstdint>

#include <tutti/bytes.hpp>

namespace thumbnails {

struct Picture {
  int width = 0;
  int height = 0;
  tutti::Bytes jpeg;
};

// Never wider than the original. Throws NotAnImage.
[[nodiscard]] Picture scaled(const tutti::Bytes& file, int width, std::int64_t pixels_max);

}  // namespace thumbnails
