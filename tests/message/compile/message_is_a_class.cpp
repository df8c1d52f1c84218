// expect: tutti: messages and their parts must be plain structs
#include <tutti/contract.hpp>

class Message {
 public:
  int id() const { return id_; }

 private:
  int id_ = 0;
};
inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<void(Message)> take{service, "take"};
