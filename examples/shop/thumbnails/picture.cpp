#include "thumbnails/picture.hpp"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <stb/stb_image_resize.h>

#include "thumbnails/contract.hpp"

namespace thumbnails {

namespace {

constexpr int channels = 3;

struct Pixels {
  int width = 0;
  int height = 0;
  std::vector<unsigned char> rgb;
};

void make_room(Pixels& pixels, std::int64_t width, std::int64_t height, std::int64_t pixels_max) {
  if (width < 1 || height < 1) throw NotAnImage{"the image is empty"};
  if (width > pixels_max / height) {
    throw NotAnImage{"the image has " + std::to_string(width) + " x " + std::to_string(height) + " pixels, at most " +
                     std::to_string(pixels_max) + " are taken"};
  }
  pixels.width = static_cast<int>(width);
  pixels.height = static_cast<int>(height);
  pixels.rgb.resize(static_cast<std::size_t>(width * height * channels));
}

struct TurboClosed {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, TurboClosed>;

Pixels decoded_jpeg(const unsigned char* data, std::size_t size, std::int64_t pixels_max) {
  const Turbo turbo(tjInitDecompress());
  Pixels pixels;
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (tjDecompressHeader3(turbo.get(), data, size, &width, &height, &sampling, &colours) != 0) {
    throw NotAnImage{tjGetErrorStr2(turbo.get())};
  }
  make_room(pixels, width, height, pixels_max);
  if (tjDecompress2(turbo.get(), data, size, pixels.rgb.data(), width, 0, height, TJPF_RGB, TJFLAG_STOPONWARNING) != 0) {
    throw NotAnImage{tjGetErrorStr2(turbo.get())};
  }
  return pixels;
}

Pixels decoded_png(const unsigned char* data, std::size_t size, std::int64_t pixels_max) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> freed(&image, &png_image_free);
  if (!png_image_begin_read_from_memory(&image, data, size)) throw NotAnImage{image.message};
  image.format = PNG_FORMAT_RGB;
  Pixels pixels;
  make_room(pixels, image.width, image.height, pixels_max);
  const png_color white{255, 255, 255};  // behind what is transparent
  if (!png_image_finish_read(&image, &white, pixels.rgb.data(), 0, nullptr)) throw NotAnImage{image.message};
  return pixels;
}

Pixels decoded(const tutti::Bytes& file, std::int64_t pixels_max) {
  const auto* data = reinterpret_cast<const unsigned char*>(file.data());
  constexpr unsigned char jpeg[] = {0xff, 0xd8, 0xff};
  constexpr unsigned char png[] = {0x89, 'P', 'N', 'G'};
  if (file.size() > sizeof(jpeg) && std::memcmp(data, jpeg, sizeof(jpeg)) == 0) return decoded_jpeg(data, file.size(), pixels_max);
  if (file.size() > sizeof(png) && std::memcmp(data, png, sizeof(png)) == 0) return decoded_png(data, file.size(), pixels_max);
  throw NotAnImage{"neither a JPEG nor a PNG file"};
}

tutti::Bytes encoded(const Pixels& pixels) {
  const Turbo turbo(tjInitCompress());
  unsigned char* made = nullptr;
  unsigned long size = 0;
  const int failed = tjCompress2(turbo.get(), pixels.rgb.data(), pixels.width, 0, pixels.height, TJPF_RGB, &made, &size,
                                 TJSAMP_420, 85, 0);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> freed(made, &tjFree);
  if (failed != 0) throw NotAnImage{tjGetErrorStr2(turbo.get())};
  const auto* bytes = reinterpret_cast<const std::byte*>(made);
  return {bytes, bytes + size};
}

}  // namespace

Picture scaled(const tutti::Bytes& file, int width, std::int64_t pixels_max) {
  const Pixels original = decoded(file, pixels_max);
  Pixels small;
  const int new_width = std::min(width, original.width);
  const std::int64_t new_height = std::max<std::int64_t>(1, std::int64_t{original.height} * new_width / original.width);
  make_room(small, new_width, new_height, pixels_max);
  if (!stbir_resize_uint8(original.rgb.data(), original.width, original.height, 0, small.rgb.data(), small.width,
                          small.height, 0, channels)) {
    throw NotAnImage{"the image could not be scaled"};
  }
  return {small.width, small.height, encoded(small)};
}

}  // namespace thumbnails
