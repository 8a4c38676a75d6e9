/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry-errors.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"

#define RESOLV_CONF "/etc/resolv.conf"

enum { RESOLV_CONF_MAX = 64 * 1024 };

/* --- name servers --- */

/* Whether a packet to this address would leave the machine at all. */
static bool has_route(const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(53) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return true; /* with a zone, say: not ours to judge */
	/* connect() of a datagram socket looks up the route and sends nothing. */
	_cleanup_close_ int sock = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = is_v4 ? connect(sock, (struct sockaddr *)&v4, sizeof v4)
		      : connect(sock, (struct sockaddr *)&v6, sizeof v6);
	return sock < 0 || r == 0 || (errno != ENETUNREACH && errno != EHOSTUNREACH);
}

static char **name_servers(void)
{
	_cleanup_free_ char *text = NULL;
	char **servers = NULL;
	if (file_read(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_MAX, &text, NULL, NULL) < 0)
		return NULL;
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		const char *rest = str_after(*line, "nameserver");
		size_t space = rest ? strspn(rest, " \t") : 0;
		if (space == 0)
			continue;
		_cleanup_free_ char *address = mem_strndup(rest + space, strcspn(rest + space, " \t#;\r"));
		strv_append(&servers, address);
	}
	return servers;
}

static void explain_dns(struct error *err)
{
	_cleanup_strv_ char **servers = name_servers();
	if (!servers) {
		err_cause(err, RESOLV_CONF " names no name server");
		return;
	}
	for (char **server = servers; *server; server++) {
		if (!has_route(*server)) {
			err_cause(err, "no route to name server %s (from " RESOLV_CONF ")", *server);
			return;
		}
	}
	_cleanup_free_ char *list = strv_join(servers, ", ");
	err_cause(err, "the name servers in " RESOLV_CONF " are %s", list);
}

/* --- no answer --- */

static int cannot_reach(const struct registry_place *place, enum error_code code, const char *why, struct error *err)
{
	return err_set(err, code, "registry %s cannot be reached: %s", place->registry, why);
}

/* "localhost:5000" means two addresses, and both were tried. */
static int explain_refused(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	(void)cannot_reach(place, ERR_REG_REFUSED, "connection refused", err);
	const char *port = str_after(place->server, "localhost");
	if (port && (!*port || *port == ':')) {
		port = *port ? port : place->plain_http ? ":80" : ":443";
		return err_cause(err, "nothing listens on 127.0.0.1%s or [::1]%s", port, port);
	}
	return err_cause(err, "nothing listens on %s", answer->address ? answer->address : place->server);
}

static int explain_tls(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	(void)err_set(err, ERR_REG_TLS, "registry %s cannot be trusted: TLS failed", place->registry);
	return err_cause(err, "%s: %s", place->server, answer->detail);
}

static int explain_timeout(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	(void)err_set(err, ERR_REG_TIMEOUT, "registry %s does not answer in time", place->registry);
	return err_cause(err, "%s: %s", place->server, answer->detail);
}

static int explain_redirect(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	(void)err_set(err, ERR_REG_ANSWER, "registry %s: a redirect was not followed: %s", place->registry,
		      answer->detail);
	return err_cause(err, "the redirect came from %.300s", answer->url);
}

static int explain_broken(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	(void)err_set(err, ERR_REG_ANSWER, "registry %s: %s", place->registry,
		      answer->outcome == HTTP_LOST ? "the connection was lost" : "its answer makes no sense");
	return err_cause(err, "%s: %s", place->server, answer->detail);
}

/* --- an answer that is no success --- */

