#include "document.h"

#include "npsd/page/language.h"

#include <stdio.h>

struct survey_page {
    struct document document;
    const struct survey *survey;
    const struct page_form *form;
    struct buf *out; /* document.page.html */
};

static const char *word(const struct survey_page *page, enum word which)
{
    return document_word(&page->document, which);
}

/* --- the form itself --- */

static void put_hidden(struct survey_page *page, const char *name, const char *value)
{
    html_put(page->out, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name, value);
}

static void put_form_begin(struct survey_page *page)
{
    const struct page_form *form = page->form;
    char now[24];

    snprintf(now, sizeof now, "%lld", (long long)(form->now_us / 1000));
    html_put(page->out,
             "<form id=\"survey\" method=\"post\" action=\"%s\" data-survey=\"%s\""
             " data-channel=\"%s\" data-api=\"/v1/surveys/%s\" data-now=\"%s\""
             " data-edit-minutes=\"%d\"",
             form->action, page->survey->slug, channel_name(form->channel), page->survey->slug, now,
             page->survey->edit_minutes);
    if (form->link)
        html_put(page->out, " data-link=\"%s\"", form->link);
    html_put(page->out,
             " data-saving=\"%s\" data-saved=\"%s\" data-waiting=\"%s\" data-failed=\"%s\""
             " data-thanks=\"%s\" data-closed=\"%s\" data-done=\"%s\" data-send-score=\"%s\""
             " data-change=\"%s\">\n",
             word(page, WORD_SAVING), word(page, WORD_SAVED), word(page, WORD_WAITING),
             word(page, WORD_FAILED), word(page, WORD_THANKS), word(page, WORD_CLOSED),
             word(page, WORD_DONE), word(page, WORD_SEND_SCORE), word(page, WORD_CHANGE));
}

static void put_hidden_fields(struct survey_page *page)
{
    const struct page_form *form = page->form;

    put_hidden(page, "channel", channel_name(form->channel));
    put_hidden(page, "language", page->document.frame->language);
    for (size_t i = 0; i < page->survey->facet_count; i++)
        if (form->facets[i])
            put_hidden(page,
                       arena_printf(page->document.frame->arena, "properties.%s",
                                    page->survey->facets[i].name),
                       form->facets[i]);
    put_hidden(page, "page", form->stamp);
    if (form->key)
        put_hidden(page, "idempotency_key", form->key);
}

/* People do not see it and do not reach it; who fills it in is none. */
static void put_honeypot(struct survey_page *page)
{
    html_put(page->out,
             "<div class=\"hp\" aria-hidden=\"true\"><label>%s"
             " <input name=\"website\" tabindex=\"-1\" autocomplete=\"off\"></label></div>\n",
             word(page, WORD_LEAVE_EMPTY));
}

static void put_buttons(struct survey_page *page)
{
    html_put(page->out,
             "<p class=\"state\" role=\"status\" aria-live=\"polite\"></p>\n"
             "<div class=\"buttons\">\n<button type=\"submit\" class=\"send\">%s</button>\n"
             "<button type=\"submit\" name=\"dismiss\" value=\"1\" formnovalidate"
             " class=\"dismiss\">%s</button>\n</div>\n",
             word(page, WORD_SEND), word(page, WORD_DISMISS));
}

/* --- questions --- */

static void put_score(struct survey_page *page, int score)
{
    html_put(page->out,
             "<label><input type=\"radio\" name=\"score\" value=\"%d\" required"
             " data-group=\"%s\" aria-label=\"",
             score, nps_group_name(nps_group_of(score)));
    html_put(page->out, "%d %s, %s\"", score, word(page, WORD_OF_TEN),
             words_likelihood(page->document.words, score));
    if (page->form->score == score)
        buf_text(page->out, " checked");
    html_put(page->out, "><span>%d</span></label>\n", score);
}

static void put_score_question(struct survey_page *page, const struct survey_question *question)
{
    html_put(page->out, "<fieldset class=\"question score\" data-question=\"%s\">\n<legend>",
             question->id);
    document_texts(&page->document, &question->text);
    buf_text(page->out, "</legend>\n<div class=\"points\">\n");
    for (int score = 0; score <= 10; score++)
        put_score(page, score);
    html_put(page->out,
             "</div>\n<p class=\"ends\" aria-hidden=\"true\"><span>0 – %s</span>"
             "<span>10 – %s</span></p>\n</fieldset>\n",
             word(page, WORD_LEAST), word(page, WORD_MOST));
}

static void put_choice(struct survey_page *page, const struct survey_question *question,
                       const char *value, const char *label)
{
    html_put(page->out, "<label><input type=\"%s\" name=\"answers.%s\" value=\"%s\"><span>%s",
             question->type == QUESTION_CHOICES ? "checkbox" : "radio", question->id, value, label);
    buf_text(page->out, "</span></label>\n");
}

