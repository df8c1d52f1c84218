// Class connection (10): from the greeting to the end of a connection. The order is start, start-ok, [secure,
// secure-ok,] tune, tune-ok, open, open-ok; close may come from both sides at any time.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/amqp/method_key.hpp"
#include "wire/amqp/table.hpp"

namespace tutti::wire::amqp {

struct ConnectionStart {
  static constexpr MethodKey key{10, 10, "connection.start"};
  std::uint8_t version_major = 0;
  std::uint8_t version_minor = 0;
  Table server_properties = {};
  std::string_view mechanisms = {};
  std::string_view locales = {};
  static void fields(auto& self, auto& f) {
    f.octet("version-major", self.version_major);
    f.octet("version-minor", self.version_minor);
    f.table("server-properties", self.server_properties);
    f.longstr("mechanisms", self.mechanisms);
    f.longstr("locales", self.locales);
  }
  friend bool operator==(const ConnectionStart&, const ConnectionStart&) = default;
};

struct ConnectionStartOk {
  static constexpr MethodKey key{10, 11, "connection.start-ok"};
  Table client_properties = {};
  std::string_view mechanism = {};
  std::string_view response = {};
  std::string_view locale = {};
  static void fields(auto& self, auto& f) {
    f.table("client-properties", self.client_properties);
    f.shortstr("mechanism", self.mechanism);
    f.longstr("response", self.response);
    f.shortstr("locale", self.locale);
  }
  friend bool operator==(const ConnectionStartOk&, const ConnectionStartOk&) = default;
};

struct ConnectionSecure {
  static constexpr MethodKey key{10, 20, "connection.secure"};
  std::string_view challenge = {};
  static void fields(auto& self, auto& f) { f.longstr("challenge", self.challenge); }
  friend bool operator==(const ConnectionSecure&, const ConnectionSecure&) = default;
};

struct ConnectionSecureOk {
  static constexpr MethodKey key{10, 21, "connection.secure-ok"};
  std::string_view response = {};
  static void fields(auto& self, auto& f) { f.longstr("response", self.response); }
  friend bool operator==(const ConnectionSecureOk&, const ConnectionSecureOk&) = default;
};

struct ConnectionTune {
  static constexpr MethodKey key{10, 30, "connection.tune"};
  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;
  static void fields(auto& self, auto& f) {
    f.short_number("channel-max", self.channel_max);
    f.long_number("frame-max", self.frame_max);
    f.short_number("heartbeat", self.heartbeat);
  }
  friend bool operator==(const ConnectionTune&, const ConnectionTune&) = default;
};

struct ConnectionTuneOk {
  static constexpr MethodKey key{10, 31, "connection.tune-ok"};
  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat = 0;
  static void fields(auto& self, auto& f) {
    f.short_number("channel-max", self.channel_max);
    f.long_number("frame-max", self.frame_max);
    f.short_number("heartbeat", self.heartbeat);
  }
  friend bool operator==(const ConnectionTuneOk&, const ConnectionTuneOk&) = default;
};

struct ConnectionOpen {
  static constexpr MethodKey key{10, 40, "connection.open"};
  std::string_view virtual_host = {};
  static void fields(auto& self, auto& f) {
    f.shortstr("virtual-host", self.virtual_host);
    f.reserved_shortstr();
    f.reserved_bit();
  }
  friend bool operator==(const ConnectionOpen&, const ConnectionOpen&) = default;
};

struct ConnectionOpenOk {
  static constexpr MethodKey key{10, 41, "connection.open-ok"};
  static void fields(auto&, auto& f) { f.reserved_shortstr(); }
  friend bool operator==(const ConnectionOpenOk&, const ConnectionOpenOk&) = default;
};

struct ConnectionClose {
  static constexpr MethodKey key{10, 50, "connection.close"};
  std::uint16_t reply_code = 0;
  std::string_view reply_text = {};
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;
  static void fields(auto& self, auto& f) {
    f.short_number("reply-code", self.reply_code);
    f.shortstr("reply-text", self.reply_text);
    f.short_number("class-id", self.class_id);
    f.short_number("method-id", self.method_id);
  }
  friend bool operator==(const ConnectionClose&, const ConnectionClose&) = default;
};

struct ConnectionCloseOk {
  static constexpr MethodKey key{10, 51, "connection.close-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ConnectionCloseOk&, const ConnectionCloseOk&) = default;
};

struct ConnectionBlocked {
  static constexpr MethodKey key{10, 60, "connection.blocked"};
  std::string_view reason = {};
  static void fields(auto& self, auto& f) { f.shortstr("reason", self.reason); }
  friend bool operator==(const ConnectionBlocked&, const ConnectionBlocked&) = default;
};

struct ConnectionUnblocked {
  static constexpr MethodKey key{10, 61, "connection.unblocked"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ConnectionUnblocked&, const ConnectionUnblocked&) = default;
};

struct ConnectionUpdateSecret {
  static constexpr MethodKey key{10, 70, "connection.update-secret"};
  std::string_view new_secret = {};
  std::string_view reason = {};
  static void fields(auto& self, auto& f) {
    f.longstr("new-secret", self.new_secret);
    f.shortstr("reason", self.reason);
  }
  friend bool operator==(const ConnectionUpdateSecret&, const ConnectionUpdateSecret&) = default;
};

struct ConnectionUpdateSecretOk {
  static constexpr MethodKey key{10, 71, "connection.update-secret-ok"};
  static void fields(auto&, auto&) {}
  friend bool operator==(const ConnectionUpdateSecretOk&, const ConnectionUpdateSecretOk&) = default;
};
}  // namespace tutti::wire::amqp
