#include "document.h"

#include "npsd/page/language.h"

struct page page_thanks(const struct page_frame *frame, bool dismissed)
{
    enum word title = dismissed ? WORD_DISMISSED : WORD_THANKS;
    struct document document =
        document_begin(frame, words_get(language_words(frame->language), title), NULL);

    document_thanks(&document, dismissed);
    document_end(&document);
    return document.page;
}

/* What people are told, by HTTP status; the last row is for all others. */
static const struct refusal {
    int status;
    enum word heading, more;
} refusals[] = {
    {401, WORD_INVITED, WORD_INVITED_MORE}, {403, WORD_CLOSED, WORD_CLOSED_MORE},
    {404, WORD_MISSING, WORD_MISSING_MORE}, {409, WORD_ANSWERED, WORD_ANSWERED_MORE},
    {410, WORD_EXPIRED, WORD_EXPIRED_MORE}, {400, WORD_WRONG, WORD_WRONG_MORE},
    {411, WORD_WRONG, WORD_WRONG_MORE},     {413, WORD_WRONG, WORD_WRONG_MORE},
    {415, WORD_WRONG, WORD_WRONG_MORE},     {422, WORD_WRONG, WORD_WRONG_MORE},
    {429, WORD_BUSY, WORD_BUSY_MORE},       {0, WORD_AWAY, WORD_AWAY_MORE},
};

static const struct refusal *refusal_of(int status)
{
    const struct refusal *refusal = refusals;
    while (refusal->status != 0 && refusal->status != status)
        refusal++;
    return refusal;
}

struct page page_refusal(const struct page_frame *frame, int status)
{
    const struct refusal *refusal = refusal_of(status);
    const char *title = words_get(language_words(frame->language), refusal->heading);
    struct document document = document_begin(frame, title, NULL);

    document_message(&document, "<path d=\"M24 14v12M24 33v.5\"/>", refusal->heading,
                     refusal->more);
    document_end(&document);
    return document.page;
}
