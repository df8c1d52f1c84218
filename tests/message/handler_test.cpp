// What may serve a method: every form of callable comes out as one Handler that takes void pointers.
#include <gtest/gtest.h>

#include <memory>

#include <tutti/detail/handler.hpp>
#include <tutti/stream.hpp>

namespace parrot {

struct Say {
  std::string text;
};
struct Said {
  std::string text;
};
using Saying = tutti::Method<Said(Say)>;
using Hearing = tutti::Method<void(Say)>;
using Asking = tutti::Method<Said()>;
using Storing = tutti::Method<Said(Say, tutti::Stream<tutti::Bytes>)>;
using Watching = tutti::Method<tutti::Stream<Said>(Say)>;
using Happened = tutti::Event<Say>;

Said free_function(const Say& say) { return {"free " + say.text}; }

struct Base {
  Said inherited(const Say& say) { return {"inherited " + say.text}; }
};
struct Bird : Base {
  Said plain(const Say& say) { return {"plain " + say.text}; }
  Said constant(Say say) const noexcept { return {"constant " + say.text}; }
  Said rvalue(Say&& say) { return {"rvalue " + std::move(say.text)}; }
  Said with_context(const Say& say, const tutti::Context&) { return {"context " + say.text}; }
  static Said stationary(const Say& say) { return {"static " + say.text}; }
  void hear(const Say& say) { heard = say.text; }
  Said ask() { return {"asked"}; }
  std::string heard;
};

}  // namespace parrot

namespace {

using tutti::detail::Handler;
using tutti::detail::handler_of;
using namespace parrot;

// Context has no public constructor that needs nothing; a handler only passes the reference on.
const tutti::Context& some_context() {
  static const std::max_align_t memory = {};
  return reinterpret_cast<const tutti::Context&>(memory);
}

std::string answer(const Handler& handler, void* request, void* in = nullptr) {
  alignas(Said) std::byte memory[sizeof(Said)];
  handler(request, memory, some_context(), in);
  Said* const said = std::launder(reinterpret_cast<Said*>(memory));
  const std::string text = said->text;
  std::destroy_at(said);
  return text;
}

std::string answer(const Handler& handler) {
  Say say{"hello"};
  return answer(handler, &say);
}

TEST(Handler, is_made_of_functions_and_lambdas) {
  const auto kept = [](Say say) { return Said{"kept " + say.text}; };

  EXPECT_EQ(answer(handler_of<Saying>(free_function)), "free hello");
  EXPECT_EQ(answer(handler_of<Saying>(&Bird::stationary)), "static hello");
  EXPECT_EQ(answer(handler_of<Saying>([](const Say& say) { return Said{"const& " + say.text}; })), "const& hello");
  EXPECT_EQ(answer(handler_of<Saying>([](Say&& say) { return Said{"&& " + say.text}; })), "&& hello");
  EXPECT_EQ(answer(handler_of<Saying>(kept)), "kept hello");
  EXPECT_EQ(answer(handler_of<Saying>([](const auto& say) { return Said{"auto " + say.text}; })), "auto hello");
  EXPECT_EQ(answer(handler_of<Saying>([](auto&& say, auto&&) { return Said{"two " + say.text}; })), "two hello");
  EXPECT_EQ(
      answer(handler_of<Saying>([](const Say& say, const tutti::Context&) { return Said{"context " + say.text}; })),
      "context hello");
}

TEST(Handler, keeps_the_state_of_a_move_only_mutable_lambda) {
  const Handler handler = handler_of<Saying>(
      [count = std::make_unique<int>(0)](const Say&) mutable { return Said{std::to_string(++*count)}; });

  EXPECT_EQ(answer(handler), "1");
  EXPECT_EQ(answer(handler), "2");
}

TEST(Handler, is_made_of_a_member_with_its_object) {
  Bird bird;

  EXPECT_EQ(answer(handler_of<Saying>(bird, &Bird::plain)), "plain hello");
  EXPECT_EQ(answer(handler_of<Saying>(bird, &Bird::constant)), "constant hello");
  EXPECT_EQ(answer(handler_of<Saying>(bird, &Bird::rvalue)), "rvalue hello");
  EXPECT_EQ(answer(handler_of<Saying>(bird, &Bird::with_context)), "context hello");
  EXPECT_EQ(answer(handler_of<Saying>(bird, &Bird::inherited)), "inherited hello");
}

TEST(Handler, moves_a_message_that_is_taken_by_value) {
  Say say{std::string(1000, 'x')};
  const char* const characters = say.text.data();
  const char* seen = nullptr;

  (void)answer(handler_of<Saying>([&seen](Say taken) {
                 seen = taken.text.data();
                 return Said{};
               }),
               &say);

  EXPECT_EQ(seen, characters);
}

TEST(Handler, may_have_no_reply_or_no_request) {
  Bird bird;
  Say say{"psst"};

  handler_of<Hearing>(bird, &Bird::hear)(&say, nullptr, some_context());

  EXPECT_EQ(bird.heard, "psst");
  EXPECT_EQ(answer(handler_of<Asking>(bird, &Bird::ask), nullptr), "asked");
  EXPECT_EQ(answer(handler_of<Asking>([](const tutti::Context&) { return Said{"context"}; }), nullptr), "context");
}

TEST(Handler, takes_an_event) {
  Bird bird;
  Say say{"it happened"};

  handler_of<Happened>(bird, &Bird::hear)(&say, nullptr, some_context());

  EXPECT_EQ(bird.heard, "it happened");
}

class OnePiece final : public tutti::detail::Source {
 public:
  bool next(void* item) override {
    if (std::exchange(given_, true)) return false;
    *static_cast<tutti::Bytes*>(item) = tutti::Bytes(3);
    return true;
  }

 private:
  bool given_ = false;
};

class Collected final : public tutti::detail::Sink {
 public:
  void write(const void* item, std::string_view) override { texts.push_back(static_cast<const Said*>(item)->text); }
  std::vector<std::string> texts;
};

TEST(Handler, takes_the_ends_of_streams) {
  OnePiece piece;
  Collected collected;
  tutti::detail::Source* const in = &piece;
  tutti::detail::Sink* const out = &collected;
  Say say{"hello"};

  const auto stored = answer(handler_of<Storing>([](const Say& said, tutti::In<tutti::Bytes>& bytes) {
                               return Said{said.text + std::to_string(bytes.next()->size())};
                             }),
                             &say, in);
  handler_of<Watching>([](const Say& said, tutti::Out<Said>& watched, const tutti::Context&) {
    watched.write({said.text});
  })(&say, nullptr, some_context(), nullptr, out);

  EXPECT_EQ(stored, "hello3");
  EXPECT_EQ(collected.texts, std::vector<std::string>{"hello"});
}

TEST(Handler, leaves_the_reply_alone_if_it_throws) {
  Say say;
  std::byte memory[sizeof(Said)] = {};

  const Handler handler = handler_of<Saying>([](const Say&) -> Said { throw std::runtime_error("no"); });

  EXPECT_THROW(handler(&say, memory, some_context()), std::runtime_error);
  EXPECT_EQ(memory[0], std::byte{0});
}

TEST(Handler, destroys_what_it_owns_once) {
  const auto owned = std::make_shared<int>(1);
  {
    Handler first = handler_of<Saying>([owned](const Say&) { return Said{}; });
    const Handler second = std::move(first);

    EXPECT_EQ(owned.use_count(), 2);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
