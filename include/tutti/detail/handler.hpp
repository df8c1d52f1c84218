// From whatever a user serves a method with to a Handler, which non-template code runs. Accepted: functions, lambdas
// (also generic, mutable, move-only), members with their object. A handler takes, in this order and each only if
// the method has it: the request (const T&, T or T&&: it is handed over as an rvalue), In<T>&, Out<T>&; then, if
// it wants, `const Context&`. What does not fit is refused by one static_assert per mistake.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include <tutti/contract.hpp>
#include <tutti/stream.hpp>

namespace tutti {

class Context;

namespace detail {

// Owns the user's callable.
class Handler {
 public:
  // `request`: the method's message, which may be moved from; null without one. `reply`: raw memory for the reply's
  // shape, constructed on return and untouched if this throws; null without one. `in`: the Source,
  // `out`: the Sink of the method's streams; null unless it has that stream.
  using Invoke = void (*)(void* state, void* request, void* reply, const Context& context, void* in, void* out);

  Handler(void* state, void (*destroy)(void*) noexcept, Invoke invoke) noexcept
      : state_(state), destroy_(destroy), invoke_(invoke) {}
  Handler(Handler&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), destroy_(other.destroy_), invoke_(other.invoke_) {}
  Handler& operator=(Handler&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(destroy_, other.destroy_);
    std::swap(invoke_, other.invoke_);
    return *this;
  }
  ~Handler() {
    if (state_) destroy_(state_);
  }

  void operator()(void* request, void* reply, const Context& context, void* in = nullptr, void* out = nullptr) const {
    invoke_(state_, request, reply, context, in, out);
  }

 private:
  void* state_;
  void (*destroy_)(void*) noexcept;
  Invoke invoke_;
};

template <class... T>
struct Types {};

template <class T>
struct RequestTypes {
  using type = Types<T&&>;
};
template <>
struct RequestTypes<void> {
  using type = Types<>;
};
template <template <class> class End, class T>
struct EndTypes {
  using type = Types<End<T>&>;
};
template <template <class> class End>
struct EndTypes<End, void> {
  using type = Types<>;
};
template <class... A, class... B>
Types<A..., B...> join(Types<A...>, Types<B...>);

// What a handler is called with.
template <class Request, class StreamIn, class StreamOut>
struct Arguments {
  using streams = decltype(join(typename EndTypes<In, StreamIn>::type{}, typename EndTypes<Out, StreamOut>::type{}));
  using all = decltype(join(typename RequestTypes<Request>::type{}, streams{}));
};

template <class F, class List>
constexpr bool takes_plain = false;
template <class F, class... A>
constexpr bool takes_plain<F, Types<A...>> = std::is_invocable_v<F&, A...>;

template <class F, class List>
constexpr bool takes_with_context = false;
template <class F, class... A>
constexpr bool takes_with_context<F, Types<A...>> = std::is_invocable_v<F&, A..., const Context&>;

template <class F, class Request, class... A>
constexpr bool takes_changeable(Types<A...>) {
  return std::is_invocable_v<F&, Request&, A...> || std::is_invocable_v<F&, Request&, A..., const Context&>;
}

// Says why a callable cannot be the handler: the first mistake that it finds.
template <class F, class Request, class Streams>
constexpr void refuse_handler() {
  if constexpr (std::is_member_pointer_v<F>) {
    static_assert(!sizeof(F*),
                  "tutti: this handler is a member: pass its object too, as in serve(method, object, &Class::member)");
  } else if constexpr (std::is_void_v<Request>) {
    static_assert(!sizeof(F*),
                  "tutti: this handler takes what its method does not have: expected the streams if there are any, and "
                  "const tutti::Context& if it is wanted");
  } else if constexpr (takes_changeable<F, Request>(Streams{})) {
    static_assert(!sizeof(F*),
                  "tutti: this handler takes its message by reference to change it: take const Message& or Message");
  } else if constexpr (takes_plain<F, Streams> || takes_with_context<F, Streams>) {
    static_assert(!sizeof(F*),
                  "tutti: this handler does not take its method's message: its first parameter must be const Message&");
  } else if constexpr (!std::is_same_v<Streams, Types<>>) {
    static_assert(!sizeof(F*),
                  "tutti: this handler does not fit its method: expected the message, then In<T>& and Out<T>& for its "
                  "streams, and const tutti::Context& if it is wanted");
  } else {
    static_assert(!sizeof(F*),
                  "tutti: this handler takes another message than its method: expected const Message&, and const "
                  "tutti::Context& if it is wanted");
  }
}

template <class Reply, class Returned>
constexpr bool check_returned() {
  if constexpr (std::is_void_v<Reply>) {
    static_assert(std::is_void_v<Returned>,
                  "tutti: this handler returns a value, but its method has no reply: return nothing");
    return std::is_void_v<Returned>;
  } else {
    static_assert(
        std::is_same_v<std::remove_cvref_t<Returned>, Reply>,
        "tutti: this handler returns another type than its method's reply; say it if it is a lambda: -> Reply");
    return std::is_same_v<std::remove_cvref_t<Returned>, Reply>;
  }
}

// The ends of a method's streams, made around the transport's for as long as the handler runs.
template <class... A>
struct Ends {
  Ends(void*, void*) noexcept {}
};
template <class T, class... Rest>
struct Ends<In<T>&, Rest...> : Ends<Rest...> {
  Ends(void* source, void* sink) : Ends<Rest...>(source, sink), in(*static_cast<Source*>(source)) {}
  In<T> in;
};
template <class T, class... Rest>
struct Ends<Out<T>&, Rest...> : Ends<Rest...> {
  Ends(void* source, void* sink) : Ends<Rest...>(source, sink), out(*static_cast<Sink*>(sink)) {}
  Out<T> out;
};
template <class First, class... Rest>
struct Ends<First, Rest...> : Ends<Rest...> {
  using Ends<Rest...>::Ends;
};

template <class T, class E>
T&& argument(As<T&&>, void* request, E&) {
  return static_cast<T&&>(*static_cast<T*>(request));
}
template <class T, class E>
In<T>& argument(As<In<T>&>, void*, E& ends) {
  return ends.in;
}
template <class T, class E>
Out<T>& argument(As<Out<T>&>, void*, E& ends) {
  return ends.out;
}

template <class F, class Reply, class... A, class... C>
Handler make_handler(F&& callable, Types<A...>, Types<C...>) {
  using State = std::decay_t<F>;
  using Returned = std::invoke_result_t<State&, A..., C...>;
  Handler::Invoke invoke = nullptr;
  if constexpr (check_returned<Reply, Returned>()) {
    invoke = [](void* state, [[maybe_unused]] void* request, [[maybe_unused]] void* reply,
                [[maybe_unused]] const Context& context, [[maybe_unused]] void* in, [[maybe_unused]] void* out) {
      State& call = *static_cast<State*>(state);
      [[maybe_unused]] Ends<A...> ends(in, out);
      if constexpr (std::is_void_v<Reply>) {
        call(argument(As<A>{}, request, ends)..., static_cast<C>(context)...);
      } else {
        ::new (reply) Reply(call(argument(As<A>{}, request, ends)..., static_cast<C>(context)...));
      }
    };
  }
  return Handler(
      new State(std::forward<F>(callable)), [](void* state) noexcept { delete static_cast<State*>(state); }, invoke);
}

// A member with its object, which must outlive it.
template <class Object, class Member>
struct Bound {
  Object* object;
  Member member;

