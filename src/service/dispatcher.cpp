#include "service/dispatcher.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>
#include <utility>

#include "message/json_writer.hpp"
#include "message/msgpack.hpp"
#include "runtime/shard.hpp"
#include "service/body_too_long.hpp"
#include "service/environment.hpp"
#include "service/host.hpp"
#include "service/response_cache.hpp"
#include "wire/codes.hpp"

namespace tutti::detail {
namespace {

// Counts a handler that runs, whatever way it ends.
class InFlight {
 public:
  InFlight(Composition& composition, ServedMethod* served) noexcept : composition_(composition), served_(served) {
    ++composition_.in_flight;
    if (served_) ++served_->in_flight;
  }
  ~InFlight() {
    --composition_.in_flight;
    if (served_) --served_->in_flight;
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Composition& composition_;
  ServedMethod* served_;
};

// Middleware in the order it was added, the handler innermost.
struct Chain {
  Composition& composition;
  const tutti::Call& call;
  void* object;
  void (*handler)(void* object);
  std::size_t at = 0;

  void run() {
    if (at == composition.middleware.size()) return handler(object);
    const std::size_t here = at++;
    composition.middleware[here](call, Next(this, [](void* chain) { static_cast<Chain*>(chain)->run(); }));
    at = here;
  }
};

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                         &std::free);
  return status == 0 ? text.get() : name;
}

Failure too_late(std::string_view name) {
  return {.code = Code::deadline_exceeded,
          .message = "the deadline of " + std::string(name) + " had passed before it began"};
}

// An exception on its way out of a handler becomes what the caller may see of it.
Failure failure_of(const std::exception_ptr& exception, const CallState& state) {
  if (state.method != nullptr) {
    for (const ErrorSpec& error : state.method->errors) {
      if (error.holds(exception, nullptr, [](void*, const void*) {})) {
        std::string type = std::string(state.method->service->name) + "." + std::string(error.shape().name);
        return {.code = error.code,
                .message = type,
                .contract_error = &error,
                .type = std::move(type),
                .exception = exception};
      }
    }
  }
  Interceptor* const interceptor = state.composition->host().interceptor();
  std::string type = type_name_of(exception);
  std::string message;
  try {
    std::rethrow_exception(exception);
  } catch (const BodyTooLong& error) {
    return {.code = error.code(), .message = error.what(), .http_status = 413};
  } catch (const Error& error) {
    // One of the closed codes passes; a contract error of another service that nobody here declared does not.
    if (error.type().empty()) return {.code = error.code(), .message = error.what()};
    type = error.type();
    message = error.what();
  } catch (const std::exception& error) {
    message = error.what();
  } catch (...) {
    // Its type's name is all that there is to say.
  }
  const std::string where = std::string(state.composition->name()) + "." + std::string(state.method_name);
  state.composition->log().error("undeclared exception left a handler",
                                 {{"tutti.handler", where}, {"exception.type", type}, {"exception.message", message}});
  if (interceptor) interceptor->undeclared(state, message.empty() ? type : type + ": " + message);
  return {.code = Code::internal, .message = where + " failed; its log says why"};
}

template <class Body>
Failure guarded(Composition& composition, ServedMethod* served, CallState& state, Body&& body) {
  if (state.deadline <= composition.host().shard().now()) return too_late(state.method_name);
  const std::size_t limit = composition.host().environment().library().in_flight_max;
  if (composition.in_flight >= limit ||
      (served && served->rules.in_flight_max != 0 && served->in_flight >= served->rules.in_flight_max)) {
    return {.code = Code::unavailable,
            .message = std::string(composition.name()) + " has its hands full; try again later",
            .type = std::string(wire::overloaded_type)};
  }
  const InFlight counted(composition, served);
  const CurrentCall current(state);
  const runtime::FiberName named(served ? std::string_view(served->full_name) : state.method_name);
  try {
    body();
    return {};
  } catch (...) {
    return failure_of(std::current_exception(), state);
  }
}

struct Invocation {
  const Handler& handler;
  void* request;
  void* reply;
  const Context& context;
  Source* in;
  Sink* out;
  ResponseCache* cache;

