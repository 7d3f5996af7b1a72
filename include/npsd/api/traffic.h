/*
 * traffic: how many requests each route answered with each status; the labels of
 * npsd_http_requests_total come from the route table, never from what a client sent.
 */
#ifndef NPSD_API_TRAFFIC_H
#define NPSD_API_TRAFFIC_H

#include "npsd/base/buf.h"
#include "npsd/http/call.h"

/* For server_app.observe. */
void traffic_observe(const struct call *call, int status, int64_t duration_us);
/* Adds the metric's lines in the text format of Prometheus. */
void traffic_write(struct buf *out);

#endif
