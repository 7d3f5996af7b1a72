#include "npsd/page/assets.h"

#include <string.h>

const struct page_asset *page_asset(const char *name)
{
    for (size_t i = 0; i < page_asset_count; i++)
        if (strcmp(page_assets[i].name, name) == 0)
            return &page_assets[i];
    return NULL;
}
