// The bodies of Beast, compiled once for this layer.
#include <boost/beast/src.hpp>
