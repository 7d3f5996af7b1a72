/*
 * unit_proxy: a relay between a test's connection and PostgreSQL that breaks on demand. It serves
 * one connection after the other, on a Unix socket, from a thread of the test.
 */
#ifndef SUPPORT_UNIT_PROXY_H
#define SUPPORT_UNIT_PROXY_H

#include <stdbool.h>

enum proxy_mode {
    PROXY_PASS,
    PROXY_SILENT,   /* nothing goes through any more, and nothing is closed */
    PROXY_CUT_REPLY /* what is sent arrives; the next reply is lost and the connection closed, once
                     */
};

enum proxy_side { PROXY_REQUEST, PROXY_REPLY };

/* Returns the URL of the test's database through the proxy. */
const char *unit_proxy_start(void);
void unit_proxy_set(enum proxy_mode wanted);
/* From now on so many bytes go through on this side, then the connection is closed, once, and new
 * ones are turned away for a while. */
void unit_proxy_cut(enum proxy_side side, long bytes, int away_ms);
/* How many bytes may still go through before the cut; -1: there is none. */
long unit_proxy_room(enum proxy_side side);
/* Whether the cut is still to come; it is called off. */
bool unit_proxy_uncut(void);
/* Turns new connections away for so long; those there are stay. */
void unit_proxy_away(int away_ms);
void unit_proxy_stop(void);

#endif
