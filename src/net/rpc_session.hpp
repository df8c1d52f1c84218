// How the rpc server is made: sessions (a connection each) and calls (a fiber each). The loop reads, finds whole
// messages and enters a fiber for each call; an answer given before the loop goes on leaves with the others of that
// read, a later one with those of its turn. Calls are pooled with their bytes, so a small call allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tutti/error.hpp>

#include "net/rpc_server.hpp"
#include "runtime/parker.hpp"
#include "runtime/timers.hpp"
#include "wire/msgpack_rpc/scanner.hpp"

namespace tutti::net {

class RpcServerCore;
class RpcSession;

class RpcCall final : public RpcExchange {
 public:
  // `bytes` are copied; `message` and `metadata` are views into them.
  void begin(RpcSession& session, std::string_view bytes, const wire::msgpack_rpc::Message& message,
             const wire::msgpack_rpc::Metadata& metadata, Instant received);
  void run(RpcService& service);  // on its fiber
  void cancel() noexcept;         // the answer is not wanted any more
  void fail(Code code, std::string_view text);
  void shrink(std::size_t bytes_max) noexcept {
    if (bytes_.capacity() > bytes_max) std::string().swap(bytes_);
  }
  [[nodiscard]] std::uint32_t id() const noexcept { return message_.id; }
  [[nodiscard]] RpcSession& session() noexcept { return *session_; }
  [[nodiscard]] runtime::FiberHandle& handle() noexcept { return fiber_; }

  std::string_view method() const override { return message_.method; }
  std::string_view params() const override { return message_.params; }
  const wire::msgpack_rpc::Metadata& metadata() const override { return metadata_; }
  bool notification() const override { return message_.kind == wire::msgpack_rpc::Kind::notification; }
  const Peer& peer() const override;
  Instant received() const override { return received_; }
  void respond(std::string_view result) override;
  void fail(std::string_view error) override;
  bool answered() const override { return answered_; }

  RpcCall* next = nullptr;  // in flight on the session
  RpcCall* previous = nullptr;

 private:
  template <class F>
  void answer(F append);

  RpcSession* session_ = nullptr;
  std::string bytes_;
  wire::msgpack_rpc::Message message_;
  wire::msgpack_rpc::Metadata metadata_;
  Instant received_{};
  runtime::FiberHandle fiber_;
  bool answered_ = false;
  bool unwanted_ = false;
};

class RpcSession final : private world::Watcher {
 public:
  RpcSession(RpcServerCore& server, std::unique_ptr<world::Connection> connection);
  ~RpcSession();
  RpcSession(const RpcSession&) = delete;
  RpcSession& operator=(const RpcSession&) = delete;

  void goodbye();          // the server drains
  void close_when_done();  // after the calls in flight and their answers
  void kill();             // now; calls are cancelled, and the session goes when they have ended
  void ended(RpcCall& call) noexcept;
  void flush_later();
  // Out of memory: this connection ends, the others go on.
  template <class F>
  void kill_if_it_fails(F what) noexcept {
    try {
      what();
    } catch (...) {
      kill();
    }
  }
  [[nodiscard]] std::string& out() noexcept { return out_; }
  [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
  [[nodiscard]] bool unsent() const noexcept { return connection_ && !out_.empty(); }

  RpcSession* next = nullptr;  // in the server's list
  RpcSession* previous = nullptr;

 private:
  enum class State : std::uint8_t {
    open,
    closing,    // no more is read; closes when all is answered
    lingering,  // said the last word; waits for the other side's end
  };

  void on_ready(world::Ready ready) override;
  void on_timer();
  void proceed() noexcept;  // on the loop: takes, reads, sends; may destroy this
  void take_turn();
  void read_once(std::size_t& messages);
  void take_buffered(std::size_t& messages);
  [[nodiscard]] std::size_t take(std::string_view data, std::size_t& messages);  // how many bytes were used
  void take_message(std::string_view bytes);
  void take_hello(const wire::msgpack_rpc::Message& message);
  void take_cancel(const wire::msgpack_rpc::Message& message);
  void enter(std::string_view bytes, const wire::msgpack_rpc::Message& message,
             const wire::msgpack_rpc::Metadata& metadata);
  void refuse(std::string_view message, std::string_view fault);
  void answer_error(std::uint32_t id, Code code, std::string_view text);
  void flush();
  void lose();
  void set_times();
  void arm();
  [[nodiscard]] bool blocked() const noexcept;
  [[nodiscard]] bool reads_answers();

  RpcServerCore& server_;
  std::unique_ptr<world::Connection> connection_;  // null: lost
  Peer peer_;
  wire::msgpack_rpc::MessageScanner scanner_;
  wire::msgpack_rpc::Dialect dialect_ = wire::msgpack_rpc::Dialect::plain;
  State state_ = State::open;
  runtime::Timer timer_;       // the limits below
  runtime::Timer turn_timer_;  // proceed() in the next turn
  std::string in_;             // [begin_, size) is not taken yet
  std::size_t begin_ = 0;
  std::string out_;  // [sent_, size) is not sent yet
  std::size_t sent_ = 0;
  RpcCall* first_call_ = nullptr;
  std::size_t in_flight_ = 0;
  std::uint64_t messages_ = 0;       // taken so far
  std::uint64_t timed_message_ = 0;  // of messages_, when message_until_ was set
  std::uint64_t timed_idle_ = 0;
  Instant idle_until_ = Instant::never();
  Instant message_until_ = Instant::never();
  Instant write_until_ = Instant::never();
  Instant linger_until_ = Instant::never();
  bool readable_ = false;
  bool writable_ = true;
  bool hung_up_ = false;  // told once: from then on read until the end
  bool ended_ = false;    // the other side has finished writing
  bool proceeding_ = false;
  bool stopped_early_ = false;  // whole messages may lie in in_
};

class RpcServerCore final : public RpcServer, private world::Watcher {
 public:
  RpcServerCore(runtime::Shard& shard, RpcService& service, const RpcServerRules& rules);
  ~RpcServerCore();

  world::Address address() const override { return address_; }
  RpcServerCounts counts() const override;
  void stop_accepting() override;
  bool drain(Instant until) override;

  [[nodiscard]] runtime::Shard& shard() noexcept { return shard_; }
  [[nodiscard]] RpcService& service() noexcept { return service_; }
  [[nodiscard]] const RpcLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  void entered() noexcept { ++in_flight_; }
  [[nodiscard]] RpcCall& take_call();
  void give_back(RpcCall& call) noexcept;
  void remove(RpcSession& session) noexcept;  // destroys it
  void look_whether_quiet() noexcept;

 private:
  void on_ready(world::Ready ready) override;
  void accept_all();
  bool accept_one(int& error);  // false: there is none, or `error` says why
  void kill_all();
  template <class F>
  void for_each(F what);
  [[nodiscard]] bool quiet() const;

  runtime::Shard& shard_;
  RpcService& service_;
  RpcLimits limits_;
  std::unique_ptr<world::Listener> listener_;
  world::Address address_;
  runtime::Timer retry_accept_;
  std::vector<std::unique_ptr<RpcCall>> idle_calls_;
  RpcSession* first_ = nullptr;
  std::size_t connections_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  runtime::Parker* changed_ = nullptr;  // somebody waits for calls or connections to end
  bool draining_ = false;
};

}  // namespace tutti::net
