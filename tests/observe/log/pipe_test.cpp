#include "observe/log/pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tutti::observe {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    reader = ends[0];
    writer = ends[1];
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  void close_reader() {
    if (reader >= 0) ::close(std::exchange(reader, -1));
  }
  void close_writer() {
    if (writer >= 0) ::close(std::exchange(writer, -1));
  }
  // Up to the end: the writer's end must be closed by then or by another thread.
  std::string read_all() const {
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t bytes = 0; (bytes = ::read(reader, piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<std::size_t>(bytes));
    }
    return text;
  }
  int reader = -1;
  int writer = -1;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(LogPipe, writes_whole_lines_in_the_order_of_each_thread) {
  constexpr int threads = 6;
  constexpr int lines_each = 2'000;
  Pipe pipe;
  std::string text;
  std::thread reader([&] { text = pipe.read_all(); });
  std::array<int, threads> accepted{};

  {
    // Three lanes for six threads: some share.
    LogPipe log(pipe.writer, {.lane_bytes = 1 << 20, .lanes_max = 3});
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&log, &count = accepted[static_cast<std::size_t>(t)], t] {
        for (int i = 0; i < lines_each; ++i) {
          count += log.write(std::to_string(t) + ":" + std::to_string(i) + ":some text that fills the line\n");
        }
      });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(log.lost(), 0u);
  }
  pipe.close_writer();
  reader.join();

  std::map<int, int> next;
  int lines = 0;
  for (const auto& line : lines_of(text)) {
    int thread = -1;
    int number = -1;
    ASSERT_EQ(std::sscanf(line.c_str(), "%d:%d:some text that fills the line", &thread, &number), 2) << line;
    ASSERT_EQ(line, std::to_string(thread) + ":" + std::to_string(number) + ":some text that fills the line");
    ASSERT_EQ(number, next[thread]++) << "thread " << thread;
    ++lines;
  }
  for (const int count : accepted) EXPECT_EQ(count, lines_each);
  EXPECT_EQ(lines, threads * lines_each);
}

TEST(LogPipe, never_waits_for_a_reader_that_does_not_read) {
  Pipe pipe;
  const std::string line(1'000, 'x');
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;

  {
    LogPipe log(pipe.writer, {.lane_bytes = 64 * 1024, .stop_wait = std::chrono::milliseconds(60)});
    for (int i = 0; i < 1'000; ++i)
      ++(log.write(line + "\n") ? accepted : refused);  // 1 MB; pipe and lane hold 128 KiB
  }
  EXPECT_GT(refused, 700u);
  EXPECT_GE(accepted, 64u);

  pipe.close_writer();
  const auto text = pipe.read_all();
  EXPECT_GT(text.size(), 0u);
  EXPECT_LE(text.size(), accepted * 1'001);
}

TEST(LogPipe, leaves_the_flags_of_a_shared_descriptor_alone) {
  Pipe pipe;

  LogPipe log(pipe.writer);

  EXPECT_EQ(::fcntl(pipe.writer, F_GETFL) & O_NONBLOCK, 0);
}

TEST(LogPipe, survives_a_reader_that_goes_away_and_counts_the_lines) {
  Pipe pipe;
  pipe.close_reader();
  LogPipe log(pipe.writer);

  ASSERT_TRUE(log.write("nobody reads this\n"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (log.lost() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();

  EXPECT_EQ(log.lost(), 1u);
}

TEST(LogPipe, goes_on_once_the_reader_reads_again) {
  Pipe pipe;
  LogPipe log(pipe.writer, {.lane_bytes = 4096});
  const std::string line = std::string(999, 'x') + "\n";
  while (log.write(line)) {
  }
  std::array<char, 65536> piece;
  ASSERT_GT(::read(pipe.reader, piece.data(), piece.size()), 0);

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool accepted = false;
  while (!accepted && std::chrono::steady_clock::now() < deadline) {
    accepted = log.write(line);
    if (::fcntl(pipe.reader, F_SETFL, O_NONBLOCK) == 0) (void)!::read(pipe.reader, piece.data(), piece.size());
  }

  EXPECT_TRUE(accepted);
}

TEST(LogPipe, appends_to_a_file) {
  auto* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  std::fputs("before\n", file);
  std::fflush(file);

  {
    LogPipe log(::fileno(file));
    ASSERT_TRUE(log.write("one\n"));
    ASSERT_TRUE(log.write("two\n"));
  }

  std::rewind(file);
  std::array<char, 100> text{};
  const auto bytes = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  EXPECT_EQ(std::string(text.data(), bytes), "before\none\ntwo\n");
}

TEST(LogPipe, refuses_a_line_longer_than_a_lane) {
  Pipe pipe;
  LogPipe log(pipe.writer, {.lane_bytes = 1024});

  EXPECT_FALSE(log.write(std::string(1025, 'x')));
  EXPECT_TRUE(log.write(std::string(1023, 'x') + "\n"));
}

TEST(LogPipe, tells_pipes_apart_in_one_thread) {
  Pipe first_pipe;
  Pipe second_pipe;
  {
    LogPipe first(first_pipe.writer);
    LogPipe second(second_pipe.writer);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(first.write("1\n"));
      ASSERT_TRUE(second.write("2\n"));
    }
  }
  first_pipe.close_writer();
  second_pipe.close_writer();

  EXPECT_EQ(first_pipe.read_all(), "1\n1\n1\n");
  EXPECT_EQ(second_pipe.read_all(), "2\n2\n2\n");
}

}  // namespace
}  // namespace tutti::observe
