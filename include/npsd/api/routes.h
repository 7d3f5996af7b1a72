/* routes: THE table. Read it first: it names every path, who may use it, what body it takes and
 * which function answers. */
#ifndef NPSD_API_ROUTES_H
#define NPSD_API_ROUTES_H

#include "npsd/http/route.h"

extern const struct route_table api_routes;

#endif