  template <class... A>
  requires requires(Object& o, Member m, A&&... a) { (o.*m)(std::forward<A>(a)...); }
  decltype(auto) operator()(A&&... arguments) const { return (object->*member)(std::forward<A>(arguments)...); }
};

// What a handler of a method or an event is held to.
template <class M>
struct Served;
template <class Result, class... P, class... Options>
struct Served<Method<Result(P...), Options...>> {
  using M = Method<Result(P...), Options...>;
  using arguments = Arguments<typename M::request, typename M::stream_in, typename M::stream_out>;
  using request = typename M::request;
  using reply = typename M::reply;
};
template <class Message>
struct Served<Event<Message>> {
  using arguments = Arguments<Message, void, void>;
  using request = Message;
  using reply = void;
};

// A callable that can serve a method or take an event.
template <class F, class M>
concept HandlerOf =
    takes_plain<F, typename Served<M>::arguments::all> || takes_with_context<F, typename Served<M>::arguments::all>;

// The handler of M, a Method<...> or an Event<...>.
template <class M, class F>
Handler handler_of(F&& callable) {
  using State = std::decay_t<F>;
  using Served = detail::Served<M>;
  using All = typename Served::arguments::all;
  if constexpr (takes_with_context<State, All>) {
    return make_handler<F, typename Served::reply>(std::forward<F>(callable), All{}, Types<const Context&>{});
  } else if constexpr (takes_plain<State, All>) {
    return make_handler<F, typename Served::reply>(std::forward<F>(callable), All{}, Types<>{});
  } else {
    refuse_handler<State, typename Served::request, typename Served::arguments::streams>();
    return Handler(nullptr, nullptr, nullptr);
  }
}

template <class M, class Object, class Member>
requires std::is_member_function_pointer_v<Member> Handler handler_of(Object& object, Member member) {
  return handler_of<M>(Bound<Object, Member>{&object, member});
}

}  // namespace detail
}  // namespace tutti
