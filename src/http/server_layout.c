/*
 * What libmicrohttpd 0.9.75 does not tell, told by where it left the pieces of a head.
 *
 * It cuts a head in place: the end of each line becomes NULs, two for CR LF and one for a bare LF,
 * and a name is cut from its value at the colon. So in a head as RFC 9112 wants it each piece
 * begins where the one before has ended, and the last one ends two bytes before the empty line
 * does. A NUL in the middle of a piece ends it early; a folded line's text is put behind the name
 * of the header before it, which goes to another place for that; a line that begins with a colon or
 * a NUL ends the head, and what follows would be taken for the next request.
 *
 * Only places are compared, nothing is read that was not shown to us. Later versions refuse all
 * this by themselves, and cut differently.
 */
#include "server_internal.h"
#include <microhttpd.h>
#include <string.h>

enum { LINE_END = 2 };

bool layout_is_known(void)
{
    return strcmp(MHD_get_version(), "0.9.75") == 0;
}

struct reading {
    const char *next_line; /* where a well-formed head goes on */
    bool whole;
};

static enum MHD_Result read_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct reading *reading = cls;
    reading->whole = name == reading->next_line &&
                     value == name + name_len + 1 + strspn(name + name_len + 1, " \t");
    reading->next_line = value + value_len + LINE_END;
    return reading->whole ? MHD_YES : MHD_NO;
}

static bool starts_well(const struct request *request, const struct start_line *line)
{
    return line->target == line->method + strlen(line->method) + 1 &&
           line->version == line->target + strlen(request->target) + 1;
}

bool layout_is_whole(struct request *request, const struct start_line *line)
{
    if (!request->server->layout_known)
        return true;
    struct reading reading = {.next_line = line->version + strlen(line->version) + LINE_END,
                              .whole = starts_well(request, line)};
    if (reading.whole)
        MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, read_field, &reading);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return reading.whole && info &&
           line->method + info->header_size == reading.next_line + LINE_END;
}
