/*
 * zone: which texts may name a time zone. Pure.
 *
 * PostgreSQL's "at time zone" takes more than names: abbreviations ("MSK", and "CET" as a fixed
 * offset without summer time, although there is a zone of that name) and POSIX rules ("FOO+3",
 * which needs no such zone). What has the form of an IANA name can be neither; whether there is
 * such a zone PostgreSQL then says itself (22023), which is far cheaper than to search
 * pg_timezone_names.
 */
#ifndef NPSD_DOMAIN_ZONE_H
#define NPSD_DOMAIN_ZONE_H

/*
 * The name to give to PostgreSQL for a zone that a client named: the name itself, or for CET, EET,
 * MET and WET the region that these are links to since tzdata 2024b. NULL: it has not the form of
 * an IANA name.
 */
const char *zone_region(const char *name);

#endif
