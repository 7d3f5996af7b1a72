/*
 * unit_proxy: a relay between a test's connection and PostgreSQL that breaks on demand. It serves
 * one connection after the other, on a Unix socket, from a thread of the test.
 */
#ifndef SUPPORT_UNIT_PROXY_H
#define SUPPORT_UNIT_PROXY_H

enum proxy_mode {
    PROXY_PASS,
    PROXY_SILENT,   /* nothing goes through any more, and nothing is closed */
    PROXY_CUT_REPLY /* what is sent arrives; the next reply is lost and the connection closed, once
                     */
};

/* Returns the URL of the test's database through the proxy. */
const char *unit_proxy_start(void);
void unit_proxy_set(enum proxy_mode mode);
void unit_proxy_stop(void);

#endif
