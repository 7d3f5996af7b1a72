/*
 * config: the settings, one table (config.c): environment name, type, target, default, help. "npsd
 * config", --help and README derive from it. An unknown NPSD_* variable is an error, except
 * NPSD_TEST_*.
 */
#ifndef NPSD_CONFIG_H
#define NPSD_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

struct config {
    const char *listen, *admin_listen;
    const char *database_url;
    const char *var;
    const char *public_url;      /* "": from the request */
    const char *trusted_proxies; /* "": none */
    int rate_public, rate_key;
    int connections, connections_per_address;
    int http_threads, db_workers;
    int queue;
    const char *spool;
    int spool_max_mb;
    const char *log;
    bool transaction_pooling;
    bool allow_unsafe_durability;
};

/* Reads the environment. False after telling every wrong setting on err. Texts live as long as the
 * process. */
bool config_load(struct config *ret_config, FILE *err);
/* Every setting with its value, where it comes from and what it means; secrets in URLs masked. */
void config_print(const struct config *config, FILE *out);
/* The table for --help (plain text) and for README (Markdown). */
void config_help(FILE *out);
void config_markdown(FILE *out);

#endif
