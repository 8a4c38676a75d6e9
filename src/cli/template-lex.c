/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template-lex.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char SPACES[] = " \t\r\n";
static const char LEFT[] = "{{", RIGHT[] = "}}", COMMENT[] = "/*", COMMENT_END[] = "*/";

struct lexer {
	const char *at;
	size_t line;
	size_t parens;
	struct token_list *list;
};

static void emit(struct lexer *lexer, enum token_kind kind, size_t len)
{
	*ARRAY_APPEND(lexer->list->tokens, lexer->list->count) =
		(struct token){ .kind = kind, .text = lexer->at, .len = len, .line = lexer->line };
	for (size_t i = 0; i < len; i++)
		lexer->line += lexer->at[i] == '\n';
	lexer->at += len;
}

/* Always false: lexing ends here. */
static bool fail(struct lexer *lexer, const char *why)
{
	str_copy(lexer->list->error, sizeof lexer->list->error, why);
	emit(lexer, TOKEN_ERROR, 0);
	return false;
}

static void skip(struct lexer *lexer, size_t len)
{
	for (; len > 0; len--)
		lexer->line += *lexer->at++ == '\n';
}

static bool is_space(char c)
{
	return c && strchr(SPACES, c);
}

/* Letters of other scripts are all that is not ASCII. */
static bool is_word(char c)
{
	return c == '_' || isalnum((unsigned char)c) || (c & 0x80);
}

/* --- Outside of actions --- */

/* At "{{": whether it is "{{- ", which takes the spaces before it away. */
static bool trims_left(const char *at)
{
	return at[2] == '-' && is_space(at[3]);
}

static size_t without_trailing_space(const char *text, size_t len)
{
	while (len > 0 && is_space(text[len - 1]))
		len--;
	return len;
}

/* Behind "}}" or " -}}". */
static void skip_right(struct lexer *lexer, bool trims)
{
	if (trims)
		skip(lexer, strspn(lexer->at, SPACES));
}

/* At the slash and star of a comment. */
static bool lex_comment(struct lexer *lexer)
{
	const char *end = strstr(lexer->at + 2, COMMENT_END);
	if (!end)
		return fail(lexer, "unclosed comment");
	skip(lexer, (size_t)(end + 2 - lexer->at));
	bool trims = is_space(lexer->at[0]) && lexer->at[1] == '-';
	if (!str_starts_with(trims ? lexer->at + 2 : lexer->at, RIGHT))
		return fail(lexer, "comment ends before closing delimiter");
	skip(lexer, trims ? 4 : 2);
	skip_right(lexer, trims);
	return true;
}

/* Text up to the next action, and its "{{". *ret_inside: an action begins. */
static bool lex_text(struct lexer *lexer, bool *ret_inside)
{
	const char *left = strstr(lexer->at, LEFT);
	*ret_inside = false;
	if (!left) {
		if (*lexer->at)
			emit(lexer, TOKEN_TEXT, strlen(lexer->at));
		emit(lexer, TOKEN_END, 0);
		return false;
	}
	bool trims = trims_left(left);
	size_t len = (size_t)(left - lexer->at), shown = trims ? without_trailing_space(lexer->at, len) : len;
	if (shown > 0)
		emit(lexer, TOKEN_TEXT, shown);
	skip(lexer, len - shown);
	if (str_starts_with(left + (trims ? 4 : 2), COMMENT)) {
		skip(lexer, trims ? 4 : 2);
		return lex_comment(lexer);
	}
	emit(lexer, TOKEN_LEFT, 2);
	skip(lexer, trims ? 2 : 0);
	lexer->parens = 0;
	*ret_inside = true;
	return true;
}

/* --- Inside --- */

/* What may stand behind a field, a variable or a name. */
static bool at_terminator(const char *at)
{
	return !*at || is_space(*at) || strchr(".,|:)(", *at) || str_starts_with(at, RIGHT);
}

static bool fail_bad_character(struct lexer *lexer, const char *at)
{
	char why[48];
	if (isprint((unsigned char)*at))
		snprintf(why, sizeof why, "bad character U+%04X '%c'", *at, *at);
	else
		snprintf(why, sizeof why, "bad character \\x%02x", (unsigned char)*at);
	return fail(lexer, why);
}

/* A word of @kind that goes on behind its first @prefix bytes for as long as there are letters and digits. */
static bool lex_name(struct lexer *lexer, enum token_kind kind, size_t prefix)
{
	size_t len = prefix;
	while (is_word(lexer->at[len]))
		len++;
	if (!at_terminator(lexer->at + len))
		return fail_bad_character(lexer, lexer->at + len);
	emit(lexer, kind, len);
	return true;
}

static enum token_kind kind_of_word(const char *word, size_t len)
{
	static const char *const keywords[] = { "block", "break", "continue", "define", "else", "end",
						"if",	 "range", "template", "with",	NULL };
	for (const char *const *keyword = keywords; *keyword; keyword++)
		if (strlen(*keyword) == len && strncmp(*keyword, word, len) == 0)
			return TOKEN_KEYWORD;
	if ((len == 4 && strncmp(word, "true", len) == 0) || (len == 5 && strncmp(word, "false", len) == 0))
		return TOKEN_BOOL;
	return len == 3 && strncmp(word, "nil", len) == 0 ? TOKEN_NIL : TOKEN_IDENTIFIER;
}

