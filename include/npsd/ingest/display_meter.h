/*
 * display_meter: counts in memory how often surveys were shown and waved away, until the folder's
 * thread writes it, about once a second. Who counts never waits for the database.
 *
 * What a daemon has counted and not yet written goes with it when it dies, and what was sent when
 * the connection broke is not sent again: displays may be missed, never counted twice. While the
 * database is away counts wait, of up to DISPLAY_METER_CELLS surveys, channels and quarter hours;
 * beyond that they are dropped, and the log tells how many.
 */
#ifndef NPSD_INGEST_DISPLAY_METER_H
#define NPSD_INGEST_DISPLAY_METER_H

#include "npsd/store/displays.h"

enum { DISPLAY_METER_CELLS = 4096 };

struct display_meter;

struct display_meter *display_meter_new(void);
void display_meter_free(struct display_meter *meter);

/* One more, at this time (wall clock). Any thread. */
void display_meter_shown(struct display_meter *meter, int32_t survey_id, enum channel channel,
                         int64_t at_us);
void display_meter_dismissed(struct display_meter *meter, int32_t survey_id, enum channel channel,
                             int64_t at_us);

/* Writes what was counted. DB_OK without asking the database if there is nothing. */
enum db_status display_meter_write(struct display_meter *meter, struct pg *pg, struct arena *arena);

#endif
