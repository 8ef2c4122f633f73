// The bodies of Beast, compiled once for this layer. Those of Asio are in p2p.
#include <boost/beast/src.hpp>