static bool lex_word(struct lexer *lexer)
{
	size_t len = 0;
	while (is_word(lexer->at[len]))
		len++;
	return lex_name(lexer, kind_of_word(lexer->at, len), 0);
}

/* What its digits say is the parser's to find out. */
static bool lex_number(struct lexer *lexer)
{
	size_t len = 1;
	while (is_word(lexer->at[len]) || lexer->at[len] == '.' ||
	       ((lexer->at[len] == '+' || lexer->at[len] == '-') && strchr("eEpP", lexer->at[len - 1])))
		len++;
	emit(lexer, TOKEN_NUMBER, len);
	return true;
}

static bool lex_quoted(struct lexer *lexer, enum token_kind kind)
{
	char quote = *lexer->at;
	size_t len = 1;
	for (; lexer->at[len] && lexer->at[len] != quote; len++) {
		if (lexer->at[len] == '\n' && kind != TOKEN_RAW)
			break;
		if (lexer->at[len] == '\\' && kind != TOKEN_RAW && lexer->at[len + 1])
			len++;
	}
	if (lexer->at[len] == quote) {
		emit(lexer, kind, len + 1);
		return true;
	}
	return fail(lexer, kind == TOKEN_RAW	  ? "unterminated raw quoted string"
			   : kind == TOKEN_STRING ? "unterminated quoted string"
						  : "unterminated character constant");
}

static bool lex_paren(struct lexer *lexer)
{
	if (*lexer->at == '(') {
		lexer->parens++;
		emit(lexer, TOKEN_OPEN, 1);
		return true;
	}
	if (lexer->parens == 0)
		return fail(lexer, "unexpected right paren");
	lexer->parens--;
	emit(lexer, TOKEN_CLOSE, 1);
	return true;
}

/* At what stands before "}}", @trim bytes that take the spaces behind it away. */
static bool lex_right(struct lexer *lexer, size_t trim)
{
	if (lexer->parens > 0)
		return fail(lexer, "unclosed left paren");
	skip(lexer, trim);
	emit(lexer, TOKEN_RIGHT, 2);
	skip_right(lexer, trim > 0);
	return true;
}

static bool lex_mark(struct lexer *lexer)
{
	const char *at = lexer->at;
	if (at[0] == ':' && at[1] != '=')
		return fail(lexer, "expected :=");
	if (!isprint((unsigned char)*at))
		return fail_bad_character(lexer, at);
	if (at[0] == ':')
		emit(lexer, TOKEN_DECLARE, 2);
	else
		emit(lexer, *at == '=' ? TOKEN_ASSIGN : *at == '|' ? TOKEN_PIPE : TOKEN_OTHER, 1);
	return true;
}

static bool lex_token(struct lexer *lexer)
{
	const char *at = lexer->at;
	switch (*at) {
	case '"':
		return lex_quoted(lexer, TOKEN_STRING);
	case '`':
		return lex_quoted(lexer, TOKEN_RAW);
	case '\'':
		return lex_quoted(lexer, TOKEN_CHARACTER);
	case '$':
		return lex_name(lexer, TOKEN_VARIABLE, 1);
	case '(':
	case ')':
		return lex_paren(lexer);
	default:
		break;
	}
	bool is_signed = *at == '+' || *at == '-' || *at == '.';
	if (isdigit((unsigned char)*at) || (is_signed && isdigit((unsigned char)at[1])))
		return lex_number(lexer);
	if (*at == '.')
		return lex_name(lexer, is_word(at[1]) ? TOKEN_FIELD : TOKEN_DOT, 1);
	return is_word(*at) ? lex_word(lexer) : lex_mark(lexer);
}

/* The next token of an action; *ret_inside: it is not its end. */
static bool lex_inside(struct lexer *lexer, bool *ret_inside)
{
	size_t spaces = strspn(lexer->at, SPACES);
	bool trims = spaces > 0 && lexer->at[spaces] == '-' && str_starts_with(lexer->at + spaces + 1, RIGHT);
	*ret_inside = true;
	if (!lexer->at[spaces])
		return fail(lexer, "unclosed action");
	if (spaces > 0 && !trims) {
		emit(lexer, TOKEN_SPACE, spaces);
		return true;
	}
	if (!trims && !str_starts_with(lexer->at, RIGHT))
		return lex_token(lexer);
	*ret_inside = false;
	return lex_right(lexer, trims ? spaces + 1 : 0);
}

void template_lex(const char *text, struct token_list *ret)
{
	struct lexer lexer = { .at = text, .line = 1, .list = ret };
	bool inside = false;
	*ret = (struct token_list){ 0 };
	while (inside ? lex_inside(&lexer, &inside) : lex_text(&lexer, &inside))
		;
}

void token_list_done(struct token_list *list)
{
	free(list->tokens);
	*list = (struct token_list){ 0 };
}
