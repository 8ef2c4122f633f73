// The bodies of Asio, compiled once for this layer and those above it.
#include <boost/asio/impl/src.hpp>