void registry_quote(const struct http_answer *answer, struct error *err)
{
	_cleanup_json_document_ struct json_document document = { 0 };
	struct json_node errors;
	const char *code = "", *message = "";
	if (json_parse(str_text(&answer->body), answer->body.len, "error", ERR_REG_ANSWER, &document, NULL) < 0)
		return;
	struct json_node root = json_root(&document);
	if (json_get_array(&root, "errors", &errors, NULL) <= 0 || json_array_length(&errors) == 0)
		return;
	struct json_node first = json_array_at(&errors, 0);
	(void)json_get_string(&first, "code", &code, NULL);
	(void)json_get_string(&first, "message", &message, NULL);
	if (*code || *message)
		err_cause(err, "the registry says: %.100s%s%.300s", code, *code && *message ? ": " : "", message);
}

static int explain_status(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	(void)err_set(err, ERR_REG_ANSWER, "registry %s answered with HTTP status %ld", place->registry,
		      answer->status);
	registry_quote(answer, err);
	return err_cause(err, "the answer came from %.300s", answer->url);
}

int registry_explain_denied(const struct registry_place *place, const struct http_answer *answer,
			    const struct credentials *credentials, bool with_token, struct error *err)
{
	if (place->purpose == REGISTRY_LOGIN)
		return err_set(err, ERR_REG_AUTH,
			       "login attempt to %s failed: unauthorized: incorrect username or password (HTTP %ld)",
			       place->registry, answer->status);
	if (place->purpose == REGISTRY_SEARCH)
		(void)err_set(err, ERR_REG_AUTH, "registry %s does not list its repositories to us (HTTP %ld%s)",
			      place->registry, answer->status, with_token ? " after token" : "");
	else
		(void)err_set(err, ERR_REG_AUTH,
			      "%s access denied for %s, repository does not exist or may require 'coffer login' (HTTP "
			      "%ld%s)",
			      place->purpose == REGISTRY_PUSH ? "push" : "pull", place->image, answer->status,
			      with_token ? " after token" : "");
	err_stage(err, place->stage);
	if (credentials->user)
		err_cause(err, "the credentials of user \"%s\" in %s were rejected", credentials->user,
			  credentials->source);
	else if (credentials->source)
		err_cause(err, "there are no credentials for %s in %s", place->registry, credentials->source);
	return err_hint(err, "coffer login %s", place->registry);
}

int registry_explain_realm(const struct registry_place *place, const char *realm, struct error *err)
{
	(void)err_set(err, ERR_REG_ANSWER, "registry %s wants a token from where we do not ask: %.200s",
		      place->registry, realm ? realm : "it does not say where");
	(void)err_cause(err, "tokens are asked for over https, or on this machine");
	return err_stage(err, place->stage);
}

int registry_explain_plain_http(const struct registry_place *place, struct error *err)
{
	(void)err_set(err, ERR_REG_HTTP, "registry %s gave an HTTP response to an HTTPS client", place->registry);
	err_stage(err, place->stage);
	(void)err_hint(err, "write \"insecure = true\" for it into /etc/containers/registries.conf");
	return err_cause(err, "%s speaks plain HTTP", place->server);
}

int registry_explain(const struct registry_place *place, const struct http_answer *answer, struct error *err)
{
	switch (answer->outcome) {
	case HTTP_ANSWERED:
		(void)explain_status(place, answer, err);
		break;
	case HTTP_DNS:
		(void)cannot_reach(place, ERR_REG_DNS, "its name cannot be resolved", err);
		explain_dns(err);
		break;
	case HTTP_REFUSED:
		(void)explain_refused(place, answer, err);
		break;
	case HTTP_UNREACHABLE:
		(void)cannot_reach(place, ERR_REG_DNS, "no connection", err);
		(void)err_cause(err, "%s: %s", place->server, answer->detail);
		break;
	case HTTP_TLS:
		(void)explain_tls(place, answer, err);
		break;
	case HTTP_TIMEOUT:
		(void)explain_timeout(place, answer, err);
		break;
	case HTTP_REDIRECT:
		(void)explain_redirect(place, answer, err);
		break;
	default:
		(void)explain_broken(place, answer, err);
	}
	return err_stage(err, place->stage);
}
