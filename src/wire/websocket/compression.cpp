#include "wire/websocket/compression.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "wire/http1/characters.hpp"

namespace tutti::wire::websocket {
namespace {

constexpr std::string_view extension_name = "permessage-deflate";
constexpr std::string_view tail("\x00\x00\xff\xff", 4);  // of each message, left out on the wire (section 7.2.1)
constexpr std::size_t piece_bytes_min = 256, piece_bytes_max = 16 * 1024;  // of output, at a time

struct Parameter {
  std::string_view name;
  std::string_view value = {};
  bool has_value = false;
};

// token [ "=" ( token / quoted-string ) ], section 9.1 of RFC 6455; a quoted value must be a token as well.
std::optional<Parameter> read_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  Parameter parameter{.name = http1::trim(text.substr(0, equals))};
  if (!http1::is_token(parameter.name)) return std::nullopt;
  if (equals == std::string_view::npos) return parameter;
  parameter.has_value = true;
  parameter.value = http1::trim(text.substr(equals + 1));
  if (parameter.value.size() >= 2 && parameter.value.front() == '"' && parameter.value.back() == '"') {
    parameter.value = parameter.value.substr(1, parameter.value.size() - 2);
  }
  if (!http1::is_token(parameter.value)) return std::nullopt;
  return parameter;
}

// 8 to 15 without leading zeros (section 7.1.2); 0 if it is not.
int window_bits_of(std::string_view value) noexcept {
  if (value.size() > 2 || value.starts_with('0')) return 0;
  const auto bits = http1::parse_decimal(value);
  return bits && *bits >= 8 && *bits <= 15 ? static_cast<int>(*bits) : 0;
}

// One offer: "permessage-deflate; client_max_window_bits".
std::optional<Compression> accept_offer(std::string_view offer) {
  std::string_view text;
  if (!http1::next_member(offer, text, ';') || text != extension_name) return std::nullopt;
  Compression compression;
  static constexpr std::string_view names[] = {"server_no_context_takeover", "client_no_context_takeover",
                                               "server_max_window_bits", "client_max_window_bits"};
  unsigned seen = 0;
  while (http1::next_member(offer, text, ';')) {
    const auto parameter = read_parameter(text);
    if (!parameter) return std::nullopt;
    const auto known = static_cast<std::size_t>(std::ranges::find(names, parameter->name) - names);
    if (known == std::size(names) || (seen >> known & 1) != 0) return std::nullopt;
    seen |= 1u << known;
    const bool is_bits = known >= 2;
    const bool needs_value = known == 2;
    if (parameter->has_value ? !is_bits || window_bits_of(parameter->value) == 0 : needs_value) return std::nullopt;
    if (needs_value) compression.window_bits = window_bits_of(parameter->value);
  }
  if (compression.window_bits < window_bits_min) return std::nullopt;
  return compression;
}

}  // namespace

std::optional<Compression> accept_compression(const http1::Fields& fields) {
  for (const http1::Field& field : fields.list()) {
    if (!http1::equal_ignoring_case(field.name, "sec-websocket-extensions")) continue;
    std::string_view offer;
    for (std::string_view rest = field.value; http1::next_member(rest, offer);) {
      if (const auto accepted = accept_offer(offer)) return accepted;
    }
  }
  return std::nullopt;
}

std::string extension_of(const Compression& compression) {
  std::string text = std::string(extension_name) + "; server_no_context_takeover; client_no_context_takeover";
  if (compression.window_bits != window_bits_max)
    text += "; server_max_window_bits=" + std::to_string(compression.window_bits);
  return text;
}

// ---- zlib -----------------------------------------------------------------------------------------------------------

struct Deflater::Stream {
  z_stream z{};
};
struct Inflater::Stream {
  z_stream z{};
};

Deflater::Deflater(int window_bits) : stream_(std::make_unique<Stream>()) {
  constexpr int memory_level = 8;  // zlib's default
  if (::deflateInit2(&stream_->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc();
}
Deflater::~Deflater() { ::deflateEnd(&stream_->z); }

void Deflater::deflate(std::string_view message, std::string& out) {
  z_stream& z = stream_->z;
  const std::size_t piece_bytes = std::clamp(message.size(), piece_bytes_min, piece_bytes_max);
  std::size_t size = out.size();
  for (int outcome = Z_OK; outcome == Z_OK;) {
    if (z.avail_in == 0 && !message.empty()) {
      const std::size_t piece = std::min<std::size_t>(message.size(), std::numeric_limits<uInt>::max());
      z.next_in = reinterpret_cast<const Bytef*>(message.data());
      z.avail_in = static_cast<uInt>(piece);
      message.remove_prefix(piece);
    }
    out.resize(size + piece_bytes);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    z.avail_out = static_cast<uInt>(piece_bytes);
    outcome = ::deflate(&z, Z_SYNC_FLUSH);
    size += piece_bytes - z.avail_out;
    // Room left over means that the flush is complete (zlib.h on Z_SYNC_FLUSH).
    if (outcome == Z_OK && z.avail_out != 0 && message.empty()) break;
  }
  out.resize(size - tail.size());
  ::deflateReset(&z);
}

Inflater::Inflater() : stream_(std::make_unique<Stream>()) {
  if (::inflateInit2(&stream_->z, -window_bits_max) != Z_OK) throw std::bad_alloc();
}
Inflater::~Inflater() { ::inflateEnd(&stream_->z); }

Inflater::Result Inflater::inflate(std::string_view compressed, std::uint64_t bytes_max, std::string& out) {
  z_stream& z = stream_->z;
  const std::size_t piece_bytes = std::clamp(compressed.size() * 3, piece_bytes_min, piece_bytes_max);
  std::string_view rest[] = {compressed, tail};
  std::size_t part = 0;
  const std::size_t begin = out.size();
  std::size_t size = begin;
  Result result = Result::done;
  z.avail_in = 0;
  for (;;) {
    if (z.avail_in == 0) {
      while (part < std::size(rest) && rest[part].empty()) ++part;
      if (part == std::size(rest)) break;
      const std::size_t piece = std::min<std::size_t>(rest[part].size(), std::numeric_limits<uInt>::max());
      z.next_in = reinterpret_cast<const Bytef*>(rest[part].data());
      z.avail_in = static_cast<uInt>(piece);
      rest[part].remove_prefix(piece);
    }
    int outcome = Z_OK;
    do {
      out.resize(size + piece_bytes);
      z.next_out = reinterpret_cast<Bytef*>(out.data() + size);
      z.avail_out = static_cast<uInt>(piece_bytes);
      outcome = ::inflate(&z, Z_SYNC_FLUSH);
      size += piece_bytes - z.avail_out;
      if (size - begin > bytes_max) break;
    } while (outcome == Z_OK && z.avail_out == 0);
    if (size - begin > bytes_max) {
      result = Result::too_long;
      break;
    }
    // A block may say that it is the last one (section 7.2.3.4); what follows begins anew.
    if (outcome == Z_STREAM_END) outcome = ::inflateReset(&z);
    if (outcome == Z_MEM_ERROR) throw std::bad_alloc();
    if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      result = Result::malformed;
      break;
    }
  }
  out.resize(result == Result::done ? size : begin);
  ::inflateReset(&z);
  return result;
}

}  // namespace tutti::wire::websocket
