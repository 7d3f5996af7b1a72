#include "npsd/api/routes.h"

#include "npsd/api/amend.h"
#include "npsd/api/badge.h"
#include "npsd/api/comments.h"
#include "npsd/api/displays.h"
#include "npsd/api/health.h"
#include "npsd/api/links.h"
#include "npsd/api/overview.h"
#include "npsd/api/pages.h"
#include "npsd/api/responses.h"
#include "npsd/api/results.h"
#include "npsd/api/submit.h"
#include "npsd/api/surveys.h"

#define KB (1024u)
#define BODY 256 * KB, 4096 * KB /* largest taken, largest read and dropped before the 413 */
#define BATCH_BODY 8192 * KB, 16384 * KB
#define NO_BODY 0, 4096 * KB

#define SERVICE LISTENER_SERVICE
#define ADMIN LISTENER_ADMIN
#define BOTH (LISTENER_SERVICE | LISTENER_ADMIN)

#define SURVEY "/v1/surveys/{survey}"
#define RESPONSE SURVEY "/responses/{id}"

/* clang-format off */
static const struct route routes[] = {
    {HTTP_GET,    "/healthz",               ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, BOTH,    health_alive},
    {HTTP_GET,    "/readyz",                ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, BOTH,    health_ready},
    {HTTP_GET,    "/metrics",               ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, ADMIN,   health_metrics},

    {HTTP_POST,   SURVEY "/responses",       ACCESS_POST,       RUNS_INLINE, MEDIA_JSON, BODY,    SERVICE, submit_one},
    {HTTP_POST,   SURVEY "/responses/batch", ACCESS_POST,       RUNS_WORKER, MEDIA_JSON | MEDIA_NDJSON, BATCH_BODY, SERVICE, submit_batch},
    {HTTP_POST,   SURVEY "/links",           ACCESS_ROWS,       RUNS_WORKER, MEDIA_JSON, BODY,    SERVICE, links_create},
    {HTTP_POST,   "/s/{survey}",             ACCESS_FORM,       RUNS_WORKER, MEDIA_FORM, BODY,    SERVICE, submit_form},

    {HTTP_GET,    "/s/{survey}",             ACCESS_PAGE,       RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_survey},
    {HTTP_GET,    "/s/{survey}/thanks",      ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_thanks},
    {HTTP_GET,    "/s/{survey}/logo",        ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_logo},
    {HTTP_GET,    "/s/worker.js",            ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_worker},
    {HTTP_GET,    "/assets/{name}",          ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_asset},
    {HTTP_GET,    "/embed.js",               ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_embed},
    {HTTP_GET,    "/demo",                   ACCESS_ANYONE,     RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, pages_demo},

    {HTTP_POST,   SURVEY "/displays",        ACCESS_POST,       RUNS_INLINE, MEDIA_JSON, BODY,    SERVICE, displays_post},
    {HTTP_GET,    SURVEY "/rates",           ACCESS_NUMBERS,    RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, rates_get},

    {HTTP_GET,    SURVEY "/nps",             ACCESS_NUMBERS,    RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, results_nps},
    {HTTP_GET,    SURVEY "/nps/series",      ACCESS_NUMBERS,    RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, results_series},
    {HTTP_GET,    SURVEY "/nps/breakdown",   ACCESS_NUMBERS,    RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, results_breakdown},
    {HTTP_GET,    SURVEY "/questions/{question}", ACCESS_NUMBERS, RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, results_question},
    {HTTP_GET,    SURVEY "/drivers",         ACCESS_NUMBERS,    RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, results_drivers},
    {HTTP_GET,    SURVEY "/comments",        ACCESS_ROWS,       RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, comments_list},
    {HTTP_GET,    SURVEY "/nps.svg",         ACCESS_BADGE,      RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, badge_nps},
    {HTTP_GET,    "/v1/nps",                 ACCESS_NUMBERS,    RUNS_CACHED, MEDIA_NONE, NO_BODY, SERVICE, overview_nps},

    {HTTP_GET,    SURVEY "/responses",       ACCESS_ROWS,       RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, responses_list_handle},
    {HTTP_GET,    RESPONSE,                  ACCESS_ROWS,       RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, response_get},
    {HTTP_GET,    RESPONSE "/history",       ACCESS_ROWS,       RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, response_history},
    {HTTP_PATCH,  RESPONSE,                  ACCESS_AMEND,      RUNS_WORKER, MEDIA_JSON, BODY,    SERVICE, amend_response},
    {HTTP_DELETE, RESPONSE,                  ACCESS_ROWS,       RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, amend_erase},

    {HTTP_GET,    "/v1/surveys",             ACCESS_LIST,       RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, surveys_list},
    {HTTP_POST,   "/v1/surveys",             ACCESS_MANAGE,     RUNS_WORKER, MEDIA_JSON, BODY,    SERVICE, surveys_create},
    {HTTP_GET,    SURVEY,                    ACCESS_DEFINITION, RUNS_INLINE, MEDIA_NONE, NO_BODY, SERVICE, survey_get},
    {HTTP_PATCH,  SURVEY,                    ACCESS_MANAGE,     RUNS_WORKER, MEDIA_JSON, BODY,    SERVICE, survey_patch_handle},
    {HTTP_DELETE, SURVEY,                    ACCESS_MANAGE,     RUNS_WORKER, MEDIA_NONE, NO_BODY, SERVICE, survey_delete},
};
/* clang-format on */

const struct route_table api_routes = {routes, sizeof routes / sizeof routes[0]};
