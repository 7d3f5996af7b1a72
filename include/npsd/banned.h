/* Functions that npsd does not call: they overrun a buffer, truncate without a word, share hidden
 * state between threads, or turn bad input into a number. The build includes this file before every
 * source file, so a call of one of them does not compile.
 *
 * Use instead: snprintf with its result checked, the arena and buffer helpers, strtoll with its end
 * checked, gmtime_r and localtime_r, strtok_r, and libsodium for random numbers. */
#ifndef NPSD_BANNED_H
#define NPSD_BANNED_H

/* The headers that declare these functions come first: the macros would break the declarations. */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define NPSD_BANNED(function) function##_is_banned_see_npsd_banned_h()

#undef strcpy
#define strcpy(...) NPSD_BANNED(strcpy)
#undef stpcpy
#define stpcpy(...) NPSD_BANNED(stpcpy)
#undef strcat
#define strcat(...) NPSD_BANNED(strcat)
#undef strncpy
#define strncpy(...) NPSD_BANNED(strncpy)
#undef stpncpy
#define stpncpy(...) NPSD_BANNED(stpncpy)
#undef strncat
#define strncat(...) NPSD_BANNED(strncat)
#undef sprintf
#define sprintf(...) NPSD_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) NPSD_BANNED(vsprintf)
#undef gets
#define gets(...) NPSD_BANNED(gets)
#undef strtok
#define strtok(...) NPSD_BANNED(strtok)
#undef atoi
#define atoi(...) NPSD_BANNED(atoi)
#undef atol
#define atol(...) NPSD_BANNED(atol)
#undef atoll
#define atoll(...) NPSD_BANNED(atoll)
#undef atof
#define atof(...) NPSD_BANNED(atof)
#undef gmtime
#define gmtime(...) NPSD_BANNED(gmtime)
#undef localtime
#define localtime(...) NPSD_BANNED(localtime)
#undef ctime
#define ctime(...) NPSD_BANNED(ctime)
#undef ctime_r
#define ctime_r(...) NPSD_BANNED(ctime_r)
#undef asctime
#define asctime(...) NPSD_BANNED(asctime)
#undef asctime_r
#define asctime_r(...) NPSD_BANNED(asctime_r)
#undef alloca
#define alloca(...) NPSD_BANNED(alloca)
#undef tmpnam
#define tmpnam(...) NPSD_BANNED(tmpnam)
#undef mktemp
#define mktemp(...) NPSD_BANNED(mktemp)
#undef rand
#define rand(...) NPSD_BANNED(rand)
#undef random
#define random(...) NPSD_BANNED(random)
#undef drand48
#define drand48(...) NPSD_BANNED(drand48)

#endif
