/*
 * exchange: one HTTP/1.1 connection of a client that must know exactly what happened to it. A plain
 * socket, never blocking: libraries hide whether a request had gone out when its connection broke,
 * and send again by themselves.
 */
#ifndef FAULT_EXCHANGE_H
#define FAULT_EXCHANGE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exchange_state {
    EXCHANGE_IDLE, /* kept alive, or closed: exchange_begin connects as needed */
    EXCHANGE_CONNECTING,
    EXCHANGE_SENDING,
    EXCHANGE_READING
};

enum { EXCHANGE_IN_MAX = 64 * 1024, EXCHANGE_OUT_MAX = 16 * 1024 };

struct exchange {
    int fd; /* -1: not connected */
    enum exchange_state state;
    struct sockaddr_in address;
    char out[EXCHANGE_OUT_MAX];
    size_t out_len, sent;
    char in[EXCHANGE_IN_MAX + 1]; /* a NUL stands behind what was read */
    size_t in_len;
    int64_t began_us, sent_us; /* sent_us 0: the request has not gone out as a whole */
};

/* What came of a request. Texts live until the next one begins. */
struct outcome {
    int status;       /* 0: no reply, and why says so */
    const char *why;  /* refused, reset, eof, timeout, malformed; "" with a reply */
    const char *body; /* NUL-terminated */
    bool retry_after, replayed;
};

/* HOST:PORT, numbers. False if it is not. */
bool exchange_address(const char *text, struct sockaddr_in *ret_address);
void exchange_init(struct exchange *exchange, const struct sockaddr_in *address);
void exchange_close(struct exchange *exchange);

/* Begins to send exchange->out (out_len bytes). */
void exchange_begin(struct exchange *exchange);
/* Goes on as far as it can. True when the request has ended; *ret_outcome tells how. */
bool exchange_step(struct exchange *exchange, struct outcome *ret_outcome);
/* Ends one that takes too long. */
void exchange_expire(struct exchange *exchange, struct outcome *ret_outcome);
/* What poll is to wait for; 0: nothing. */
short exchange_events(const struct exchange *exchange);

/* Microseconds since 1970. */
int64_t now_us(void);

#endif
