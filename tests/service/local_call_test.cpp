// Calls between services of one process: as over a wire, without the bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tutti/testing.hpp>
#include <tutti/tutti.hpp>

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace pump {
struct Depth {
  int left = 0;
};
struct Water {
  Range<int, 0, 100> litres = 0;
  std::string by = {"nobody"};
};
struct Dry {
  static constexpr auto code = Code::failed_precondition;
  std::string well;
};
struct Hidden {
  int depth;
};
inline constexpr Service service{"pump", "1.0"};
inline constexpr Method<Depth(Depth)> dig{service, "dig", {}, {.deadline = std::chrono::seconds(60)}};
inline constexpr Method<Water(Water), Throws<Dry>> draw{service, "draw", {}, {.deadline = std::chrono::seconds(2)}};
inline constexpr Method<Water(Water)> wait{service, "wait", {}, {.deadline = std::chrono::seconds(10)}};
inline constexpr Method<Water(Stream<Water>)> fill{service, "fill"};
inline constexpr Method<Stream<Water>(Water)> flow{service, "flow"};
inline constexpr Method<Stream<Water>(Water)> endless{service, "endless"};
inline constexpr Method<Stream<Water>(Stream<Water>)> mix{service, "mix"};
}  // namespace pump

namespace house {
struct Ask {
  int litres = 1;
};
inline constexpr Service service{"house", "1.0"};
inline constexpr Method<pump::Water(Ask)> drink{service, "drink", {}, {.deadline = std::chrono::seconds(5)}};
}  // namespace house

struct LocalCall : ::testing::Test {
  void compose_pump(App& app) {
    const Caller caller = app.caller();
    app.serve(pump::dig, [caller](const pump::Depth& depth) {
      return depth.left == 0 ? depth : caller(pump::dig, {.left = depth.left - 1});
    });
    app.serve(pump::draw, [this](const pump::Water& water, const Context& context) {
      ++drawn;
      remaining = context.remaining();
      if (water.litres == 13) throw pump::Dry{"the old one"};
      if (water.litres == 14) throw pump::Hidden{4};
      return pump::Water{.litres = water.litres, .by = context.identity().name};
    });
    app.serve(pump::wait, [this](const pump::Water& water) {
      try {
        sleep(1h);
      } catch (const Error& error) {
        ended_with = error.code();
        throw;
      }
      return water;
    });
    app.serve(pump::fill, [this](In<pump::Water>& in) {
      pump::Water sum;
      while (auto water = in.next()) {
        if (water->litres == 13) throw Error(Code::data_loss, "the bucket leaks");
        if (water->litres == 14) return pump::Water{.litres = 14};
        sum.litres = sum.litres + water->litres;
        ++taken;
      }
      return sum;
    });
    app.serve(pump::flow, [](const pump::Water& water, Out<pump::Water>& out) {
      for (int i = 0; i < water.litres; ++i) {
        if (i == 13) throw Error(Code::unavailable, "the well is dry");
        out.write({.litres = i});
      }
    });
    app.serve(pump::endless, [this](const pump::Water& water, Out<pump::Water>& out) {
      try {
        for (;;) out.write(water);
      } catch (const Error& error) {
        ended_with = error.code();
        throw;
      }
    });
    app.serve(pump::mix, [](In<pump::Water>& in, Out<pump::Water>& out) {
      while (auto water = in.next()) {
        for (int i = 0; i < 4; ++i) out.write(*water);
      }
    });
  }
  void compose_house(App& app) {
    const Caller caller = app.caller();
    app.serve(house::drink, [caller](const house::Ask& ask) { return caller(pump::draw, {.litres = ask.litres}); });
  }
  // The code that the program ends with.
  template <class Program>
  Code code_of(Program program) {
    try {
      bed.run(program);
    } catch (const Error& error) {
      what = error.what();
      return error.code();
    }
    return Code::ok;
  }

  int drawn = 0;
  int taken = 0;
  std::chrono::nanoseconds remaining{0};
  Code ended_with = Code::ok;
  std::string what;
  testing::Bed bed{{house::service, [this](App& app) { compose_house(app); }},
                   {pump::service, [this](App& app) { compose_pump(app); }}};
};

TEST_F(LocalCall, names_the_calling_service_and_is_believed) {
  EXPECT_EQ(bed.call(house::drink, {.litres = 3}).by, "house");
}

TEST_F(LocalCall, throws_a_contract_error_as_its_own_type) {
  try {
    (void)bed.call(pump::draw, {.litres = 13});
    FAIL() << "it came back";
  } catch (const pump::Dry& dry) {
    EXPECT_EQ(dry.well, "the old one");
  }
}

TEST_F(LocalCall, turns_an_error_that_the_contract_does_not_declare_into_internal) {
  bed.expect_problem("Hidden");

  EXPECT_EQ(code_of([](Caller& call) { (void)call(pump::draw, {.litres = 14}); }), Code::internal);
}

TEST_F(LocalCall, turns_a_contract_error_that_passes_through_an_undeclaring_handler_into_internal) {
  bed.expect_problem("Dry");

  EXPECT_EQ(code_of([](Caller& call) { (void)call(house::drink, {.litres = 13}); }), Code::internal);
}

TEST_F(LocalCall, checks_the_request_before_the_handler_sees_it) {
  EXPECT_EQ(code_of([](Caller& call) { (void)call(house::drink, {.litres = 101}); }), Code::invalid_argument);
  EXPECT_THAT(what, HasSubstr("litres"));
  EXPECT_EQ(drawn, 0);
}

