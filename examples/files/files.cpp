// Streams in a contract, and raw handlers for what is no contract: a form with files, a cookie, a redirect.
#include <map>

#include <tutti/tutti.hpp>

namespace files {

struct Store {
  tutti::Text<1, 64> name;
};
struct Stored {
  std::int64_t bytes = 0;
};
struct Watch {
  tutti::Text<1, 64> id;
};
struct Progress {
  int percent = 0;
};

inline constexpr tutti::Service service{"files", "1.0"};
inline constexpr tutti::Method<Stored(Store, tutti::Stream<tutti::Bytes>)> store{service, "store",
                                                                                 tutti::put("/files/{name}")};
inline constexpr tutti::Method<tutti::Stream<Progress>(Watch)> watch{service, "watch",
                                                                     tutti::get("/jobs/{id}/progress")};

class Files {
 public:
  Stored store(const Store& request, tutti::In<tutti::Bytes>& file) {
    tutti::Bytes kept;
    while (auto piece = file.next())
      kept.insert(kept.end(), piece->begin(), piece->end());  // nothing at the end; waits
    const auto bytes = static_cast<std::int64_t>(kept.size());
    kept_[request.name] = std::move(kept);
    return {.bytes = bytes};
  }
  void watch(const Watch&, tutti::Out<Progress>& out) {
    for (int percent = 0; percent <= 100; percent += 10)
      out.write({.percent = percent});  // waits while the reader is slow
  }
  [[nodiscard]] const tutti::Bytes* find(std::string_view name) const {
    const auto file = kept_.find(name);
    return file == kept_.end() ? nullptr : &file->second;
  }
  void keep(const std::string& name, std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
    kept_[name] = {bytes, bytes + text.size()};
  }

 private:
  std::map<std::string, tutti::Bytes, std::less<>> kept_;
};

// The caller's side of the two streams, in a method of its own.
struct Copy {
  tutti::Text<1, 64> name;
};
inline constexpr tutti::Method<Progress(Copy)> copy{service, "copy", tutti::post("/copies/{name}")};

Progress copied(tutti::Caller& call, const Copy& request) {
  const tutti::Bytes bytes(1000);
  const std::string name = request.name;
  auto stored = call(files::store, {.name = name}, [&](tutti::Out<tutti::Bytes>& body) { body.write(bytes); });
  const auto id = std::to_string(stored.bytes);
  auto progress = call(files::watch, {.id = id});
  Progress last;
  while (auto step = progress.next()) last = *step;
  return last;
}

void compose(tutti::App& app) {
  auto& files = app.make<Files>();
  app.serve(store, files, &Files::store);
  app.serve(watch, files, &Files::watch);
  app.serve(copy, [call = app.caller()](const Copy& request) mutable { return copied(call, request); });
  app.raw("GET", "/files/{name}", [&](tutti::Request& request, tutti::Responder& reply) {
    const auto* file = files.find(request.parameter("name"));
    if (file == nullptr) return reply.status(404).send("no such file\n", "text/plain");
    auto& out = reply.header("cache-control", "no-cache").stream("application/octet-stream");
    out.write({reinterpret_cast<const char*>(file->data()), file->size()});
  });
  app.raw("POST", "/uploads", [&](tutti::Request& request, tutti::Responder& reply) {
    request.each_part([&](tutti::Part& part) {
      if (!part.file_name.empty()) files.keep(part.file_name, part.body->read_all(10 * 1024 * 1024));
    });
    reply.status(204).send("", "text/plain");
  });
  app.raw("GET", "/enter", [&random = app.random()](tutti::Request&, tutti::Responder& reply) {
    const auto id = random.id();
    reply.cookie({.name = "session", .value = id, .max_age = std::chrono::hours(8), .secure = true}).redirect("/");
  });
}

}  // namespace files

int main(int argc, char** argv) { return tutti::main(argc, argv, {files::service, files::compose}); }
