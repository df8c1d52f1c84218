// Who asks, told by the certificate that a client shows (TLS with tutti.http.tls_client_ca).
//
//   app.authenticate(tutti::certificate_peers({{.name = "orders", .identity = {.name = "orders", .permissions = {"payments:*"}}}}));
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tutti/app.hpp>

namespace tutti {

// The common name (CN) of the subject of a certificate, exactly.
struct CertificatePeer {
  std::string name;
  Identity identity;
};

// Says nothing of a client without a certificate. Throws tutti::Error(unauthenticated) for a certificate of another name: that its
// authority is trusted does not say that this service knows it.
[[nodiscard]] std::unique_ptr<Authenticator> certificate_peers(std::vector<CertificatePeer> peers);

}  // namespace tutti
