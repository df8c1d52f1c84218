// The methods of AMQP 0-9-1 as RabbitMQ speaks it. Each is a struct that says once, in fields(), what it has on the
// wire and in which order; reading, writing and printing follow from that. Texts and tables are views into what was
// read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "wire/amqp/frame.hpp"
#include "wire/amqp/methods/basic.hpp"
#include "wire/amqp/methods/channel.hpp"
#include "wire/amqp/methods/confirm.hpp"
#include "wire/amqp/methods/connection.hpp"
#include "wire/amqp/methods/exchange.hpp"
#include "wire/amqp/methods/queue.hpp"

namespace tutti::wire::amqp {

using Method = std::variant<
    ConnectionStart, ConnectionStartOk, ConnectionSecure, ConnectionSecureOk, ConnectionTune, ConnectionTuneOk,
    ConnectionOpen, ConnectionOpenOk, ConnectionClose, ConnectionCloseOk, ConnectionBlocked, ConnectionUnblocked,
    ConnectionUpdateSecret, ConnectionUpdateSecretOk, ChannelOpen, ChannelOpenOk, ChannelFlow, ChannelFlowOk,
    ChannelClose, ChannelCloseOk, ExchangeDeclare, ExchangeDeclareOk, ExchangeDelete, ExchangeDeleteOk, ExchangeBind,
    ExchangeBindOk, ExchangeUnbind, ExchangeUnbindOk, QueueDeclare, QueueDeclareOk, QueueBind, QueueBindOk, QueueUnbind,
    QueueUnbindOk, QueuePurge, QueuePurgeOk, QueueDelete, QueueDeleteOk, BasicQos, BasicQosOk, BasicConsume,
    BasicConsumeOk, BasicCancel, BasicCancelOk, BasicPublish, BasicReturn, BasicDeliver, BasicGet, BasicGetOk,
    BasicGetEmpty, BasicAck, BasicReject, BasicRecoverAsync, BasicRecover, BasicRecoverOk, BasicNack, TxSelect,
    TxSelectOk, TxCommit, TxCommitOk, TxRollback, TxRollbackOk, ConfirmSelect, ConfirmSelectOk>;

struct MethodResult {
  Method method = {};
  std::string_view fault = {};  // empty: fine
  bool known = true;            // false: no such method (540), otherwise a fault is one of syntax (502)
  std::uint16_t class_id = 0;   // as they came, also of a method with a fault
  std::uint16_t method_id = 0;
};
// The payload of a method frame. Bytes behind the last field are a fault.
[[nodiscard]] MethodResult parse_method(std::string_view payload) noexcept;

// A whole frame. Throws std::length_error for a short string over 255 bytes, and then has appended nothing.
template <class M>
void append_method(std::string& out, std::uint16_t channel, const M& method);
void append_method(std::string& out, std::uint16_t channel, const Method& method);

[[nodiscard]] const MethodKey& key_of(const Method& method) noexcept;
// `queue.bind queue="mail" exchange="orders" routing-key="placed.#"`: only what is not empty, 0 or false. For logs and
// for tests that fail; secrets (connection.start-ok, secure-ok, update-secret) are left out.
[[nodiscard]] std::string to_text(const Method& method);

}  // namespace tutti::wire::amqp

#include "wire/amqp/method_writer.hpp"
