// A bank and a desk before it, with every kind of answer: what must be the same in a Bed and over a wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <tutti/tutti.hpp>

namespace bank {
struct Deposit {
  tutti::Text<1, 20> account;
  tutti::Range<std::int64_t, 1, 1000> amount;
};
struct Balance {
  std::string account;
  std::int64_t amount = 0;
  tutti::Time at = {};
  std::vector<std::string> notes = {};
};
struct Ask {
  tutti::Text<1, 20> account;
};
struct Overdrawn {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::int64_t missing = 0;
};
struct Movement {
  std::int64_t amount = 0;
};
struct Rate {
  std::int64_t percent = 0;
};
inline constexpr tutti::Service service{"bank", "1.0"};
inline constexpr tutti::Method<Balance(Deposit)> deposit{
    service, "deposit", tutti::post("/deposits", 201), {.repeat = tutti::Repeat::by_key}};
inline constexpr tutti::Method<Balance(Deposit), tutti::Throws<Overdrawn>> withdraw{service, "withdraw",
                                                                                    tutti::post("/withdrawals")};
inline constexpr tutti::Method<Balance(Ask)> balance{
    service, "balance", tutti::get("/balances/{account}"), {.repeat = tutti::Repeat::safe}};
inline constexpr tutti::Method<tutti::Stream<Movement>(Ask)> movements{service, "movements",
                                                                       tutti::get("/movements/{account}")};
inline constexpr tutti::Method<Balance(Ask)> close{
    service, "close", tutti::del("/balances/{account}"), {.allow = "bank:close"}};
inline constexpr tutti::Method<Balance()> broken{service, "broken", tutti::get("/broken")};

inline constexpr tutti::Migration migrations[] = {
    {"0001-movements.sql", "create table movements (account text not null, amount integer not null)"}};

class Bank {
 public:
  explicit Bank(tutti::Database& db) : db_(db) {}
  Balance deposit(const Deposit& request, const tutti::Context& context) {
    return db_.once(context, [&](tutti::Transaction& t) {
      t.run("insert into movements values (?, ?)", request.account, request.amount);
      return Balance{.account = request.account, .amount = request.amount, .notes = {"thank you"}};
    });
  }
  Balance withdraw(const Deposit& request) {
    const auto held = balance({request.account}).amount;
    if (held < request.amount) throw Overdrawn{request.amount - held};
    db_.run("insert into movements values (?, ?)", request.account, -request.amount);
    return {.account = request.account, .amount = held - request.amount};
  }
  Balance balance(const Ask& request) {
    const auto held =
        db_.one<std::int64_t>("select coalesce(sum(amount), 0) from movements where account = ?", request.account);
    return {.account = request.account, .amount = held.value_or(0)};
  }
  void movements(const Ask& request, tutti::Out<Movement>& out) {
    for (const auto amount :
         db_.query<std::int64_t>("select amount from movements where account = ? order by rowid", request.account))
      out.write({amount});
  }
  Balance close(const Ask& request, const tutti::Context& context) {
    return {.account = request.account, .notes = {context.identity().name}};
  }

 private:
  tutti::Database& db_;
};

inline void compose(tutti::App& app) {
  auto& bank = app.make<Bank>(app.database("main", {.migrations = migrations}));
  app.serve(deposit, bank, &Bank::deposit);
  app.serve(withdraw, bank, &Bank::withdraw);
  app.serve(balance, bank, &Bank::balance);
  app.serve(movements, bank, &Bank::movements);
  app.serve(close, bank, &Bank::close);
  app.serve(broken, []() -> Balance { throw tutti::Error(tutti::Code::data_loss, "the ledger is gone"); });
}
}  // namespace bank

namespace rates {
struct Ask {
  std::string of;
};
struct Rate {
  std::int64_t percent = 0;
};
struct NoRate {
  static constexpr auto code = tutti::Code::not_found;
  std::string of;
};
inline constexpr tutti::Service service{"rates", "1.0"};
inline constexpr tutti::Method<Rate(Ask), tutti::Throws<NoRate>> get{
    service, "get", tutti::get("/rates/{of}"), {.repeat = tutti::Repeat::safe}};
}  // namespace rates

namespace desk {
struct Pay {
  std::string from;
  std::string to;
  std::int64_t amount = 0;
};
struct Paid {
  std::int64_t left = 0;
  std::int64_t fee = 0;
};
struct Refused {
  static constexpr auto code = tutti::Code::failed_precondition;
  std::string reason;
  std::int64_t missing = 0;
};
struct Settings {
  std::int64_t surcharge = 0;
};
inline constexpr tutti::Service service{"desk", "1.0"};
inline constexpr tutti::Method<Paid(Pay), tutti::Throws<Refused>> pay{service, "pay", tutti::post("/payments")};

inline void compose(tutti::App& app) {
  const auto& settings = app.settings<Settings>();
  const auto call = app.caller();
  app.serve(pay, [&settings, call](const Pay& request) -> Paid {
    try {
      const auto fee = call(rates::get, {.of = request.from}).percent + settings.surcharge;
      const auto left = call(bank::withdraw, {.account = request.from, .amount = request.amount}).amount;
      (void)call(bank::deposit, {.account = request.to, .amount = request.amount},
                 {.idempotency_key = request.from + std::to_string(request.amount)});
      return {.left = left, .fee = fee};
    } catch (const bank::Overdrawn& overdrawn) {
      throw Refused{"overdrawn", overdrawn.missing};
    } catch (const rates::NoRate& none) {
      throw Refused{"no rate for " + none.of};
    }
  });
}
}  // namespace desk
