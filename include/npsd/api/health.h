/* health: /healthz (the process lives), /readyz (answers can be taken), /metrics. Never touch the
 * database, never wait. */
#ifndef NPSD_API_HEALTH_H
#define NPSD_API_HEALTH_H

#include "npsd/http/reply.h"

struct reply health_alive(struct call *call);
struct reply health_ready(struct call *call);
struct reply health_metrics(struct call *call);

#endif
