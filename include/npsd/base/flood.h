/*
 * flood: how many log lines of one event are enough. While something is broken each request and
 * each batch would say so, thousands of times a second, and the disk that is filled is often the
 * one that the database needs.
 */
#ifndef NPSD_BASE_FLOOD_H
#define NPSD_BASE_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

/* Lines of an event within one second (of the monotonic clock, from its first line on). */
enum { FLOOD_LINES = 20 };

/*
 * Whether a line of this event is to be written now. *ret_left_out is set when it is: how many were
 * not since the last one that was. Of more than some hundred different events the further ones are
 * always written. Any thread.
 */
bool flood_admit(const char *event, int64_t now_us, int64_t *ret_left_out);

/*
 * An event of which lines have been left out, and how many, if none of it has come since and its
 * second is over: each time another one. False: there is none. Any thread.
 */
bool flood_rest(int64_t now_us, const char **ret_event, int64_t *ret_left_out);

#endif
