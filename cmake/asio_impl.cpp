// The bodies of Asio, compiled once for all layers that use it.
#include <boost/asio/impl/src.hpp>
