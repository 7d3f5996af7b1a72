/*
 * unit_metrics: a small, strict reader of Prometheus' text format (0.0.4), after what promtool
 * checks: every metric has its HELP and TYPE before it, once, and its samples together; names and
 * labels are well made, values are numbers; histograms have growing bounds and counts, and +Inf is
 * their count. Units and suffixes are the base ones.
 */
#ifndef SUPPORT_UNIT_METRICS_H
#define SUPPORT_UNIT_METRICS_H

#include <stddef.h>

/* Fails the test, naming the line, if the text is not valid. */
void unit_metrics_check(const char *text, size_t len);
/* The value of a sample: "npsd_queue_depth{lane=\"single\"}"; fails the test if there is none. */
double unit_metrics_value(const char *text, const char *sample);

#endif
