#include "broker/session/deliveries.hpp"

namespace tutti::broker {

std::vector<Delivery> Deliveries::take(std::uint64_t tag, Reach reach) {
  const auto found =
      std::lower_bound(open_.begin(), open_.end(), tag,
                       [](const Delivery& delivery, std::uint64_t wanted) { return delivery.tag < wanted; });
  const bool here = found != open_.end() && found->tag == tag && found->queue != nullptr;
  std::vector<Delivery> out;
  if (!here && (tag != 0 || reach == Reach::one)) return out;
  const auto end = tag == 0 ? open_.end() : found + 1;
  for (auto at = reach == Reach::one ? found : open_.begin(); at != end; ++at)
    if (at->queue != nullptr) out.push_back(std::exchange(*at, Delivery{.tag = at->tag}));
  size_ -= out.size();
  while (!open_.empty() && open_.front().queue == nullptr) open_.pop_front();
  return out;
}

}  // namespace tutti::broker
