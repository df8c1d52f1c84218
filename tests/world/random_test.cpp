#include <tutti/random.hpp>

#include <array>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "world/real.hpp"
#include "world/seeded_random.hpp"

namespace tutti::world {
namespace {

// Gives the words it was made with, one after the other.
class Scripted final : public Random {
 public:
  explicit Scripted(std::vector<std::uint64_t> words) : words_(std::move(words)) {}
  std::uint64_t next() override { return words_.at(at_++); }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t at_ = 0;
};

TEST(Random, writes_128_bits_as_26_letters) {
  EXPECT_EQ(Scripted({0, 0}).id(), "00000000000000000000000000");
  EXPECT_EQ(Scripted({~0ull, ~0ull}).id(), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
  EXPECT_EQ(Scripted({0, 1}).id(), "00000000000000000000000001");
  EXPECT_EQ(Scripted({1, 0}).id(), "0000000000000g000000000000");
  EXPECT_EQ(Scripted({0, 1ull << 63}).id(), "00000000000008000000000000");
}

TEST(Random, draws_below_a_bound_without_favour) {
  // 2^64 = 3 * 6148914691236517205 + 1: the word 0 is the one too many and is drawn again.
  EXPECT_EQ(Scripted({0, ~0ull}).below(3), 2u);
  EXPECT_EQ(Scripted({1}).below(3), 0u);
  EXPECT_EQ(Scripted({12345}).below(1), 0u);
}

TEST(Random, keeps_fractions_below_one) {
  EXPECT_EQ(Scripted({0}).unit(), 0.0);
  EXPECT_LT(Scripted({~0ull}).unit(), 1.0);
}

TEST(Random, fills_every_byte) {
  std::array<std::byte, 11> bytes{};

  Scripted({~0ull, ~0ull}).fill(bytes);

  for (const std::byte b : bytes) EXPECT_EQ(b, std::byte{0xff});
}

TEST(RealRandom, never_repeats_across_threads) {
  const auto random = real_random();
  std::array<std::vector<std::uint64_t>, 4> drawn;
  std::vector<std::thread> threads;
  for (auto& words : drawn) {
    threads.emplace_back([&words, &random] {
      for (int i = 0; i < 200; ++i) words.push_back(random->next());
    });
  }
  for (auto& thread : threads) thread.join();

  std::set<std::uint64_t> different;
  for (const auto& words : drawn) different.insert(words.begin(), words.end());
  EXPECT_EQ(different.size(), 800u);
}

TEST(SeededRandom, gives_each_stream_its_own_draws_and_the_same_again) {
  TraceHash hash;
  SeededRandom one(1, "a", hash);
  SeededRandom again(1, "a", hash);
  SeededRandom other_stream(1, "b", hash);
  SeededRandom other_seed(2, "a", hash);

  const std::uint64_t first = one.next();
  EXPECT_EQ(again.next(), first);
  EXPECT_NE(other_stream.next(), first);
  EXPECT_NE(other_seed.next(), first);
}

TEST(SeededRandom, leaves_no_trace_of_a_fault_that_is_off) {
  TraceHash hash;
  SeededRandom random(1, "a", hash);
  const std::uint64_t before = hash.value();

  EXPECT_FALSE(random.chance(0));
  EXPECT_EQ(hash.value(), before);
  EXPECT_TRUE(random.chance(1));
  EXPECT_NE(hash.value(), before);
}

}  // namespace
}  // namespace tutti::world
