/*
 * notify: what a service manager and a daemon tell each other: readiness and the watchdog
 * (sd_notify(3)) and sockets that are handed over (sd_listen_fds(3)). The protocol is a datagram
 * and three environment variables, so there is no library for it here. Without a service manager
 * all of it does nothing.
 */
#ifndef NPSD_BASE_NOTIFY_H
#define NPSD_BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* "READY=1\nSTATUS=..."; false if there is nobody to tell, or it could not be told. */
bool notify_send(const char *state);
/* How often the watchdog wants to hear "WATCHDOG=1" at the latest; 0: there is none. */
int64_t notify_watchdog_us(void);
/* The nth (from 0) listening socket that this process was started with; -1: there is none. From
 * then on it is closed on exec. */
int notify_socket(int n);

#endif
