/*
 * fault: places at which a test may end the process. They exist in builds with -DNPSD_TEST_FAULTS
 * (make builds one under build/fault for the fault tests) and are nothing in every other.
 *
 * NPSD_TEST_FAULT=abort@PLACE[:N] ends the process the N-th time (the first) that it comes to
 * PLACE, as SIGKILL does: at once, with nothing flushed and nobody told.
 */
#ifndef NPSD_BASE_FAULT_H
#define NPSD_BASE_FAULT_H

#ifdef NPSD_TEST_FAULTS
void fault_reach(const char *place);
/* Sends text to the socket first. */
void fault_reach_saying(const char *place, int fd, const char *text);
#define FAULT_POINT(place) fault_reach(place)
#define FAULT_POINT_SAYING(place, fd, text) fault_reach_saying(place, fd, text)
#else
#define FAULT_POINT(place) ((void)0)
#define FAULT_POINT_SAYING(place, fd, text) ((void)0)
#endif

#endif