  static void run(void* self) {
    auto& call = *static_cast<Invocation*>(self);
    call.handler(call.request, call.reply, call.context, call.in, call.out);
  }
  // Behind the middleware, which sees every call.
  static void run_cached(void* self) {
    auto& call = *static_cast<Invocation*>(self);
    call.cache->answer(call.context.identity(), call.request, call.reply, self, &run);
  }
};

void run_chain(Composition& composition, const tutti::Call& call, void* object, void (*handler)(void*)) {
  if (composition.middleware.empty()) return handler(object);
  Chain chain{composition, call, object, handler};
  chain.run();
}

}  // namespace

Failure dispatch(ServedMethod& served, CallState& state, void* request, void* reply, Source* in, Sink* out) {
  Composition& composition = *served.composition;
  state.composition = &composition;
  state.method = served.spec;
  state.method_name = served.spec->name;
  state.request = request;
  const std::string_view permission = served.spec->rules.allow;
  if (!permission.empty() && !state.identity.may(permission)) {
    return {.code = state.identity.anonymous() ? Code::unauthenticated : Code::permission_denied,
            .message = "\"" + state.identity.name + "\" may not call " + served.full_name +
                       "; it needs the permission \"" + std::string(permission) + "\""};
  }
  return guarded(composition, &served, state, [&] {
    const Context context(state);
    Invocation invocation{served.handler, request, reply, context, in, out, served.cache.get()};
    run_chain(composition, tutti::Call{context, served.spec, {}}, &invocation,
              invocation.cache ? &Invocation::run_cached : &Invocation::run);
    if (served.spec->rules.repeat == Repeat::by_key && !state.once_called) {
      if (Interceptor* interceptor = composition.host().interceptor()) interceptor->once_forgotten(state);
    }
  });
}

Failure dispatch_raw(Composition& composition, CallState& state, std::string_view route, void* object,
                     void (*run)(void* object, const Context&)) {
  state.composition = &composition;
  state.method_name = route;
  return guarded(composition, nullptr, state, [&] {
    const Context context(state);
    struct Bound {
      void* object;
      void (*run)(void*, const Context&);
      const Context& context;
    } bound{object, run, context};
    run_chain(composition, tutti::Call{context, nullptr, route}, &bound, [](void* self) {
      auto& b = *static_cast<Bound*>(self);
      b.run(b.object, b.context);
    });
  });
}

Failure odd_failure(Composition& composition, std::string_view where, const std::exception_ptr& exception) {
  std::string message;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    message = error.what();
  } catch (...) {
    // Its type's name is all that there is to say.
  }
  composition.log().error(
      "an exception outside of a handler",
      {{"tutti.handler", where}, {"exception.type", type_name_of(exception)}, {"exception.message", message}});
  return {.code = Code::internal, .message = std::string(where) + " failed; the log says why"};
}

void raise(const Failure& failure) {
  if (failure.contract_error) std::rethrow_exception(failure.exception);
  throw Error(failure.code, failure.message);
}

namespace {

template <class Write>
std::string written(const Failure& failure, Write write) {
  if (!failure.contract_error) return {};
  struct Job {
    const Failure& failure;
    Write& write;
    std::string text = {};
  } job{failure, write};
  (void)failure.contract_error->holds(failure.exception, &job, [](void* self, const void* error) {
    auto& j = *static_cast<Job*>(self);
    j.write(j.failure.contract_error->shape(), error, j.text);
  });
  return std::move(job.text);
}

}  // namespace

std::string json_of(const Failure& failure) {
  return written(failure, [](const Shape& shape, const void* value, std::string& out) {
    (void)message::write_json(shape, value, out);
  });
}

std::string msgpack_of(const Failure& failure) {
  return written(failure, [](const Shape& shape, const void* value, std::string& out) {
    (void)message::write_msgpack(shape, value, out);
  });
}

Identity identify(const Composition& composition, const Credentials& credentials) {
  for (const auto& authenticator : composition.authenticators) {
    if (auto identity = authenticator->authenticate(credentials)) return *std::move(identity);
  }
  return {};
}

Identity identify_claimed(const Composition& composition, const Credentials& credentials, std::string_view claimed) {
  Identity identity = identify(composition, credentials);
  if (claimed.empty()) return identity;
  if (identity.anonymous() && composition.host().environment().library().rpc.trust_network)
    return {.name = std::string(claimed), .permissions = {"*"}};
  if (!identity.anonymous() && identity.may("*")) identity.name = claimed;
  return identity;
}

std::string type_name_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type ? demangled(type->name()) : "an exception of unknown type";
  }
}

}  // namespace tutti::detail
