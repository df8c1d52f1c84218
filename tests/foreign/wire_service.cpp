// The service that the foreign clients of this folder talk to: it says what it has seen of a call.
#include <map>
#include <string>

#include <tutti/certificates.hpp>
#include <tutti/jwt.hpp>
#include <tutti/tutti.hpp>

namespace {

struct Text {
  std::string text;
  std::int64_t number = 0;
};
struct Name {
  std::string name;
};
struct Greeting {
  std::string text;
};
struct Wait {
  std::string key;
  std::int64_t ms = 0;
};
struct Seen {
  int started = 0;
  int finished = 0;
  int cancelled = 0;
};
struct Refused {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::string reason;
};
struct About {
  std::int64_t remaining_ms = 0;
  std::string trace;
  std::string request_id;
  std::string idempotency_key;
  std::string identity;
};
struct Count {
  int upto = 0;
};
struct Item {
  int number = 0;
};
struct Size {
  std::int64_t bytes = 0;
};

struct WireSettings {
  std::string keys = {};  // of JSON Web Tokens; empty: tokens are not asked for
  std::vector<std::string> algorithms = {"RS256", "ES256", "EdDSA"};
  std::string certificate = {};  // the name of a client's certificate that is known; empty: they are not asked about
};
struct Who {
  std::string name;
  std::vector<std::string> permissions;
};

inline constexpr tutti::Service service{"wire", "1.0"};
inline constexpr tutti::Method<Text(Text)> echo{service, "echo", tutti::post("/echo")};
inline constexpr tutti::Method<Greeting(Name)> greet{service, "greet", tutti::get("/greet/{name}")};
inline constexpr tutti::Method<Text(Text), tutti::Throws<Refused>> refuse{service, "refuse", tutti::post("/refuse")};
inline constexpr tutti::Method<void(Wait)> wait{service, "wait", tutti::post("/wait")};
inline constexpr tutti::Method<Seen(Name)> seen{service, "seen", tutti::get("/seen/{name}")};
inline constexpr tutti::Method<About(Name)> about{service, "about", tutti::get("/about/{name}")};
inline constexpr tutti::Method<tutti::Stream<Item>(Count)> count{service, "count", tutti::get("/count/{upto}")};
inline constexpr tutti::Method<Who(Name)> who{service, "who", tutti::get("/who/{name}")};
inline constexpr tutti::Method<Greeting(Name)> guarded{
    service, "guarded", tutti::get("/guarded/{name}"), {.allow = "wire:read"}};
inline constexpr tutti::Method<Size(tutti::Stream<tutti::Bytes>)> upload{service, "upload", tutti::post("/upload")};

constexpr tutti::EmbeddedFile pages[] = {
    {.path = "page.txt", .content_type = "text/plain", .content = "0123456789"},
    {.path = "page.html", .content_type = "text/html; charset=utf-8", .content = "<h1>wire</h1>"}};
// 1995-01-01T00:00:00Z
constexpr tutti::Time published{std::chrono::seconds(788'918'400)};

// 32 hexadecimal digits.
std::string trace_of(const tutti::Context& context) {
  std::string digits;
  for (const std::uint8_t byte : context.trace().trace_id) {
    constexpr std::string_view all = "0123456789abcdef";
    digits += all[byte >> 4];
    digits += all[byte & 15];
  }
  return digits;
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::main(
      argc, argv,
      {service, [](tutti::App& app) {
         auto& seen_by = app.make<std::map<std::string, Seen>>();
         app.serve(echo, [](const Text& request) { return request; });
         app.serve(greet, [](const Name& request) { return Greeting{"Hello, " + request.name}; });
         app.serve(refuse, [](const Text& request) -> Text { throw Refused{request.text}; });
         app.serve(wait, [&](const Wait& request) {
           Seen& seen = seen_by[request.key];
           ++seen.started;
           try {
             tutti::sleep(std::chrono::milliseconds(request.ms));
           } catch (const tutti::Error& error) {
             if (error.code() == tutti::Code::cancelled) ++seen.cancelled;
             throw;
           }
           ++seen.finished;
         });
         app.serve(seen, [&](const Name& request) { return seen_by[request.name]; });
         app.serve(about, [](const Name&, const tutti::Context& context) {
           return About{
               .remaining_ms = std::chrono::duration_cast<std::chrono::milliseconds>(context.remaining()).count(),
               .trace = trace_of(context),
               .request_id = std::string(context.request_id()),
               .idempotency_key = std::string(context.idempotency_key()),
               .identity = context.identity().name};
         });
         app.serve(count, [](const Count& request, tutti::Out<Item>& out) {
           for (int i = 0; i < request.upto; ++i) out.write({.number = i});
         });
         app.serve(upload, [](tutti::In<tutti::Bytes>& body) {
           Size size;
           while (const auto piece = body.next()) size.bytes += static_cast<std::int64_t>(piece->size());
           return size;
         });
         app.files("/static", pages);
         const auto& settings = app.settings<WireSettings>();
         if (!settings.keys.empty()) {
           app.authenticate(tutti::jwt_tokens(app, {.issuer = "https://login.test",
                                                    .audience = "wire",
                                                    .keys = settings.keys,
                                                    .algorithms = settings.algorithms,
                                                    .permissions_claim = "realm.roles",
                                                    .permissions = {{"reader", {"wire:read"}}, {"guest", {}}},
                                                    .keys_kept = std::chrono::minutes(10),
                                                    .fetch_pause = std::chrono::seconds(2)}));
         }
         if (!settings.certificate.empty()) {
           app.authenticate(tutti::certificate_peers(
               {{.name = settings.certificate, .identity = {.name = "by-certificate", .permissions = {"wire:read"}}}}));
         }
         app.serve(who, [](const Name&, const tutti::Context& context) {
           return Who{context.identity().name, context.identity().permissions};
         });
         app.serve(guarded, [](const Name& request) { return Greeting{"Hello, " + request.name}; });
         app.raw("GET", "/document/{bytes}",
                 [text = std::string()](tutti::Request& request, tutti::Responder& reply) mutable {
                   text.assign(std::stoul(std::string(request.parameter("bytes"))), 'd');
                   for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 26);
                   reply.header("cache-control", "max-age=60")
                       .send_document(
                           {.content = text, .content_type = "text/plain", .etag = "\"v1\"", .modified = published});
                 });
         app.raw("GET", "/files/{name...}", [](tutti::Request& request, tutti::Responder& reply) {
           const auto path = tutti::path_below("files", request.parameter("name"));
           if (!path) throw tutti::Error(tutti::Code::not_found, "there is no such file");
           reply.send_file(*path, "application/octet-stream");
         });
         app.raw("GET", "/plain", [](tutti::Request&, tutti::Responder& reply) {
           reply.header("cache-control", "no-transform")
               .header("x-content-type-options", "as-you-like")
               .send(std::string(5000, 'p'), "text/plain");
         });
         // Answers without reading its body.
         app.raw("POST", "/unread", [](tutti::Request&, tutti::Responder& reply) {
           reply.status(403).send("not for you\n", "text/plain");
         });
       }});
}
