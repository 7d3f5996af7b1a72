#include "support/unit_cli.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARGS_MAX = 256, TEXT_MAX = 65536 };

/* Puts a file in the place of a stream; the copy of the stream that was there. */
static int divert(int stream, FILE *file)
{
    int copy = dup(stream);
    ck_assert_int_ge(copy, 0);
    ck_assert_int_ge(dup2(fileno(file), stream), 0);
    return copy;
}

static const char *restore(struct arena *arena, int stream, int copy, FILE *file)
{
    char *text = arena_alloc(arena, TEXT_MAX);
    dup2(copy, stream);
    close(copy);
    rewind(file);
    text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int split(struct arena *arena, const char *words, char *args[ARGS_MAX + 1])
{
    char *rest = NULL;
    int argc = 0;
    for (char *word = strtok_r(arena_strdup(arena, words), " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        ck_assert_int_lt(argc, ARGS_MAX);
        args[argc++] = word;
    }
    args[argc] = NULL;
    ck_assert_int_gt(argc, 0);
    return argc;
}

struct unit_cli unit_cli_run(struct arena *arena, unit_cli_command *command,
                             const struct config *config, const char *words, const char *input)
{
    char *args[ARGS_MAX + 1];
    FILE *files[3] = {tmpfile(), tmpfile(), tmpfile()};
    struct unit_cli ran;
    int argc = split(arena, words, args), copies[3];

    fputs(input, files[0]);
    rewind(files[0]);
    fflush(NULL);
    for (int i = 0; i < 3; i++)
        copies[i] = divert(i, files[i]);
    ran.status = command(argc, args, config);
    fflush(NULL);
    restore(arena, 0, copies[0], files[0]);
    ran.out = restore(arena, 1, copies[1], files[1]);
    ran.err = restore(arena, 2, copies[2], files[2]);
    return ran;
}

void unit_cli_helps(unit_cli_command *command, struct config config, const char *const *words,
                    size_t count)
{
    struct arena arena;
    arena_init(&arena, 4096);
    config.database_url = NULL;
    for (size_t i = 0; i < count; i++) {
        struct unit_cli ran = unit_cli_run(&arena, command, &config, words[i], "");
        ck_assert_msg(ran.status == CLI_OK, "%s: %d\n%s", words[i], ran.status, ran.err);
        ck_assert_msg(strncmp(ran.out, "usage: npsd ", 12) == 0, "%s: %s", words[i], ran.out);
        ck_assert_str_eq(ran.err, "");
    }
    arena_done(&arena);
}

void unit_cli_is_away(unit_cli_command *command, struct config config, const char *const *words,
                      size_t count, const char *input)
{
    static const char *const urls[] = {NULL, "host=/nonexistent"};
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < 2 * count; i++) {
        config.database_url = urls[i % 2];
        struct unit_cli ran = unit_cli_run(&arena, command, &config, words[i / 2], input);
        ck_assert_msg(ran.status == CLI_AWAY, "%s: %d\n%s", words[i / 2], ran.status, ran.err);
        ck_assert_str_eq(ran.out, "");
        ck_assert_ptr_nonnull(strchr(ran.err, '\n'));
        ck_assert_ptr_eq(strchr(ran.err, '\n'), strrchr(ran.err, '\n')); /* one line */
    }
    arena_done(&arena);
}
