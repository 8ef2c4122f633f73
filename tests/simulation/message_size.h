// How many bytes a message takes on the wire, without writing it.
#pragma once

#include "cairn/wire/message.h"

namespace cairn::simulation {

/// Of the payload alone.
size_t PayloadSize(const wire::Message& message);

}  // namespace cairn::simulation
