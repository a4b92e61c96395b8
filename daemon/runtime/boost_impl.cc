// SPDX-License-Identifier: Apache-2.0
// The bodies of Asio's and Beast's non-template functions, compiled once (BOOST_*_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
