/*
 * assets: what browsers get as files: scripts, styles, the demo page. They lie under src/page,
 * where people can read them; deploy/embed-assets.sh joins and compresses them when npsd is built.
 */
#ifndef NPSD_PAGE_ASSETS_H
#define NPSD_PAGE_ASSETS_H

#include <stddef.h>

struct page_asset {
    const char *name; /* "survey.js" */
    const char *type; /* media type */
    const unsigned char *bytes;
    size_t len;
    const unsigned char *gz; /* the same by gzip */
    size_t gz_len;
    char hash[9]; /* begin of its SHA-256, in hex: what makes its URL change when it does */
};

extern const struct page_asset page_assets[]; /* ends with an empty row */
extern const size_t page_asset_count;

/* NULL: there is none of that name. */
const struct page_asset *page_asset(const char *name);

#endif
