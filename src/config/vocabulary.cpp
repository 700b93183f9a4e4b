// SPDX-License-Identifier: MIT
#include "xsuperd/config/vocabulary.hpp"

#include <syslog.h>

namespace xsuperd::config {

namespace {
constexpr Word<int> facilities[]{
    {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"user", LOG_USER},
    {"mail", LOG_MAIL},     {"lpr", LOG_LPR},       {"news", LOG_NEWS},         {"uucp", LOG_UUCP},
    {"ftp", LOG_FTP},       {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5},     {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7}};
constexpr Word<int> levels[]{{"emerg", LOG_EMERG},     {"alert", LOG_ALERT},   {"crit", LOG_CRIT}, {"err", LOG_ERR},
                             {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};
}  // namespace

std::span<const Word<int>> syslog_facilities() { return facilities; }
std::span<const Word<int>> syslog_levels() { return levels; }

}  // namespace xsuperd::config
