/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-auth.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "image/registry-url.h"

enum { TOKEN_LENGTH_MAX = 32 * 1024 }; /* it has to fit into a header */

/* --- WWW-Authenticate --- */

static size_t token_length(const char *at)
{
	size_t len = 0;
	while (at[len] && (isalnum((unsigned char)at[len]) || strchr("!#$%&'*+-.^_`|~", at[len])))
		len++;
	return len;
}

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

/* A token or a quoted string, unquoted; @at is moved behind it. free() it. */
static char *take_value(const char **at)
{
	if (**at != '"') {
		size_t len = strcspn(*at, " \t,");
		char *value = mem_strndup(*at, len);
		*at += len;
		return value;
	}
	struct str value = { 0 };
	const char *c = *at + 1;
	for (; *c && *c != '"'; c++) {
		if (*c == '\\' && c[1])
			c++;
		str_append_char(&value, *c);
	}
	*at = *c ? c + 1 : c;
	return str_take(&value);
}

static void take_parameter(struct challenge *challenge, const char *name, size_t len, const char *value)
{
	const struct {
		const char *name;
		char **where;
	} known[] = {
		{ "realm", &challenge->realm },
		{ "service", &challenge->service },
		{ "scope", &challenge->scope },
	};
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == len && strncasecmp(known[i].name, name, len) == 0 && !*known[i].where)
			*known[i].where = mem_strdup(value);
}

static enum challenge_scheme scheme_of(const char *name, size_t len)
{
	if (len == strlen("Bearer") && strncasecmp(name, "Bearer", len) == 0)
		return CHALLENGE_BEARER;
	return len == strlen("Basic") && strncasecmp(name, "Basic", len) == 0 ? CHALLENGE_BASIC : CHALLENGE_NONE;
}

/* Bearer before Basic before none, and of two of the same scheme the first. */
static void keep_better(struct challenge *best, struct challenge *found)
{
	if (found->scheme > best->scheme) {
		challenge_done(best);
		best->scheme = found->scheme;
		best->realm = TAKE_PTR(found->realm);
		best->service = TAKE_PTR(found->service);
		best->scope = TAKE_PTR(found->scope);
	}
	challenge_done(found);
}

/* scheme [param *("," param)] *("," scheme ...): a word with "=" behind it is a parameter, any other a scheme. */
static void parse_header(const char *at, struct challenge *best)
{
	struct challenge current = { 0 };
	while (*at) {
		at += strspn(at, ", \t");
		const char *word = at;
		size_t len = token_length(at);
		if (len == 0) {
			at += *at != '\0'; /* not the grammar: look further */
			continue;
		}
		at = skip_space(at + len);
		if (*at == '=') {
			at = skip_space(at + 1);
			_cleanup_free_ char *value = take_value(&at);
			take_parameter(&current, word, len, value);
			continue;
		}
		keep_better(best, &current);
		current.scheme = scheme_of(word, len);
	}
	keep_better(best, &current);
}

void challenge_parse(char *const *headers, struct challenge *ret)
{
	*ret = (struct challenge){ 0 };
	for (; headers && *headers; headers++)
		parse_header(*headers, ret);
}

void challenge_done(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	*challenge = (struct challenge){ 0 };
}

/* --- tokens --- */

char *challenge_token_url(const struct challenge *challenge, char *const *scopes, enum plain_realms plain)
{
	_cleanup_url_ struct url parsed = { 0 };
	if (!challenge->realm || url_parse(challenge->realm, &parsed) < 0)
		return NULL;
	bool plain_will_do = plain == PLAIN_ANYWHERE || (plain == PLAIN_HERE && host_is_loopback(parsed.host));
	if (!streq(parsed.scheme, "https") && !plain_will_do)
		return NULL;
	char *url = challenge->service ? url_add_query(challenge->realm, "service", challenge->service)
				       : mem_strdup(challenge->realm);
	for (; url && scopes && *scopes; scopes++) {
		_cleanup_free_ char *shorter = url;
		url = url_add_query(shorter, "scope", *scopes);
	}
	return url;
}

/* What can stand in a header without ending it. */
static bool is_header_safe(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

static bool is_token(const char *text)
{
	return !str_is_empty(text) && strlen(text) <= TOKEN_LENGTH_MAX && is_header_safe(text);
}

int token_parse(const char *text, size_t len, struct token *ret, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	int r = json_parse(text, len, "token", ERR_REG_ANSWER, &document, err);
	if (r < 0)
		return r;
	struct json_node root = json_root(&document);
	const char *token = NULL, *identity = NULL;
	r = json_as_object(&root, err);
	if (r >= 0)
		r = json_get_string(&root, "token", &token, err);
	if (r >= 0 && str_is_empty(token))
		r = json_get_string(&root, "access_token", &token, err);
	if (r >= 0)
		r = json_get_string(&root, "refresh_token", &identity, err);
	if (r < 0)
		return r;
	if (!is_token(token))
		return json_error(&root, err, "there is no usable token in it");
	*ret = (struct token){ .authorization = mem_printf("Bearer %s", token),
			       .identity = is_token(identity) ? mem_strdup(identity) : NULL };
	return 0;
}

void token_done(struct token *token)
{
	char *const secrets[] = { token->authorization, token->identity };
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		if (secrets[i])
			explicit_bzero(secrets[i], strlen(secrets[i]));
		free(secrets[i]);
	}
	*token = (struct token){ 0 };
}
