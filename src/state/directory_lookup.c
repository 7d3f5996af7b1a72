#include "directory_read.h"

#include <stdlib.h>
#include <string.h>

static int slug_order(const void *slug, const void *element)
{
    const struct survey *const *survey = element;
    return strcmp(slug, (*survey)->slug);
}

static int id_order(const void *id, const void *element)
{
    const struct survey *const *survey = element;
    int32_t wanted = *(const int32_t *)id;
    return (wanted > (*survey)->id) - (wanted < (*survey)->id);
}

static int hash_order(const void *hash, const void *element)
{
    const struct directory_key *const *key = element;
    return memcmp(hash, &(*key)->hash, sizeof((*key)->hash));
}

const struct survey *directory_survey(const struct directory_snapshot *snapshot, const char *slug)
{
    const struct survey *const *found = bsearch(slug, snapshot->surveys, snapshot->survey_count,
                                                sizeof(*snapshot->surveys), slug_order);
    return found ? *found : NULL;
}

const struct survey *directory_survey_by_id(const struct directory_snapshot *snapshot, int32_t id)
{
    const struct survey **surveys = snapshot->index->surveys_by_id;
    const struct survey *const *found =
        bsearch(&id, surveys, snapshot->survey_count, sizeof(*surveys), id_order);
    return found ? *found : NULL;
}

const struct directory_key *directory_key(const struct directory_snapshot *snapshot,
                                          const struct crypto_hash *hash)
{
    const struct directory_index *index = snapshot->index;
    const struct directory_key *const *found = bsearch(
        hash, index->keys_by_hash, snapshot->key_count, sizeof(*index->keys_by_hash), hash_order);
    return found ? *found : NULL;
}

bool directory_key_covers(const struct directory_key *key, int32_t survey_id)
{
    if (key->all_surveys)
        return true;
    for (size_t i = 0; i < key->survey_count; i++)
        if (key->surveys[i] == survey_id)
            return true;
    return false;
}
