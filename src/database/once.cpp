#include "database/once.hpp"

#include <new>

#include "database/codec.hpp"
#include "database/hash.hpp"
#include "database/outbox.hpp"

namespace tutti::database {
namespace {

// A value whose type only its shape knows.
class ShapedValue {
 public:
  explicit ShapedValue(const detail::Shape& shape)
      : shape_(shape), memory_(::operator new(shape.size, std::align_val_t(shape.align))) {
    try {
      shape.construct(memory_);
    } catch (...) {
      ::operator delete(memory_, std::align_val_t(shape.align));
      throw;
    }
  }
  ~ShapedValue() {
    shape_.destroy(memory_);
    ::operator delete(memory_, std::align_val_t(shape_.align));
  }
  ShapedValue(const ShapedValue&) = delete;
  ShapedValue& operator=(const ShapedValue&) = delete;
  [[nodiscard]] void* get() const noexcept { return memory_; }

 private:
  const detail::Shape& shape_;
  void* memory_;
};

void bind_scope(Statement& statement, const detail::OnceCall& call) {
  statement.bind_text(1, call.method->service->name);
  statement.bind_text(2, call.method->name);
  statement.bind_text(3, call.identity);
  statement.bind_text(4, call.key);
}

std::int64_t oldest_kept(Time now, const DatabaseRules& rules) { return (now - rules.once_kept).since_epoch.count(); }

}  // namespace

std::optional<KeptReply> find_reply(Connection& connection, const detail::OnceCall& call, std::uint64_t request_hash,
                                    Time now, const DatabaseRules& rules) {
  std::int64_t id = 0;
  {
    auto row = connection.prepare(
        "select id, kept_at, request_hash, reply, error_type, error_code, error_json from tutti_once "
        "where service = ? and method = ? and identity = ? and key = ?",
        Author::library);
    bind_scope(row, call);
    if (!row.step()) return std::nullopt;
    if (row.int_at(1) >= oldest_kept(now, rules)) {
      if (static_cast<std::uint64_t>(row.int_at(2)) != request_hash)
        throw Error(Code::invalid_argument, "the idempotency key \"" + std::string(call.key) + "\" was used for " +
                                                std::string(call.method->service->name) + "." +
                                                std::string(call.method->name) +
                                                " with another request; a new request needs a new key");
      return KeptReply{.reply = row.text_at(3),
                       .error_type = row.text_at(4),
                       .error_code = static_cast<Code>(row.int_at(5)),
                       .error_json = row.text_at(6)};
    }
    id = row.int_at(0);
  }
  auto forget = connection.prepare("delete from tutti_once where id = ?", Author::library);
  forget.bind_int(1, id);
  forget.finish();
  return std::nullopt;
}

void keep_reply(Connection& connection, const detail::OnceCall& call, std::uint64_t request_hash,
                const KeptReply& reply, Time now, const DatabaseRules& rules) {
  auto keep = connection.prepare(
      "insert into tutti_once (service, method, identity, key, request_hash, reply, error_type, error_code, "
      "error_json, "
      "kept_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      Author::library);
  bind_scope(keep, call);
  keep.bind_int(5, static_cast<std::int64_t>(request_hash));
  keep.bind_blob(6, reply.reply);
  keep.bind_text(7, reply.error_type);
  keep.bind_int(8, static_cast<std::int64_t>(reply.error_code));
  keep.bind_text(9, reply.error_json);
  keep.bind_int(10, now.since_epoch.count());
  keep.finish();

  auto clean = connection.prepare(
      "delete from tutti_once where id in (select id from tutti_once where kept_at < ? order by kept_at limit ?)",
      Author::library);
  clean.bind_int(1, oldest_kept(now, rules));
  clean.bind_int(2, static_cast<std::int64_t>(clean_batch_max));
  clean.finish();
}

bool keep_key(Connection& connection, std::string_view key, Time now, const DatabaseRules& rules) {
  auto keep = connection.prepare(
      "insert into tutti_once_keys (key, kept_at) values (?1, ?2) on conflict (key) do update set kept_at = ?2 "
      "where kept_at < ?3 returning key",
      Author::library);
  keep.bind_text(1, key);
  keep.bind_int(2, now.since_epoch.count());
  keep.bind_int(3, oldest_kept(now, rules));
  const bool fresh = keep.step();
  keep.finish();

  auto clean = connection.prepare(
      "delete from tutti_once_keys where key in "
      "(select key from tutti_once_keys where kept_at < ? order by kept_at limit ?)",
      Author::library);
  clean.bind_int(1, oldest_kept(now, rules));
  clean.bind_int(2, static_cast<std::int64_t>(clean_batch_max));
  clean.finish();
  return fresh;
}

std::uint64_t request_hash(const detail::OnceCall& call) {
  if (call.request == nullptr || call.method->request == nullptr) return hash_of("");
  return hash_of(msgpack_of(call.method->request(), call.request));
}

std::optional<KeptReply> contract_error(const detail::MethodSpec& method, const std::exception_ptr& error) {
  for (const detail::ErrorSpec& spec : method.errors) {
    struct Found {
      const detail::ErrorSpec& spec;
      KeptReply kept;
    } found{spec, {}};
    const auto take = [](void* context, const void* value) {
      auto& [of, kept] = *static_cast<Found*>(context);
      kept.error_type = std::string(of.shape().name);
      kept.error_code = of.code;
      kept.error_json = json_of(of.shape(), value);
    };
    if (spec.holds(error, &found, take)) return std::move(found.kept);
  }
  return std::nullopt;
}

void replay(const KeptReply& kept, const detail::MethodSpec& method, const detail::Shape* shape, void* reply) {
  const std::string name = std::string(method.service->name) + "." + std::string(method.name);
  if (kept.error_type.empty()) {
    if (shape == nullptr) return;
    if (const std::string problem = from_msgpack(kept.reply, *shape, reply); !problem.empty())
      throw Error(Code::data_loss, "the kept reply of " + name + " cannot be read: " + problem);
    return;
  }
  for (const detail::ErrorSpec& spec : method.errors) {
    if (spec.shape().name != kept.error_type) continue;
    const ShapedValue error(spec.shape());
    if (from_json(kept.error_json, spec.shape(), error.get()).empty()) spec.raise(error.get());
  }
  throw Error(kept.error_code, name + " failed with " + kept.error_type,
              std::string(method.service->name) + "." + kept.error_type, kept.error_json);
}

}  // namespace tutti::database
