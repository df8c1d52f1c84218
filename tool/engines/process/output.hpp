// What an instance writes, cut into lines.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tutti::engines {

// In whose name a line is printed.
struct Speaker {
  static constexpr int no_colour = -1;
  std::string label = {};
  int colour = 0;  // which of the printer's colours
};

inline const Speaker fleet_speaker{.label = "tutti", .colour = Speaker::no_colour};

class Output {
 public:
  using Sink = std::function<void(std::string_view line)>;
  static constexpr std::size_t line_bytes_max = 64 * 1024;  // a longer line is printed in pieces

  // Takes the descriptor, which must not block. One that is still open is let go: a process that the instance before
  // left behind may hold its other end.
  void open(int fd);
  void close();
  // What is there now, but not without end: one loud instance must not keep the loop from the others.
  void read(const Sink& sink);
  [[nodiscard]] int fd() const { return fd_; }  // -1: nobody writes any more

 private:
  void cut(std::string_view bytes, const Sink& sink);

  int fd_ = -1;
  std::string line_ = {};
};

}  // namespace tutti::engines
