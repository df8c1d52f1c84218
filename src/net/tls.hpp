// TLS 1.2 and 1.3 over any connection of the world: a TlsServer or TlsClient wraps a plain connection in one that has
// the same face, so neither the server nor a FiberStream knows. OpenSSL is loaded when the first of them is made, so a
// program without TLS does not pay for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "world/files.hpp"
#include "world/network.hpp"

namespace tutti::net {

class TlsConnection : public world::Connection {
 public:
  // What failed, for people ("its certificate is for another name"); empty: nothing did.
  [[nodiscard]] virtual const std::string& why() const = 0;
  // The common name in the other side's certificate, once hands are shaken; empty: it has shown none.
  [[nodiscard]] virtual std::string peer_name() const = 0;
};

class TlsServer {
 public:
  virtual ~TlsServer() = default;
  // An accepted connection. Shakes hands as bytes come; a failed handshake is a failed read. Who speaks plain HTTP is
  // told so in plain HTTP.
  // From any thread.
  [[nodiscard]] virtual std::unique_ptr<TlsConnection> wrap(std::unique_ptr<world::Connection> plain) = 0;
  // Reads the files again if one of them has changed since they were read; true if new connections get what they now
  // hold. Those that are open go on. Throws as make_tls_server; then all stays as it was, until the next change.
  virtual bool refresh() = 0;
};

// What happens to a client without a certificate.
enum class ClientCertificates : std::uint8_t { optional, required };

class TlsClient {
 public:
  virtual ~TlsClient() = default;
  // An outgoing connection; `server_name` is sent (SNI) and the certificate is held against it. Becomes writable when
  // hands are shaken; a failed handshake or a wrong certificate is a failed read and write.
  [[nodiscard]] virtual std::unique_ptr<TlsConnection> wrap(std::unique_ptr<world::Connection> plain,
                                                            std::string_view server_name) = 0;
};

// PEM files: the certificate with its chain, and its key. With authorities for them, clients are asked for a
// certificate: one that is not of these ends the handshake, none at all does if they are required. Throws
// tutti::Error(failed_precondition) that names the file.
[[nodiscard]] std::unique_ptr<TlsServer> make_tls_server(
    world::Files& files, const std::string& certificate_path, const std::string& key_path,
    const std::string& client_authorities_path = {}, ClientCertificates certificates = ClientCertificates::optional);
// PEM files of what a client shows to a server that asks for it; both or none.
struct ClientIdentity {
  std::string certificate_path = {};  // with its chain
  std::string key_path = {};
};
// Trusts the system's authorities, or those in a PEM file. `protocol` is offered by ALPN (RFC 7301); empty: none is.
// Throws tutti::Error(failed_precondition) that names the file.
[[nodiscard]] std::unique_ptr<TlsClient> make_tls_client(world::Files& files, const std::string& authorities_path = {},
                                                         std::string_view protocol = "http/1.1",
                                                         const ClientIdentity& identity = {});

}  // namespace tutti::net
