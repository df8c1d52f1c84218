#include "net/tls.hpp"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <tutti/error.hpp>

namespace tutti::net {
namespace {

constexpr std::size_t record_bytes = 16 * 1024;
constexpr std::size_t batch_bytes = 64 * 1024;  // of ciphertext, in one write

constexpr std::string_view answer_to_plain_http =
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 39\r\nconnection: close\r\n\r\nthis port "
    "speaks https, not plain http\n";

// OpenSSL 3 as it is used here, loaded when TLS is first configured: linking it would cost every service milliseconds
// of start-up and megabytes of memory. Names are OpenSSL's own.
struct OpenSsl {
#define TUTTI_SSL(name) decltype(&::name) name = load<decltype(&::name)>(#name)
  void* library = open();
  TUTTI_SSL(TLS_server_method);
  TUTTI_SSL(TLS_client_method);
  TUTTI_SSL(SSL_CTX_new);
  TUTTI_SSL(SSL_CTX_free);
  TUTTI_SSL(SSL_CTX_ctrl);
  TUTTI_SSL(SSL_CTX_set_options);
  TUTTI_SSL(SSL_CTX_set_cipher_list);
  TUTTI_SSL(SSL_CTX_use_certificate_chain_file);
  TUTTI_SSL(SSL_CTX_use_PrivateKey_file);
  TUTTI_SSL(SSL_CTX_check_private_key);
  TUTTI_SSL(SSL_CTX_set_alpn_select_cb);
  TUTTI_SSL(SSL_CTX_set_default_verify_paths);
  TUTTI_SSL(SSL_CTX_load_verify_file);
  TUTTI_SSL(SSL_CTX_set_verify);
  TUTTI_SSL(SSL_CTX_set_session_id_context);
  TUTTI_SSL(SSL_get1_peer_certificate);
  TUTTI_SSL(SSL_new);
  TUTTI_SSL(SSL_free);
  TUTTI_SSL(SSL_ctrl);
  TUTTI_SSL(SSL_set1_host);
  TUTTI_SSL(SSL_set_alpn_protos);
  TUTTI_SSL(SSL_set_bio);
  TUTTI_SSL(SSL_set_accept_state);
  TUTTI_SSL(SSL_set_connect_state);
  TUTTI_SSL(SSL_do_handshake);
  TUTTI_SSL(SSL_is_init_finished);
  TUTTI_SSL(SSL_read);
  TUTTI_SSL(SSL_write);
  TUTTI_SSL(SSL_get_error);
  TUTTI_SSL(SSL_get_verify_result);
  TUTTI_SSL(SSL_shutdown);
  TUTTI_SSL(BIO_new);
  TUTTI_SSL(BIO_s_mem);
  TUTTI_SSL(BIO_read);
  TUTTI_SSL(BIO_write);
  TUTTI_SSL(BIO_ctrl_pending);
  TUTTI_SSL(ERR_get_error);
  TUTTI_SSL(ERR_peek_error);
  TUTTI_SSL(ERR_clear_error);
  TUTTI_SSL(ERR_reason_error_string);
  TUTTI_SSL(X509_verify_cert_error_string);
  TUTTI_SSL(X509_get_subject_name);
  TUTTI_SSL(X509_NAME_get_text_by_NID);
  TUTTI_SSL(X509_free);
#undef TUTTI_SSL

  [[nodiscard]] std::string last_error() const {
    const char* const text = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return text ? text : "unknown reason";
  }

