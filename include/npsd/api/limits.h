/*
 * limits: how often a minute somebody may do something (answer without a secret key, say): a token
 * bucket each, of one minute's burst. Who it is, the holder of the bucket, is a number: of an
 * address limits_address makes it, of a key it is its id. One struct limits has holders of one
 * kind.
 *
 * An address is an IPv4 address or the /64 of an IPv6 address; only a hash of it is kept, in
 * memory, under a key that ends with the process. The table is of fixed size; with more holders
 * than it has room for the least recently seen of eight is forgotten, which errs on the side of the
 * visitor.
 *
 * Buckets count in parts of a token that come whole each microsecond, so nothing is rounded but the
 * seconds that are told, which are rounded up.
 */
#ifndef NPSD_API_LIMITS_H
#define NPSD_API_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits;

/* per_minute 0: no limit. */
struct limits *limits_new(int per_minute);
void limits_free(struct limits *limits);
/* 0: no limit, as for NULL. */
int limits_per_minute(const struct limits *limits);

/* The holder that an address is in these limits. What is no address is one holder, too. */
uint64_t limits_address(const struct limits *limits, const char *address);

/* One bucket that is taken from, and how it is afterwards. */
struct limits_use {
    struct limits *limits;
    uint64_t holder; /* not 0 */
    int wait_s;      /* until what was wanted would fit; 0: it did */
    int left;        /* whole tokens that are there now */
    int more_s;      /* until there is one more; 0: the bucket is full */
};

/*
 * Takes n from each of the buckets, or from none if it does not fit into one of them: then false.
 * More than a minute's worth fits into a full bucket, which then owes the rest. n 0 takes nothing
 * and tells whether anything is left. Each use has limits of its own, which do limit; callers that
 * use the same ones name them in the same order. now_us is monotonic.
 */
bool limits_take_all(struct limits_use *uses, size_t count, size_t n, int64_t now_us);

/* The same of one bucket: 0, or the seconds to wait. */
int limits_take_by(struct limits *limits, uint64_t holder, size_t n, int64_t now_us);
int limits_take(struct limits *limits, const char *address, size_t n, int64_t now_us);

#endif
