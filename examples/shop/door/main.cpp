// storefront and notifications in one process, on one port: what the balancer does for containers, by placement alone.
#include "notifications/notifications.hpp"
#include "storefront/storefront.hpp"

int main(int argc, char** argv) {
  return tutti::main(argc, argv,
                     {{storefront::service, storefront::compose}, {notifications::service, notifications::compose}});
}
