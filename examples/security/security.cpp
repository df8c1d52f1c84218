// Who asks: browsers and programs with tokens of an identity provider, services with certificates. And a folder of
// files that only those may see who have the permission.
#include <tutti/certificates.hpp>
#include <tutti/jwt.hpp>
#include <tutti/tutti.hpp>

namespace reports {

struct Settings {
  std::string issuer = "https://login.example";
  std::string keys = {};  // https://login.example/jwks.json, or the path of a file; empty: no tokens
  std::string folder = "reports";
};
struct Ask {};
struct Me {
  std::string name;
  std::vector<std::string> permissions;
};

inline constexpr tutti::Service service{"reports", "1.0"};
inline constexpr tutti::Method<Me(Ask)> me{service, "me", tutti::get("/me"), {.allow = "reports:read"}};

void compose(tutti::App& app) {
  const auto& settings = app.settings<Settings>();
  app.authenticate(tutti::certificate_peers({
      {.name = "orders", .identity = {.name = "orders", .permissions = {"reports:*"}}},
  }));
  if (!settings.keys.empty()) {
    app.authenticate(tutti::jwt_tokens(app, {.issuer = settings.issuer, .audience = "reports", .keys = settings.keys}));
  }
  app.serve(me, [](const Ask&, const tutti::Context& context) {
    return Me{context.identity().name, context.identity().permissions};
  });
  app.raw("GET", "/reports/{name...}", [&](tutti::Request& request, tutti::Responder& reply) {
    if (!request.context().identity().may("reports:read")) return reply.status(403).send("not for you\n", "text/plain");
    const auto path = tutti::path_below(settings.folder, request.parameter("name"));
    if (!path) return reply.status(404).send("no such report\n", "text/plain");
    reply.header("cache-control", "private, no-cache").send_file(*path, "application/pdf");
  });
}

}  // namespace reports

int main(int argc, char** argv) { return tutti::main(argc, argv, {reports::service, reports::compose}); }
