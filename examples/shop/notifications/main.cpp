#include "notifications/notifications.hpp"

int main(int argc, char** argv) { return tutti::main(argc, argv, {notifications::service, notifications::compose}); }
