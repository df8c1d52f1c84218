#include "service/http_stream.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <tutti/error.hpp>
#include <tutti/wait.hpp>

#include "message/json_reader.hpp"
#include "message/json_writer.hpp"
#include "service/body_too_long.hpp"
#include "service/head_only.hpp"
#include "wire/http1/media_type.hpp"
#include "wire/http1/sse.hpp"

namespace tutti::detail {
namespace {

constexpr std::size_t write_piece_bytes = 64 * 1024;

}  // namespace

bool HttpSource::next(void* item) {
  if (element_.kind != Kind::bytes) return next_line(item);
  auto& piece = *static_cast<std::vector<std::byte>*>(item);
  piece.resize(stream_piece_bytes);
  piece.resize(read_body(exchange_, piece));
  return !piece.empty();
}

bool HttpSource::next_line(void* item) {
  for (;;) {
    const std::size_t end = read_.find('\n', at_);
    if (end != std::string::npos || (ended_ && at_ < read_.size())) {
      const std::size_t stop = end == std::string::npos ? read_.size() : end;
      std::string_view line(read_.data() + at_, stop - at_);
      at_ = std::min(stop + 1, read_.size());
      ++lines_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find_first_not_of(" \t") == std::string_view::npos) continue;  // an empty line says nothing
      if (const Violations violations = message::read_json(element_, item, line); !violations.empty()) {
        throw Error(Code::invalid_argument, "line " + std::to_string(lines_) + " of the body: " + violations.to_string());
      }
      return true;
    }
    if (ended_) return false;
    read_.erase(0, at_);
    at_ = 0;
    if (read_.size() > stream_line_bytes_max) {
      throw Error(Code::invalid_argument, "line " + std::to_string(lines_ + 1) + " of the body is longer than " + std::to_string(stream_line_bytes_max) + " bytes");
    }
    const std::size_t before = read_.size();
    read_.resize(before + 16 * 1024);
    const std::size_t count = read_body(exchange_, std::as_writable_bytes(std::span(read_.data() + before, read_.size() - before)));
    read_.resize(before + count);
    ended_ = count == 0;
  }
}

HttpSink::HttpSink(net::HttpExchange& exchange, const Shape& element, Form form, int status, std::span<const net::HttpHeader> headers)
    : exchange_(exchange), element_(element), form_(form), status_(status), headers_(headers.begin(), headers.end()) {
  if (form_ != Form::events) return;
  struct KeepAlive {
    HttpSink* sink;
    void operator()() const {
      for (;;) {
        sleep(sse_keep_alive);
        const std::unique_lock lock(sink->writing_);
        if (std::exchange(sink->wrote_, false)) continue;
        if (!sink->exchange_.started()) sink->begin();
        sink->exchange_.write(wire::http1::event_keep_alive);
        sink->exchange_.flush();
      }
    }
  } task{this};
  keep_alive_.spawn(task_type<KeepAlive>, &task);
}

HttpSink::~HttpSink() {
  keep_alive_.cancel();
  keep_alive_.wait_uninterrupted();
}

// Does not wait.
void HttpSink::begin() {
  static constexpr std::string_view types[] = {"application/octet-stream", "application/jsonl", "text/event-stream"};
  std::vector<net::HttpHeader> headers = headers_;
  if (form_ == Form::events) headers.push_back({"cache-control", "no-store"});
  exchange_.start(status_, types[static_cast<std::size_t>(form_)], headers);
}

void HttpSink::write(const void* item, std::string_view id) {
  const std::unique_lock lock(writing_);
  if (!exchange_.started()) begin();
  end_if_head_only(exchange_);
  wrote_ = true;
  if (form_ == Form::bytes) {
    const auto& bytes = *static_cast<const std::vector<std::byte>*>(item);
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!rest.empty()) {
      exchange_.write(rest.substr(0, write_piece_bytes));
      rest.remove_prefix(std::min(rest.size(), write_piece_bytes));
    }
    return;
  }
  buffer_.clear();
  if (const Violations violations = message::write_json(element_, item, buffer_); !violations.empty()) {
    throw Error(Code::internal, "an item of the stream breaks its contract: " + violations.to_string());
  }
  if (form_ == Form::lines) {
    buffer_.append('\n');
    exchange_.write(buffer_.view());
  } else {
    std::string event;
    if (!wire::http1::append_event(event, id, {}, buffer_.view())) {
      throw Error(Code::invalid_argument, "the id of a server-sent event has a line end or a NUL");
    }
    exchange_.write(event);
  }
  exchange_.flush();
}

void HttpSink::finish() {
  keep_alive_.cancel();
  keep_alive_.wait_uninterrupted();
  if (!exchange_.started()) begin();
  exchange_.finish();
}

HttpSink::Form form_for(const Shape& element, std::string_view accept) {
  if (element.kind == Kind::bytes) return HttpSink::Form::bytes;
  static constexpr std::string_view offered[] = {"application/jsonl", "text/event-stream"};
  return wire::http1::preferred(accept, offered) == std::size_t{1} ? HttpSink::Form::events : HttpSink::Form::lines;
}

}  // namespace tutti::detail
