/* channel: by which way an answer came. The numbers are stored; they never change, new ones are
 * added at the end. */
#ifndef NPSD_DOMAIN_CHANNEL_H
#define NPSD_DOMAIN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

enum channel {
    CHANNEL_WEB,
    CHANNEL_EMAIL,
    CHANNEL_LINK,
    CHANNEL_SMS,
    CHANNEL_PHONE,
    CHANNEL_KIOSK,
    CHANNEL_CHAT,
    CHANNEL_APP,
    CHANNEL_IMPORT,
    CHANNEL_COUNT
};

const char *channel_name(enum channel channel);
bool channel_parse(const char *name, size_t len, enum channel *ret_channel);

#endif
