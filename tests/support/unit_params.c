#include "support/unit_params.h"

#include "npsd/base/clock.h"

#include <endian.h>
#include <string.h>

struct answer_row params_row(void)
{
    struct answer_row row = {.survey_id = 7, .channel = CHANNEL_EMAIL, .agent = ANSWER_UNSET};
    for (size_t slot = 0; slot < SURVEY_FACETS_MAX; slot++)
        row.facets[slot] = ANSWER_UNSET;
    row.id = uuid_v7(clock_now_us());
    return row;
}

uint32_t params_word(const struct db_param *param, size_t at)
{
    uint32_t value;
    memcpy(&value, (const char *)param->data + at, sizeof value);
    return be32toh(value);
}

uint32_t params_elements(const struct db_param *param)
{
    return params_word(param, 0) == 0 ? 0 : params_word(param, 12);
}

const char *params_element(const struct db_param *param, size_t i, size_t *ret_len)
{
    size_t at = 20;
    for (; i > 0; i--)
        at += 4 + params_word(param, at);
    *ret_len = params_word(param, at);
    return (const char *)param->data + at + 4;
}

int64_t params_number(const struct db_param *param, size_t i)
{
    size_t len;
    int64_t number = 0;
    const char *bytes = params_element(param, i, &len);
    for (size_t b = 0; b < len; b++)
        number = (int64_t)((uint64_t)number << 8 | (unsigned char)bytes[b]);
    return len == 2 ? (int16_t)number : len == 4 ? (int32_t)number : number;
}