 private:
  static void* open() {
    void* const library = ::dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!library)
      throw Error(Code::failed_precondition, std::string("TLS is configured, but OpenSSL 3 cannot be loaded (") +
                                                 ::dlerror() + "); install the package libssl3");
    return library;
  }
  template <class F>
  F load(const char* name) {
    void* const found = ::dlsym(library, name);
    if (!found) throw Error(Code::failed_precondition, std::string("OpenSSL has no ") + name + "; version 3 is needed");
    return reinterpret_cast<F>(found);
  }
};

// Loaded once and kept: libraries with threads and atexit handlers of their own are not unloaded.
const OpenSsl& openssl() {
  static const OpenSsl loaded;
  return loaded;
}

struct FreeContext {
  void operator()(SSL_CTX* context) const { openssl().SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { openssl().SSL_free(session); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { openssl().X509_free(certificate); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
using SessionPtr = std::unique_ptr<SSL, FreeSession>;

ContextPtr make_context(const SSL_METHOD* method) {
  const OpenSsl& ssl = openssl();
  ContextPtr context(ssl.SSL_CTX_new(method));
  if (!context) throw Error(Code::internal, "OpenSSL: " + ssl.last_error());
  ssl.SSL_CTX_ctrl(context.get(), SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  ssl.SSL_CTX_set_options(context.get(),
                          SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // TLS 1.2: forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
  if (ssl.SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    throw Error(Code::internal, "OpenSSL: " + ssl.last_error());
  ssl.SSL_CTX_ctrl(context.get(), SSL_CTRL_MODE,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS,
                   nullptr);
  return context;
}

// Plain bytes for whom it serves, ciphertext on the connection below, through memory in between.
class Connection final : public TlsConnection, private world::Watcher {
 public:
  Connection(std::unique_ptr<world::Connection> plain, SessionPtr session)
      : plain_(std::move(plain)), session_(std::move(session)) {
    const OpenSsl& ssl = openssl();
    in_ = ssl.BIO_new(ssl.BIO_s_mem());
    out_ = ssl.BIO_new(ssl.BIO_s_mem());
    ssl.SSL_set_bio(session_.get(), in_, out_);  // owns both from here on
  }

  world::Transfer read(std::span<std::byte> into) override {
    if (failed_) return failure();
    std::size_t got = 0;
    // Until it is full or the connection below has no more: a short count says "drained".
    while (got < into.size()) {
      const int count = openssl().SSL_read(session_.get(), into.data() + got,
                                           static_cast<int>(std::min<std::size_t>(into.size() - got, 1 << 30)));
      if (count > 0) {
        got += static_cast<std::size_t>(count);
        continue;
      }
      const int reason = openssl().SSL_get_error(session_.get(), count);
      send();
      if (reason == SSL_ERROR_WANT_READ) {
        const world::Transfer fed = feed();
        if (fed.outcome == world::Outcome::done) continue;
        if (got != 0) break;  // the end is told by the next read
        if (fed.outcome == world::Outcome::again) return fed;
        // Anybody on the way could have cut it here; who has framed what he sent has no need to read the end.
        return failure(fed.outcome == world::Outcome::closed ? "it ended without close_notify"
                                                             : std::strerror(fed.error));
      }
      if (got != 0) break;
      if (reason == SSL_ERROR_ZERO_RETURN) return {.outcome = world::Outcome::closed};
      return failure();
    }
    send();
    return {.outcome = world::Outcome::done, .bytes = got};
  }

  // Bytes count as taken when their ciphertext has left: what is only encrypted is told `again`, and comes once more
  // with the next write (owed_ says how many), so that nothing is lost with a connection whose user saw all taken.
  world::Transfer write(std::span<const std::byte> from) override {
    if (failed_ || !send()) return failure();
    if (from.empty() && sent_all()) return plain_->write(from);
    std::size_t taken = 0;
    while (sent_all()) {
      taken += std::exchange(owed_, 0);
      if (taken >= from.size()) {
        owed_ = taken - from.size();
        return {.outcome = world::Outcome::done, .bytes = from.size()};
      }
      if (!encrypt(from.subspan(taken))) return failure();
      if (owed_ == 0) break;  // the handshake is not done
      if (!send()) return failure();
    }
    wanted_writable_ = true;
    if (taken == 0) return {.outcome = world::Outcome::again};
    return {.outcome = world::Outcome::done, .bytes = taken};
  }

  world::Transfer write(std::span<const std::span<const std::byte>> parts) override {
    std::size_t total = 0;
    for (const auto& part : parts) {
      if (part.empty()) continue;
      const world::Transfer moved = write(part);
      if (moved.outcome != world::Outcome::done)
        return total != 0 ? world::Transfer{.outcome = world::Outcome::done, .bytes = total} : moved;
      total += moved.bytes;
      if (moved.bytes < part.size()) break;
    }
    return {.outcome = world::Outcome::done, .bytes = total};
  }

  void shutdown_write() override {
    if (openssl().SSL_is_init_finished(session_.get())) (void)openssl().SSL_shutdown(session_.get());
    openssl().ERR_clear_error();
    (void)send();
    closing_ = !sent_all();
    if (!closing_) plain_->shutdown_write();
  }
  void reset() override { plain_->reset(); }
  void watch(world::Watcher* watcher) override {
    watcher_ = watcher;
    plain_->watch(watcher ? this : nullptr);
  }
  world::Address peer() const override { return plain_->peer(); }
  world::Address local() const override { return plain_->local(); }
  std::optional<world::PeerCredential> peer_credential() const override { return plain_->peer_credential(); }
  const std::string& why() const override { return why_; }
  std::string peer_name() const override {
    const std::unique_ptr<X509, FreeCertificate> certificate(openssl().SSL_get1_peer_certificate(session_.get()));
    if (!certificate) return {};
    std::array<char, 256> text;
    const int bytes = openssl().X509_NAME_get_text_by_NID(openssl().X509_get_subject_name(certificate.get()),
                                                          NID_commonName, text.data(), text.size());
    // A zero in the middle would make another name of it.
    if (bytes <= 0 || std::strlen(text.data()) != static_cast<std::size_t>(bytes)) return {};
    return {text.data(), static_cast<std::size_t>(bytes)};
  }

 private:
  // Ciphertext from below into OpenSSL's hands.
  world::Transfer feed() {
    std::array<std::byte, record_bytes> bytes;
    const world::Transfer moved = plain_->read(bytes);
    if (moved.outcome == world::Outcome::done)
      (void)openssl().BIO_write(in_, bytes.data(), static_cast<int>(moved.bytes));  // memory takes all
    return moved;
  }

  // As much as goes in one batch, counted in owed_. False: it failed.
  bool encrypt(std::span<const std::byte> from) {
    while (owed_ < from.size() && openssl().BIO_ctrl_pending(out_) < batch_bytes) {
      const std::size_t bytes = std::min(from.size() - owed_, record_bytes);
      const int count = openssl().SSL_write(session_.get(), from.data() + owed_, static_cast<int>(bytes));
      if (count > 0) {
        owed_ += static_cast<std::size_t>(count);
        continue;
      }
      if (openssl().SSL_get_error(session_.get(), count) != SSL_ERROR_WANT_READ) return false;
      const world::Transfer fed = feed();  // of the handshake: its own answer must come first
      if (fed.outcome == world::Outcome::again) return true;
      if (fed.outcome != world::Outcome::done) return false;
    }
    return true;
  }

  bool sent_all() const { return unsent_at_ == unsent_.size() && openssl().BIO_ctrl_pending(out_) == 0; }

  // What OpenSSL wants to send goes down, as far as there is room. False: the connection is broken.
  bool send() {
    for (;;) {
      if (unsent_at_ == unsent_.size()) {
        const std::size_t waiting = openssl().BIO_ctrl_pending(out_);
        unsent_.clear();
        unsent_at_ = 0;
        if (waiting == 0) return true;
        unsent_.resize(std::min(waiting, batch_bytes));
        unsent_.resize(
            static_cast<std::size_t>(openssl().BIO_read(out_, unsent_.data(), static_cast<int>(unsent_.size()))));
      }
      const world::Transfer moved =
          plain_->write(std::as_bytes(std::span(unsent_.data() + unsent_at_, unsent_.size() - unsent_at_)));
      if (moved.outcome == world::Outcome::again) return true;
      if (moved.outcome != world::Outcome::done) return false;
      unsent_at_ += moved.bytes;
    }
  }

  // `reason`: empty for OpenSSL's own.
  world::Transfer failure(std::string reason = {}) {
    if (!std::exchange(failed_, true)) {
      if (ERR_GET_REASON(openssl().ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        (void)plain_->write(std::as_bytes(std::span(answer_to_plain_http)));
      why_ = reason.empty() ? reason_of_openssl() : std::move(reason);
    }
    openssl().ERR_clear_error();
    (void)send();  // the alert that says why
    return {.outcome = world::Outcome::failed, .error = EPROTO};
  }

  std::string reason_of_openssl() const {
    const long verified = openssl().SSL_get_verify_result(session_.get());
    if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH)
      return "its certificate is for another name";
    if (verified != X509_V_OK)
      return std::string("its certificate is not trusted: ") + openssl().X509_verify_cert_error_string(verified);
    return "TLS: " + openssl().last_error();
  }

  void on_ready(world::Ready ready) override {
    const bool before = shaken_;
    if (!shaken_) {
      shake_hands();
      ready.writable = shaken_;  // room for plain bytes is there when hands are shaken
      if (!shaken_ && !failed_ && !ready.hung_up) return;
      if (failed_) ready.hung_up = true;
    } else if (ready.writable) {
      (void)send();
      if (closing_ && sent_all()) {
        closing_ = false;
        plain_->shutdown_write();
      }
      ready.writable = sent_all() && std::exchange(wanted_writable_, false);
    }
    if (!before && shaken_) ready.readable = true;  // bytes may have come with the handshake's last
    if (watcher_ && (ready.readable || ready.writable || ready.hung_up)) watcher_->on_ready(ready);
  }

  void shake_hands() {
    for (;;) {
      const int done = openssl().SSL_do_handshake(session_.get());
      const bool broken = !send();
      if (done == 1) {
        shaken_ = true;
        return;
      }
      if (openssl().SSL_get_error(session_.get(), done) != SSL_ERROR_WANT_READ || broken) return (void)failure();
      const world::Transfer fed = feed();
      if (fed.outcome == world::Outcome::again) return;
      if (fed.outcome == world::Outcome::closed) return (void)failure("it ended the connection before TLS was agreed");
      if (fed.outcome == world::Outcome::failed) return (void)failure(std::strerror(fed.error));
    }
  }

  std::unique_ptr<world::Connection> plain_;
  SessionPtr session_;
  BIO* in_ = nullptr;   // OpenSSL's: ciphertext that came
  BIO* out_ = nullptr;  // ciphertext to send
  std::string unsent_;  // taken out of out_, not yet taken by the connection below
  std::size_t unsent_at_ = 0;
  std::string why_;
  std::size_t owed_ = 0;  // bytes that were encrypted and not yet told as taken
  world::Watcher* watcher_ = nullptr;
  bool shaken_ = false;
  bool failed_ = false;
  bool closing_ = false;
  bool wanted_writable_ = false;
};

void trust(SSL_CTX* context, world::Files& files, const std::string& authorities_path) {
  if (!files.status(authorities_path) || openssl().SSL_CTX_load_verify_file(context, authorities_path.c_str()) != 1) {
    throw Error(Code::failed_precondition,
                "\"" + authorities_path + "\" holds no certificates of authorities in PEM format");
  }
}

// What this side shows.
void show(SSL_CTX* context, world::Files& files, const std::string& certificate_path, const std::string& key_path) {
  const OpenSsl& ssl = openssl();
  for (const std::string& path : {certificate_path, key_path})
    if (!files.status(path)) throw Error(Code::failed_precondition, "the TLS file \"" + path + "\" does not exist");
  if (ssl.SSL_CTX_use_certificate_chain_file(context, certificate_path.c_str()) != 1) {
    throw Error(Code::failed_precondition,
                "\"" + certificate_path + "\" is no certificate in PEM format: " + ssl.last_error());
  }
  if (ssl.SSL_CTX_use_PrivateKey_file(context, key_path.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw Error(Code::failed_precondition, "\"" + key_path + "\" is no private key in PEM format for \"" +
                                               certificate_path + "\": " + ssl.last_error());
  }
  if (ssl.SSL_CTX_check_private_key(context) != 1) {
    throw Error(Code::failed_precondition,
                "the key \"" + key_path + "\" does not belong to the certificate \"" + certificate_path + "\"");
  }
}

// A numeric address is no name that could be asked for (RFC 6066 section 3).
bool is_numeric(const std::string& host) {
  return world::parse_address(host + ":1") || world::parse_address("[" + host + "]:1");
}

class Server final : public TlsServer {
 public:
  struct Paths {
    std::string certificate;
    std::string key;
    std::string client_authorities;
  };
  Server(world::Files& files, Paths paths, ClientCertificates certificates)
      : files_(files), paths_(std::move(paths)), certificates_(certificates), seen_(look()), context_(load()) {}

  std::unique_ptr<TlsConnection> wrap(std::unique_ptr<world::Connection> plain) override {
    const std::lock_guard lock(mutex_);
    SessionPtr session(openssl().SSL_new(context_.get()));
    if (!session) throw Error(Code::resource_exhausted, "OpenSSL: " + openssl().last_error());
    openssl().SSL_set_accept_state(session.get());
    return std::make_unique<Connection>(std::move(plain), std::move(session));
  }

  bool refresh() override {
    if (auto now = look(); now == seen_) {
      return false;
    } else {
      seen_ = std::move(now);
    }
    ContextPtr fresh = load();
    const std::lock_guard lock(mutex_);
    context_ = std::move(fresh);  // sessions hold on to the old one
    return true;
  }

 private:
  // What tells whether a file is still the same.
  struct Seen {
    std::uint64_t identity = 0;
    std::uint64_t size = 0;
    Time modified = {};
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  std::vector<Seen> look() const {
    std::vector<Seen> seen;
    for (const std::string& path : {paths_.certificate, paths_.key, paths_.client_authorities}) {
      const auto status = path.empty() ? std::nullopt : files_.status(path);
      seen.push_back(status ? Seen{status->identity, status->size, status->modified} : Seen{});
    }
    return seen;
  }

  ContextPtr load() const {
    const auto& [certificate_path, key_path, client_authorities_path] = paths_;
    const OpenSsl& ssl = openssl();
    if (certificate_path.empty() || key_path.empty())
      throw Error(Code::failed_precondition,
                  "TLS needs a certificate and its key; set both tutti.http.tls_certificate and tutti.http.tls_key");
    ContextPtr context = make_context(ssl.TLS_server_method());
    show(context.get(), files_, certificate_path, key_path);
    ssl.SSL_CTX_set_alpn_select_cb(context.get(), &choose_protocol, nullptr);
    if (client_authorities_path.empty()) return context;
    trust(context.get(), files_, client_authorities_path);
    const int without = certificates_ == ClientCertificates::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    ssl.SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | without, nullptr);
    static constexpr unsigned char own[] = "tutti";  // without a name sessions of verified clients cannot be resumed
    ssl.SSL_CTX_set_session_id_context(context.get(), own, sizeof own - 1);
    return context;
  }

  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                             const unsigned char* offered, unsigned int offered_bytes, void*) {
    static constexpr std::string_view ours = "http/1.1";
    for (unsigned int at = 0; at + 1u + offered[at] <= offered_bytes; at += 1u + offered[at]) {
      if (std::string_view(reinterpret_cast<const char*>(offered + at + 1), offered[at]) != ours) continue;
      *chosen = offered + at + 1;
      *chosen_bytes = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  world::Files& files_;
  const Paths paths_;
  const ClientCertificates certificates_;
  std::vector<Seen> seen_;  // of refresh(), which one thread calls
  std::mutex mutex_;        // connections are wrapped on every shard
  ContextPtr context_;
};

class Client final : public TlsClient {
 public:
  Client(world::Files& files, const std::string& authorities_path, std::string_view protocol,
         const ClientIdentity& identity)
      : context_(make_context(openssl().TLS_client_method())), protocol_(protocol) {
    const OpenSsl& ssl = openssl();
    if (authorities_path.empty()) {
      (void)ssl.SSL_CTX_set_default_verify_paths(
          context_.get());  // none there: every certificate is then refused, which says it
    } else {
      trust(context_.get(), files, authorities_path);
    }
    ssl.SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (!identity.certificate_path.empty()) show(context_.get(), files, identity.certificate_path, identity.key_path);
  }

  std::unique_ptr<TlsConnection> wrap(std::unique_ptr<world::Connection> plain, std::string_view server_name) override {
    const OpenSsl& ssl = openssl();
    SessionPtr session(ssl.SSL_new(context_.get()));
    if (!session) throw Error(Code::resource_exhausted, "OpenSSL: " + ssl.last_error());
    const std::string name(server_name);
    if (!is_numeric(name))
      ssl.SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                   const_cast<char*>(name.c_str()));
    ssl.SSL_set1_host(session.get(), name.c_str());
    if (!protocol_.empty()) {
      const std::string offered = static_cast<char>(protocol_.size()) + protocol_;
      ssl.SSL_set_alpn_protos(session.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                              static_cast<unsigned>(offered.size()));
    }
    ssl.SSL_set_connect_state(session.get());
    return std::make_unique<Connection>(std::move(plain), std::move(session));
  }

 private:
  ContextPtr context_;
  std::string protocol_;
};

}  // namespace

std::unique_ptr<TlsServer> make_tls_server(world::Files& files, const std::string& certificate_path,
                                           const std::string& key_path, const std::string& client_authorities_path,
                                           ClientCertificates certificates) {
  return std::make_unique<Server>(files, Server::Paths{certificate_path, key_path, client_authorities_path},
                                  certificates);
}

std::unique_ptr<TlsClient> make_tls_client(world::Files& files, const std::string& authorities_path,
                                           std::string_view protocol, const ClientIdentity& identity) {
  return std::make_unique<Client>(files, authorities_path, protocol, identity);
}

}  // namespace tutti::net