TEST_F(LocalCall, refuses_to_nest_deeper_than_the_limit) {
  EXPECT_EQ(code_of([](Caller& call) { (void)call(pump::dig, {.left = 15}); }), Code::ok);
  EXPECT_EQ(code_of([](Caller& call) { (void)call(pump::dig, {.left = 16}); }), Code::resource_exhausted);
  EXPECT_THAT(what, HasSubstr("tutti.call_depth_max"));
}

TEST_F(LocalCall, gives_the_shortest_of_all_deadlines_along) {
  bed.call(house::drink, {});
  EXPECT_EQ(remaining, 2s);

  bed.call(house::drink, {}, {.deadline = 1s});
  EXPECT_EQ(remaining, 1s);

  bed.call(pump::draw, {}, {.deadline = 1min});
  EXPECT_EQ(remaining, 2s);
}

TEST_F(LocalCall, does_no_work_when_no_time_is_left) {
  EXPECT_EQ(code_of([](Caller& call) { (void)call(pump::draw, {}, {.deadline = 0s}); }), Code::deadline_exceeded);
  EXPECT_EQ(code_of([](Caller& call) { (void)call(pump::draw, {}, {.deadline = -1s}); }), Code::deadline_exceeded);
  EXPECT_EQ(drawn, 0);
}

TEST_F(LocalCall, leaves_at_its_deadline_and_cancels_the_handler) {
  const Time before = bed.now();

  EXPECT_EQ(code_of([](Caller& call) { (void)call(pump::wait, {}, {.deadline = 3s}); }), Code::deadline_exceeded);

  EXPECT_EQ(bed.now() - before, 3s);
  bed.settle();
  EXPECT_THAT(ended_with, ::testing::AnyOf(Code::cancelled, Code::deadline_exceeded));
}

// ---- streams --------------------------------------------------------------------------------------------------

TEST_F(LocalCall, streams_to_a_handler_with_back_pressure) {
  bed.run([this](Caller& call) {
    const auto sum = call(pump::fill, [this](Out<pump::Water>& out) {
      for (int i = 0; i < 60; ++i) {
        out.write({.litres = 1});
        EXPECT_LE(i - taken, 17);
      }
    });
    EXPECT_EQ(sum.litres, 60);
  });
}

TEST_F(LocalCall, streams_from_a_handler) {
  bed.run([](Caller& call) {
    std::vector<int> got;
    auto flow = call(pump::flow, {.litres = 3});
    while (auto water = flow.next()) got.push_back(water->litres);
    EXPECT_THAT(got, ElementsAre(0, 1, 2));
  });
}

TEST_F(LocalCall, throws_what_ended_a_stream_after_its_last_item) {
  bed.run([](Caller& call) {
    int items = 0;
    auto flow = call(pump::flow, {.litres = 50});
    try {
      while (flow.next()) ++items;
      ADD_FAILURE() << "it ended well";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::unavailable);
    }
    EXPECT_EQ(items, 13);
  });
}

TEST_F(LocalCall, cancels_a_handler_whose_reader_has_gone) {
  bed.run([](Caller& call) {
    auto endless = call(pump::endless, {});
    (void)endless.next();
  });

  bed.settle();
  EXPECT_EQ(ended_with, Code::cancelled);
}

TEST_F(LocalCall, tells_a_writer_at_once_that_its_handler_has_failed) {
  const Time before = bed.now();

  const Code code = code_of([](Caller& call) {
    (void)call(pump::fill, [](Out<pump::Water>& out) {
      out.write({.litres = 13});
      for (;;) out.write({.litres = 1});
    });
  });

  EXPECT_EQ(code, Code::data_loss);
  EXPECT_EQ(bed.now(), before);
}

TEST_F(LocalCall, gives_the_answer_of_a_handler_that_needs_no_more_of_the_stream) {
  bed.run([](Caller& call) {
    const auto answer = call(pump::fill, [](Out<pump::Water>& out) {
      out.write({.litres = 14});
      for (;;) out.write({.litres = 1});
    });
    EXPECT_EQ(answer.litres, 14);
  });
}

TEST_F(LocalCall, lets_the_writers_own_exception_pass) {
  EXPECT_THROW(bed.run([](Caller& call) {
    (void)call(pump::fill, [](Out<pump::Water>&) { throw std::out_of_range("no more water"); });
  }),
               std::out_of_range);
}

TEST_F(LocalCall, streams_both_ways_without_a_stall) {
  const Time before = bed.now();

  bed.run([](Caller& call) {
    auto mixed = call(pump::mix, [](Out<pump::Water>& out) {
      for (int i = 0; i < 100; ++i) out.write({.litres = i});
    });
    int items = 0;
    while (mixed.next()) ++items;
    EXPECT_EQ(items, 400);
  });

  EXPECT_EQ(bed.now(), before);
}

TEST_F(LocalCall, fails_when_more_of_the_answer_waits_than_is_kept) {
  const Code code = code_of([](Caller& call) {
    auto mixed = call(pump::mix, [](Out<pump::Water>& out) {
      for (int i = 0; i < 10'000; ++i) out.write({.litres = 1});
    });
    while (mixed.next()) {
    }
  });

  EXPECT_EQ(code, Code::resource_exhausted);
}

}  // namespace
}  // namespace tutti
