#include "broker/journal/record.hpp"

#include <utility>

#include "broker/journal/sum.hpp"
#include "wire/amqp/primitives.hpp"

namespace tutti::broker::journal {

namespace amqp = wire::amqp;

namespace {

constexpr std::size_t sum_place = 4;
constexpr std::size_t type_place = 8;

// One list of fields for each record; reading and writing walk over it.
void fields(auto& r, auto& f, const FileBegin*) { f(r.version), f(r.number), f(r.before), f(r.before_end); }
void fields(auto& r, auto& f, const ExchangeMade*) {
  f(r.host), f(r.name), f(r.type), f(r.auto_delete), f(r.internal), f(r.alternate);
}
void fields(auto& r, auto& f, const ExchangeRemoved*) { f(r.host), f(r.name); }
void fields(auto& r, auto& f, const QueueMade*) { f(r.host), f(r.name), f(r.number), f(r.auto_delete), f(r.arguments); }
void fields(auto& r, auto& f, const QueueRemoved*) { f(r.number); }
void fields(auto& r, auto& f, const BindingMade*) {
  f(r.host), f(r.source), f(r.queue), f(r.exchange), f(r.key), f(r.arguments);
}
void fields(auto& r, auto& f, const Published*) {
  f(r.host), f(r.number), f(r.at), f(r.queues), f(r.exchange), f(r.routing_key), f(r.properties), f(r.body);
}
void fields(auto& r, auto& f, const Settled*) { f(r.queue), f(r.number); }
void fields(auto& r, auto& f, const ContentsBegin*) { f(r.file), f(r.end); }
void fields(auto& r, auto& f, const ContentsEnd*) { f(r.records); }
void fields(auto& r, auto& f, const Placed*) {
  f(r.number), f(r.at), f(r.queues), f(r.offset), f(r.bytes), f(r.body_bytes), f(r.priority), f(r.expires),
      f(r.expiration_ms);
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void operator()(std::string_view text) { amqp::append_longstr(out_, text); }
  void operator()(bool set) { amqp::append_number(out_, std::uint8_t{set}); }
  void operator()(std::uint8_t number) { amqp::append_number(out_, number); }
  void operator()(std::uint32_t number) { amqp::append_number(out_, number); }
  void operator()(std::uint64_t number) { amqp::append_number(out_, number); }
  void operator()(Time at) { (*this)(static_cast<std::uint64_t>(at.since_epoch.count())); }
  void operator()(const std::vector<std::uint64_t>& numbers) {
    (*this)(static_cast<std::uint32_t>(numbers.size()));
    for (const std::uint64_t number : numbers) (*this)(number);
  }

 private:
  std::string& out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view data) : reader_(data) {}
  void operator()(std::string_view& text) { text = reader_.longstr(); }
  void operator()(bool& set) { set = reader_.number<std::uint8_t>() != 0; }
  void operator()(std::uint8_t& number) { number = reader_.number<std::uint8_t>(); }
  void operator()(std::uint32_t& number) { number = reader_.number<std::uint32_t>(); }
  void operator()(std::uint64_t& number) { number = reader_.number<std::uint64_t>(); }
  void operator()(Time& at) { at.since_epoch = std::chrono::nanoseconds(reader_.number<std::uint64_t>()); }
  void operator()(std::vector<std::uint64_t>& numbers) {
    const auto count = reader_.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < count && !reader_.failed(); ++i) numbers.push_back(reader_.number<std::uint64_t>());
  }
  [[nodiscard]] bool fine() const noexcept { return !reader_.failed() && reader_.left() == 0; }

 private:
  amqp::Reader reader_;
};

template <class R, class... All>
constexpr std::uint8_t type_in(const std::variant<All...>*) {
  std::uint8_t place = 0;
  (void)((std::is_same_v<R, All> || (++place, false)) || ...);
  return place;
}
template <class R>
constexpr std::uint8_t type_of = type_in<R>(static_cast<const Record*>(nullptr));

template <class R>
bool read_as(std::string_view payload, Record& out) {
  FieldReader reader(payload);
  R& record = out.emplace<R>();
  fields(record, reader, &record);
  return reader.fine();
}

template <std::size_t... I>
bool read_payload(std::uint8_t type, std::string_view payload, Record& out, std::index_sequence<I...>) {
  return ((type == I && read_as<std::variant_alternative_t<I, Record>>(payload, out)) || ...);
}

}  // namespace

template <class R>
void append(std::string& out, const R& record) {
  const std::size_t begin = out.size();
  out.append(record_head_bytes, '\0');
  out[begin + type_place] = static_cast<char>(type_of<R>);
  Writer writer(out);
  fields(record, writer, &record);
  const std::string_view summed = std::string_view(out).substr(begin + type_place);
  amqp::store(out.data() + begin, static_cast<std::uint32_t>(summed.size() - 1));
  amqp::store(out.data() + begin + sum_place, sum_of(summed));
}
template void append(std::string&, const FileBegin&);
template void append(std::string&, const ExchangeMade&);
template void append(std::string&, const ExchangeRemoved&);
template void append(std::string&, const QueueMade&);
template void append(std::string&, const QueueRemoved&);
template void append(std::string&, const BindingMade&);
template void append(std::string&, const BindingRemoved&);
template void append(std::string&, const Published&);
template void append(std::string&, const Settled&);
template void append(std::string&, const ContentsBegin&);
template void append(std::string&, const ContentsEnd&);
template void append(std::string&, const Placed&);

std::size_t record_bytes(std::string_view data) noexcept {
  return data.size() < record_head_bytes ? 0 : record_head_bytes + amqp::load<std::uint32_t>(data.data());
}

std::size_t read(std::string_view data, Record& out) {
  const std::size_t whole = record_bytes(data);
  if (whole == 0 || data.size() < whole) return 0;
  const std::size_t payload = whole - record_head_bytes;
  const std::string_view summed = data.substr(type_place, payload + 1);
  if (sum_of(summed) != amqp::load<std::uint32_t>(data.data() + sum_place)) return 0;
  const auto type = static_cast<std::uint8_t>(summed[0]);
  const bool fine = read_payload(type, summed.substr(1), out, std::make_index_sequence<std::variant_size_v<Record>>());
  return fine ? whole : 0;
}

}  // namespace tutti::broker::journal
