// The bodies of Asio and Beast, compiled once for this layer.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
