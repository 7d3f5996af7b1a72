/*
 * metrics: counters and histograms that any layer may move; /metrics prints them (api/health.c).
 * One table, so that a name, its help and its place in the code cannot part. Atomic, cheap, never a
 * label made from what a client sent.
 */
#ifndef NPSD_BASE_METRICS_H
#define NPSD_BASE_METRICS_H

#include <stdint.h>

/* name, Prometheus name, labels, help; rows of one Prometheus name follow each other. */
#define ACKED(X, metric, channel)                                                                  \
    X(metric, "npsd_responses_acked_total", "{channel=\"" channel "\"}",                           \
      "Responses acknowledged after their commit")
#define METRICS_COUNTERS(X)                                                                        \
    ACKED(X, METRIC_CREATED, "web") /* + enum channel */                                           \
    ACKED(X, METRIC_CREATED_EMAIL, "email")                                                        \
    ACKED(X, METRIC_CREATED_LINK, "link")                                                          \
    ACKED(X, METRIC_CREATED_SMS, "sms")                                                            \
    ACKED(X, METRIC_CREATED_PHONE, "phone")                                                        \
    ACKED(X, METRIC_CREATED_KIOSK, "kiosk")                                                        \
    ACKED(X, METRIC_CREATED_CHAT, "chat")                                                          \
    ACKED(X, METRIC_CREATED_APP, "app")                                                            \
    ACKED(X, METRIC_CREATED_IMPORT, "import")                                                      \
    X(METRIC_REPLAYED, "npsd_responses_duplicate_total", "",                                       \
      "Retries answered with the first reply")                                                     \
    X(METRIC_REUSED, "npsd_responses_key_reused_total", "", "Keys sent again with another body")   \
    X(METRIC_POISON, "npsd_poison_rows_total", "", "Rows that PostgreSQL refused, each alone")     \
    X(METRIC_UNKNOWN, "npsd_db_outcome_unknown_total", "", "Answers whose outcome was not learnt") \
    X(METRIC_UNAVAILABLE, "npsd_ingest_unavailable_total", "",                                     \
      "Answers refused with the database away")                                                    \
    X(METRIC_CAREFUL, "npsd_ingest_careful_total", "", "Batches that took the careful way")        \
    X(METRIC_REJECTED, "npsd_queue_rejected_total", "",                                            \
      "Requests refused because a queue was full")                                                 \
    X(METRIC_RECONNECTS, "npsd_db_reconnects_total", "", "Connections to the database made anew")  \
    X(METRIC_FOLDS, "npsd_folds_total", "", "Folds of a survey's journal into its tallies")        \
    X(METRIC_RECALLED, "npsd_results_recalled_total", "",                                          \
      "Results given from memory, without a query")                                                \
    X(METRIC_SHARED, "npsd_results_shared_total", "",                                              \
      "Results that shared the query of another request")                                          \
    X(METRIC_MOVED_ON, "npsd_results_moved_on_total", "",                                          \
      "Numbers that went on with what was committed, without a query")                             \
    X(METRIC_SPOOLED, "npsd_spooled_total", "", "Responses acknowledged from the spool (202)")     \
    X(METRIC_SPOOL_MOVED, "npsd_spool_moved_total", "",                                            \
      "Spooled responses that PostgreSQL has taken")                                               \
    X(METRIC_SPOOL_CONFLICTS, "npsd_spool_conflicts_total", "",                                    \
      "Spooled responses kept aside because PostgreSQL cannot take them")                          \
    X(METRIC_SPOOL_REFUSED, "npsd_spool_refused_total", "",                                        \
      "Responses that the spool did not take: full, or its disk failed")                           \
    X(METRIC_STALE, "npsd_results_stale_total", "",                                                \
      "Results given as last known, with the database away")                                       \
    X(METRIC_LIMITED, "npsd_rate_limited_total", "", "Requests refused by a rate limit")           \
    X(METRIC_AUTH_FAILURES, "npsd_auth_failures_total", "",                                        \
      "Requests with a wrong key, edit token or link")

#define METRICS_HISTOGRAMS(X)                                                                      \
    X(METRIC_BATCH_SIZE, "npsd_commit_batch_size", "Answers a commit", 1)                          \
    X(METRIC_COMMIT, "npsd_commit_duration_seconds", "Time of a commit, send to reply", 1e-6)      \
    X(METRIC_REQUEST, "npsd_http_request_duration_seconds", "Time of a request", 1e-6)

enum metric_counter {
#define METRIC_NAME(name, text, labels, help) name,
    METRICS_COUNTERS(METRIC_NAME)
#undef METRIC_NAME
        METRIC_COUNTERS
};

enum metric_histogram {
#define METRIC_NAME(name, text, help, unit) name,
    METRICS_HISTOGRAMS(METRIC_NAME)
#undef METRIC_NAME
        METRIC_HISTOGRAMS
};

enum { METRIC_BUCKETS = 24 }; /* upper bounds are powers of two of the unit: 1, 2, 4 ... 2^23 */

struct metric_histogram_value {
    uint64_t buckets[METRIC_BUCKETS + 1]; /* not cumulative; the last is what is beyond */
    uint64_t count, sum;
};

void metrics_add(enum metric_counter counter, uint64_t n);
uint64_t metrics_read(enum metric_counter counter);
/* value in the unit of the table: answers, microseconds. */
void metrics_observe(enum metric_histogram histogram, uint64_t value);
struct metric_histogram_value metrics_histogram(enum metric_histogram histogram);

#endif
