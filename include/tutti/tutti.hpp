// Everything that a service needs.
#pragma once

#include <tutti/app.hpp>
#include <tutti/contract.hpp>
#include <tutti/main.hpp>
#include <tutti/wait.hpp>
