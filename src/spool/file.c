#include "spool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, VERSION = 1 };

/* ids are there once, whatever comes. cuts are 8 bytes each, facets see answer.c. */
static const char schema[] =
    "create table answer (seq integer primary key autoincrement, survey integer not null,"
    " id blob not null, hash blob not null, answered integer not null, received integer not null,"
    " score integer not null, channel integer not null, facets blob not null, cuts blob not null,"
    " external_id text, language text, respondent text, answers text, properties text,"
    " suspect integer not null, set_aside integer not null);"
    "create unique index answer_id on answer (id, survey);"
    "create table conflict (number integer primary key autoincrement, reason text not null,"
    " at integer not null, survey integer, id blob, hash blob, answered integer, received integer,"
    " score integer, channel integer, facets blob, cuts blob, external_id text, language text,"
    " respondent text, answers text, properties text, suspect integer, set_aside integer);"
    "create table memory (name text primary key, value blob not null);"
    "pragma user_version = 1;";

/* --- the file and its lock --- */

static enum spool_status refuse(char error[static SPOOL_ERROR_SIZE], const char *what,
                                const char *path)
{
    snprintf(error, SPOOL_ERROR_SIZE, "%s %.160s: %.60s", what, path, strerror(errno));
    return SPOOL_BROKEN;
}

/* Up to the last slash; "." without one. */
static bool folder_of(const char *path, char folder[static PATH_SIZE])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (len >= PATH_SIZE || strlen(path) >= PATH_SIZE - 16)
        return false;
    snprintf(folder, PATH_SIZE, "%.*s", slash ? (int)len : 1, slash ? path : ".");
    return true;
}

/* So that a crash of the machine does not take the file's name with it. */
static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Readable by us alone, as are the files that SQLite makes beside it. */
static enum spool_status make_file(const char *path, char error[static SPOOL_ERROR_SIZE])
{
    char folder[PATH_SIZE];
    if (!folder_of(path, folder)) {
        errno = ENAMETOOLONG;
        return refuse(error, "spool", path);
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return refuse(error, "cannot make the folder", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(error, "cannot open", path);
    bool good = fchmod(fd, 0600) == 0 && fsync(fd) == 0;
    close(fd);
    return good && sync_folder(folder) ? SPOOL_OK : refuse(error, "cannot make", path);
}

/* A file apart, because SQLite's own locks go when any descriptor of its file is closed. */
static enum spool_status take_lock(const char *path, int *ret_lock,
                                   char error[static SPOOL_ERROR_SIZE])
{
    char name[PATH_SIZE];
    snprintf(name, sizeof name, "%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(error, "cannot open", name);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_lock = fd;
        return SPOOL_OK;
    }
    bool locked = errno == EWOULDBLOCK;
    enum spool_status status = refuse(error, "cannot lock", name);
    close(fd);
    return locked ? SPOOL_LOCKED : status;
}

/* --- the tables --- */

static bool is_wal(struct spool_db *db)
{
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(db->db, "pragma journal_mode = wal", -1, &statement, NULL) ==
                    SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW &&
                strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    sqlite3_finalize(statement);
    return good;
}

static bool read_version(struct spool_db *db, int *ret_version)
{
    sqlite3_stmt *statement = NULL;
    bool good =
        sqlite3_prepare_v2(db->db, "pragma user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        *ret_version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return good;
}

static bool run(struct spool_db *db, const char *sql)
{
    return sqlite3_exec(db->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* What was deleted (answers are personal) is not left in the file. */
static enum spool_status prepare(struct spool *spool, char error[static SPOOL_ERROR_SIZE])
{
    struct spool_db *writer = &spool->writer;
    int version = 0;
    bool good = run(writer, "pragma secure_delete = on") && is_wal(writer) &&
                run(writer, "pragma journal_size_limit = 8388608") &&
                run(writer, "begin immediate") && read_version(writer, &version) &&
                (version != 0 || run(writer, schema)) && run(writer, "commit");
    if (good && version <= VERSION)
        return SPOOL_OK;
    snprintf(error, SPOOL_ERROR_SIZE, "the spool's file: %s",
             good ? "another version of npsd made it" : sqlite3_errmsg(writer->db));
    return SPOOL_BROKEN;
}

static enum spool_status count_all(struct spool *spool, char error[static SPOOL_ERROR_SIZE])
{
    struct spool_db *writer = &spool->writer;
    int64_t waiting, conflicts, oldest_us, bytes;
    if (!spool_db_number(writer, COUNT_ANSWERS, &waiting) ||
        !spool_db_number(writer, COUNT_CONFLICTS, &conflicts) ||
        !spool_db_number(writer, OLDEST, &oldest_us) || !spool_db_number(writer, BYTES, &bytes)) {
        snprintf(error, SPOOL_ERROR_SIZE, "the spool's file: %s", sqlite3_errmsg(writer->db));
        return SPOOL_BROKEN;
    }
    atomic_init(&spool->waiting, waiting);
    atomic_init(&spool->conflicts, conflicts);
    atomic_init(&spool->oldest_us, oldest_us);
    atomic_init(&spool->bytes, bytes);
    return SPOOL_OK;
}

/* --- both --- */

static enum spool_status open_all(struct spool *spool, const struct spool_options *options,
                                  char error[static SPOOL_ERROR_SIZE])
{
    enum spool_status status = SPOOL_OK;
    if (options->max_bytes > 0) {
        status = make_file(options->path, error);
        if (status == SPOOL_OK)
            status = take_lock(options->path, &spool->lock, error);
    }
    if (status != SPOOL_OK)
        return status;
    if (!spool_db_open(&spool->writer, options->path) ||
        !spool_db_open(&spool->reader, options->path)) {
        snprintf(error, SPOOL_ERROR_SIZE, "cannot open %s: %s", options->path,
                 sqlite3_errmsg(spool->writer.db));
        return SPOOL_BROKEN;
    }
    status = prepare(spool, error);
    return status == SPOOL_OK ? count_all(spool, error) : status;
}

enum spool_status spool_open(const struct spool_options *options, struct spool **ret_spool,
                             char error[static SPOOL_ERROR_SIZE])
{
    struct spool *spool = calloc(1, sizeof *spool);
    if (!spool) {
        errno = ENOMEM;
        return refuse(error, "spool", options->path);
    }
    spool->lock = -1;
    spool->max_bytes = options->max_bytes;
    pthread_mutex_init(&spool->error_mutex, NULL);
    enum spool_status status = open_all(spool, options, error);
    if (status == SPOOL_OK)
        *ret_spool = spool;
    else
        spool_close(spool);
    return status;
}

void spool_close(struct spool *spool)
{
    if (!spool)
        return;
    spool_db_close(&spool->reader);
    spool_db_close(&spool->writer);
    if (spool->lock >= 0)
        close(spool->lock);
    pthread_mutex_destroy(&spool->error_mutex);
    free(spool);
}
