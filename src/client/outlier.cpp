#include "client/outlier.hpp"

#include "client/endpoint.hpp"

namespace tutti::client {
namespace {

std::int64_t period_of(const EjectionRules& rules, Instant now) noexcept { return now.since_start / rules.interval; }

}  // namespace

Outlier::Count Outlier::count(const EjectionRules& rules, Instant now) const noexcept {
  Count sum;
  for (const Slot& slot : slots_) {
    if (slot.period + 1 < period_of(rules, now)) continue;
    sum.calls += slot.count.calls;
    sum.failures += slot.count.failures;
  }
  return sum;
}

void Outlier::ended(bool failed, const EjectionRules& rules, Instant now) noexcept {
  if (state_ == State::away) return;  // it left before that and tells nothing new
  if (state_ == State::probed) {
    if (failed) return eject(rules, now);
    state_ = State::here;
    until_ = now + rules.interval;
  }
  if (ejections_ > 0 && now >= until_) {
    --ejections_;
    until_ = now + rules.interval;
  }
  const std::int64_t period = period_of(rules, now);
  Slot& slot = slots_[static_cast<std::size_t>(period % 2)];
  if (slot.period != period) slot = {.period = period};
  ++slot.count.calls;
  slot.count.failures += failed ? 1 : 0;
}

void Outlier::eject(const EjectionRules& rules, Instant now) noexcept {
  ++ejections_;
  state_ = State::away;
  until_ = now + std::min(rules.first * ejections_, rules.longest);
  slots_ = {};
}

bool is_outlier(const Endpoint& suspect, const std::vector<std::shared_ptr<Endpoint>>& all, const EjectionRules& rules,
                Instant now) {
  const Outlier::Count its = suspect.outlier.count(rules, now);
  if (rules.failures <= 0 || its.calls < rules.calls_min || its.share() < rules.failures) return false;
  Outlier::Count others;
  std::size_t away = 1;  // with it
  for (const auto& endpoint : all) {
    if (endpoint.get() == &suspect) continue;
    if (endpoint->outlier.ejected() || endpoint->breaker.open()) {
      ++away;
      continue;
    }
    const Outlier::Count of_this = endpoint->outlier.count(rules, now);
    others.calls += of_this.calls;
    others.failures += of_this.failures;
  }
  if (others.calls < rules.calls_min || others.share() * 2 > its.share()) return false;
  return away == 1 || static_cast<double>(away) <= rules.share_max * static_cast<double>(all.size());
}

}  // namespace tutti::client
