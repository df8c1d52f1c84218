// The faces that a raw handler sees: Request and Responder over one HttpExchange.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tutti/http.hpp>

#include "net/http_server.hpp"
#include "wire/http1/forwarded.hpp"
#include "wire/http1/router.hpp"

namespace tutti::detail {

class Environment;
struct Content;

class RawExchange final : public tutti::Request, public tutti::Responder, private tutti::BodyReader, private tutti::BodyWriter {
 public:
  RawExchange(net::HttpExchange& exchange, const wire::http1::RouteMatch& match, const std::vector<std::string>& parameter_names,
              const wire::http1::Origin& origin, const std::vector<net::HttpHeader>& headers);

  void set_context(const Context& context) noexcept { context_ = &context; }
  // The handler has returned.
  void finish();
  [[nodiscard]] int status_sent() const noexcept { return status_; }

  std::string_view method() const override;
  std::string_view path() const override { return path_; }
  std::string_view target() const override;
  std::string_view parameter(std::string_view name) const override;
  std::optional<std::string> query(std::string_view name) const override;
  std::optional<std::string_view> header(std::string_view name) const override;
  std::optional<std::string> cookie(std::string_view name) const override;
  std::string_view client() const override { return client_; }
  std::string_view scheme() const override { return scheme_; }
  tutti::BodyReader& body() override { return *this; }
  void each_part(void* context, void (*visit)(void* context, Part& part)) override;
  const Context& context() const override { return *context_; }

  tutti::Responder& status(int status) override;
  tutti::Responder& header(std::string_view name, std::string_view value) override;
  tutti::Responder& cookie(const Cookie& cookie) override;
  void send(std::string_view body, std::string_view content_type) override;
  void send_document(const Document& document) override;
  void send_file(const std::string& path, std::string_view content_type) override;
  void send_file(const FileBelow& file, std::string_view content_type) override;
  void redirect(std::string_view location, int status) override;
  tutti::BodyWriter& stream(std::string_view content_type) override;

 private:
  std::size_t read(std::span<std::byte> into) override;
  void write(std::string_view bytes) override;
  void flush() override;
  std::vector<net::HttpHeader> all_headers() const;
  void demand_unanswered() const;
  void answer(const Content& content);
  void send_opened(const world::OpenedFile& opened, std::string_view content_type);
  Environment& environment() const;

  net::HttpExchange& exchange_;
  const Context* context_ = nullptr;
  std::string path_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string client_;
  std::string scheme_;
  std::vector<net::HttpHeader> given_headers_;                      // of the library: request id, CORS
  std::vector<std::pair<std::string, std::string>> headers_;        // of the handler
  int status_ = 200;
  bool streaming_ = false;
};

}  // namespace tutti::detail
