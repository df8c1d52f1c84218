// How a channel writes: what its three parts share.
#pragma once

#include "broker/session/channel.hpp"
#include "broker/session/session.hpp"

namespace tutti::broker {

template <class M>
void Channel::send(const M& method) {
  session_.send(number_, method);
}

template <class M>
void Channel::answer(bool no_wait, const M& method) {
  if (!no_wait) session_.send_when_stored(number_, method);
}

}  // namespace tutti::broker
