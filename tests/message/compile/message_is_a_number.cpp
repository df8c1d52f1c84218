// expect: tutti: a message must be a plain struct, so that it can grow
#include <tutti/contract.hpp>

inline constexpr tutti::Service service{"payments", "1.0"};
inline constexpr tutti::Method<int()> count{service, "count"};
