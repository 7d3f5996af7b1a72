/*
 * displays (store): how often surveys were shown and waved away, by channel and quarter hour. No
 * answer depends on it.
 */
#ifndef NPSD_STORE_DISPLAYS_H
#define NPSD_STORE_DISPLAYS_H

#include "npsd/db/pg.h"
#include "npsd/domain/channel.h"
#include "npsd/store/windows.h"

struct display_count {
    int32_t survey_id;
    enum channel channel;
    int32_t slot; /* quarter hour */
    int32_t shown, dismissed;
};

extern const struct db_stmt *const displays_statements[];

/* Adds to what is there; counts of one survey, channel and quarter hour stand in one item. Those of
 * a survey that is gone are passed over. Not harmless to repeat after DB_LOST. */
enum db_status displays_add(struct pg *pg, struct arena *arena, const struct display_count *counts,
                            size_t count);

struct display_sums {
    int64_t shown[CHANNEL_COUNT], dismissed[CHANNEL_COUNT];
};

/* Of the quarter hours that begin within the window: so windows that follow each other share
 * none. */
enum db_status displays_sum(struct pg *pg, int32_t survey_id, const struct window *window,
                            struct display_sums *ret_sums);

#endif
