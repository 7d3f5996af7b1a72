#include "npsd/domain/channel.h"
#include "npsd/base/text.h"

static const char *const names[CHANNEL_COUNT] = {
    [CHANNEL_WEB] = "web",   [CHANNEL_EMAIL] = "email", [CHANNEL_LINK] = "link",
    [CHANNEL_SMS] = "sms",   [CHANNEL_PHONE] = "phone", [CHANNEL_KIOSK] = "kiosk",
    [CHANNEL_CHAT] = "chat", [CHANNEL_APP] = "app",     [CHANNEL_IMPORT] = "import",
};

const char *channel_name(enum channel channel)
{
    return names[channel];
}

bool channel_parse(const char *name, size_t len, enum channel *ret_channel)
{
    int index = text_index(names, CHANNEL_COUNT, name, len);
    if (index < 0)
        return false;
    *ret_channel = (enum channel)index;
    return true;
}