static void put_options(struct survey_page *page, const struct survey_question *question)
{
    for (size_t i = 0; i < question->option_count; i++) {
        const struct survey_option *option = &question->options[i];
        const struct survey_text *text =
            language_text(&option->text, page->document.frame->language);
        if (!option->active || !text)
            continue;
        html_put(page->out, "<label><input type=\"%s\" name=\"answers.%s\" value=\"%s\"><span",
                 question->type == QUESTION_CHOICES ? "checkbox" : "radio", question->id,
                 option->id);
        document_lang(&page->document, text);
        html_put(page->out, ">%s</span></label>\n", text->text);
    }
}

static void put_scale(struct survey_page *page, const struct survey_question *question)
{
    for (int i = question->min; i <= question->max; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        put_choice(page, question, text, text);
    }
}

static void put_answers(struct survey_page *page, const struct survey_question *question)
{
    switch (question->type) {
    case QUESTION_SCALE:
        put_scale(page, question);
        break;
    case QUESTION_YES_NO:
        put_choice(page, question, "true", word(page, WORD_YES));
        put_choice(page, question, "false", word(page, WORD_NO));
        break;
    case QUESTION_CHOICE:
    case QUESTION_CHOICES:
        put_options(page, question);
        break;
    case QUESTION_NPS:
    case QUESTION_TEXT:
        break;
    }
}

/* What the script and page.css go by: whom it is asked of, and how it reads to whom. */
static void put_question_data(struct survey_page *page, const struct survey_question *question)
{
    html_put(page->out, " data-question=\"%s\" data-type=\"%s\"", question->id,
             question_type_name(question->type));
    const char *blank = "";
    buf_text(page->out, " data-ask=\"");
    for (enum nps_group group = 0; group < NPS_GROUPS; group++) {
        if (!(question->ask & 1u << group))
            continue;
        html_put(page->out, "%s%s", blank, nps_group_name(group));
        blank = " ";
    }
    buf_text(page->out, "\"");
    for (enum nps_group group = 0; group < NPS_GROUPS; group++) {
        const struct survey_text *text =
            language_text(&question->text_by_group[group], page->document.frame->language);
        if (text)
            html_put(page->out, " data-text-%s=\"%s\"", nps_group_name(group), text->text);
    }
}

static void put_text_question(struct survey_page *page, const struct survey_question *question)
{
    buf_text(page->out, "<div class=\"question follow\"");
    put_question_data(page, question);
    html_put(page->out, ">\n<label class=\"text\" for=\"answers.%s\">", question->id);
    document_texts(&page->document, &question->text);
    html_put(
        page->out,
        "</label>\n<textarea id=\"answers.%s\" name=\"answers.%s\" rows=\"3\" maxlength=\"4000\">"
        "</textarea>\n</div>\n",
        question->id, question->id);
}

static void put_further_question(struct survey_page *page, const struct survey_question *question)
{
    bool points = question->type == QUESTION_SCALE;

    if (question->type == QUESTION_TEXT) {
        put_text_question(page, question);
        return;
    }
    buf_text(page->out, "<fieldset class=\"question follow\"");
    put_question_data(page, question);
    buf_text(page->out, ">\n<legend class=\"text\">");
    document_texts(&page->document, &question->text);
    html_put(page->out, "</legend>\n<div class=\"%s\">\n", points ? "points" : "options");
    put_answers(page, question);
    buf_text(page->out, "</div>\n</fieldset>\n");
}

static void put_questions(struct survey_page *page)
{
    for (size_t i = 0; i < page->survey->question_count; i++) {
        const struct survey_question *question = &page->survey->questions[i];
        if (!question->active)
            continue;
        if (question->type == QUESTION_NPS)
            put_score_question(page, question);
        else
            put_further_question(page, question);
    }
}

/* --- the whole --- */

/* What the script shows in the form's place. */
static void put_template(struct survey_page *page, const char *id, bool dismissed)
{
    html_put(page->out, "<template id=\"%s\">\n", id);
    document_thanks(&page->document, dismissed);
    buf_text(page->out, "</template>\n");
}

struct page page_survey(const struct page_frame *frame, const struct page_form *form)
{
    struct survey_page page = {
        .document = document_begin(frame, NULL, "survey.js"),
        .survey = frame->survey,
        .form = form,
    };

    page.out = &page.document.page.html;
    put_form_begin(&page);
    buf_text(page.out, "<h1>");
    document_texts(&page.document, &frame->survey->title);
    buf_text(page.out, "</h1>\n");
    put_hidden_fields(&page);
    put_questions(&page);
    put_honeypot(&page);
    put_buttons(&page);
    buf_text(page.out, "</form>\n");
    put_template(&page, "thanks", false);
    put_template(&page, "dismissed", true);
    document_end(&page.document);
    return page.document.page;
}
